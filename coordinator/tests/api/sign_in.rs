//! Signing in with GitHub, through a stand-in that speaks its real endpoints: there and back, and all that can go wrong
//! on the way.

use crate::{
    github_stand_in::GitHubStandIn,
    harness::{Reply, World},
    people::Browser,
};
use axum::body::Body;
use http::Request;
use std::collections::BTreeMap;
use ttalkak_coordinator::config::Config;

struct Out {
    way: String,
    url: String,
}

async fn world() -> (World, GitHubStandIn) {
    let stand_in = GitHubStandIn::start().await;
    stand_in.add_user("mina", &[1]);
    stand_in.held().signs_in = Some("mina".to_owned());
    let folder = tempfile::tempdir().unwrap();
    let settings = stand_in.settings(folder.path()).into_iter().collect::<BTreeMap<_, _>>();
    let github = Config::read("", &settings).unwrap().github;
    (World::with(|config| config.github = github).await, stand_in)
}

fn cookies(reply: &Reply) -> BTreeMap<String, String> {
    let all = reply.headers.get_all("set-cookie").iter();
    let pair = |value: &http::HeaderValue| {
        let text = value.to_str().unwrap();
        for guard in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
            assert!(text.contains(guard), "{guard} of {text}");
        }
        let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    };
    all.map(pair).collect()
}

async fn get(world: &World, path: &str, cookie: Option<&str>) -> Reply {
    let mut request = Request::builder().method("GET").uri(path);
    if let Some(cookie) = cookie {
        request = request.header("cookie", format!("__Host-ttalkak-way={cookie}"));
    }
    world.send(request.body(Body::empty()).unwrap()).await
}

async fn out(world: &World, back: &str) -> Out {
    let reply = get(world, &format!("/v1/sign-in/github?return={back}"), None).await;
    assert_eq!(reply.status, 302);
    let url = reply.headers["location"].to_str().unwrap().to_owned();
    Out { way: cookies(&reply)["__Host-ttalkak-way"].clone(), url }
}

/// What the stand-in's page does when the person agrees, or does not.
async fn at_github(url: &str) -> String {
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build();
    let answer = browser.unwrap().get(url).send().await.unwrap();
    let back = url::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    format!("{}?{}", back.path(), back.query().unwrap())
}

fn location(reply: &Reply) -> &str {
    assert_eq!(reply.status, 302, "{}", String::from_utf8_lossy(&reply.body));
    assert_eq!(reply.headers["cache-control"], "no-store");
    reply.headers["location"].to_str().unwrap()
}

#[tokio::test]
async fn there_and_back_and_on_to_where_one_wanted_to_go() {
    let (world, _stand_in) = world().await;
    assert_eq!(world.get("/v1/sign-in").await.json()["github"], true);
    let first = out(&world, "/deployments/shop").await;
    let back = at_github(&first.url).await;
    let reply = get(&world, &back, Some(&first.way)).await;
    assert_eq!(location(&reply), "/deployments/shop");
    let set = cookies(&reply);
    assert_eq!(set["__Host-ttalkak-way"], "", "what was remembered on the way is forgotten");
    let browser = Browser { id: String::new(), cookie: set["__Host-ttalkak"].clone(), csrf: String::new() };
    let view = world.browse(&browser, "GET", "/v1/session", None).await.json();
    assert_eq!(
        (view["team"]["personal"].as_bool(), view["team"]["role"].as_str()),
        (Some(true), Some("owner"))
    );
    let again = out(&world, "/").await;
    let reply = get(&world, &at_github(&again.url).await, Some(&again.way)).await;
    let cookie = cookies(&reply)["__Host-ttalkak"].clone();
    let second = Browser { id: String::new(), cookie, csrf: String::new() };
    let same = world.browse(&second, "GET", "/v1/session", None).await.json();
    assert_eq!(same["user"]["id"], view["user"]["id"]);
    assert_eq!(world.count("user").await, 1);

    let reply = get(&world, &back, Some(&first.way)).await;
    assert_eq!(location(&reply), "/sign-in?problem=sign_in_denied", "a code is good once");
}

#[tokio::test]
async fn who_did_not_go_out_does_not_come_back() {
    let (world, _stand_in) = world().await;
    let (one, other) = (out(&world, "/").await, out(&world, "/").await);
    let back = at_github(&one.url).await;
    let stale = "/sign-in?problem=sign_in_stale";
    assert_eq!(location(&get(&world, &back, None).await), stale, "another browser's link");
    assert_eq!(location(&get(&world, &back, Some(&other.way)).await), stale, "another tab's state");
    assert_eq!(location(&get(&world, &back, Some("forged")).await), stale);
    let forged = back.replace("state=", "state=x");
    assert_eq!(location(&get(&world, &forged, Some(&one.way)).await), stale);
    assert_eq!(world.count("session").await, 0);
    let said_no = "/v1/sign-in/github/callback?error=access_denied&state=";
    let state = url::Url::parse(&one.url).unwrap();
    let state = state.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let reply = get(&world, &format!("{said_no}{state}"), Some(&one.way)).await;
    assert_eq!(location(&reply), "/sign-in?problem=sign_in_denied");
    for elsewhere in ["//evil.test", "https://evil.test", "/%5Cevil.test"] {
        let out = out(&world, elsewhere).await;
        let reply = get(&world, &at_github(&out.url).await, Some(&out.way)).await;
        assert_eq!(location(&reply), "/", "{elsewhere}");
    }
}

#[tokio::test]
async fn github_away_is_told_and_where_it_is_not_set_up_the_way_is_closed() {
    let (world, stand_in) = world().await;
    let out = out(&world, "/").await;
    let back = at_github(&out.url).await;
    drop(stand_in);
    let reply = get(&world, &back, Some(&out.way)).await;
    assert_eq!(location(&reply), "/sign-in?problem=github_unavailable");
    let closed = World::new().await;
    let reply = get(&closed, "/v1/sign-in/github", None).await;
    assert_eq!(reply.error(), (404, "sign_in_closed".into()));
    let reply = get(&closed, "/v1/sign-in/github/callback?code=x&state=y", None).await;
    assert_eq!(location(&reply), "/sign-in?problem=sign_in_closed");
}

#[tokio::test]
async fn who_came_from_github_picks_a_repository_there_and_others_are_told_how() {
    let (world, stand_in) = world().await;
    stand_in.add_repo("mina/shop", Some(1), &["mina"], &"a".repeat(40));
    stand_in.add_repo("mina/blog", Some(1), &["mina"], &"b".repeat(40));
    stand_in.add_repo("noa/secret", Some(2), &["noa"], &"c".repeat(40));
    stand_in.held().repos.get_mut("noa/secret").unwrap().private = true;
    let files = ["package.json", "web/index.html"].map(str::to_owned);
    stand_in.held().repos.get_mut("mina/shop").unwrap().files.extend(files);
    let out = out(&world, "/").await;
    let reply = get(&world, &at_github(&out.url).await, Some(&out.way)).await;
    let cookie = cookies(&reply)["__Host-ttalkak"].clone();
    let browser = Browser { id: String::new(), cookie, csrf: String::new() };
    let ask = async |path: &str| world.browse(&browser, "GET", path, None).await;
    let view = ask("/v1/github").await.json();
    assert_eq!((view["configured"].as_bool(), view["connected"].as_bool()), (Some(true), Some(true)));
    let names = async |path: &str| {
        let list = ask(path).await.json();
        let mut names: Vec<_> =
            list["items"].as_array().unwrap().iter().map(|r| r["full_name"].to_string()).collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(names("/v1/github/repositories").await, "\"mina/blog\" \"mina/shop\"");
    assert_eq!(names("/v1/github/repositories?q=SHO").await, "\"mina/shop\"");
    let branches = ask("/v1/github/repositories/mina/shop/branches").await.json();
    assert_eq!(branches["items"][0]["commit"], "a".repeat(40));
    let folder = ask("/v1/github/repositories/mina/shop/folder").await.json();
    assert_eq!(
        (&folder["entries"][0]["name"], &folder["entries"][0]["kind"]),
        (&"web".into(), &"folder".into())
    );
    for (bad, status) in [("noa/secret", 404), ("mina/none", 404), ("..%2f/x", 404), ("mina/%00", 404)] {
        let reply = ask(&format!("/v1/github/repositories/{bad}/branches")).await;
        assert_eq!(reply.status, status, "{bad}");
    }
    assert_eq!(ask("/v1/github/repositories/mina/shop/folder?path=../x").await.status, 404);

    let other = world.browser("noa").await;
    let view = world.browse(&other, "GET", "/v1/github", None).await.json();
    assert_eq!(view["connected"], false);
    let reply = world.browse(&other, "GET", "/v1/github/repositories", None).await;
    assert_eq!(reply.error(), (403, "github_refused".into()));
    let off = World::new().await;
    assert_eq!(off.get("/v1/github").await.json()["configured"], false);
    assert_eq!(off.get("/v1/github/repositories").await.error(), (404, "github_off".into()));
}

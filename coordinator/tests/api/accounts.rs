//! Signing in, browsers and their cookies, what is one's own.

use crate::{
    harness::World,
    people::{Browser, cookie_of},
};
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use ttalkak_coordinator::store::credential::Credential;
use ttalkak_protocol::api::team::{Role, TokenScope};

async fn development() -> World {
    World::with(|config| config.accounts.development_sign_in = true).await
}

async fn by_name(world: &World, login: &str) -> Browser {
    let reply = world.as_our_page("POST", "/v1/sign-in/development", json!({ "login": login })).await;
    world.browser_of(&reply).await
}

#[tokio::test]
async fn by_a_name_alone_only_on_a_coordinator_for_development() {
    let closed = World::new().await;
    assert_eq!(closed.get("/v1/sign-in").await.json(), json!({ "github": false, "development": false }));
    let wish = json!({ "login": "mina" });
    let reply = closed.as_our_page("POST", "/v1/sign-in/development", wish.clone()).await;
    assert_eq!(reply.error(), (404, "sign_in_closed".into()));

    let open = development().await;
    let reply = open.as_our_page("POST", "/v1/sign-in/development", wish).await;
    let view = reply.json();
    assert_eq!(view["user"]["login"], "mina");
    assert_eq!(view["team"]["id"], open.account.to_string(), "the coordinator's first team");
    assert_eq!(view["teams"].as_array().unwrap().len(), 2, "and the one that is hers alone: {view}");
    let again = by_name(&open, "Mina").await;
    let me = open.browse(&again, "GET", "/v1/me", None).await.json();
    assert_eq!(me["id"], view["user"]["id"], "the same person, however it is written");
    for bad in ["", "-x", "a b", "\u{202e}x"] {
        let reply = open.as_our_page("POST", "/v1/sign-in/development", json!({ "login": bad })).await;
        assert_eq!(reply.error(), (400, "login_invalid".into()), "{bad:?}");
    }
}

#[tokio::test]
async fn another_sites_page_signs_nobody_in_and_changes_nothing() {
    let world = development().await;
    let request = |origin: &str| {
        Request::builder()
            .method("POST")
            .uri("/v1/sign-in/token")
            .header("host", "console.test")
            .header("origin", origin)
            .header("content-type", "application/json")
            .body(Body::from(json!({ "token": world.token }).to_string()))
            .unwrap()
    };
    let reply = world.send(request("https://evil.test")).await;
    assert_eq!(reply.error(), (403, "csrf_refused".into()));
    assert!(!reply.headers.contains_key("set-cookie"));
    assert_eq!(world.send(request("https://console.test")).await.status, 200);

    let browser = world.browser("mina").await;
    let send = |site: Option<&'static str>, csrf: Option<String>| {
        let mut request = Request::builder()
            .method("POST")
            .uri("/v1/projects")
            .header("cookie", format!("__Host-ttalkak={}", browser.cookie))
            .header("content-type", "application/json");
        if let Some(site) = site {
            request = request.header("sec-fetch-site", site);
        }
        if let Some(csrf) = csrf {
            request = request.header("x-ttalkak-csrf", csrf);
        }
        world.send(request.body(Body::from(json!({ "name": "shop" }).to_string())).unwrap())
    };
    let csrf = || Some(browser.csrf.clone());
    let other = world.browser("noa").await.csrf;
    for (site, csrf) in [
        (None, csrf()),
        (Some("cross-site"), csrf()),
        (Some("same-site"), csrf()),
        (Some("same-origin"), None),
        (Some("same-origin"), Some(other)),
    ] {
        assert_eq!(send(site, csrf).await.error(), (403, "csrf_refused".into()), "{site:?}");
    }
    assert_eq!(world.count("project").await, 0);
    assert_eq!(send(Some("same-origin"), csrf()).await.status, 201);
}

#[tokio::test]
async fn a_browser_that_is_signed_out_is_known_no_more() {
    let world = World::new().await;
    let browser = world.browser("mina").await;
    assert_eq!(world.browse(&browser, "GET", "/v1/session", None).await.status, 200);
    let reply = world.browse(&browser, "DELETE", "/v1/session", None).await;
    assert_eq!(reply.status, 204);
    assert_eq!(cookie_of(&reply), "");
    let stolen = world.browse(&browser, "GET", "/v1/session", None).await;
    assert_eq!(stolen.error(), (401, "unauthorized".into()));

    let user = world.arrived("mina").await;
    let team = world.state.store.personal_team(user).await.unwrap();
    let (here, there) = (world.browser_in(user, team).await, world.browser_in(user, team).await);
    let path = format!("/v1/me/sessions/{}", there.id);
    assert_eq!(world.browse(&here, "DELETE", &path, None).await.status, 204);
    assert_eq!(world.browse(&there, "GET", "/v1/session", None).await.status, 401);
    assert_eq!(world.browse(&here, "GET", "/v1/session", None).await.status, 200);
}

#[tokio::test]
async fn a_cookie_changes_daily_and_one_that_was_replaced_ends_the_session() {
    let world = World::new().await;
    let browser = world.browser("mina").await;
    let age = async |ms: i64| {
        let mut tx = world.state.store.begin().await.unwrap();
        let sql = "UPDATE session SET changed_at = changed_at - ?2 WHERE id = ?1";
        sqlx::query(sql).bind(&browser.id).bind(ms).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
    };
    // Another process of the same tables, which has looked nothing up.
    let fresh = || World { router: ttalkak_coordinator::api::router(world.state.clone()), ..world.view() };
    assert!(!world.browse(&browser, "GET", "/v1/session", None).await.headers.contains_key("set-cookie"));
    age(25 * 3600 * 1000).await;
    let reply = fresh().browse(&browser, "GET", "/v1/session", None).await;
    let renewed = Browser { id: browser.id.clone(), cookie: cookie_of(&reply), csrf: browser.csrf.clone() };
    assert_ne!(renewed.cookie, browser.cookie);
    assert_eq!(reply.json()["csrf"], browser.csrf, "other tabs go on");
    assert_eq!(fresh().browse(&browser, "GET", "/v1/me", None).await.status, 200, "what was under way");
    assert_eq!(fresh().browse(&renewed, "PATCH", "/v1/me", Some(json!({ "name": "M" }))).await.status, 200);
    age(61_000).await;
    assert_eq!(fresh().browse(&browser, "GET", "/v1/me", None).await.status, 401);
    assert_eq!(fresh().browse(&renewed, "GET", "/v1/me", None).await.status, 401, "thief and owner alike");
}

#[tokio::test]
async fn a_token_opens_a_browser_that_may_do_no_more_and_ends_with_it() {
    let world = World::new().await;
    let token = world.member(Role::Owner, TokenScope::Deploy).await;
    let reply = world.as_our_page("POST", "/v1/sign-in/token", json!({ "token": token })).await;
    let view = reply.json();
    assert_eq!((view["scope"].as_str(), view["team"]["role"].as_str()), (Some("deploy"), Some("owner")));
    let (cookie, csrf) = (cookie_of(&reply), view["csrf"].as_str().unwrap().to_owned());
    let browser = Browser { id: String::new(), cookie, csrf };
    let made = world.browse(&browser, "POST", "/v1/projects", Some(json!({ "name": "shop" }))).await;
    assert_eq!(made.status, 201);
    let team = world.browse(&browser, "PATCH", "/v1/team", Some(json!({ "name": "x" }))).await;
    assert_eq!(team.error(), (403, "forbidden".into()));
    let noted = world.get("/v1/team/audit").await.json();
    assert_eq!(noted["items"][1]["action"], "session.begin", "{noted}");
    let tokens = world.get("/v1/tokens").await.json();
    let id = tokens["items"][0]["id"].as_str().unwrap();
    assert_eq!(tokens["items"][0]["made_by"], "owner-deploy");
    assert_eq!(world.ask("DELETE", &format!("/v1/tokens/{id}"), json!({})).await.status, 204);
    assert_eq!(world.browse(&browser, "GET", "/v1/session", None).await.status, 401);
    let reply = world.as_our_page("POST", "/v1/sign-in/token", json!({ "token": token })).await;
    assert_eq!(reply.error(), (401, "unauthorized".into()));
}

#[tokio::test]
async fn a_token_has_an_end_and_others_see_only_their_own() {
    let world = World::new().await;
    for days in [0, 367] {
        let wish = json!({ "name": "ci", "expires_in_days": days });
        assert_eq!(world.ask("POST", "/v1/tokens", wish).await.error(), (400, "invalid_body".into()));
    }
    let wish = json!({ "name": "ci", "scope": "deploy", "expires_in_days": 1 });
    let made = world.ask("POST", "/v1/tokens", wish).await.json();
    assert_eq!(made["token"]["scope"], "deploy");
    let secret = json!({ "token": made["secret"] });
    let opened = world.as_our_page("POST", "/v1/sign-in/token", secret).await.json();
    assert_eq!(opened["expires_at"], made["token"]["expires_at"], "a browser ends with what opened it");
    let over = sqlx::query("UPDATE token SET expires_at = 1 WHERE name = 'ci'");
    let mut tx = world.state.store.begin().await.unwrap();
    over.execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    let late = World { token: made["secret"].as_str().unwrap().to_owned(), ..world.view() };
    assert_eq!(late.get("/v1/projects").await.error(), (401, "unauthorized".into()));

    let developer = World { token: world.member(Role::Developer, TokenScope::Full).await, ..world.view() };
    let own = developer.get("/v1/tokens").await.json();
    assert_eq!(own["items"].as_array().unwrap().len(), 1, "{own}");
    let others = world.get("/v1/tokens").await.json();
    let test = others["items"].as_array().unwrap().iter().find(|token| token["made_by"].is_null()).unwrap();
    let path = format!("/v1/tokens/{}", test["id"].as_str().unwrap());
    assert_eq!(developer.ask("DELETE", &path, json!({})).await.error(), (404, "not_found".into()));
}

#[tokio::test]
async fn an_address_is_verified_by_the_newest_code_and_few_guesses() {
    let mail = crate::mail::Server::start().await;
    let world = World::with(|config| {
        config.accounts.smtp_url_file = Some(mail.url_file());
        config.accounts.mail_from = Some("Ttalkak <ttalkak@example.com>".to_owned());
    })
    .await;
    let browser = world.browser("mina").await;
    let ask = async |email: &str| {
        world.browse(&browser, "POST", "/v1/me/email", Some(json!({ "email": email }))).await
    };
    let verify = async |code: &str| {
        world.browse(&browser, "POST", "/v1/me/email/verify", Some(json!({ "code": code }))).await
    };
    assert_eq!(verify("123456").await.error(), (422, "email_code_expired".into()));
    for bad in ["", "mina", "mina@", "a b@example.com", "mina@example.com\r\nBcc: x@example.com"] {
        assert_eq!(ask(bad).await.error(), (400, "email_invalid".into()), "{bad:?}");
    }
    assert_eq!(ask("old@example.com").await.status, 202);
    let first = mail.code().await;
    assert_eq!(ask("mina@example.com").await.status, 202);
    let second = mail.code().await;
    if first != second {
        assert_eq!(verify(&first).await.error(), (422, "email_code_wrong".into()), "only the newest counts");
    }
    let spaced = format!("{} {}", &second[..3], &second[3..]);
    let me = verify(&spaced).await.json();
    assert_eq!(
        (me["email"].as_str(), me["email_verified"].as_bool()),
        (Some("mina@example.com"), Some(true))
    );
    assert_eq!(verify(&second).await.error(), (422, "email_code_expired".into()), "a code is good once");

    assert_eq!(ask("mina@example.com").await.status, 202);
    let code = mail.code().await;
    let wrong = if code == "000000" { "111111" } else { "000000" };
    for _ in 0..5 {
        assert_eq!(verify(wrong).await.error(), (422, "email_code_wrong".into()));
    }
    assert_eq!(verify(&code).await.error(), (422, "email_code_expired".into()), "five guesses are all");
    assert_eq!(ask("mina@example.com").await.error(), (429, "rate_limited".into()));
}

#[tokio::test]
async fn without_a_mail_server_it_is_said_and_names_that_deceive_are_refused() {
    let world = World::new().await;
    let browser = world.browser("mina").await;
    let wish = json!({ "email": "mina@example.com" });
    let reply = world.browse(&browser, "POST", "/v1/me/email", Some(wish)).await;
    assert_eq!(reply.error(), (503, "mail_unavailable".into()));
    let rename =
        async |name: &str| world.browse(&browser, "PATCH", "/v1/me", Some(json!({ "name": name }))).await;
    for bad in ["", "   ", "a\u{0}b", "admin\u{202e}moc", "a\u{200b}b", &"x".repeat(65)] {
        assert_eq!(rename(bad).await.error(), (400, "name_invalid".into()), "{bad:?}");
    }
    assert_eq!(rename(" 김미나 ").await.json()["name"], "김미나");
}

#[tokio::test]
async fn use_of_a_browser_is_written_down() {
    let world = World::new().await;
    let browser = world.browser("mina").await;
    let id = browser.id.parse().unwrap();
    let later = ttalkak_coordinator::clock::now().after(ttalkak_protocol::unit::Millis(60_000));
    world.state.store.credential_used(Credential::Session(id), later).await.unwrap();
    let list: Value = world.browse(&browser, "GET", "/v1/me/sessions", None).await.json();
    assert_eq!(list["items"][0]["browser"], "Firefox");
    let text = list["items"][0]["seen_at"].as_str().unwrap();
    assert_eq!(text, serde_json::to_value(later).unwrap().as_str().unwrap());
}

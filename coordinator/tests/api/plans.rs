//! What a deploy would do, asked before it is made: the plan, and a verdict that names what stands in the way.

use crate::{
    harness::{Reply, World, wish},
    money::paid_world,
};
use serde_json::{Value, json};
use std::{path::Path, process::Command};

/// A repository on this machine with one commit of these files.
fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "--quiet", "--initial-branch=main"]);
    commit(folder.path(), files, "say hello");
    folder
}

fn commit(folder: &Path, files: &[(&str, &str)], subject: &str) {
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    git(folder, &["add", "--all"]);
    git(folder, &["-c", "user.name=T", "-c", "user.email=t@example.com", "commit", "--quiet", "-m", subject]);
}

fn git(folder: &Path, args: &[&str]) {
    let done = Command::new("git").arg("-C").arg(folder).args(args).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn source(folder: &Path) -> Value {
    json!({ "kind": "git", "url": format!("file://{}", folder.display()) })
}

async fn world() -> World {
    World::with(|config| config.allow_local_git = true).await
}

async fn plan(world: &World, body: Value) -> Reply {
    world.ask("POST", "/v1/plans", body).await
}

#[tokio::test]
async fn a_plan_names_what_would_be_built_and_makes_nothing() {
    let (world, folder) = (world().await, repository(&[("index.html", "<h1>hi</h1>")]));
    let asked = json!({ "source": source(folder.path()) });
    let told = plan(&world, asked.clone()).await;
    assert_eq!(told.status, 200, "{}", told.json());
    let told = told.json();
    assert_eq!((&told["plan"]["platform"], &told["subject"]), (&json!("static"), &json!("say hello")));
    assert_eq!((&told["branch"], told["commit"].as_str().unwrap().len()), (&json!("main"), 40));
    assert!(told["source_bytes"].as_u64().unwrap() > 0);
    assert_eq!(told["verdict"]["problem"]["code"], "no_provider", "nobody lends anything here");
    assert_eq!(told["verdict"]["providers"], 0);
    assert_eq!(told["verdict"].get("rate_per_hour"), None, "nothing is paid for");
    for table in ["deployment", "project", "release", "saga", "name_claim", "journal"] {
        assert_eq!(world.count(table).await, 0, "{table}");
    }

    commit(folder.path(), &[("more.html", "more")], "say more");
    assert_eq!(plan(&world, asked).await.json()["subject"], "say more", "it is always the newest commit");
}

#[tokio::test]
async fn a_dockerfile_of_ones_own_is_planned_with_and_a_bad_one_is_refused_by_its_line() {
    let (world, folder) = (world().await, repository(&[("index.html", "<h1>hi</h1>")]));
    let with = |dockerfile: &str| json!({ "source": source(folder.path()), "dockerfile": dockerfile });
    let text = "FROM nginx\nEXPOSE 8081\n";
    let told = plan(&world, with(text)).await.json();
    assert_eq!((&told["plan"]["dockerfile"], &told["plan"]["port"]), (&json!(text), &json!(8081)));
    assert_eq!(plan(&world, with("RUN rm -rf /\n")).await.error(), (422, "dockerfile_refused".into()));
    assert_eq!(plan(&world, with(&"#".repeat(70_000))).await.error(), (422, "dockerfile_refused".into()));
    assert_eq!(plan(&world, with("FROM a\0b")).await.error(), (422, "dockerfile_refused".into()));
    let detected = plan(&world, with("  \n")).await.json();
    assert_ne!(detected["plan"]["dockerfile"], json!("  \n"), "an empty one is none");
}

#[tokio::test]
async fn what_a_deploy_would_be_refused_for_is_told_by_the_same_code() {
    let (world, folder) = (world().await, repository(&[("notes.txt", "nothing to run")]));
    let asked = |change: &dyn Fn(&mut Value)| {
        let mut body = json!({ "source": source(folder.path()) });
        change(&mut body);
        body
    };
    for (body, status, code) in [
        (asked(&|_| ()), 422, "nothing_detected"),
        (asked(&|body| body["source"]["branch"] = json!("nowhere")), 422, "git_branch_unknown"),
        (asked(&|body| body["source"]["root_dir"] = json!("nowhere")), 422, "root_dir_missing"),
        (asked(&|body| body["source"]["url"] = json!("file:///nowhere/at/all")), 422, "git_not_found"),
        (asked(&|body| body["source"]["url"] = json!("ssh://example.com/a")), 400, "git_url_refused"),
        (asked(&|body| body["memory_bytes"] = json!(1)), 400, "limits_invalid"),
        (asked(&|body| body["env"] = json!([{ "key": "A=B", "value": "x" }])), 400, "env_key_invalid"),
        (asked(&|body| body["until"] = json!("2020-01-01T00:00:00Z")), 422, "term_invalid"),
        (asked(&|body| body["name"] = json!("shop")), 400, "invalid_body"),
    ] {
        assert_eq!(plan(&world, body.clone()).await.error(), (status, code.to_owned()), "{body}");
    }
    let foreign = wish("x")["source"].clone();
    let upload = json!({ "kind": "upload", "upload": format!("upl_{}", "0".repeat(32)) });
    assert_eq!(plan(&world, json!({ "source": upload })).await.error(), (404, "upload_unknown".into()));
    assert_eq!(
        plan(&world, json!({ "source": foreign, "env": 7 })).await.error(),
        (400, "invalid_body".into())
    );
}

#[tokio::test]
async fn a_loop_gone_wild_is_held_back() {
    let (world, folder) = (world().await, repository(&[("index.html", "hi")]));
    let asked = json!({ "source": source(folder.path()) });
    let mut answers = Vec::new();
    for _ in 0..40 {
        answers.push(plan(&world, asked.clone()).await.status.as_u16());
    }
    assert!(answers[..20].iter().all(|status| *status == 200), "{answers:?}");
    assert!(answers.contains(&429), "{answers:?}");
}

#[tokio::test]
async fn where_it_is_paid_for_the_first_thing_to_mend_is_told_before_anything_is_set_aside() {
    let world = paid_world().await;
    let archive = crate::uploads::archive(&[("index.html", b"<h1>hi</h1>")]);
    let upload = crate::uploads::upload(&world, archive).await.json();
    let asked = json!({ "source": { "kind": "upload", "upload": upload["id"] } });
    let told = plan(&world, asked.clone()).await;
    assert_eq!(told.status, 200, "{}", told.json());
    assert_eq!(told.json()["verdict"]["problem"]["code"], "no_provider");
    let stranger = World { token: world.stranger.clone(), ..world.view() };
    assert_eq!(plan(&stranger, asked).await.error(), (404, "upload_unknown".into()), "it is another's");
}

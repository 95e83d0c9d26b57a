//! The room that speaks with GitHub, against a stand-in that speaks GitHub's own endpoints over a socket.

use crate::github_stand_in::{GitHubStandIn, Posted};
use std::collections::BTreeMap;
use ttalkak_coordinator::{
    clock,
    config::Config,
    github::{Again, EntryKind, GitHub, GitHubError, Pkce, Status, StatusState, UserTokens},
};
use ttalkak_protocol::Secret;

const BACK: &str = "http://127.0.0.1:7700/v1/sign-in/github/callback";

pub(crate) fn open(stand_in: &GitHubStandIn, folder: &std::path::Path) -> GitHub {
    let settings = stand_in.settings(folder).into_iter().collect::<BTreeMap<_, _>>();
    let config = Config::read("", &settings).unwrap();
    GitHub::open(&config.github).unwrap().unwrap()
}

async fn world() -> (GitHubStandIn, GitHub, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let stand_in = GitHubStandIn::start().await;
    let github = open(&stand_in, folder.path());
    (stand_in, github, folder)
}

/// What a browser is sent back with.
async fn browse(url: &str) -> BTreeMap<String, String> {
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build();
    let answer = browser.unwrap().get(url).send().await.unwrap();
    let back = url::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    assert!(back.as_str().starts_with(BACK), "{back}");
    back.query_pairs().into_owned().collect()
}

async fn sign_in(github: &GitHub) -> UserTokens {
    let pkce = Pkce::new([7; 32]);
    let back = browse(&github.authorize_url("state-1", &pkce, BACK).unwrap()).await;
    assert_eq!(back["state"], "state-1");
    github.exchange(&back["code"], &pkce.verifier, BACK, clock::now()).await.unwrap()
}

#[tokio::test]
async fn somebody_signs_in_and_is_known_by_id_and_verified_address() {
    let (stand_in, github, _folder) = world().await;
    stand_in.add_user("ada", &[11]);
    let tokens = sign_in(&github).await;
    let person = github.user(&tokens.access).await.unwrap();
    assert_eq!((person.id, person.login.as_str()), (1000, "ada"));
    let emails = github.emails(&tokens.access).await.unwrap();
    let primary = emails.iter().find(|email| email.primary && email.verified).unwrap();
    assert_eq!(primary.email, "ada@example.com");

    let renewed = github.refresh(tokens.refresh.as_ref().unwrap(), clock::now()).await.unwrap();
    assert_ne!(renewed.access, tokens.access);
    let again = github.refresh(tokens.refresh.as_ref().unwrap(), clock::now()).await;
    assert!(matches!(again, Err(GitHubError::CodeRefused(_))), "a refresh token works once");
}

#[tokio::test]
async fn a_code_works_once_and_only_for_whom_it_was_made() {
    let (stand_in, github, _folder) = world().await;
    stand_in.add_user("ada", &[]);
    let (pkce, other) = (Pkce::new([1; 32]), Pkce::new([2; 32]));
    let code = async || browse(&github.authorize_url("s", &pkce, BACK).unwrap()).await["code"].clone();
    let now = clock::now();
    let refused = |answer| matches!(answer, Err(GitHubError::CodeRefused(_)));
    assert!(refused(github.exchange(&code().await, &other.verifier, BACK, now).await), "another verifier");
    assert!(refused(github.exchange(&code().await, &pkce.verifier, "http://x/", now).await), "another page");
    let one = code().await;
    assert!(github.exchange(&one, &pkce.verifier, BACK, now).await.is_ok());
    assert!(refused(github.exchange(&one, &pkce.verifier, BACK, now).await), "twice");

    stand_in.held().signs_in = None;
    let denied = browse(&github.authorize_url("s", &pkce, BACK).unwrap()).await;
    assert_eq!(denied["error"], "access_denied");
}

#[tokio::test]
async fn repositories_are_seen_as_far_as_person_and_installation_reach() {
    let (stand_in, github, _folder) = world().await;
    stand_in.add_user("ada", &[11]);
    stand_in.add_repo("ada/shop", Some(11), &["ada"], &"a".repeat(40));
    stand_in.add_repo("eve/other", Some(12), &["eve"], &"b".repeat(40));
    stand_in.held().repos.get_mut("eve/other").unwrap().private = true;
    let files = ["README.md", "apps/web/package.json", "apps/api/main.py"].map(str::to_owned);
    stand_in.held().repos.get_mut("ada/shop").unwrap().files = files.into();
    let tokens = sign_in(&github).await;
    assert_eq!(github.installations(&tokens.access).await.unwrap()[0].id, 11);
    let page = github.repositories(&tokens.access, 11, 1).await.unwrap();
    assert_eq!((page.total_count, page.repositories[0].full_name.as_str()), (1, "ada/shop"));
    assert!(page.repositories[0].permissions.push);
    let (shop, other) = ("ada/shop".parse().unwrap(), "eve/other".parse().unwrap());
    assert!(matches!(github.repository(&tokens.access, &other).await, Err(GitHubError::NotFound { .. })));
    assert_eq!(github.branches(&tokens.access, &shop).await.unwrap()[0].name, "main");
    let root = github.folder(&tokens.access, &shop, Some("main"), "").await.unwrap();
    assert_eq!(root.iter().filter(|entry| entry.kind == EntryKind::Dir).count(), 1);
    let apps = github.folder(&tokens.access, &shop, None, "apps").await.unwrap();
    assert_eq!(apps.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["api", "web"]);
    let commit = github.commit(&tokens.access, &shop, "main").await.unwrap();
    assert_eq!((commit.sha, commit.author.as_deref()), ("a".repeat(40), Some("Ada")));
    assert_eq!(github.installation_of(&shop, clock::now()).await.unwrap().id, 11);
}

#[tokio::test]
async fn the_app_proves_itself_once_and_says_how_a_commit_stands() {
    let (stand_in, github, _folder) = world().await;
    let (commit, shop) = ("c".repeat(40), "ada/shop".parse().unwrap());
    stand_in.add_repo("ada/shop", Some(11), &[], &commit);
    let runs = vec![("test".to_owned(), "in_progress".to_owned(), None)];
    stand_in.held().repos.get_mut("ada/shop").unwrap().checks.insert(commit.clone(), runs);
    let token = github.installation_token(11, clock::now()).await.unwrap();
    assert_eq!(github.installation_token(11, clock::now()).await.unwrap(), token, "it is kept");
    assert_eq!(stand_in.held().asked["/app/installations/11/access_tokens"], 1);
    let unknown = github.installation_token(99, clock::now()).await;
    assert!(matches!(unknown, Err(GitHubError::NotFound { .. })));

    let said = Status {
        state: StatusState::Success,
        target_url: "http://shop.localhost:7780".to_owned(),
        description: "x".repeat(500),
        context: "ttalkak/shop".to_owned(),
    };
    github.set_status(&token, &shop, &commit, &said).await.unwrap();
    let posted: Vec<Posted> = stand_in.statuses_of(&commit);
    assert_eq!((posted[0].state.as_str(), posted[0].description.len()), ("success", 140));
    let checks = github.checks(&token, &shop, &commit).await.unwrap();
    assert_eq!(checks.statuses, [("ttalkak/shop".to_owned(), "success".to_owned())]);
    assert_eq!(checks.runs[0].status, "in_progress");
}

#[tokio::test]
async fn a_limit_a_breakdown_and_a_flood_are_told_apart() {
    let (stand_in, github, _folder) = world().await;
    let ask = async || github.user(&Secret::new("ghu_x".to_owned())).await.unwrap_err();
    assert!(matches!(ask().await, GitHubError::Refused { status: 401, .. }));
    stand_in.held().trouble = Some((403, vec![("retry-after", "30".to_owned())]));
    let before = clock::now().0;
    let Again::At(at) = ask().await.again() else { panic!("a limit ends") };
    assert!((before + 29_000..before + 40_000).contains(&at.0), "{at:?} after {before}");
    stand_in.held().trouble = Some((500, Vec::new()));
    assert_eq!(ask().await.again(), Again::Soon);
    stand_in.held().trouble = Some((302, vec![("location", "http://127.0.0.1:1/".to_owned())]));
    assert!(matches!(ask().await, GitHubError::Broken { status: 302, .. }), "a redirect is not followed");
    let gone = {
        let url = stand_in.url();
        drop(stand_in);
        url
    };
    assert!(matches!(ask().await, GitHubError::Unreachable { .. }), "{gone}");
}

use super::{event::read, *};
use serde_json::json;

fn settings() -> HookSettings {
    HookSettings { on: true, branch: None, own_branch: None, paths: Vec::new(), wait_for_checks: false }
}

fn push(branch: &str, message: &str, paths: &[&str]) -> PushEvent {
    let body = json!({
        "ref": format!("refs/heads/{branch}"), "before": "1".repeat(40), "after": "A".repeat(40),
        "repository": { "full_name": "me/app", "default_branch": "trunk", "pushed_at": 100 },
        "head_commit": { "id": "a".repeat(40), "message": message, "author": { "name": "Ada" } },
        "commits": [{ "id": "a".repeat(40), "message": message, "modified": paths }],
    });
    read(body.to_string().as_bytes()).unwrap()
}

fn skip(settings: &HookSettings, event: &PushEvent) -> Option<SkipReason> {
    match judge(settings, event, None, true) {
        Verdict::Skip(reason) => Some(reason),
        Verdict::Deploy | Verdict::Wait => None,
    }
}

#[test]
fn a_push_to_the_branch_that_is_meant_is_deployed_and_any_other_says_why_not() {
    let event = push("trunk", "say hello", &["a"]);
    assert_eq!(judge(&settings(), &event, None, true), Verdict::Deploy);
    assert_eq!(event.commit.as_deref(), Some("a".repeat(40).as_str()), "in small letters");
    assert_eq!(skip(&HookSettings { on: false, ..settings() }, &event), Some(SkipReason::PushOff));
    assert_eq!(skip(&settings(), &push("next", "x", &["a"])), Some(SkipReason::OtherBranch));
    let own = HookSettings { own_branch: Some("next".into()), ..settings() };
    assert_eq!(skip(&own, &push("next", "x", &["a"])), None);
    let pattern = HookSettings { branch: Some("release/*".into()), ..own };
    assert_eq!(skip(&pattern, &push("release/2", "x", &["a"])), None);
    assert_eq!(skip(&pattern, &push("next", "x", &["a"])), Some(SkipReason::OtherBranch));
    assert_eq!(
        skip(&settings(), &push("trunk", "no\n\n[Skip Deploy]", &["a"])),
        Some(SkipReason::AskedToSkip)
    );
}

#[test]
fn only_a_push_that_touches_the_paths_is_deployed_and_an_unclear_one_is() {
    let web = HookSettings { paths: vec!["apps/web/**".into(), "package.json".into()], ..settings() };
    assert_eq!(skip(&web, &push("trunk", "x", &["apps/web/a.ts"])), None);
    assert_eq!(skip(&web, &push("trunk", "x", &["apps/api/a.py"])), Some(SkipReason::PathsUntouched));
    let unclear = PushEvent { paths: None, ..push("trunk", "x", &[]) };
    assert_eq!(skip(&web, &unclear), None, "what is not told may be anything");
}

#[test]
fn tags_and_branches_that_are_gone_and_older_pushes_are_passed_over() {
    let tag = read(br#"{"ref":"refs/tags/v1","after":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#).unwrap();
    assert_eq!(skip(&settings(), &tag), Some(SkipReason::NoBranch));
    let gone = json!({ "ref": "refs/heads/main", "after": "0".repeat(40), "deleted": true });
    assert_eq!(
        skip(&settings(), &read(gone.to_string().as_bytes()).unwrap()),
        Some(SkipReason::BranchDeleted)
    );
    let event = push("trunk", "x", &["a"]);
    let later = judge(&settings(), &event, Some(UnixMillis(100_001)), true);
    assert_eq!(later, Verdict::Skip(SkipReason::Superseded));
    assert_eq!(judge(&settings(), &event, Some(UnixMillis(100_000)), true), Verdict::Deploy);
}

#[test]
fn gitlab_and_scripts_are_understood_too_and_nonsense_is_not() {
    let gitlab = json!({
        "object_kind": "push", "ref": "refs/heads/main", "checkout_sha": "b".repeat(40), "user_name": "Grace",
        "project": { "default_branch": "main" }, "total_commits_count": 1,
        "commits": [{ "id": "b".repeat(40), "message": "fix", "author": { "name": "Grace" }, "added": ["x"] }],
    });
    let event = read(gitlab.to_string().as_bytes()).unwrap();
    assert_eq!((event.branch.as_deref(), event.author.as_deref()), (Some("main"), Some("Grace")));
    assert_eq!(event.paths, Some(vec!["x".to_owned()]));
    assert_eq!(judge(&settings(), &event, None, true), Verdict::Deploy);
    let script = read(b"{}").unwrap();
    assert_eq!((script.commit.clone(), judge(&settings(), &script, None, true)), (None, Verdict::Deploy));
    for nonsense in [
        "",
        "[]",
        "{\"ref\":5}",
        "{\"commit\":\"HEAD\"}",
        "{\"branch\":\"--upload-pack=x\"}",
        "{\"branch\":\"a b\"}",
        "{\"ref\":\"refs/notes/x\"}",
        "{\"after\":\"abc\"}",
    ] {
        assert_eq!(read(nonsense.as_bytes()), None, "{nonsense}");
    }
    let evil = read("{\"message\":\"a\\u202eb\\u0007\",\"author\":\"\\u2066x\"}".as_bytes()).unwrap();
    assert_eq!(
        (event::subject(evil.message.as_deref().unwrap()), evil.author.as_deref()),
        ("ab".to_owned(), Some("x"))
    );
}

#[test]
fn checks_are_waited_for_and_what_we_said_ourselves_is_none() {
    let stand =
        |checks: &[(&'static str, &'static str)], since| stand_of(checks.iter().copied(), Millis(since));
    assert_eq!(stand(&[], 0), ChecksStand::Pending, "they may still come");
    assert_eq!(stand(&[], 60_000), ChecksStand::Passed);
    assert_eq!(stand(&[("ttalkak/shop", "pending")], 60_000), ChecksStand::Passed);
    assert_eq!(stand(&[("test", "success"), ("lint", "in_progress")], 60_000), ChecksStand::Pending);
    assert_eq!(stand(&[("test", "success"), ("docs", "skipped")], 0), ChecksStand::Passed);
    assert_eq!(stand(&[("lint", "queued"), ("test", "timed_out")], 0), ChecksStand::Failed);
    assert_eq!(after_checks(ChecksStand::Pending, Millis(1)), Verdict::Wait);
    assert_eq!(after_checks(ChecksStand::Pending, Millis(3_600_001)), Verdict::Skip(SkipReason::ChecksLate));
    let waits = HookSettings { wait_for_checks: true, ..settings() };
    let event = push("trunk", "x", &["a"]);
    assert_eq!(judge(&waits, &event, None, true), Verdict::Wait);
    assert_eq!(judge(&waits, &event, None, false), Verdict::Deploy, "checks that nobody shows us");
}

#[test]
fn a_status_is_told_again_with_growing_pauses_and_not_for_ever() {
    let pause = |tries| tell_again(tries, UnixMillis(0)).map(|at| at.0);
    assert_eq!((pause(0), pause(3), pause(9)), (Some(7_000), Some(56_000), None));
}

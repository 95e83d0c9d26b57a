use super::super::GitPolicy;
use super::*;

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const C: &str = "cccccccccccccccccccccccccccccccccccccccc";

fn remote() -> Remote {
    Remote::read(&format!(
        "ref: refs/heads/main\tHEAD\n{A}\tHEAD\n{B}\trefs/heads/dev\n{A}\trefs/heads/main\n{C}\trefs/pull/1/head\n\
         {B}\trefs/tags/v1\n{C}\trefs/tags/v1^{{}}\nnonsense\nx\trefs/heads/evil\n"
    ))
}

fn find(remote: &Remote, branch: Option<&str>) -> Result<Found, GitError> {
    let request =
        FetchRequest::new("https://h.example/x", branch, None, None, &GitPolicy::default()).unwrap();
    remote.find(&request)
}

#[test]
fn branch_tag_and_default_are_found() {
    let found = |branch| find(&remote(), branch).unwrap();
    assert_eq!(found(None), Found { commit: A.into(), branch: Some("main".into()) });
    assert_eq!(found(Some("dev")).commit, B);
    assert_eq!(found(Some("v1")).commit, C, "an annotated tag stands for its commit");
}

#[test]
fn an_unknown_branch_names_those_that_exist() {
    let error = find(&remote(), Some("deploy")).unwrap_err();
    assert_eq!(error.to_string(), "There is no branch or tag deploy. There are: dev, main.");
    assert!(find(&remote(), Some("evil")).is_err(), "a line without a commit is no branch");
}

#[test]
fn an_empty_repository_and_one_without_a_default_branch_differ() {
    assert!(matches!(find(&Remote::read(""), None), Err(GitError::Empty { .. })));
    let headless = Remote::read(&format!("{A}\trefs/heads/trunk\n"));
    assert!(
        matches!(find(&headless, None), Err(GitError::NoDefaultBranch { existing }) if existing == ["trunk"])
    );
}

use super::*;

#[test]
fn gits_complaints_become_causes() {
    for (said, code) in [
        ("fatal: could not read Username for 'https://h': terminal prompts disabled", "git_not_found"),
        ("fatal: repository 'https://h/x/' not found", "git_not_found"),
        ("fatal: unable to access 'https://h/x/': The requested URL returned error: 301", "git_not_found"),
        ("fatal: unable to access 'https://h/x/': Could not resolve host: h", "git_unreachable"),
        ("fatal: unable to access 'https://h/x/': Failed to connect to h port 443", "git_unreachable"),
        ("fatal: unable to access 'https://h/x/': The requested URL returned error: 503", "git_unreachable"),
        ("anything else", "git_unreachable"),
    ] {
        assert_eq!(read_complaint(said, "u", false).code().as_str(), code, "{said}");
    }
}

#[test]
fn the_same_refusal_means_another_thing_with_a_token() {
    let said = "fatal: could not read Username for 'https://h': terminal prompts disabled";
    assert_eq!(read_complaint(said, "u", true).code(), ErrorCode::GitAuthFailed);
    assert_eq!(read_complaint("error: 403", "u", true).code(), ErrorCode::GitAuthFailed);
}

#[test]
fn gits_own_words_are_never_shown() {
    for said in
        ["hunter2 Authentication failed", "hunter2 not found", "hunter2", "hunter2 SSL", "hunter2 error: 301"]
    {
        let problem = read_complaint(said, "https://h/x", true).problem();
        assert!(!format!("{problem:?}").contains("hunter2"), "{said}");
    }
}

#[test]
fn every_refusal_of_a_source_keeps_its_code() {
    let error = GitError::Source(SourceError::Empty);
    assert_eq!(error.problem().code, ErrorCode::SourceEmpty);
    let lfs = GitError::Source(SourceError::LfsPointer { path: "a.psd".to_owned() });
    assert_eq!(lfs.problem().code, ErrorCode::GitLfsPointer);
    assert!(lfs.problem().message.contains("a.psd"));
}

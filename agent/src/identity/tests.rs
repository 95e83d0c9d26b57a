use super::*;
use ed25519_dalek::{Signature, VerifyingKey};
use std::os::unix::fs::PermissionsExt;
use uuid::Uuid;

fn record() -> AgentRecord {
    AgentRecord {
        agent: AgentId::new(Uuid::from_u128(7)),
        coordinator: "http://127.0.0.1:7780".parse().unwrap(),
        name: "attic".into(),
    }
}

fn enrolled() -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    public_key_or_new(data.path()).unwrap();
    write_record(data.path(), &record()).unwrap();
    data
}

#[test]
fn a_signature_is_good_for_its_challenge_and_no_other() {
    let data = enrolled();
    let identity = Identity::open(data.path()).unwrap();
    let public = hex::decode(public_key_or_new(data.path()).unwrap()).unwrap();
    let public = VerifyingKey::from_bytes(&public.try_into().unwrap()).unwrap();
    let signature = hex::decode(identity.sign_challenge("cloud", "n1")).unwrap();
    let signature = Signature::from_slice(&signature).unwrap();
    assert!(public.verify_strict(&challenge_bytes("cloud", "n1", record().agent), &signature).is_ok());
    for (audience, nonce) in [("cloud", "n2"), ("other", "n1")] {
        assert!(public.verify_strict(&challenge_bytes(audience, nonce, record().agent), &signature).is_err());
    }
    assert!(!format!("{identity:?}").contains(&hex::encode(identity.key.to_bytes())));
}

#[test]
fn the_key_is_made_once_private_and_without_leftovers() {
    let data = tempfile::tempdir().unwrap();
    let first = public_key_or_new(data.path()).unwrap();
    assert_eq!(public_key_or_new(data.path()).unwrap(), first);
    assert!(matches!(create_key(data.path()), Err(IdentityError::KeyExists { .. })));
    let names: Vec<_> = fs::read_dir(data.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, [KEY_FILE]);
    let mode = fs::metadata(data.path().join(KEY_FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_key_that_others_can_read_is_refused_with_the_remedy() {
    let data = enrolled();
    let path = data.path().join(KEY_FILE);
    for mode in [0o640, 0o604, 0o666, 0o700] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = Identity::open(data.path()).unwrap_err();
        assert!(matches!(error, IdentityError::TooOpen { mode: seen, .. } if seen == mode), "{error:?}");
        assert!(error.to_string().contains(&format!("chmod 600 {}", path.display())));
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    assert!(Identity::open(data.path()).is_ok());
}

#[test]
fn a_missing_half_is_not_enrolled_and_a_damaged_half_is_named() {
    for (file, content) in [(KEY_FILE, "zz"), (KEY_FILE, ""), (AGENT_FILE, "{}"), (AGENT_FILE, "")] {
        let data = enrolled();
        let path = data.path().join(file);
        fs::remove_file(&path).unwrap();
        assert!(matches!(Identity::open(data.path()), Err(IdentityError::NotEnrolled)));
        ttalkak_keep::replace(&path, content.as_bytes()).unwrap();
        assert!(
            matches!(Identity::open(data.path()), Err(IdentityError::Damaged { path: named }) if named == path)
        );
    }
}

#[test]
fn retiring_keeps_the_old_key_and_makes_room_for_a_new_one() {
    let data = enrolled();
    let first = public_key_or_new(data.path()).unwrap();
    for n in 1..3 {
        retire(data.path()).unwrap();
        assert!(data.path().join(format!("{KEY_FILE}.old-{n}")).exists());
        assert_eq!(read_record(data.path()).unwrap(), None);
        assert_ne!(public_key_or_new(data.path()).unwrap(), first);
    }
}

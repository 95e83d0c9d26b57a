//! Wishes that no deployment can be made of, over real HTTP. The whole table stands beside the API itself; these are
//! the ones that a person meets.

use serde_json::{Value, json};
use ttalkak_tests::{App, World, faults::small};

fn with(key: &str, value: Value) -> Value {
    let mut wish = small("shop", "https://github.com/you/app");
    wish[key] = value;
    wish
}

#[tokio::test]
async fn a_wish_that_cannot_be_granted_is_refused_whole() {
    let Some(world) = World::start().await else { return };
    let var =
        |key: &str, value: &str| json!([{"key": key, "value": value, "scope": "both", "secret": false}]);
    let many: Vec<Value> = (0..300).map(|n| json!({"key": format!("K{n}"), "value": ""})).collect();
    for (what, wish, status, expected) in [
        ("a long name", with("name", json!("a".repeat(64))), 400, "name_invalid"),
        ("capitals", with("name", json!("Shop")), 400, "name_invalid"),
        ("no name", with("name", json!("")), 400, "name_invalid"),
        ("a hyphen first", with("name", json!("-x")), 400, "name_invalid"),
        ("markup", with("name", json!("<b>shop</b>")), 400, "name_invalid"),
        ("a reserved name", with("name", json!("www")), 400, "name_reserved"),
        ("port 0", with("port", json!(0)), 400, "port_out_of_range"),
        ("port 65536", with("port", json!(65536)), 400, "port_out_of_range"),
        ("a negative port", with("port", json!(-1)), 400, "port_out_of_range"),
        ("no memory", with("memory_bytes", json!(0)), 400, "limits_invalid"),
        ("all processors of the world", with("milli_cpu", json!(1_000_000_000)), 400, "limits_invalid"),
        ("a key with =", with("env", var("A=B", "x")), 400, "env_key_invalid"),
        ("a key with NUL", with("env", var("A\0B", "x")), 400, "env_key_invalid"),
        ("no key", with("env", var("", "x")), 400, "env_key_invalid"),
        ("a value with NUL", with("env", var("A", "x\0y")), 400, "env_value_invalid"),
        ("100 KiB of environment", with("env", var("A", &"x".repeat(100 * 1024))), 413, "env_too_large"),
        ("300 variables", with("env", json!(many)), 413, "env_too_large"),
        ("10 MB of environment", with("env", var("A", &"x".repeat(10 << 20))), 413, "body_too_large"),
        ("a field that is not ours", with("colour", json!("red")), 400, "invalid_body"),
    ] {
        let (answered, answer) = world.post_api("/v1/deployments", &wish).await;
        let code = answer["error"]["code"].as_str().unwrap_or("none");
        assert_eq!((answered, code), (status, expected), "{what}: {answer}");
        assert!(answer["error"]["next"].as_str().is_some_and(|next| next.ends_with('.')), "{what}: {answer}");
    }
    world.await_no_trace().await;
    world.stop().await;
}

#[tokio::test]
async fn a_taken_name_and_an_env_file_of_ten_megabytes_are_refused_in_words() {
    let Some(world) = World::start().await else { return };
    let app = App::new("first come");
    app.commit("main", "first");
    world.create(small("shop", &app.git_url())).await;
    let (status, answer) = world.post_api("/v1/deployments", &small("shop", &app.git_url())).await;
    assert_eq!((status, answer["error"]["code"].as_str()), (409, Some("name_taken")), "{answer}");

    let file = world.folder().join("huge.env");
    std::fs::write(&file, format!("A={}\n", "x".repeat(10 << 20))).unwrap();
    let folder = app.path().to_str().unwrap();
    let said = world.cli(&["deploy", folder, "--name", "other", "--env-file", file.to_str().unwrap()]).await;
    let words = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(!said.status.success() && words.len() < 4096, "{} bytes of words", words.len());
    assert!(words.contains("65536 bytes"), "{words}");
    assert_eq!(world.get_api("/v1/deployments/other").await.0, 404, "nothing was made");
    world.await_release("shop", 1).await;
    world.delete_all().await;
    world.stop().await;
}

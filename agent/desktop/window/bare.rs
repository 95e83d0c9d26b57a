//! A Tauri window with a heading in it and nothing else: what the app's own window is measured against
//! (`cargo xtask bench desktop`).

use tauri::{WebviewUrl, WebviewWindowBuilder, http::Response};

fn main() -> tauri::Result<()> {
    tauri::Builder::default()
        .register_uri_scheme_protocol("bare", |_, _| {
            let page = "<!doctype html><title>Bare</title><h1>Bare</h1>".as_bytes();
            Response::builder().header("content-type", "text/html").body(page).expect("a header that is one")
        })
        .setup(|app| {
            let url = "bare://localhost/".parse().expect("an address that is one");
            WebviewWindowBuilder::new(app, "main", WebviewUrl::CustomProtocol(url))
                .title("Bare")
                .inner_size(960.0, 640.0)
                .build()?;
            Ok(())
        })
        .run(tauri::generate_context!())
}

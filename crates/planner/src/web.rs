//! Serving finished files: the last stage of every static image and the web server's configuration.
//!
//! The configuration is a whole `nginx.conf`, as the image's own writes its pid and temporary files where a
//! read-only root forbids it.

use crate::DEFAULT_PORT;
use crate::build_plan::BuildPlan;
use crate::dockerfile::Stage;

/// The file that is added to the build context.
pub(crate) const CONFIG_FILE: &str = "nginx.ttalkak.conf";
/// Only files are copied into it, so its small size is what counts.
pub(crate) const IMAGE: &str = "nginx:stable-alpine-slim";
/// Where the image serves from.
const ROOT: &str = "/srv/www";
/// The image's own unprivileged user; at run time another one may be given.
const USER: &str = "101";

/// What to answer for a path that is no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fallback {
    /// The application's page: its router in the browser knows the path.
    App,
    /// Not found, with the site's own `404.html` where it has one.
    NotFound,
}

/// The last stage: the files of `from` (a folder in the stage `build`) behind the web server.
pub(crate) fn serve(plan: &mut BuildPlan, from: &str, fallback: Fallback, base: Option<&str>) -> Stage {
    plan.files.insert(CONFIG_FILE.to_owned(), config(fallback, base));
    Stage::new(IMAGE)
        .copy(&[CONFIG_FILE], "/etc/nginx/nginx.conf")
        .copy_from("build", from, ROOT)
        .user(USER)
        .expose(DEFAULT_PORT)
}

/// The path below which the bundle expects to live, from its configured base: `/repo/` gives `/repo`.
/// None for the root, for relative bases, and for anything that would not be a plain path.
pub(crate) fn base_path(base: &str) -> Option<String> {
    let path = match base.split_once("://") {
        Some((_, rest)) => &rest[rest.find('/')?..],
        None => base,
    };
    let path = path.trim_end_matches('/');
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./~".contains(c);
    let ok = path.starts_with('/') && path.len() > 1 && path.chars().all(plain) && !path.contains("..");
    ok.then(|| path.to_owned())
}

fn config(fallback: Fallback, base: Option<&str>) -> String {
    let last = match fallback {
        Fallback::App => "/index.html",
        Fallback::NotFound => "=404",
    };
    let not_found = match fallback {
        // A page in place of a script that is gone would be a riddle in the browser's console.
        Fallback::App => ASSETS,
        Fallback::NotFound => "        error_page 404 /404.html;\n",
    };
    // Hand-written sites have names of this shape too (`assets/app-homepage.js`), so only bundles get the rule.
    let hashed = match fallback {
        Fallback::App => APP_HASHES,
        Fallback::NotFound => "",
    };
    // A bundle made for a folder of another host asks for its files below that folder: both addresses work.
    let rewrite = base.map_or_else(String::new, |base| {
        let pattern = base.replace('.', "\\.");
        format!("        rewrite ^{pattern}$ / last;\n        rewrite ^{pattern}/(.*)$ /$1 last;\n")
    });
    TEMPLATE
        .replace("@PORT@", &DEFAULT_PORT.to_string())
        .replace("@ROOT@", ROOT)
        .replace("@HASHED@", hashed)
        .replace("@NOT_FOUND@", not_found)
        .replace("@REWRITE@", &rewrite)
        .replace("@LAST@", last)
}

/// Files that a page loads; an app's own addresses do not look like these.
const ASSETS: &str = r#"
        location ~* \.(?:m?js|css|map|wasm|png|jpe?g|gif|svg|webp|avif|ico|woff2?|ttf)$ {
            add_header Cache-Control $kept;
            add_header X-Content-Type-Options nosniff;
            try_files $uri =404;
        }
"#;

/// Names that bundlers write: Vite's and webpack's `assets/` and `static/`, Angular's capital hashes.
const APP_HASHES: &str = r#"        "~^/assets/.*[.-][0-9A-Za-z_-]{8,}\.[a-z0-9]+$" "public, max-age=31536000, immutable";
        "~^/static/(js|css|media)/" "public, max-age=31536000, immutable";
        "~[.-][0-9A-Z]{8}\.(js|css)$" "public, max-age=31536000, immutable";
"#;

/// `no-cache` still lets a browser keep a page if it asks whether it is fresh; only files that carry a hash of
/// their content in the name may be kept without asking.
const TEMPLATE: &str = r#"worker_processes 1;
pid /tmp/nginx.pid;
error_log stderr warn;

events {
    worker_connections 1024;
}

http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    types {
        text/javascript mjs;
        application/manifest+json webmanifest;
    }
    access_log /dev/stdout;
    sendfile on;
    tcp_nopush on;
    keepalive_timeout 65;
    server_tokens off;
    absolute_redirect off;

    client_body_temp_path /tmp/client_body;
    proxy_temp_path /tmp/proxy;
    fastcgi_temp_path /tmp/fastcgi;
    uwsgi_temp_path /tmp/uwsgi;
    scgi_temp_path /tmp/scgi;

    gzip on;
    gzip_vary on;
    gzip_min_length 1024;
    gzip_types text/plain text/css text/javascript application/javascript application/json application/manifest+json image/svg+xml application/xml application/wasm;

    map $uri $kept {
        default "no-cache";
@HASHED@        "~^/(_next/static|_astro|_nuxt|_app/immutable)/" "public, max-age=31536000, immutable";
    }

    server {
        listen @PORT@;
        root @ROOT@;
        index index.html index.htm;
        charset utf-8;
@NOT_FOUND@@REWRITE@
        location ~ /\.(?!well-known/) {
            return 404;
        }

        location / {
            add_header Cache-Control $kept;
            add_header X-Content-Type-Options nosniff;
            try_files $uri $uri/index.html $uri.html @LAST@;
        }
    }
}
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_app_falls_back_to_its_page() {
        let app = config(Fallback::App, None);
        assert!(app.contains("$uri.html /index.html;") && app.contains("try_files $uri =404;"));
        let site = config(Fallback::NotFound, None);
        assert!(site.contains("$uri.html =404;") && site.contains("error_page 404 /404.html;"));
    }

    #[test]
    fn a_base_is_a_path_or_nothing() {
        assert_eq!(base_path("/repo/"), Some("/repo".to_owned()));
        assert_eq!(base_path("https://me.example/repo"), Some("/repo".to_owned()));
        for none in ["/", "./", "", "https://me.example", "/a b/", "/x;return 200", "/../x"] {
            assert_eq!(base_path(none), None, "{none}");
        }
    }

    #[test]
    fn a_bundle_made_for_a_folder_is_served_there_too() {
        let text = config(Fallback::App, Some("/my.repo"));
        assert!(text.contains(r"rewrite ^/my\.repo/(.*)$ /$1 last;"), "{text}");
    }

    #[test]
    fn nothing_is_written_outside_tmp() {
        for line in
            config(Fallback::App, None).lines().filter(|l| l.contains("_temp_path") || l.contains("pid "))
        {
            assert!(line.contains(" /tmp/"), "{line}");
        }
    }
}

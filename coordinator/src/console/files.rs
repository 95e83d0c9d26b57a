//! The console's files as they were built, and what a visitor of one is told about its kind.

/// One file, with its compressed forms.
#[derive(Debug, Clone, Copy)]
pub struct File {
    /// From the root, with the slash.
    pub path: &'static str,
    /// As it is.
    pub plain: &'static [u8],
    /// By Brotli; absent for what does not shrink.
    pub brotli: Option<&'static [u8]>,
    /// By gzip.
    pub gzip: Option<&'static [u8]>,
}

/// What this program was built with; nothing when the console was not built before it.
pub const BUILT: &[File] = include!(concat!(env!("OUT_DIR"), "/console_files.rs"));

impl File {
    /// What browsers are told it is.
    pub(super) fn content_type(&self) -> &'static str {
        let extension = self.path.rsplit_once('.').map_or("", |(_, extension)| extension);
        match extension {
            "html" => "text/html; charset=utf-8",
            "js" | "mjs" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "json" | "map" => "application/json",
            "webmanifest" => "application/manifest+json",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "webp" => "image/webp",
            "ico" => "image/x-icon",
            "woff2" => "font/woff2",
            "wasm" => "application/wasm",
            "txt" => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        }
    }

    /// Whether its name changes with its content, so that it can be kept for ever.
    pub(super) fn is_hashed(&self) -> bool {
        self.path.starts_with("/assets/")
    }
}

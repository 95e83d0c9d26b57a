//! Takes the built console (`ui/dist/console`) into the binary, as a table that `src/console/files.rs` reads. Where it
//! was not built the table is empty and the program builds all the same: no Node is needed for it. Deliberately absent:
//! compression, which the console's own build does once.

use std::{
    env,
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or(io::ErrorKind::NotFound)?);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    let dist = manifest.join("../ui/dist");
    let console = dist.join("console");
    let mut watched = vec![manifest.join("build.rs")];
    // A path that is not there would have cargo build again each time.
    watched.extend([&console, &dist].into_iter().find(|folder| folder.is_dir()).cloned());
    for path in watched {
        write_line(&format!("cargo::rerun-if-changed={}", path.display()))?;
    }
    let mut files = Vec::new();
    if console.join("index.html").is_file() {
        walk(&console, &mut files)?;
    }
    files.sort();
    fs::write(out.join("console_files.rs"), table(&console, &files))
}

/// Cargo listens at the standard output.
fn write_line(line: &str) -> io::Result<()> {
    use io::Write as _;
    writeln!(io::stdout(), "{line}")
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { walk(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

/// One entry for each file; its compressed forms lie beside it.
fn table(console: &Path, files: &[PathBuf]) -> String {
    let mut text = "&[".to_owned();
    let compressed =
        |path: &Path| path.extension().is_some_and(|extension| extension == "br" || extension == "gz");
    for path in files.iter().filter(|path| !compressed(path)) {
        let Ok(name) = path.strip_prefix(console) else { continue };
        let beside = |extension: &str| {
            let path = PathBuf::from(format!("{}.{extension}", path.display()));
            if files.contains(&path) { format!("Some(include_bytes!({path:?}))") } else { "None".to_owned() }
        };
        let name = format!("/{}", name.display());
        let (brotli, gzip) = (beside("br"), beside("gz"));
        let _ = writeln!(
            text,
            "File {{ path: {name:?}, plain: include_bytes!({path:?}), brotli: {brotli}, gzip: {gzip} }},"
        );
    }
    text.push(']');
    text
}

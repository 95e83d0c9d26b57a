//! Which files' contents the detector may see, and how much of each.

/// Most bytes kept of a manifest or a source file. A larger one is not looked into.
pub const MANIFEST_BYTES: u64 = 256 * 1024;
/// Bytes kept from the head of a lock file: the line with its format version stands in the first few.
pub const HEAD_BYTES: u64 = 8 * 1024;

const LOCK_FILES: [&str; 13] = [
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "poetry.lock",
    "uv.lock",
    "pdm.lock",
    "Pipfile.lock",
    "Cargo.lock",
    "composer.lock",
    "Gemfile.lock",
    "go.sum",
];

const MANIFESTS: [&str; 41] = [
    "package.json",
    ".nvmrc",
    ".node-version",
    ".tool-versions",
    ".npmrc",
    ".yarnrc.yml",
    "pnpm-workspace.yaml",
    "angular.json",
    "index.html",
    "404.html",
    "pom.xml",
    "system.properties",
    ".java-version",
    ".sdkmanrc",
    "gradle.properties",
    "gradle-wrapper.properties",
    "Procfile",
    "Dockerfile",
    "Containerfile",
    "dockerfile",
    ".dockerignore",
    "requirements.txt",
    "pyproject.toml",
    "Pipfile",
    "runtime.txt",
    ".python-version",
    "setup.py",
    "setup.cfg",
    "manage.py",
    "go.mod",
    "Cargo.toml",
    "rust-toolchain",
    "rust-toolchain.toml",
    "Gemfile",
    ".ruby-version",
    "composer.json",
    "artisan",
    "config.ru",
    ".env",
    ".env.production",
    "libs.versions.toml",
];

const CONFIG_STEMS: [&str; 9] = [
    "vite.config.",
    "next.config.",
    "svelte.config.",
    "astro.config.",
    "nuxt.config.",
    "vue.config.",
    "gatsby-config.",
    ".eleventy.",
    "eleventy.config.",
];

const SCRIPT_NAMES: [&str; 6] = ["server", "index", "app", "main", "start", "www"];
const SCRIPT_ENDINGS: [&str; 5] = ["js", "mjs", "cjs", "ts", "mts"];

/// How deep below the root a source file may lie to be looked into; manifests are kept at any depth up to this
/// plus two, for modules.
const SOURCE_DEPTH: usize = 3;
const MANIFEST_DEPTH: usize = 5;

/// How many bytes of `path`, a file of `size` bytes, the detector may see; none when it looks at the name only.
pub fn bytes_wanted(path: &str, size: u64) -> Option<u64> {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    let depth = if dir.is_empty() { 0 } else { dir.split('/').count() };
    if depth > MANIFEST_DEPTH {
        return None;
    }
    if LOCK_FILES.contains(&name) {
        return Some(size.min(HEAD_BYTES));
    }
    let wanted = MANIFESTS.contains(&name)
        || name.ends_with(".gradle")
        || name.ends_with(".gradle.kts")
        || CONFIG_STEMS.iter().any(|stem| name.starts_with(stem))
        || (depth <= SOURCE_DEPTH && is_telling_source(name));
    (wanted && size <= MANIFEST_BYTES).then_some(size)
}

/// Whether a walker should read the contents of `path`, a file of `size` bytes. See [`bytes_wanted`] for how much.
pub fn wants_content(path: &str, size: u64) -> bool {
    bytes_wanted(path, size).is_some()
}

fn is_telling_source(name: &str) -> bool {
    let Some((stem, ending)) = name.rsplit_once('.') else { return false };
    match ending {
        // A Python project names its application object anywhere; Go its main package.
        "py" | "go" => true,
        _ => SCRIPT_ENDINGS.contains(&ending) && SCRIPT_NAMES.contains(&stem),
    }
}

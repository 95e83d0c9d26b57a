//! Reading Dockerfile text: our own, to strip mounts, and a repository's, to find its ports.

/// One instruction with its continuation lines joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Instruction {
    /// Upper case.
    pub(crate) keyword: String,
    pub(crate) rest: String,
}

/// The instructions of `text` in order; comments, empty lines and heredoc bodies are left out.
pub(crate) fn instructions(text: &str) -> Vec<Instruction> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut whole = line.to_owned();
        while let Some(kept) = whole.strip_suffix('\\') {
            let kept = kept.trim_end().to_owned();
            // Comment lines may stand inside a continued instruction.
            let Some(next) = lines.by_ref().map(str::trim).find(|l| !l.starts_with('#')) else {
                whole = kept;
                break;
            };
            whole = format!("{kept} {next}");
        }
        for end in heredoc_ends(&whole) {
            lines.by_ref().find(|l| l.trim() == end);
        }
        let (keyword, rest) = whole.split_once(char::is_whitespace).unwrap_or((&whole, ""));
        found.push(Instruction { keyword: keyword.to_ascii_uppercase(), rest: rest.trim().to_owned() });
    }
    found
}

fn heredoc_ends(line: &str) -> Vec<String> {
    let copies_or_runs = ["RUN", "COPY", "ADD"].iter().any(|k| line.to_ascii_uppercase().starts_with(k));
    if !copies_or_runs {
        return Vec::new();
    }
    line.split_whitespace()
        .filter_map(|word| word.strip_prefix("<<"))
        .map(|word| word.trim_start_matches('-').trim_matches(['"', '\'']).to_owned())
        .filter(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
        .collect()
}

/// The images that `text` begins from, each once, in order; names of earlier stages are left out.
pub(crate) fn images(text: &str) -> Vec<String> {
    let mut stages: Vec<String> = Vec::new();
    let mut images: Vec<String> = Vec::new();
    for line in instructions(text).iter().filter(|i| i.keyword == "FROM") {
        let words: Vec<&str> = line.rest.split_whitespace().filter(|w| !w.starts_with("--")).collect();
        let Some(image) = words.first().map(|w| (*w).to_owned()) else { continue };
        if image != "scratch" && !stages.contains(&image.to_lowercase()) && !images.contains(&image) {
            images.push(image);
        }
        if let [_, as_word, name, ..] = words.as_slice()
            && as_word.eq_ignore_ascii_case("as")
        {
            stages.push(name.to_lowercase());
        }
    }
    images
}

/// `text` without its cache mounts, for an engine that has no BuildKit: slower, and the same image.
/// Secret mounts stay: such an engine then refuses the build, which is better than to build without the secret.
pub fn without_mounts(text: &str) -> String {
    const CACHE: &str = "--mount=type=cache";
    let mut kept = text.to_owned();
    while let Some(start) = kept.find(CACHE) {
        let flag = kept[start..].find(char::is_whitespace).map_or(kept.len(), |n| start + n);
        let rest = kept[flag..].trim_start_matches([' ', '\t']);
        // The flag stands alone on its line in our own files: its continuation goes with it.
        let rest = rest.strip_prefix("\\\n").unwrap_or(rest).trim_start_matches([' ', '\t']);
        kept = format!("{}{rest}", &kept[..start]);
    }
    kept
}

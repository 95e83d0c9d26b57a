//! Why a build failed, read from the engine's words. Engines have no codes for these, so the words that each version
//! uses stand here, in one place, with a test each.

use super::build_progress::BuildProgress;
use ttalkak_protocol::error::{ErrorCode, Problem};

/// The problem behind a build that the engine ended with `error`.
pub fn classify(error: &str, progress: &BuildProgress) -> Problem {
    let step_error = progress.failed().map(|failed| failed.error.as_str()).unwrap_or("");
    let told = format!("{step_error}\n{error}");
    let has = |words: &[&str]| words.iter().any(|word| told.contains(word));
    if has(&["no space left on device"]) {
        return Problem::new(ErrorCode::DiskFull, "The provider's disk is full.");
    }
    if let Some(image) = unavailable_image(&told, progress) {
        return base_image(&image);
    }
    if has(&[
        "dockerfile parse error",
        "failed to parse dockerfile",
        "unknown instruction",
        "Dockerfile cannot be empty",
    ]) {
        let line = told.lines().rfind(|line| !line.is_empty()).unwrap_or("");
        return Problem::new(
            ErrorCode::DockerfileRefused,
            format!("The Dockerfile cannot be read: {}", short(line)),
        );
    }
    let step = progress.failed().map(|failed| format!("The step `{}`", failed.name));
    let step = step.unwrap_or_else(|| "The build".to_owned());
    match exit_code(&told) {
        Some(137) => {
            Problem::new(ErrorCode::BuildOutOfMemory, format!("{step} was killed, most likely for memory."))
        }
        Some(code) => Problem::new(ErrorCode::BuildFailed, format!("{step} failed with exit code {code}.")),
        None => {
            let line = error.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no reason was given");
            Problem::new(ErrorCode::BuildFailed, format!("{step} failed: {}", short(line)))
        }
    }
}

/// A base image that is neither here nor to be had.
pub fn base_image(image: &str) -> Problem {
    let image = image.strip_prefix("docker.io/library/").unwrap_or(image);
    let problem =
        Problem::new(ErrorCode::BaseImageUnavailable, format!("The image {image} cannot be pulled."));
    if image.contains("docker/dockerfile") {
        return problem.with_next("Remove the `# syntax=` line of the Dockerfile, or try again later.");
    }
    problem
}

fn unavailable_image(told: &str, progress: &BuildProgress) -> Option<String> {
    if let Some(image) = progress.image_in_question() {
        return Some(image.to_owned());
    }
    let markers = ["pull access denied for ", "manifest for ", "failed to resolve source metadata for "];
    for marker in markers {
        if let Some(rest) = told.split(marker).nth(1) {
            return rest.split([' ', ',', '\n']).next().map(|image| image.trim_end_matches(':').to_owned());
        }
    }
    // The classic builder: `Get "https://registry…": dial tcp: lookup …` while its step is a FROM.
    let from = progress.failed().and_then(|failed| failed.name.strip_prefix("FROM "));
    from.and_then(|rest| rest.split_whitespace().find(|word| !word.starts_with("--"))).map(str::to_owned)
}

/// `exit code: 1` of BuildKit, `returned a non-zero code: 1` of the classic builder, `exit status 1` of Buildah.
fn exit_code(told: &str) -> Option<i64> {
    ["exit code: ", "non-zero code: ", "exit status "].iter().find_map(|marker| {
        let rest = told.split(marker).nth(1)?;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    })
}

fn short(line: &str) -> String {
    let line = line.trim();
    let cut: String = line.chars().take(300).collect();
    let end = if cut.ends_with('.') { "" } else { "." };
    format!("{cut}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard::moby::buildkit::v1::{StatusResponse, Vertex};

    fn progress(name: &str, error: &str) -> BuildProgress {
        let vertex =
            Vertex { digest: "d".into(), name: name.into(), error: error.into(), ..Vertex::default() };
        let mut progress = BuildProgress::default();
        if !name.is_empty() {
            progress.on_status(&StatusResponse { vertexes: vec![vertex], ..StatusResponse::default() });
        }
        progress
    }

    fn check(name: &str, step_error: &str, error: &str, expected: &str) {
        let problem = classify(error, &progress(name, step_error));
        assert_eq!(format!("{}: {}", problem.code, problem.message), expected);
    }

    #[test]
    fn a_failed_step_is_named_with_its_exit_code() {
        check(
            "[build 3/4] RUN npm run build",
            "executor failed running [/bin/sh -c npm run build]: exit code: 2",
            "failed to solve",
            "build_failed: The step `RUN npm run build` failed with exit code 2.",
        );
        check(
            "[2/3] COPY missing /x",
            "failed to compute cache key: \"/missing\" not found: not found",
            "failed to compute cache key: \"/missing\" not found: not found",
            "build_failed: The step `COPY missing /x` failed: failed to compute cache key: \"/missing\" not found: not found.",
        );
        check("", "", "", "build_failed: The build failed: no reason was given.");
    }

    #[test]
    fn causes_that_are_not_the_apps_build_have_their_own_codes() {
        check(
            "[2/2] RUN x",
            "executor failed running [x]: exit code: 137",
            "",
            "build_out_of_memory: The step `RUN x` was killed, most likely for memory.",
        );
        check(
            "[2/2] RUN x",
            "write /a: no space left on device",
            "",
            "disk_full: The provider's disk is full.",
        );
        check(
            "[internal] load metadata for docker.io/library/nope:1",
            "pull access denied, repository does not exist",
            "",
            "base_image_unavailable: The image nope:1 cannot be pulled.",
        );
        check(
            "",
            "",
            "pull access denied for nope, repository does not exist or may require 'docker login'",
            "base_image_unavailable: The image nope cannot be pulled.",
        );
        check(
            "",
            "",
            "dockerfile parse error line 2: unknown instruction: FORM",
            "dockerfile_refused: The Dockerfile cannot be read: dockerfile parse error line 2: unknown instruction: FORM.",
        );
    }

    #[test]
    fn the_classic_builders_words_are_known() {
        let mut progress = BuildProgress::default();
        progress.on_stream("Step 2/3 : RUN make\n");
        progress.on_classic_error("The command '/bin/sh -c make' returned a non-zero code: 2");
        let problem = classify("The command '/bin/sh -c make' returned a non-zero code: 2", &progress);
        assert_eq!(problem.message, "The step `RUN make` failed with exit code 2.");
        let mut progress = BuildProgress::default();
        progress.on_stream("Step 1/3 : FROM nope:1 AS build\n");
        progress.on_classic_error("Get https://registry: dial tcp: no such host");
        assert_eq!(classify("Get https://registry", &progress).message, "The image nope:1 cannot be pulled.");
    }

    #[test]
    fn a_syntax_line_that_cannot_be_pulled_is_told_with_its_remedy() {
        let progress = progress("resolve image config for docker.io/docker/dockerfile:1", "no such host");
        let problem = classify(
            "failed to resolve source metadata for docker.io/docker/dockerfile:1: no such host",
            &progress,
        );
        assert_eq!(problem.code, ErrorCode::BaseImageUnavailable);
        assert!(problem.next.contains("# syntax="));
    }
}

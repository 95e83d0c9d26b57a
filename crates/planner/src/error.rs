//! Why a repository cannot be planned, told with a stable code, a sentence and a next move.

use thiserror::Error;

/// A repository, or a wish about it, that no plan can be made of.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlanError {
    /// No stack recognised the files at the root.
    #[error("Nothing that we can build was found. We looked for {}{}", looked_for.join(", "), nested_text(nested))]
    NothingDetected {
        /// The files that would have been recognised, one entry per stack.
        looked_for: Vec<String>,
        /// Folders that hold a project of their own, as `folder (file)`.
        nested: Vec<String>,
    },
    /// The project is understood, but cannot be built or run as it is.
    #[error("{found}")]
    Unsupported {
        /// What was found, as a sentence.
        found: String,
        /// What the person can do about it.
        next: String,
    },
    /// A manifest that the stack depends upon does not parse.
    #[error("{file} cannot be read: {reason}")]
    InvalidManifest {
        /// Path of the manifest.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The repository's own Dockerfile cannot be used.
    #[error("The repository's Dockerfile cannot be used: {reason}")]
    DockerfileRefused {
        /// What is wrong with it.
        reason: String,
    },
    /// A wish of the caller would change the meaning of the generated file.
    #[error("The {option} is refused: {reason}")]
    InvalidOption {
        /// Which wish.
        option: String,
        /// Why it is refused.
        reason: String,
    },
}

impl PlanError {
    /// The stable code that screens and scripts branch on.
    pub fn as_code(&self) -> &'static str {
        match self {
            PlanError::NothingDetected { .. } => "nothing_detected",
            PlanError::Unsupported { .. } => "unsupported",
            PlanError::InvalidManifest { .. } => "invalid_manifest",
            PlanError::DockerfileRefused { .. } => "dockerfile_refused",
            PlanError::InvalidOption { .. } => "invalid_option",
        }
    }

    /// What the person can do next, as a sentence.
    pub fn next_move(&self) -> String {
        match self {
            PlanError::NothingDetected { nested, .. } if !nested.is_empty() => {
                "Choose the folder to deploy as the root directory, or add a Dockerfile at the root.".to_owned()
            }
            PlanError::NothingDetected { .. } => {
                "Check that the project's manifest is committed, choose another root directory, or add a Dockerfile."
                    .to_owned()
            }
            PlanError::Unsupported { next, .. } => next.clone(),
            PlanError::InvalidManifest { file, .. } => format!("Correct {file}, commit it and deploy again."),
            PlanError::DockerfileRefused { .. } => {
                "Correct the Dockerfile, or remove it so that one is generated.".to_owned()
            }
            PlanError::InvalidOption { .. } => "Choose another name.".to_owned(),
        }
    }

    pub(crate) fn unsupported(found: impl Into<String>, next: impl Into<String>) -> Self {
        PlanError::Unsupported { found: found.into(), next: next.into() }
    }

    pub(crate) fn manifest(file: impl Into<String>, reason: impl ToString) -> Self {
        // Parsers quote the line at fault below the reason; the first line is what a person needs.
        let reason = reason.to_string().lines().next().unwrap_or_default().trim().to_owned();
        PlanError::InvalidManifest { file: file.into(), reason }
    }
}

fn nested_text(nested: &[String]) -> String {
    if nested.is_empty() { ".".to_owned() } else { format!("; projects lie in {}.", nested.join(", ")) }
}

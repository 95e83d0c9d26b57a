//! What went wrong, for programs (a stable code) and for people (a sentence and the next move). One JSON shape for
//! the HTTP API, the link and the command line.

mod code;
mod problem;

pub use code::ErrorCode;
pub use problem::{ErrorBody, ErrorDetail, Problem};

/// By hand: the derive does not see a rename that a macro wrote.
impl utoipa::PartialSchema for ErrorCode {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("Every error that leaves a program. The text form never changes once released; screens branch on it."))
            .enum_values(Some(Self::ALL.iter().map(|code| code.as_str())))
            .into()
    }
}

impl utoipa::ToSchema for ErrorCode {}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for ErrorCode {
    type Err = std::convert::Infallible;

    /// Codes of a newer peer become [`ErrorCode::Unknown`].
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::ALL.iter().copied().find(|code| code.as_str() == text).unwrap_or(Self::Unknown))
    }
}

#[cfg(test)]
mod tests;

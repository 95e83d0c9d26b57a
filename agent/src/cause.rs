//! An error with everything behind it on one line, for logs and for people.
//! Deliberately absent: deciding anything by that text.

use std::{error::Error, fmt};

/// Shows `error: cause: cause of the cause`. Causes that say the same again are left out, which libraries that print
/// their source in their own text make necessary.
#[derive(Debug, Clone, Copy)]
pub struct Chain<'a>(pub &'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        f.write_str(&said)?;
        let mut next = self.0.source();
        while let Some(error) = next {
            let text = error.to_string();
            if !said.ends_with(&text) {
                write!(f, ": {text}")?;
                said = text;
            }
            next = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Said {
        text: &'static str,
        #[source]
        cause: Option<Box<Said>>,
    }

    #[test]
    fn a_cause_is_told_once() {
        let cause = Said { text: "no route", cause: None };
        let middle = Said { text: "connect: no route", cause: Some(Box::new(cause)) };
        let error = Said { text: "dial", cause: Some(Box::new(middle)) };
        assert_eq!(Chain(&error).to_string(), "dial: connect: no route");
    }
}

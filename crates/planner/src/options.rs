//! What the caller may ask of a plan, apart from the source itself.

use crate::error::PlanError;

/// The wishes that shape a plan. Names only: no value of a variable ever enters a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanOptions {
    /// Plain variables of build scope. Each becomes an `ARG` and inline environment of the build step, so it is
    /// public: bundlers write it into what browsers download.
    pub build_env: Vec<String>,
    /// Secret variables of build scope. Each is mounted at `/run/secrets/NAME` for the install and build steps
    /// and never becomes an `ARG`, so no layer and no history holds it.
    pub secret_env: Vec<String>,
    /// Put before the id of every cache mount: two tenants on one provider must not share a cache, as one could
    /// plant packages in the other's build. Empty means no prefix.
    pub tenant_cache_prefix: String,
    /// A Dockerfile to use instead of the repository's own or the one that would be written.
    pub dockerfile: Option<String>,
    /// Ask for compilers and git in the build stage, for a second try after a native module failed to compile.
    pub compilers: bool,
}

impl PlanOptions {
    /// Refuses names that would change the meaning of a Dockerfile line.
    /// Errors: `InvalidOption`.
    pub(crate) fn check(&self) -> Result<(), PlanError> {
        for name in self.build_env.iter().chain(&self.secret_env) {
            if !is_env_name(name) {
                return Err(PlanError::InvalidOption {
                    option: format!("variable name {name:?}"),
                    reason: "it may hold letters, digits and _ only, and not begin with a digit".to_owned(),
                });
            }
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !self.tenant_cache_prefix.chars().all(plain) {
            return Err(PlanError::InvalidOption {
                option: format!("cache prefix {:?}", self.tenant_cache_prefix),
                reason: "it may hold letters, digits, dash, dot and _ only".to_owned(),
            });
        }
        Ok(())
    }

    /// The id of the cache mount called `kind`, with the tenant's prefix.
    pub(crate) fn cache_id(&self, kind: &str) -> String {
        if self.tenant_cache_prefix.is_empty() {
            kind.to_owned()
        } else {
            format!("{}-{kind}", self.tenant_cache_prefix)
        }
    }
}

fn is_env_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_name_that_would_start_a_new_line_is_refused() {
        for bad in ["A\nRUN rm", "A=B", "", "1A", "A B", "A\0"] {
            let options = PlanOptions { build_env: vec![bad.to_owned()], ..PlanOptions::default() };
            assert_eq!(options.check().unwrap_err().as_code(), "invalid_option", "{bad:?}");
        }
    }

    #[test]
    fn a_cache_prefix_with_a_comma_is_refused() {
        let options =
            PlanOptions { tenant_cache_prefix: "a,target=/etc".to_owned(), ..PlanOptions::default() };
        assert!(options.check().is_err());
    }

    #[test]
    fn cache_ids_of_two_tenants_differ() {
        let id = |prefix: &str| {
            PlanOptions { tenant_cache_prefix: prefix.to_owned(), ..PlanOptions::default() }.cache_id("npm")
        };
        assert_eq!(id("t1"), "t1-npm");
        assert_ne!(id("t1"), id("t2"));
        assert_eq!(id(""), "npm");
    }
}

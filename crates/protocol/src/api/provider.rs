//! Providers' agents as the API shows them, and enrolment.

use crate::{
    id::AgentId,
    link::{Capacity, Lending, MachineReading},
    money::EvmAddress,
    secret::Secret,
    unit::UnixMillis,
};
use serde::{Deserialize, Serialize};

/// A provider's agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProviderView {
    /// Its id.
    pub id: AgentId,
    /// What its owner calls it.
    pub name: String,
    /// Whether its link stands.
    pub online: bool,
    /// Program version.
    pub build: String,
    /// What it lends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Capacity>,
    /// Whether it takes new work, and if it leaves, by when.
    #[serde(default)]
    pub lending: Lending,
    /// The wallet that signed that this machine earns for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payee: Option<EvmAddress>,
    /// Its machine, when online.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<MachineReading>,
    /// Workloads that it should run.
    pub workloads: u32,
    /// When it was last heard of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen_at: Option<UnixMillis>,
    /// When it was enrolled.
    pub created_at: UnixMillis,
}

/// All agents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProviderList {
    /// By name.
    pub items: Vec<ProviderView>,
}

/// `POST /v1/enrolments`: a one-time code for one agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EnrolmentView {
    /// To be typed or pasted on the provider's machine; shown once.
    #[schema(value_type = String)]
    pub code: Secret<String>,
    /// After this it is void.
    pub expires_at: UnixMillis,
}

/// `POST /v1/agents`: an agent enrols itself; the code is the credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrolAgent {
    /// The one-time code.
    #[schema(value_type = String)]
    pub code: Secret<String>,
    /// Ed25519 public key, 32 bytes, hex; the private half never leaves the machine.
    pub public_key: String,
    /// What to call the machine, 1 to 64 characters.
    pub name: String,
}

/// Answer to [`EnrolAgent`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AgentEnrolled {
    /// The agent's id from now on.
    pub agent: AgentId,
}

/// `PATCH /v1/providers/{provider}`: what to call it from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenameProvider {
    /// 1 to 64 characters.
    pub name: String,
}

/// `PUT /v1/providers/{provider}/leave`: empty it from afar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeaveProvider {
    /// By when; absent: it stays, unless it says itself that it leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UnixMillis>,
}

/// A one-time code that was not used yet; the code itself is not known any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OpenEnrolment {
    /// For taking it back: the first digits of the code's SHA-256.
    pub id: String,
    /// After this it is void.
    pub expires_at: UnixMillis,
}

/// All codes that could still be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EnrolmentList {
    /// Those that end first, first.
    pub items: Vec<OpenEnrolment>,
}

/// What every enrolment link starts with.
pub const ENROL_LINK: &str = "ttalkak://enrol?";

/// A one-time code and where it is good, in one text to be pasted or opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolLink {
    /// The one-time code.
    pub code: Secret<String>,
    /// The coordinator's address.
    pub coordinator: String,
}

/// A text that is no enrolment link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {ENROL_LINK}code=…&coordinator=https://…")]
pub struct ParseEnrolLinkError;

impl EnrolLink {
    /// The link as text. It holds the code: only for whom the code is for.
    pub fn reveal(&self) -> String {
        format!("{ENROL_LINK}code={}&coordinator={}", self.code.reveal(), self.coordinator)
    }
}

impl std::str::FromStr for EnrolLink {
    type Err = ParseEnrolLinkError;

    fn from_str(text: &str) -> Result<Self, ParseEnrolLinkError> {
        let query = text.trim().strip_prefix(ENROL_LINK).ok_or(ParseEnrolLinkError)?;
        let field = |name: &str| {
            let mut values =
                query.split('&').filter_map(|part| part.split_once('=')).filter(|(key, _)| *key == name);
            let value = values.next().map(|(_, value)| value);
            value.filter(|_| values.next().is_none()).ok_or(ParseEnrolLinkError)
        };
        let (code, coordinator) = (field("code")?, field("coordinator")?);
        // Some programs escape what needs no escape in a query.
        let coordinator =
            coordinator.replace("%3A", ":").replace("%3a", ":").replace("%2F", "/").replace("%2f", "/");
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/[]".contains(c);
        let address = coordinator.strip_prefix("https://").or_else(|| coordinator.strip_prefix("http://"));
        let good_address = address.is_some_and(|rest| !rest.is_empty() && rest.chars().all(plain));
        let good_code = !code.is_empty() && code.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !good_address || !good_code {
            return Err(ParseEnrolLinkError);
        }
        Ok(Self { code: Secret::new(code.to_owned()), coordinator })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_brings_code_and_coordinator_and_nothing_else() {
        let link =
            EnrolLink { code: Secret::new("tte_ab12".into()), coordinator: "https://t.example:7700".into() };
        assert_eq!(link.reveal().parse(), Ok(link.clone()));
        let escaped = "ttalkak://enrol?coordinator=https%3A%2F%2Ft.example%3A7700&code=tte_ab12";
        assert_eq!(format!(" {escaped}\n").parse(), Ok(link));
        for bad in [
            "",
            "tte_ab12",
            "https://t.example",
            "ttalkak://enrol?code=tte_1",
            "ttalkak://enrol?coordinator=https://t.example",
            "ttalkak://enrol?code=&coordinator=https://t.example",
            "ttalkak://enrol?code=tte_1&coordinator=ftp://t.example",
            "ttalkak://enrol?code=tte_1&coordinator=https://",
            "ttalkak://enrol?code=tte_1&coordinator=https://a@t.example",
            "ttalkak://enrol?code=tte_1&coordinator=https://a.example&coordinator=https://b.example",
            "ttalkak://enrol?code=tte 1&coordinator=https://t.example",
        ] {
            assert_eq!(bad.parse::<EnrolLink>(), Err(ParseEnrolLinkError), "{bad}");
        }
    }
}

//! One id type per entity, so that a lease can never be handed where a deployment is meant.
//! Ids are UUIDs (version 7 from the edges, so they sort by creation) written with a prefix that names their kind.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// A text that is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an id that starts with {expected}_")]
pub struct ParseIdError {
    expected: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        #[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(type = "string"))]
        pub struct $name(Uuid);

        impl $name {
            /// The prefix that every text form of this id starts with, without the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Wraps a UUID; chance and time are the caller's.
            pub fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The bare UUID.
            pub fn uuid(self) -> Uuid {
                self.0
            }

            /// The last eight hex digits: random in version 7, enough to tell objects apart in a listing.
            pub fn short(self) -> String {
                self.0.simple().to_string().split_off(24)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .filter(|rest| rest.len() == 32)
                    .and_then(|rest| Uuid::try_parse(rest).ok())
                    .map(Self)
                    .ok_or(ParseIdError { expected: $prefix })
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseIdError;

            fn try_from(text: String) -> Result<Self, ParseIdError> {
                text.parse()
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(concat!("^", $prefix, "_[0-9a-f]{32}$")))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    )*};
}

ids! {
    /// Who owns projects, tokens and agents.
    AccountId = "acc";
    /// What stands on chain between one tenant and one provider for one deployment.
    AgreementId = "agr";
    /// An agent: our program on one provider machine.
    AgentId = "agt";
    /// A push that somebody told of.
    DeliveryId = "dlv";
    /// A tenant's wish that one source answers at one address.
    DeploymentId = "dep";
    /// A slice of a tenant's money set aside for an agreement that is not on chain yet.
    HoldId = "hld";
    /// Somebody asked into a team.
    InvitationId = "inv";
    /// An agent's right and duty to run one workload until a time.
    LeaseId = "lea";
    /// A call to the chain that is wanted, until it is final.
    OutboxId = "obx";
    /// A named group of deployments of one tenant.
    ProjectId = "prj";
    /// One version of a deployment: source, plan, environment and the image made of them.
    ReleaseId = "rel";
    /// One run of a change in steps.
    SagaId = "sag";
    /// A browser that somebody signed in with; not the secret itself.
    SessionId = "ses";
    /// An API token; not the secret itself.
    TokenId = "tok";
    /// A local service exposed without the container engine.
    TunnelId = "tun";
    /// A source archive that a tenant uploaded.
    UploadId = "upl";
    /// A person with an account of their own.
    UserId = "usr";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text_form_and_refuses_another_kind() {
        let id = DeploymentId::new(Uuid::from_u128(7));
        assert_eq!(id.to_string(), "dep_00000000000000000000000000000007");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id.to_string().parse::<LeaseId>().is_err());
        assert!("dep_7".parse::<DeploymentId>().is_err());
        assert!("dep_{0000000-0000-0000-0000-00000000000}".parse::<DeploymentId>().is_err());
        assert_eq!(id.short(), "00000007");
    }
}

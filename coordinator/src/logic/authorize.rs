//! Who may do what. Pure: an actor, what they want to do, and whose thing it is.

use ttalkak_protocol::{
    api::team::{Role, TokenScope},
    id::{AccountId, UserId},
};

/// What somebody wants to do. Every route names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Look at what the team has, secrets left out.
    Read,
    /// Change what is deployed: deployments, projects, environment, tunnels.
    Deploy,
    /// Bring in, change or take out machines, and what they earn.
    Lend,
    /// Link a wallet, permit spending.
    Pay,
    /// Change the team and who is in it.
    Administer,
    /// Change what is one's own: name, address, browsers, tokens.
    Personal,
}

impl Action {
    /// All, in the order above.
    pub const ALL: [Action; 6] =
        [Self::Read, Self::Deploy, Self::Lend, Self::Pay, Self::Administer, Self::Personal];

    /// As the API's description names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Deploy => "deploy",
            Self::Lend => "lend",
            Self::Pay => "pay",
            Self::Administer => "administer",
            Self::Personal => "personal",
        }
    }

    /// The least role that may.
    fn role(self) -> Role {
        match self {
            Self::Read | Self::Personal => Role::Viewer,
            Self::Deploy => Role::Developer,
            Self::Lend | Self::Pay | Self::Administer => Role::Owner,
        }
    }

    /// The least scope that may.
    fn scope(self) -> TokenScope {
        match self {
            Self::Read => TokenScope::Read,
            Self::Deploy => TokenScope::Deploy,
            Self::Lend | Self::Pay | Self::Administer | Self::Personal => TokenScope::Full,
        }
    }
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// The team that they ask for.
    pub account: AccountId,
    /// The person; `None` for a token that nobody made in person.
    pub user: Option<UserId>,
    /// What they are in the team.
    pub role: Role,
    /// How much what they were known by may do at most.
    pub scope: TokenScope,
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Another team's: it must look as if it were not there.
    #[error("There is nothing of that name or id.")]
    Stranger,
    /// Their role is too small.
    #[error("This takes the role {}.", .0.as_str())]
    Role(Role),
    /// Their token is too small.
    #[error("This takes a token of scope {}.", .0.as_str())]
    Scope(TokenScope),
}

/// Whether `actor` may do `action` to something of the team `owner`. Errors: the first reason why not; that it is
/// another team's comes before all others, so that nothing is learnt of it.
pub fn authorize(actor: &Actor, action: Action, owner: AccountId) -> Result<(), Denied> {
    if actor.account != owner {
        Err(Denied::Stranger)
    } else if actor.role < action.role() {
        Err(Denied::Role(action.role()))
    } else if actor.scope < action.scope() {
        Err(Denied::Scope(action.scope()))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn account(n: u128) -> AccountId {
        AccountId::new(Uuid::from_u128(n))
    }

    fn may(role: Role, scope: TokenScope) -> String {
        let actor = Actor { account: account(1), user: None, role, scope };
        let allowed = Action::ALL.iter().filter(|action| authorize(&actor, **action, account(1)).is_ok());
        allowed.map(|action| action.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_role_and_scope_may_exactly_this() {
        let table = Role::ALL.map(|role| TokenScope::ALL.map(|scope| may(role, scope)));
        assert_eq!(
            table,
            [
                ["read", "read", "read personal"],
                ["read", "read deploy", "read deploy personal"],
                ["read", "read deploy", "read deploy lend pay administer personal"],
            ]
        );
    }

    #[test]
    fn nobody_may_anything_with_what_is_another_teams() {
        let actor = Actor { account: account(1), user: None, role: Role::Owner, scope: TokenScope::Full };
        for action in Action::ALL {
            assert_eq!(authorize(&actor, action, account(2)), Err(Denied::Stranger));
        }
    }
}

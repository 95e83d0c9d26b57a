//! Teams and who is in them. A team always keeps an owner.

use super::{RowExt, Store, StoreError, StoreResult, Tx, user};
use crate::logic::request::Refusal;
use sqlx::sqlite::SqliteRow;
use ttalkak_protocol::{
    api::team::{MemberView, Role, TeamView},
    id::{AccountId, UserId},
    unit::UnixMillis,
};

fn view(row: &SqliteRow) -> StoreResult<TeamView> {
    let role: Option<Role> = row.word_opt("role")?;
    Ok(TeamView {
        id: row.parsed("id")?,
        name: row.text("name")?,
        personal: row.text_opt("personal_of")?.is_some(),
        role: role.unwrap_or(Role::Owner),
        created_at: row.time("created_at")?,
    })
}

impl Store {
    /// A team, as this person sees it; as an owner does when nobody in person asks.
    pub async fn team(&self, account: AccountId, user: Option<UserId>) -> StoreResult<TeamView> {
        let row = sqlx::query(
            "SELECT a.*, m.role FROM account a
             LEFT JOIN membership m ON m.account_id = a.id AND m.user_id = ?2 WHERE a.id = ?1",
        )
        .bind(account.to_string())
        .bind(user.map(|user| user.to_string()))
        .fetch_optional(self.read())
        .await?;
        row.as_ref().map_or_else(|| Err(StoreError::not_found("team", account)), view)
    }

    /// All teams of a person, their own first, then by name.
    pub async fn teams_of(&self, user: UserId) -> StoreResult<Vec<TeamView>> {
        let rows = sqlx::query(
            "SELECT a.*, m.role FROM membership m JOIN account a ON a.id = m.account_id WHERE m.user_id = ?
             ORDER BY a.personal_of IS NULL, a.name, a.id",
        )
        .bind(user.to_string())
        .fetch_all(self.read())
        .await?;
        rows.iter().map(view).collect()
    }

    /// Who is in a team, owners first.
    pub async fn members(&self, account: AccountId) -> StoreResult<Vec<MemberView>> {
        let rows = sqlx::query(
            "SELECT m.role, m.since, u.id AS user_id, u.login, u.name AS user_name, u.avatar_url
             FROM membership m JOIN user u ON u.id = m.user_id WHERE m.account_id = ?
             ORDER BY CASE m.role WHEN 'owner' THEN 0 WHEN 'developer' THEN 1 ELSE 2 END, u.login, u.id",
        )
        .bind(account.to_string())
        .fetch_all(self.read())
        .await?;
        let member = |row: &SqliteRow| {
            let corrupt = || StoreError::Corrupt { column: "user_id".to_owned() };
            let user = user::brief(row)?.ok_or_else(corrupt)?;
            Ok(MemberView { user, role: row.word("role")?, since: row.time("since")? })
        };
        rows.iter().map(member).collect()
    }

    /// Makes a team with this person as its owner.
    pub async fn create_team(
        &self,
        account: AccountId,
        owner: UserId,
        name: &str,
        now: UnixMillis,
    ) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query("INSERT INTO account (id, name, created_at) VALUES (?, ?, ?)")
            .bind(account.to_string())
            .bind(name)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        join(&mut tx, account, owner, Role::Owner, now).await?;
        tx.commit().await
    }

    /// Gives a team another name.
    pub async fn rename_team(&self, account: AccountId, name: &str) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE account SET name = ?2 WHERE id = ?1")
            .bind(account.to_string())
            .bind(name)
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// Takes somebody in, or changes nothing when they are in already.
    pub async fn join_team(
        &self,
        account: AccountId,
        user: UserId,
        role: Role,
        now: UnixMillis,
    ) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        join(&mut tx, account, user, role, now).await?;
        tx.commit().await
    }

    /// Gives a member another role. Errors: `NotFound`, `Refused(LastOwner)`.
    pub async fn change_member(&self, account: AccountId, user: UserId, role: Role) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        must_keep_an_owner(&mut tx, account, user, Some(role)).await?;
        sqlx::query("UPDATE membership SET role = ?3 WHERE account_id = ?1 AND user_id = ?2")
            .bind(account.to_string())
            .bind(user.to_string())
            .bind(role.as_str())
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// Takes a member out. Their tokens for the team are void with that, and their browsers go back into their own team.
    /// Errors: `NotFound`, `Refused(LastOwner)`, `Refused(OwnTeam)`.
    pub async fn remove_member(&self, account: AccountId, user: UserId, now: UnixMillis) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        let (team, person) = (account.to_string(), user.to_string());
        must_keep_an_owner(&mut tx, account, user, None).await?;
        let own = sqlx::query("SELECT 1 FROM account WHERE id = ? AND personal_of = ?")
            .bind(&team)
            .bind(&person)
            .fetch_optional(&mut *tx)
            .await?;
        if own.is_some() {
            return Err(Refusal::OwnTeam.into());
        }
        sqlx::query("DELETE FROM membership WHERE account_id = ? AND user_id = ?")
            .bind(&team)
            .bind(&person)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "UPDATE token SET revoked_at = ?3 WHERE account_id = ?1 AND user_id = ?2 AND revoked_at IS NULL",
        )
        .bind(&team)
        .bind(&person)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "UPDATE session SET account_id = (SELECT id FROM account WHERE personal_of = ?2)
             WHERE account_id = ?1 AND user_id = ?2",
        )
        .bind(&team)
        .bind(&person)
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }
}

/// Takes somebody in, within a transaction; who is in already keeps their role.
pub(super) async fn join(
    tx: &mut Tx,
    account: AccountId,
    user: UserId,
    role: Role,
    now: UnixMillis,
) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO membership (account_id, user_id, role, since) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(account.to_string())
    .bind(user.to_string())
    .bind(role.as_str())
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Refuses what would leave a team without an owner. `role`: what the member becomes; `None`: they go.
async fn must_keep_an_owner(
    tx: &mut Tx,
    account: AccountId,
    user: UserId,
    role: Option<Role>,
) -> StoreResult<()> {
    let row = sqlx::query(
        "SELECT role, (SELECT count(*) FROM membership WHERE account_id = ?1 AND role = 'owner') AS owners
         FROM membership WHERE account_id = ?1 AND user_id = ?2",
    )
    .bind(account.to_string())
    .bind(user.to_string())
    .fetch_optional(&mut **tx)
    .await?
    .ok_or_else(|| StoreError::not_found("member", user))?;
    let last = row.word::<Role>("role")? == Role::Owner && row.number::<u32>("owners")? == 1;
    if last && role != Some(Role::Owner) { Err(Refusal::LastOwner.into()) } else { Ok(()) }
}

//! What an agent's own screen asks of the store: whose it is, and the wallet that it earns for. Deliberately absent:
//! checking signatures, and sums.

use super::{RowExt, Store, StoreError, StoreResult};
use ttalkak_protocol::{
    ErrorCode,
    id::{AccountId, AgentId},
    money::EvmAddress,
    unit::UnixMillis,
};

impl Store {
    /// Whose an agent is; `None` when it is not known or its right was taken away.
    pub async fn owner_of_agent(&self, agent: AgentId) -> StoreResult<Option<AccountId>> {
        let row = sqlx::query("SELECT account_id FROM agent WHERE id = ? AND revoked_at IS NULL")
            .bind(agent.to_string())
            .fetch_optional(self.read())
            .await?;
        row.map(|row| row.parsed("account_id")).transpose()
    }

    /// The wallet that signed that this machine earns for it.
    pub async fn linked_payee(&self, agent: AgentId) -> StoreResult<Option<EvmAddress>> {
        let row = sqlx::query("SELECT payee FROM agent WHERE id = ?")
            .bind(agent.to_string())
            .fetch_one(self.read())
            .await?;
        row.parsed_opt("payee")
    }

    /// Notes the nonce of a text that a machine's payee is to sign. Those that are long over go.
    pub async fn add_payee_nonce(
        &self,
        nonce: &str,
        (agent, wallet): (AgentId, EvmAddress),
        expires_at: UnixMillis,
        now: UnixMillis,
    ) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM payee_nonce WHERE expires_at < ?").bind(now.0).execute(&mut *tx).await?;
        sqlx::query("INSERT INTO payee_nonce (nonce, agent_id, wallet, expires_at) VALUES (?, ?, ?, ?)")
            .bind(nonce)
            .bind(agent.to_string())
            .bind(wallet.to_string())
            .bind(expires_at.0)
            .execute(&mut *tx)
            .await?;
        tx.commit_unseen().await
    }

    /// Links a machine with the wallet that signed, and uses the nonce up for good. Errors: `WalletNonceInvalid` when it
    /// was not given out to this agent for this wallet, is too old, or counted before.
    pub async fn link_payee(
        &self,
        nonce: &str,
        (agent, wallet): (AgentId, EvmAddress),
        now: UnixMillis,
    ) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE payee_nonce SET used_at = ?4
             WHERE nonce = ?1 AND agent_id = ?2 AND wallet = ?3 AND used_at IS NULL AND expires_at > ?4",
        )
        .bind(nonce)
        .bind(agent.to_string())
        .bind(wallet.to_string())
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            let message = "The message was used before, is too old, or is not ours.";
            return Err(StoreError::money(ErrorCode::WalletNonceInvalid, message));
        }
        sqlx::query("UPDATE agent SET payee = ?2 WHERE id = ?1")
            .bind(agent.to_string())
            .bind(wallet.to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }
}

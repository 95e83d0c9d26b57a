//! Whose wallet is whose: sign-in messages that count once, and the payout threshold beside it. Deliberately absent:
//! checking signatures.

use super::{RowExt, Store, StoreError, StoreResult, Tx};
use ttalkak_protocol::{
    ErrorCode,
    id::AccountId,
    money::{Amount, EvmAddress},
    unit::UnixMillis,
};

impl Store {
    /// The wallet of an account.
    pub async fn wallet(&self, account: AccountId) -> StoreResult<Option<EvmAddress>> {
        let row = sqlx::query("SELECT wallet FROM account WHERE id = ?")
            .bind(account.to_string())
            .fetch_optional(self.read())
            .await?;
        Ok(row.map(|row| row.parsed_opt("wallet")).transpose()?.flatten())
    }

    /// Notes the nonce of a sign-in message. Those that are long over go.
    pub async fn add_wallet_nonce(
        &self,
        nonce: &str,
        (account, wallet): (AccountId, EvmAddress),
        expires_at: UnixMillis,
        now: UnixMillis,
    ) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM wallet_nonce WHERE expires_at < ?").bind(now.0).execute(&mut *tx).await?;
        sqlx::query("INSERT INTO wallet_nonce (nonce, account_id, wallet, expires_at) VALUES (?, ?, ?, ?)")
            .bind(nonce)
            .bind(account.to_string())
            .bind(wallet.to_string())
            .bind(expires_at.0)
            .execute(&mut *tx)
            .await?;
        tx.commit_unseen().await
    }

    /// What is due before a provider is paid without asking.
    pub async fn payout_threshold(&self, account: AccountId) -> StoreResult<Amount> {
        let row = sqlx::query("SELECT payout_threshold FROM account WHERE id = ?")
            .bind(account.to_string())
            .fetch_one(self.read())
            .await?;
        row.parsed("payout_threshold")
    }

    /// Sets what is due before a provider is paid without asking.
    pub async fn set_payout_threshold(&self, account: AccountId, threshold: Amount) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE account SET payout_threshold = ?2 WHERE id = ?1")
            .bind(account.to_string())
            .bind(threshold.to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }
}

/// Uses a nonce up, for good. Errors: `WalletNonceInvalid` when it was not given out to this account for this wallet, is
/// too old, or counted before.
pub async fn use_nonce(
    tx: &mut Tx,
    nonce: &str,
    (account, wallet): (AccountId, EvmAddress),
    now: UnixMillis,
) -> StoreResult<()> {
    let done = sqlx::query(
        "UPDATE wallet_nonce SET used_at = ?4
         WHERE nonce = ?1 AND account_id = ?2 AND wallet = ?3 AND used_at IS NULL AND expires_at > ?4",
    )
    .bind(nonce)
    .bind(account.to_string())
    .bind(wallet.to_string())
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 {
        return Ok(());
    }
    Err(StoreError::money(
        ErrorCode::WalletNonceInvalid,
        "The message was used before, is too old, or is not ours.",
    ))
}

/// Links a wallet whose owner proved it. Errors: `WalletTaken` when another account has it; `StateConflict` when money of
/// the wallet before is still in the books, since that belongs to the old one.
pub async fn link(tx: &mut Tx, account: AccountId, wallet: EvmAddress) -> StoreResult<()> {
    let taken = sqlx::query("SELECT 1 FROM account WHERE wallet = ?1 AND id != ?2")
        .bind(wallet.to_string())
        .bind(account.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    if taken.is_some() {
        return Err(StoreError::money(ErrorCode::WalletTaken, "The wallet belongs to another account."));
    }
    let row = sqlx::query("SELECT wallet FROM account WHERE id = ?").bind(account.to_string());
    let before: Option<EvmAddress> = row.fetch_one(&mut **tx).await?.parsed_opt("wallet")?;
    if before == Some(wallet) {
        return Ok(());
    }
    if before.is_some() && has_money(tx, account).await? {
        let message =
            "The account's wallet still has money in the escrow; withdraw it before you link another.";
        return Err(StoreError::money(ErrorCode::StateConflict, message));
    }
    sqlx::query("UPDATE mandate SET state = 'replaced' WHERE account_id = ? AND state = 'active'")
        .bind(account.to_string())
        .execute(&mut **tx)
        .await?;
    sqlx::query("UPDATE account SET wallet = ?2 WHERE id = ?1")
        .bind(account.to_string())
        .bind(wallet.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn has_money(tx: &mut Tx, account: AccountId) -> StoreResult<bool> {
    let row = sqlx::query(
        "SELECT EXISTS (SELECT 1 FROM balance WHERE account = ?2 AND amount != '0')
           OR EXISTS (SELECT 1 FROM hold WHERE account_id = ?1 AND state = 'pending')
           OR EXISTS (SELECT 1 FROM agreement WHERE account_id = ?1 AND state IN ('pending', 'open', 'ending')) AS has",
    )
    .bind(account.to_string())
    .bind(crate::ledger::Account::Free(account).to_string())
    .fetch_one(&mut **tx)
    .await?;
    Ok(row.number::<i64>("has")? == 1)
}

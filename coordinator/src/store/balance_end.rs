//! Deployments that are stopped for want of money: the mark that says so, and the saga that stops them. The owner's
//! wish stays `running` meanwhile; that is what brings them back after a top-up. Deliberately absent: deciding when.

use super::{Store, StoreResult, Tx, wish};
use crate::logic::{deployment::Fact, request::Wanted};
use ttalkak_protocol::{
    api::deployment::{DeploymentState, EndReason},
    error::{ErrorCode, Problem},
    id::DeploymentId,
    unit::UnixMillis,
};

/// What everybody is told of a deployment whose money is used up.
pub fn balance_ended() -> Problem {
    Problem::new(ErrorCode::BalanceEnded, "The money for this deployment is used up.")
}

impl Store {
    /// Stops a deployment gracefully because its money is used up. A rollout on its way is given up.
    /// Returns `false`, with nothing changed, when its owner ended it already or it is on its way down.
    pub async fn stop_for_balance(&self, deployment: DeploymentId, now: UnixMillis) -> StoreResult<bool> {
        let mut tx = self.begin().await?;
        if !stop(&mut tx, deployment, now).await? {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Whether it ended for want of money and nothing was tried since.
    pub async fn ended_for_balance(&self, deployment: DeploymentId) -> StoreResult<bool> {
        let row = sqlx::query("SELECT 1 FROM deployment WHERE id = ?1 AND reason = ?2")
            .bind(deployment.to_string())
            .bind(super::row::word(EndReason::Balance))
            .fetch_optional(self.read())
            .await?;
        Ok(row.is_some())
    }

    /// Whether the end of this deployment, now or on its way, is for want of money.
    pub async fn ends_for_balance(&self, deployment: DeploymentId) -> StoreResult<bool> {
        let row = sqlx::query(
            "SELECT 1 FROM deployment WHERE id = ?1 AND wanted = ?2 AND balance_ended_at IS NOT NULL",
        )
        .bind(deployment.to_string())
        .bind(super::row::word(Wanted::Running))
        .fetch_optional(self.read())
        .await?;
        Ok(row.is_some())
    }
}

/// As [`Store::stop_for_balance`], within a transaction.
pub async fn stop(tx: &mut Tx, deployment: DeploymentId, now: UnixMillis) -> StoreResult<bool> {
    let marked = sqlx::query(
        "UPDATE deployment SET balance_ended_at = ?2, updated_at = ?2
         WHERE id = ?1 AND wanted = ?3 AND state NOT IN (?4, ?5)",
    )
    .bind(deployment.to_string())
    .bind(now.0)
    .bind(super::row::word(Wanted::Running))
    .bind(super::row::word(DeploymentState::Draining))
    .bind(super::row::word(DeploymentState::Ended))
    .execute(&mut **tx)
    .await?;
    if marked.rows_affected() == 0 {
        return Ok(false);
    }
    let problem = balance_ended();
    wish::cancel_open(tx, deployment, &problem).await?;
    wish::insert_saga(tx, deployment, None, now).await?;
    // A state that cannot drain is told by the saga.
    let told = Some(Some(&problem));
    let _ = super::standing::apply(tx, deployment, Fact::DrainStarted, told, now).await?;
    Ok(true)
}

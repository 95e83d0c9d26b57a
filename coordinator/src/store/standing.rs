//! How deployments stand: facts are applied here, and nowhere else is a state written.

use super::{
    RowExt, Store, StoreResult, Tx,
    row::{json, word},
};
use crate::logic::deployment::{self, Fact, Illegal};
use ttalkak_protocol::{error::Problem, id::DeploymentId, unit::UnixMillis};

impl Store {
    /// Applies a fact to a deployment. `problem`: `Some(None)` clears the trouble shown, `None` leaves it.
    /// Returns the refusal of a fact that does not fit; late and doubled facts are expected, so that is no error.
    pub async fn apply_fact(
        &self,
        deployment: DeploymentId,
        fact: Fact,
        problem: Option<Option<&Problem>>,
        now: UnixMillis,
    ) -> StoreResult<Result<(), Illegal>> {
        let mut tx = self.begin().await?;
        let applied = apply(&mut tx, deployment, fact, problem, now).await?;
        match applied {
            Ok(true) => tx.commit().await.map(Ok),
            Ok(false) => Ok(Ok(())),
            Err(illegal) => Ok(Err(illegal)),
        }
    }
}

/// Returns whether anything changed.
pub(super) async fn apply(
    tx: &mut Tx,
    deployment: DeploymentId,
    fact: Fact,
    problem: Option<Option<&Problem>>,
    now: UnixMillis,
) -> StoreResult<Result<bool, Illegal>> {
    let row = sqlx::query("SELECT state, reason, problem FROM deployment WHERE id = ?")
        .bind(deployment.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    // An erased deployment has no facts any more.
    let Some(row) = row else { return Ok(Ok(false)) };
    let before = (row.word("state")?, row.word_opt("reason")?);
    let after = match deployment::apply(before, fact) {
        Ok(after) => after,
        Err(illegal) => return Ok(Err(illegal)),
    };
    let problem_before = row.text_opt("problem")?;
    let problem_after = problem.map_or(problem_before.clone(), |problem| problem.map(json));
    if after == before && problem_after == problem_before {
        return Ok(Ok(false));
    }
    sqlx::query(
        "UPDATE deployment SET since = CASE WHEN state = ?2 THEN since ELSE ?5 END, state = ?2, reason = ?3, problem = ?4,
         updated_at = ?5 WHERE id = ?1",
    )
    .bind(deployment.to_string())
    .bind(word(after.0))
    .bind(after.1.map(word))
    .bind(problem_after)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(Ok(true))
}

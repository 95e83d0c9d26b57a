//! How much of a machine a deployment gets, and which part of its project it is.

use super::{
    RowExt, Store, StoreResult,
    row::word,
    view::{self, StoredDeployment},
    wish::{self, roll},
};
use crate::{
    logic::request::{Refusal, Wanted, Wish, judge},
    seal::Sealer,
};
use ttalkak_protocol::{
    api::deployment::{Exposure, ProjectPart},
    id::{AccountId, ReleaseId},
    unit::{Bytes, MilliCpu, UnixMillis},
};

impl Store {
    /// Gives a deployment another size; absent: as it was. What runs moves to a fresh workload of that size, which takes
    /// over when it is healthy; what is stopped has it from its next start on. Errors: `NotFound`, `Refused`.
    pub async fn set_size(
        &self,
        sealer: &Sealer,
        (account, key): (AccountId, &str),
        (memory, cpu): (Option<Bytes>, Option<MilliCpu>),
        now: UnixMillis,
    ) -> StoreResult<StoredDeployment> {
        let mut tx = self.begin().await?;
        let found = wish::find(&mut tx, account, key, now).await?;
        if found.standing.wanted == Wanted::Deleted {
            return Err(Refusal::Deleted.into());
        }
        let done = sqlx::query(
            "UPDATE deployment SET memory_bytes = coalesce(?2, memory_bytes), milli_cpu = coalesce(?3, milli_cpu),
               updated_at = ?4
             WHERE id = ?1 AND (memory_bytes != coalesce(?2, memory_bytes) OR milli_cpu != coalesce(?3, milli_cpu))",
        )
        .bind(found.id.to_string())
        .bind(memory.map(|memory| memory.0.cast_signed()))
        .bind(cpu.map(|cpu| cpu.0))
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        // What is on its way begins anew; else what serves.
        let rolling = sqlx::query(
            "SELECT release_id FROM saga WHERE deployment_id = ? AND kind = 'deploy' AND cancel IS NULL
             AND state IN ('running', 'undoing') ORDER BY created_at DESC, id DESC LIMIT 1",
        )
        .bind(found.id.to_string())
        .fetch_optional(&mut *tx)
        .await?;
        let rolling: Option<ReleaseId> = rolling.map(|row| row.parsed("release_id")).transpose()?;
        let runs = rolling.is_some() || judge(Wish::Restart, found.standing).is_ok();
        match rolling.or_else(|| found.serving()) {
            Some(release) if runs && done.rows_affected() > 0 => {
                Ok(roll(tx, sealer, &found, release, now).await?.deployment)
            }
            Some(_) | None => {
                let view = view::read_in(&mut tx, found.id).await?;
                tx.commit().await?;
                Ok(view)
            }
        }
    }

    /// Makes a deployment a part of its project; `None`: it stands alone. Errors: `NotFound`, `Refused(PartTaken)`,
    /// `Refused(PartNeedsHttp)`.
    pub async fn set_part(
        &self,
        account: AccountId,
        key: &str,
        part: Option<ProjectPart>,
        now: UnixMillis,
    ) -> StoreResult<StoredDeployment> {
        let mut tx = self.begin().await?;
        let found = wish::find(&mut tx, account, key, now).await?;
        let id = found.id.to_string();
        let row = sqlx::query(
            "SELECT d.exposure, EXISTS (SELECT 1 FROM deployment o WHERE o.project_id = d.project_id
               AND o.part = 'back_end' AND o.id != d.id) AS taken FROM deployment d WHERE d.id = ?",
        )
        .bind(&id)
        .fetch_one(&mut *tx)
        .await?;
        if part.is_some() && row.word::<Exposure>("exposure")? == Exposure::Tcp {
            return Err(Refusal::PartNeedsHttp.into());
        }
        if part == Some(ProjectPart::BackEnd) && row.number::<i64>("taken")? != 0 {
            return Err(Refusal::PartTaken.into());
        }
        sqlx::query("UPDATE deployment SET part = ?2, updated_at = ?3 WHERE id = ?1")
            .bind(&id)
            .bind(part.map(word))
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        let view = view::read_in(&mut tx, found.id).await?;
        tx.commit().await?;
        Ok(view)
    }
}

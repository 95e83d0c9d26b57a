//! Agreements: what stands, or is about to stand, on chain between one tenant and one provider for one deployment.
//! Rows outlive their deployment, since each is a line of an invoice. Changes take the transaction of whoever makes them,
//! so that a journal entry is written together with what it is about. Deliberately absent: judging readings, prices.

use super::{
    RowExt, Store, StoreError, StoreResult, Tx,
    row::{json, word},
};
use sqlx::{AssertSqlSafe, sqlite::SqliteRow};
use ttalkak_escrow::{
    agreement_key,
    price::{Carry, rate_per_hour},
};
use ttalkak_protocol::{
    api::billing::{AgreementState, AgreementView},
    id::{AccountId, AgentId, AgreementId, DeploymentId},
    money::{Amount, ChainHash, EvmSignature, Rates, Reserved, SignedVoucher, Terms},
    unit::UnixMillis,
};

/// An agreement as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementRow {
    /// Its id.
    pub id: AgreementId,
    /// Its key on chain.
    pub key: ChainHash,
    /// For which deployment; that one may be gone.
    pub deployment: DeploymentId,
    /// What the deployment was called.
    pub deployment_name: String,
    /// Whose money.
    pub account: AccountId,
    /// Who earns it.
    pub agent: AgentId,
    /// Under which mandate it was opened.
    pub mandate: Option<ChainHash>,
    /// What was agreed.
    pub terms: Terms,
    /// The provider's prices when it was made.
    pub rates: Rates,
    /// What is charged for.
    pub reserved: Reserved,
    /// Where it stands.
    pub state: AgreementState,
    /// The most that can be earned, as it stands on chain.
    pub cap: Amount,
    /// Earned in all.
    pub charged: Amount,
    /// What is left over below a base unit.
    pub carry: Carry,
    /// Number of the newest charged reading.
    pub seq: u64,
    /// Its end.
    pub charged_to: UnixMillis,
    /// Settled on chain in all.
    pub settled: Amount,
    /// The newest voucher.
    pub voucher: Option<SignedVoucher>,
    /// The provider's word that it is content with `charged`.
    pub close_signature: Option<EvmSignature>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was seen on chain.
    pub opened_at: Option<UnixMillis>,
    /// When its end was asked for.
    pub ended_at: Option<UnixMillis>,
}

impl AgreementRow {
    /// What an hour costs now, without what is sent.
    pub fn cost_per_hour(&self) -> Amount {
        rate_per_hour(&self.rates, &self.reserved)
    }

    /// Can still be earned under it.
    pub fn left(&self) -> Amount {
        self.cap.saturating_sub(self.charged)
    }

    /// As the API shows it.
    pub fn view(&self) -> AgreementView {
        AgreementView {
            id: self.id,
            key: self.key,
            provider: self.agent,
            state: self.state,
            terms: self.terms,
            cap: self.cap,
            vouchered: self.voucher.map_or(Amount::ZERO, |signed| signed.voucher.cumulative),
            settled: self.settled,
        }
    }

    fn read(row: &SqliteRow) -> StoreResult<Self> {
        let needed = |column: &'static str| move || StoreError::corrupt(column);
        Ok(Self {
            id: row.parsed("id")?,
            key: row.parsed("key")?,
            deployment: row.parsed("deployment_id")?,
            deployment_name: row.text("deployment_name")?,
            account: row.parsed("account_id")?,
            agent: row.parsed("agent_id")?,
            mandate: row.parsed_opt("mandate_id")?,
            terms: row.json_opt("terms")?.ok_or_else(needed("terms"))?,
            rates: row.json_opt("rates")?.ok_or_else(needed("rates"))?,
            reserved: row.json_opt("reserved")?.ok_or_else(needed("reserved"))?,
            state: row.word("state")?,
            cap: row.parsed("cap")?,
            charged: row.parsed("charged")?,
            carry: row.parsed("carry")?,
            seq: row.number("seq")?,
            charged_to: row.time("charged_to")?,
            settled: row.parsed("settled")?,
            voucher: row.json_opt("voucher")?,
            close_signature: row.parsed_opt("close_signature")?,
            created_at: row.time("created_at")?,
            opened_at: row.time_opt("opened_at")?,
            ended_at: row.time_opt("ended_at")?,
        })
    }
}

/// A new agreement, on its way to the chain.
#[derive(Debug, Clone)]
pub struct NewAgreement {
    /// Its id.
    pub id: AgreementId,
    /// For which deployment.
    pub deployment: DeploymentId,
    /// What that is called.
    pub deployment_name: String,
    /// Whose money.
    pub account: AccountId,
    /// Who earns it.
    pub agent: AgentId,
    /// Under which mandate.
    pub mandate: Option<ChainHash>,
    /// What is agreed.
    pub terms: Terms,
    /// The provider's prices.
    pub rates: Rates,
    /// What is charged for.
    pub reserved: Reserved,
}

impl Store {
    /// An agreement by id.
    pub async fn agreement(&self, id: AgreementId) -> StoreResult<Option<AgreementRow>> {
        Ok(self.agreements_where("id = ?", &id.to_string()).await?.pop())
    }

    /// An agreement by its key on chain.
    pub async fn agreement_by_key(&self, key: ChainHash) -> StoreResult<Option<AgreementRow>> {
        Ok(self.agreements_where("key = ?", &key.to_string()).await?.pop())
    }

    /// All of a deployment, newest first.
    pub async fn agreements_of_deployment(&self, deployment: DeploymentId) -> StoreResult<Vec<AgreementRow>> {
        self.agreements_where("deployment_id = ?", &deployment.to_string()).await
    }

    /// All under which an agent earns or earned, newest first.
    pub async fn agreements_of_agent(&self, agent: AgentId) -> StoreResult<Vec<AgreementRow>> {
        self.agreements_where("agent_id = ?", &agent.to_string()).await
    }

    /// All that an account pays or paid, newest first.
    pub async fn agreements_of_tenant(&self, account: AccountId) -> StoreResult<Vec<AgreementRow>> {
        self.agreements_where("account_id = ?", &account.to_string()).await
    }

    /// All under which an account's agents earn or earned, newest first.
    pub async fn agreements_of_provider(&self, account: AccountId) -> StoreResult<Vec<AgreementRow>> {
        let of_agents = "agent_id IN (SELECT id FROM agent WHERE account_id = ?)";
        self.agreements_where(of_agents, &account.to_string()).await
    }

    /// All that are pending, open or ending, newest first.
    pub async fn agreements_at_work(&self) -> StoreResult<Vec<AgreementRow>> {
        self.agreements_where("state IN ('pending', 'open', 'ending') AND ? = ''", "").await
    }

    async fn agreements_where(&self, clause: &'static str, bound: &str) -> StoreResult<Vec<AgreementRow>> {
        let rows = sqlx::query(AssertSqlSafe(select(clause))).bind(bound).fetch_all(self.read()).await?;
        rows.iter().map(AgreementRow::read).collect()
    }

    /// Ends an agreement: no new use counts, what was used is settled, and the rest goes back. One that never came onto
    /// the chain ends there, too, once it did. Ending it twice is harmless.
    pub async fn end_agreement(&self, id: AgreementId, now: UnixMillis) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        set_ending(&mut tx, id, now).await?;
        tx.commit().await
    }

    /// Ends every agreement of a deployment but `keep`. Returns whether any ended now.
    pub async fn end_agreements(
        &self,
        deployment: DeploymentId,
        keep: Option<AgreementId>,
        now: UnixMillis,
    ) -> StoreResult<bool> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE agreement SET state = 'ending', ended_at = ?3
             WHERE deployment_id = ?1 AND id IS NOT ?2 AND state IN ('pending', 'open')",
        )
        .bind(deployment.to_string())
        .bind(keep.map(|id| id.to_string()))
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 { Ok(false) } else { tx.commit().await.map(|()| true) }
    }
}

fn select(clause: &str) -> String {
    format!("SELECT * FROM agreement WHERE {clause} ORDER BY created_at DESC, id DESC")
}

async fn one(tx: &mut Tx, clause: &'static str, bound: String) -> StoreResult<Option<AgreementRow>> {
    let row = sqlx::query(AssertSqlSafe(select(clause))).bind(bound).fetch_optional(&mut **tx).await?;
    row.as_ref().map(AgreementRow::read).transpose()
}

/// An agreement by id, as this transaction sees it.
pub async fn find(tx: &mut Tx, id: AgreementId) -> StoreResult<Option<AgreementRow>> {
    one(tx, "id = ?", id.to_string()).await
}

/// An agreement by its key on chain, as this transaction sees it.
pub async fn find_by_key(tx: &mut Tx, key: ChainHash) -> StoreResult<Option<AgreementRow>> {
    one(tx, "key = ?", key.to_string()).await
}

/// Those of a deployment that may be earned under, newest first.
pub async fn standing(tx: &mut Tx, deployment: DeploymentId) -> StoreResult<Vec<AgreementRow>> {
    let sql = select("deployment_id = ? AND state IN ('pending', 'open')");
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(deployment.to_string()).fetch_all(&mut **tx).await?;
    rows.iter().map(AgreementRow::read).collect()
}

/// Writes a new agreement as pending. Returns its key.
pub async fn insert(tx: &mut Tx, new: &NewAgreement, now: UnixMillis) -> StoreResult<ChainHash> {
    let key = agreement_key(&new.terms);
    sqlx::query(
        "INSERT INTO agreement (id, key, deployment_id, deployment_name, account_id, agent_id, mandate_id, terms, rates,
         reserved, state, charged_to, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?)",
    )
    .bind(new.id.to_string())
    .bind(key.to_string())
    .bind(new.deployment.to_string())
    .bind(&new.deployment_name)
    .bind(new.account.to_string())
    .bind(new.agent.to_string())
    .bind(new.mandate.map(|id| id.to_string()))
    .bind(json(&new.terms))
    .bind(json(&new.rates))
    .bind(json(&new.reserved))
    .bind(i64::try_from(new.terms.start.saturating_mul(1000)).unwrap_or(i64::MAX))
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(key)
}

/// It stands on chain with this cap; also after a raise. One whose end was asked for meanwhile stays ending.
pub async fn set_open(tx: &mut Tx, id: AgreementId, cap: Amount, now: UnixMillis) -> StoreResult<()> {
    let sql = "UPDATE agreement SET cap = ?2, opened_at = COALESCE(opened_at, ?3),
               state = CASE state WHEN 'pending' THEN 'open' ELSE state END WHERE id = ?1";
    let query = sqlx::query(sql).bind(id.to_string()).bind(cap.to_string()).bind(now.0);
    query.execute(&mut **tx).await?;
    Ok(())
}

/// So much is settled on chain in all; a smaller total than the known one changes nothing.
pub async fn set_settled(tx: &mut Tx, id: AgreementId, settled: Amount) -> StoreResult<()> {
    let Some(row) = find(tx, id).await? else { return Ok(()) };
    if settled > row.settled {
        let query = sqlx::query("UPDATE agreement SET settled = ?2 WHERE id = ?1").bind(id.to_string());
        query.bind(settled.to_string()).execute(&mut **tx).await?;
    }
    Ok(())
}

/// Its end was asked for.
pub async fn set_ending(tx: &mut Tx, id: AgreementId, now: UnixMillis) -> StoreResult<()> {
    sqlx::query(
        "UPDATE agreement SET state = 'ending', ended_at = ?2 WHERE id = ?1 AND state IN ('pending', 'open')",
    )
    .bind(id.to_string())
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// It is over: closed on chain, or void because it never came there.
pub async fn set_over(
    tx: &mut Tx,
    id: AgreementId,
    state: AgreementState,
    now: UnixMillis,
) -> StoreResult<()> {
    sqlx::query("UPDATE agreement SET state = ?2, ended_at = COALESCE(ended_at, ?3) WHERE id = ?1")
        .bind(id.to_string())
        .bind(word(state))
        .bind(now.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// What readings made of it: the new total, what is left over, and the voucher for it. A close that was signed for
/// another total does not count any more.
pub async fn set_charged(tx: &mut Tx, row: &AgreementRow) -> StoreResult<()> {
    sqlx::query(
        "UPDATE agreement SET charged = ?2, carry = ?3, seq = ?4, charged_to = ?5, voucher = ?6,
         close_signature = CASE WHEN charged = ?2 THEN close_signature END WHERE id = ?1",
    )
    .bind(row.id.to_string())
    .bind(row.charged.to_string())
    .bind(row.carry.to_string())
    .bind(row.seq.cast_signed())
    .bind(row.charged_to.0)
    .bind(row.voucher.as_ref().map(json))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The provider is content with `charged`.
pub async fn set_close_signature(tx: &mut Tx, id: AgreementId, signature: &EvmSignature) -> StoreResult<()> {
    sqlx::query("UPDATE agreement SET close_signature = ?2 WHERE id = ?1")
        .bind(id.to_string())
        .bind(signature.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

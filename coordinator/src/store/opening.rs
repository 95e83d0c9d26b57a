//! Making an agreement: its row, the money set aside for it, the books and the wanted call, all in one transaction; and
//! taking it back. Deliberately absent: choosing terms.

use super::{
    RowExt, Store, StoreError, StoreResult, Tx,
    agreement::{self, NewAgreement},
    hold::{self, HoldRow, HoldState},
    journal::journal_append,
    mandate::{self, MandateRow},
    outbox::{outbox_add, outbox_end},
};
use crate::{
    fresh,
    ledger::{EntryKey, write},
    logic::outbox::OutboxKind,
};
use ttalkak_escrow::abi::{MandatedOpening, encode_open_under};
use ttalkak_protocol::{
    ErrorCode,
    api::billing::AgreementState,
    error::Problem,
    id::{AccountId, AgreementId, HoldId, OutboxId, SagaId},
    money::Amount,
    unit::UnixMillis,
};

/// An agreement to make for a rollout.
#[derive(Debug, Clone)]
pub struct Opening {
    /// For which rollout.
    pub saga: SagaId,
    /// The agreement.
    pub new: NewAgreement,
    /// Under which mandate.
    pub mandate: MandateRow,
    /// The least and the most to lock; in between, what there is.
    pub lock: (Amount, Amount),
}

impl Store {
    /// Sets money aside for a rollout before its provider is known, once. Errors: `Ledger` when it is not there.
    pub async fn hold_for_saga(
        &self,
        saga: SagaId,
        account: AccountId,
        amount: Amount,
        now: UnixMillis,
    ) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        if hold::pending_of_saga(&mut tx, saga).await?.is_empty() {
            set_aside(&mut tx, (account, None, Some(saga)), amount, now).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Gives back what was set aside for a rollout and belongs to no agreement.
    pub async fn void_holds_of_saga(&self, saga: SagaId, now: UnixMillis) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        if give_back_of_saga(&mut tx, saga, now).await? { tx.commit().await } else { Ok(()) }
    }

    /// Remembers which agreement a rollout is paid under, and gives back what was set aside for another.
    pub async fn use_agreement(
        &self,
        saga: SagaId,
        agreement: Option<AgreementId>,
        now: UnixMillis,
    ) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        give_back_of_saga(&mut tx, saga, now).await?;
        note_in_saga(&mut tx, saga, agreement, false).await?;
        tx.commit().await
    }

    /// Makes an agreement and wants it on chain. Errors: `FundsInsufficient`, `MandateExhausted` when not even the least
    /// can be locked; nothing is kept then.
    pub async fn open_agreement(&self, opening: &Opening, now: UnixMillis) -> StoreResult<Amount> {
        let Opening { saga, new, mandate, lock: (least, most) } = opening;
        let mut tx = self.begin().await?;
        give_back_of_saga(&mut tx, *saga, now).await?;
        let allowed = mandate::allowed(&mut tx, mandate, now).await?;
        if allowed < *least {
            let message = "What the mandate allows to lock is used up.";
            return Err(StoreError::money(ErrorCode::MandateExhausted, message));
        }
        let free = super::journal::balance_in(&mut tx, crate::ledger::Account::Free(new.account)).await?;
        if free < *least {
            let message = "The money in the escrow does not cover it.";
            return Err(StoreError::money(ErrorCode::FundsInsufficient, message));
        }
        let cap = (*most).min(free).min(allowed);
        agreement::insert(&mut tx, new, now).await?;
        let hold = set_aside(&mut tx, (new.account, Some(new.id), Some(*saga)), cap, now).await?;
        want_lock(&mut tx, (new.id, hold), &new.terms, cap, mandate, now).await?;
        note_in_saga(&mut tx, *saga, Some(new.id), true).await?;
        tx.commit().await?;
        Ok(cap)
    }

    /// The agreement that a rollout is paid under, and whether it was made for this rollout.
    pub async fn agreement_of_saga(&self, saga: SagaId) -> StoreResult<Option<(AgreementId, bool)>> {
        let row = sqlx::query(
            "SELECT json_extract(input, '$.agreement') AS agreement, COALESCE(json_extract(input, '$.opened'), 0) AS opened
             FROM saga WHERE id = ?",
        )
        .bind(saga.to_string())
        .fetch_optional(self.read())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let opened = row.number::<i64>("opened")? == 1;
        Ok(row.parsed_opt("agreement")?.map(|id| (id, opened)))
    }

    /// Takes an agreement back that nothing was used of: one whose call was not signed yet never happens; any other is
    /// ended, and its money comes back from the chain.
    pub async fn take_back(&self, id: AgreementId, now: UnixMillis) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        let planned = planned_call(&mut tx, id).await?;
        let problem = Problem::new(ErrorCode::Cancelled, "The deploy that wanted it was given up.");
        match planned {
            Some(call) if outbox_end(&mut tx, call, Some(&problem), now).await? => {
                void(&mut tx, id, now).await?
            }
            Some(_) | None => agreement::set_ending(&mut tx, id, now).await?,
        }
        tx.commit().await
    }

    /// Gives back what was set aside for calls that failed; an agreement that never stood on chain is void then.
    /// Returns how many were.
    pub async fn void_failed_openings(&self, now: UnixMillis) -> StoreResult<usize> {
        let mut tx = self.begin().await?;
        let rows = sqlx::query(
            "SELECT h.id, h.account_id, h.amount, h.agreement_id FROM outbox o JOIN hold h ON h.id = json_extract(o.refs, '$.hold')
             WHERE o.kind = 'open' AND o.state = 'failed' AND h.state = 'pending'",
        )
        .fetch_all(&mut *tx)
        .await?;
        for row in &rows {
            give_back(&mut tx, (row.parsed("id")?, row.parsed("account_id")?), row.parsed("amount")?, now)
                .await?;
            if let Some(agreement) = row.parsed_opt("agreement_id")? {
                void_if_unopened(&mut tx, agreement, now).await?;
            }
        }
        if !rows.is_empty() {
            tx.commit().await?;
        }
        Ok(rows.len())
    }

    /// Why the call that should open an agreement failed, if it did.
    pub async fn opening_problem(&self, id: AgreementId) -> StoreResult<Option<Problem>> {
        let row = sqlx::query(
            "SELECT problem FROM outbox WHERE kind = 'open' AND state = 'failed' AND json_extract(refs, '$.agreement') = ?
             ORDER BY created_at DESC LIMIT 1",
        )
        .bind(id.to_string())
        .fetch_optional(self.read())
        .await?;
        Ok(row.map(|row| row.json_opt("problem")).transpose()?.flatten())
    }
}

/// Gives back what was set aside for a call that failed; an agreement that never stood on chain is void then.
pub async fn failed(tx: &mut Tx, call: OutboxId, now: UnixMillis) -> StoreResult<()> {
    let row = sqlx::query(
        "SELECT h.id, h.account_id, h.amount, h.agreement_id FROM outbox o JOIN hold h ON h.id = json_extract(o.refs, '$.hold')
         WHERE o.id = ? AND o.kind = 'open' AND h.state = 'pending'",
    )
    .bind(call.to_string())
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(()) };
    give_back(tx, (row.parsed("id")?, row.parsed("account_id")?), row.parsed("amount")?, now).await?;
    match row.parsed_opt("agreement_id")? {
        Some(agreement) => void_if_unopened(tx, agreement, now).await,
        None => Ok(()),
    }
}

/// Wants an agreement on chain with this cap, or its cap raised to it. `hold`: the money set aside for the growth.
pub async fn want_lock(
    tx: &mut Tx,
    (agreement, hold): (AgreementId, HoldId),
    terms: &ttalkak_protocol::money::Terms,
    cap: Amount,
    mandate: &MandateRow,
    now: UnixMillis,
) -> StoreResult<OutboxId> {
    let opening =
        MandatedOpening { terms: *terms, cap, mandate: mandate.mandate, signature: Some(mandate.signature) };
    let refs = serde_json::json!({ "agreement": agreement, "hold": hold });
    outbox_add(tx, OutboxKind::Open, &encode_open_under(&[opening]), &refs, now).await
}

/// Sets money aside, in table and books. Errors: `Ledger` when it is not there.
pub async fn set_aside(
    tx: &mut Tx,
    (account, agreement, saga): (AccountId, Option<AgreementId>, Option<SagaId>),
    amount: Amount,
    now: UnixMillis,
) -> StoreResult<HoldId> {
    let id = fresh::id(HoldId::new);
    journal_append(tx, &write::hold(account, id, amount)?, EntryKey::Hold(id), now).await?;
    let row = HoldRow { id, account, agreement, saga, amount, state: HoldState::Pending, created_at: now };
    hold::insert(tx, &row).await?;
    Ok(id)
}

async fn give_back(
    tx: &mut Tx,
    (hold, account): (HoldId, AccountId),
    amount: Amount,
    now: UnixMillis,
) -> StoreResult<()> {
    if hold::end(tx, hold, HoldState::Voided, now).await? {
        journal_append(tx, &write::hold_void(hold, account, amount)?, EntryKey::HoldVoid(hold), now).await?;
    }
    Ok(())
}

async fn give_back_of_saga(tx: &mut Tx, saga: SagaId, now: UnixMillis) -> StoreResult<bool> {
    let holds = hold::pending_of_saga(tx, saga).await?;
    for held in &holds {
        give_back(tx, (held.id, held.account), held.amount, now).await?;
    }
    Ok(!holds.is_empty())
}

async fn void(tx: &mut Tx, id: AgreementId, now: UnixMillis) -> StoreResult<()> {
    for held in hold::pending_of_agreement(tx, id).await? {
        give_back(tx, (held.id, held.account), held.amount, now).await?;
    }
    agreement::set_over(tx, id, AgreementState::Void, now).await
}

async fn void_if_unopened(tx: &mut Tx, id: AgreementId, now: UnixMillis) -> StoreResult<()> {
    let row = agreement::find(tx, id).await?.filter(|row| row.opened_at.is_none());
    let waits = !hold::pending_of_agreement(tx, id).await?.is_empty();
    if row.is_some() && !waits {
        agreement::set_over(tx, id, AgreementState::Void, now).await
    } else {
        Ok(())
    }
}

/// The call that opens an agreement, while it has no bytes yet.
async fn planned_call(tx: &mut Tx, id: AgreementId) -> StoreResult<Option<OutboxId>> {
    let row = sqlx::query(
        "SELECT id FROM outbox WHERE kind = 'open' AND state = 'planned' AND json_extract(refs, '$.agreement') = ?",
    )
    .bind(id.to_string())
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| row.parsed("id")).transpose()
}

async fn note_in_saga(
    tx: &mut Tx,
    saga: SagaId,
    agreement: Option<AgreementId>,
    opened: bool,
) -> StoreResult<()> {
    sqlx::query("UPDATE saga SET input = json_set(input, '$.agreement', ?2, '$.opened', ?3) WHERE id = ?1")
        .bind(saga.to_string())
        .bind(agreement.map(|id| id.to_string()))
        .bind(i64::from(opened))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

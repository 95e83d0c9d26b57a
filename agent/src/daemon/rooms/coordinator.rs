//! What the coordinator says of this machine's earnings, asked with the token of the link's session.
//! Deliberately absent: anything that signs; settling is asked for, and the coordinator does it.

use super::Rooms;
use crate::{
    cause::Chain,
    desk::Answer,
    io::{
        api::{Api, ApiError},
        clock,
    },
};
use reqwest::Method;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::time::sleep;
use ttalkak_protocol::{
    api::{billing::DisplayRate, machine::MachineEarnings},
    desk::{CoordinatorSays, Reply, SettlementRow, SettlementState, StatementFormat},
    error::{ErrorCode, Problem},
    money::Amount,
};

/// Settlements come every few hours; what is due changes by the minute.
const EVERY: Duration = Duration::from_secs(5 * 60);
/// The most settlements that are listed.
const ROWS_MAX: usize = 100;
const EARNINGS: &str = "/v1/agents/me/earnings";

/// The newest answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    pub says: CoordinatorSays,
    /// Symbol and decimals of the token.
    pub token: Option<(String, u8)>,
    /// What one token is worth, by currency.
    pub worth: BTreeMap<String, String>,
}

impl Default for Said {
    fn default() -> Self {
        let says = CoordinatorSays {
            at: None,
            asking: false,
            problem: None,
            unsettled: Amount::ZERO,
            pending: Amount::ZERO,
            settled: Amount::ZERO,
            threshold: None,
            threshold_min: None,
            settlements: Vec::new(),
        };
        Self { says, token: None, worth: BTreeMap::new() }
    }
}

impl Said {
    /// What one base unit of the token is worth in a currency, for estimates.
    pub(super) fn base_unit_worth(&self, currency: &str) -> Option<f64> {
        let (_, decimals) = self.token.as_ref()?;
        let token: f64 = self.worth.get(currency)?.parse().ok()?;
        Some(token / 10_f64.powi(i32::from(*decimals)))
    }
}

/// Asks now and then until it is dropped.
pub(super) async fn run(rooms: Arc<Rooms>) {
    let mut nudge = rooms.nudge.subscribe();
    loop {
        rooms.ask_coordinator().await;
        tokio::select! {
            Ok(()) = nudge.changed() => {}
            () = sleep(EVERY) => {}
        }
    }
}

impl Rooms {
    /// Asks what was earned and settled.
    pub(super) async fn ask_coordinator(&self) {
        self.said.send_modify(|said| said.says.asking = true);
        let answer = self.call(Method::GET, EARNINGS, None).await;
        let read =
            answer.and_then(|bytes| serde_json::from_slice::<MachineEarnings>(&bytes).map_err(|_| odd()));
        self.said.send_modify(|said| {
            said.says.asking = false;
            match read {
                Ok(told) => *said = taken(told),
                // What was known stays, with when that was.
                Err(problem) => said.says.problem = Some(problem),
            }
        });
    }

    /// Asks for a settlement now.
    pub(super) async fn claim(&self) -> Answer {
        self.call(Method::POST, &format!("{EARNINGS}/settle"), None).await?;
        self.ask_coordinator().await;
        Ok(Reply::Done)
    }

    /// From which amount on earnings are settled by themselves.
    pub(super) async fn set_threshold(&self, amount: Amount) -> Answer {
        let body = serde_json::json!({ "threshold": amount });
        self.call(Method::PUT, &format!("{EARNINGS}/threshold"), Some(body)).await?;
        self.ask_coordinator().await;
        Ok(Reply::Done)
    }

    /// A month as the coordinator writes it.
    pub(super) async fn statement(&self, month: &str, format: StatementFormat) -> Answer {
        let is_month = month.len() == 7
            && month.bytes().enumerate().all(|(at, c)| if at == 4 { c == b'-' } else { c.is_ascii_digit() });
        if !is_month {
            return Err(Problem::new(ErrorCode::InvalidQuery, "A month is such as 2026-11.").into());
        }
        if format == StatementFormat::Json {
            let only =
                Problem::new(ErrorCode::InvalidQuery, "The coordinator writes statements as CSV only.");
            return Err(only.with_next("Choose CSV.").into());
        }
        let bytes = self.call(Method::GET, &format!("{EARNINGS}/statement.csv?month={month}"), None).await?;
        let text = String::from_utf8(bytes).map_err(|_| odd())?;
        let file_name = format!("ttalkak-earnings-{month}.csv");
        Ok(Reply::Statement { file_name, media_type: "text/csv".to_owned(), text })
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<serde_json::Value>,
    ) -> Result<Vec<u8>, Problem> {
        let world = self.around.world.borrow().clone();
        let world = world.ok_or_else(|| {
            Problem::new(ErrorCode::NotEnrolled, "This machine is not signed in to a coordinator.")
        })?;
        let token = world.api_token.borrow().clone();
        let token = token.ok_or_else(|| {
            Problem::new(ErrorCode::Unavailable, "There is no connection to the coordinator.")
        })?;
        let api =
            Api::new(world.identity.record.coordinator.clone(), Some(token)).map_err(|error| told(&error))?;
        api.call(method, path, body.as_ref()).await.map_err(|error| told(&error))
    }
}

fn told(error: &ApiError) -> Problem {
    match error {
        ApiError::Refused(problem) => problem.clone(),
        ApiError::Client(_)
        | ApiError::Unreachable { .. }
        | ApiError::Certificate { .. }
        | ApiError::NotCoordinator { .. } => Problem::new(ErrorCode::Unavailable, Chain(error).to_string()),
    }
}

fn odd() -> Problem {
    Problem::new(ErrorCode::Unavailable, "The coordinator's answer cannot be read.")
        .with_next("Update the app and the coordinator to the same version.")
}

fn taken(told: MachineEarnings) -> Said {
    let mut rows: Vec<SettlementRow> = Vec::new();
    for one in told.settlements {
        // One transaction settles many agreements; a person looks for the transaction.
        match rows.iter_mut().find(|row| row.transaction == Some(one.line.transaction)) {
            Some(row) => row.amount = Amount(row.amount.0.saturating_add(one.amount.0)),
            None => rows.push(SettlementRow {
                at: one.line.sent_at,
                amount: one.amount,
                transaction: Some(one.line.transaction),
                url: one.url,
                state: SettlementState::Confirmed,
            }),
        }
    }
    rows.truncate(ROWS_MAX);
    let worth = |one: DisplayRate| (one.currency, decimal(one.micros_per_token));
    Said {
        says: CoordinatorSays {
            at: Some(clock::wall()),
            asking: false,
            problem: None,
            unsettled: told.vouchered,
            // The answer does not tell what is on its way: a batch shows when it is final.
            pending: Amount::ZERO,
            settled: told.settled,
            threshold: Some(told.threshold),
            threshold_min: Some(Amount::ZERO),
            settlements: rows,
        },
        token: Some((told.chain.symbol, told.chain.decimals)),
        worth: told.display.into_iter().map(worth).collect(),
    }
}

/// Millionths as a decimal number.
fn decimal(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttalkak_protocol::id::{AgentId, AgreementId};
    use uuid::Uuid;

    #[test]
    fn the_coordinators_answer_is_read_and_what_it_has_beyond_is_no_harm() {
        let hash = |byte: &str| format!("0x{}", byte.repeat(32));
        let address = format!("0x{}", "11".repeat(20));
        let line = |transaction: &str, amount: &str| {
            serde_json::json!({
                "agreement": AgreementId::new(Uuid::from_u128(1)), "name": "shop", "amount": amount,
                "batch": 1, "cumulative": amount, "transaction": hash(transaction), "block": 7, "sent_at": "2026-11-26T14:00:00Z",
            })
        };
        let text = serde_json::json!({
            "agent": AgentId::new(Uuid::from_u128(2)),
            "chain": {
                "domain": { "chain_id": 31337, "contract": address }, "token": address, "symbol": "tUSD", "decimals": 6,
                "meter": address, "fee_bps": 500, "healthy": true, "something_new": 1,
            },
            "earned": "900", "due": "300", "vouchered": "200", "settled": "600", "fee": "30", "paid": "570",
            "next_settlement_at": "2026-11-26T14:00:00Z", "threshold": "50", "payee_linked": false, "lines": [],
            "display": [{"currency": "KRW", "micros_per_token": 1_350_500_000u64, "source": "s", "at": "2026-11-26T14:00:00Z"}],
            "settlements": [line("ab", "400"), line("ab", "150"), line("cd", "50")],
        });
        let said = taken(serde_json::from_value(text).unwrap());
        assert_eq!((said.says.unsettled, said.says.settled), (Amount(200), Amount(600)));
        let rows: Vec<_> = said.says.settlements.iter().map(|row| (row.amount.0, row.at.is_some())).collect();
        assert_eq!(rows, [(550, true), (50, true)], "a transaction is one row");
        assert_eq!(said.worth["KRW"], "1350.5");
        assert_eq!((said.base_unit_worth("KRW"), said.base_unit_worth("EUR")), (Some(0.001_350_5), None));
        assert_eq!(said.token, Some(("tUSD".to_owned(), 6)));
        assert_eq!(decimal(2_000_000), "2");
    }
}

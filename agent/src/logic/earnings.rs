//! What this machine earned, day by day, from its own book: the book itself knows totals only. And from the days: what the
//! month may come to, and what its electricity costs. Pure; days are local dates as text, `2026-11-26`.
//! Deliberately absent: what the coordinator says, and exchange rates.

use crate::logic::meter::{MoneyBook, Page};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ttalkak_protocol::{
    desk::{AgreementRow, DayEarned, Electricity, ElectricityCost, Forecast},
    money::{Amount, ChainHash},
    unit::Millis,
};

/// So many days are kept: a quarter of a year.
pub const DAYS_MAX: usize = 92;
/// The most agreements that are listed.
const AGREEMENTS_MAX: usize = 200;
/// A forecast looks back no further: what was lent a season ago says little.
const LOOK_BACK: usize = 28;
/// With fewer whole days there is no forecast.
const DAYS_LEAST: usize = 2;
/// The quantile of nine in ten of Student's t, by degrees of freedom from 1 on; then that of the normal distribution.
const NINE_IN_TEN: [f64; 10] = [3.078, 1.886, 1.638, 1.533, 1.476, 1.440, 1.415, 1.397, 1.383, 1.372];
const NINE_IN_TEN_OF_MANY: f64 = 1.282;

/// The days, and where each agreement stood when they were last brought up to date.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EarnedDays {
    /// When counting began: that day is not a whole one.
    #[serde(default)]
    since: Option<String>,
    /// Earned on each day.
    #[serde(default)]
    days: BTreeMap<String, Amount>,
    /// Energy of lending on each day, in joules.
    #[serde(default)]
    joules: BTreeMap<String, u64>,
    /// What each agreement had earned.
    #[serde(default)]
    seen: BTreeMap<ChainHash, Amount>,
    /// All that was ever counted, with agreements that left the book.
    #[serde(default)]
    total: Amount,
}

/// The day of today, and where in the month it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Today {
    /// `2026-11-26`.
    pub date: String,
    /// 1 to 31.
    pub day: u32,
    /// 28 to 31.
    pub days_in_month: u32,
    /// How much of the day is over, 0 to 1.
    pub over: f64,
    /// The whole days before, newest first, as many as a forecast looks back.
    pub before: Vec<String>,
}

impl Today {
    fn month(&self) -> &str {
        self.date.get(..7).unwrap_or_default()
    }
}

impl EarnedDays {
    /// Brings the days up to date with the book. Returns whether anything changed.
    /// An agreement that is seen for the first time with vouchers was worked for before counting began, or the book was
    /// lost: only what is beyond its vouchers counts as earned today.
    pub fn observe(&mut self, book: &MoneyBook, today: &Today) -> bool {
        let before = self.clone();
        self.since.get_or_insert_with(|| today.date.clone());
        for (key, page) in &book.pages {
            let earned = page.earned();
            let had = self.seen.get(key).copied().unwrap_or_else(|| page.vouched());
            if !self.seen.contains_key(key) {
                self.total = plus(self.total, had);
            }
            // Less than before: the coordinator vouched for less than was worked. What was counted stays, so that a later
            // day does not show a loss; the coordinator's own numbers stand beside it.
            let more = Amount(earned.0.saturating_sub(had.0));
            if more > Amount::ZERO {
                let day = self.days.entry(today.date.clone()).or_default();
                *day = plus(*day, more);
                self.total = plus(self.total, more);
            }
            self.seen.insert(*key, Amount(earned.0.max(had.0)));
        }
        self.seen.retain(|key, _| book.pages.contains_key(key));
        while self.days.len() > DAYS_MAX {
            self.days.pop_first();
        }
        *self != before
    }

    /// Adds energy that lending used.
    pub fn spend(&mut self, joules: u64, today: &Today) {
        let day = self.joules.entry(today.date.clone()).or_default();
        *day = day.saturating_add(joules);
        while self.joules.len() > DAYS_MAX {
            self.joules.pop_first();
        }
    }

    /// Earned on a day.
    pub fn on(&self, date: &str) -> Amount {
        self.days.get(date).copied().unwrap_or_default()
    }

    /// Earned in the month of today so far.
    pub fn month(&self, today: &Today) -> Amount {
        let month = today.month();
        self.days
            .iter()
            .filter(|(day, _)| day.starts_with(month))
            .fold(Amount::ZERO, |sum, (_, one)| plus(sum, *one))
    }

    /// All that was counted.
    pub fn total(&self) -> Amount {
        self.total
    }

    /// The days that are kept, oldest first; days without earnings are left out.
    pub fn days(&self) -> Vec<DayEarned> {
        self.days.iter().map(|(day, amount)| DayEarned { day: day.clone(), amount: *amount }).collect()
    }

    /// What this month may come to. `None` with fewer than two whole days.
    pub fn forecast(&self, today: &Today) -> Option<Forecast> {
        let since = self.since.as_ref()?;
        let whole = today.before.iter().take(LOOK_BACK).filter(|day| *day > since);
        let earned: Vec<f64> = whole.map(|day| float(self.on(day))).collect();
        if earned.len() < DAYS_LEAST {
            return None;
        }
        let count = earned.len() as f64;
        let mean = earned.iter().sum::<f64>() / count;
        let spread = earned.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let left = f64::from(today.days_in_month.saturating_sub(today.day)) + (1.0 - today.over);
        // The days to come scatter, and the mean itself is known from a few days only.
        let error = (spread * (left + left * left / count)).sqrt();
        let margin = error * NINE_IN_TEN.get(earned.len() - 2).copied().unwrap_or(NINE_IN_TEN_OF_MANY);
        let (sure, likely) = (float(self.month(today)), mean * left);
        Some(Forecast {
            amount: amount(sure + likely),
            low: amount(sure + (likely - margin).max(0.0)),
            high: amount(sure + likely + margin),
            from_days: u32::try_from(earned.len()).unwrap_or(u32::MAX),
        })
    }

    /// What this month's electricity costs, and what is left of the month's earnings. `worth`: of one base unit of the
    /// token in the settings' currency, when that is known. `None` when the price is not set or is no number.
    pub fn electricity(
        &self,
        today: &Today,
        settings: &Electricity,
        worth: Option<f64>,
    ) -> Option<ElectricityCost> {
        let price: f64 = settings.per_kilowatt_hour.as_ref()?.trim().parse().ok()?;
        let month = today.month();
        let joules =
            self.joules.iter().filter(|(day, _)| day.starts_with(month)).map(|(_, joules)| *joules as f64);
        let hours = joules.sum::<f64>() / 3_600_000.0;
        let cost = hours * price;
        Some(ElectricityCost {
            month: format!("{cost:.2}"),
            currency: settings.currency.clone(),
            kilowatt_hours: format!("{hours:.3}"),
            net: worth.map(|worth| format!("{:.2}", float(self.month(today)) * worth - cost)),
        })
    }
}

/// What lending drew beyond an idle machine: the share of all processors' time, at the figure for full load.
pub fn lent_joules(cpu_us: u64, cpus: u32, watts_at_full_load: u32) -> u64 {
    let share_us = cpu_us / u64::from(cpus.max(1));
    share_us.saturating_mul(u64::from(watts_at_full_load)) / 1_000_000
}

/// One row for each agreement, newest change first.
pub fn agreements(book: &MoneyBook) -> Vec<AgreementRow> {
    let row = |(key, page): (&ChainHash, &Page)| AgreementRow {
        agreement: *key,
        name: page.name.clone(),
        earned: page.earned(),
        vouched: page.vouched(),
        unvouched: Millis(page.unvouched_ms()),
        ending: page.ending,
        changed: page.touched,
    };
    let mut rows: Vec<AgreementRow> = book.pages.iter().map(row).collect();
    rows.sort_by(|a, b| b.changed.cmp(&a.changed).then_with(|| a.agreement.cmp(&b.agreement)));
    rows.truncate(AGREEMENTS_MAX);
    rows
}

/// What the coordinator has vouched for, over all agreements of the book.
pub fn vouched(book: &MoneyBook) -> Amount {
    book.pages.values().fold(Amount::ZERO, |sum, page| plus(sum, page.vouched()))
}

fn plus(a: Amount, b: Amount) -> Amount {
    Amount(a.0.saturating_add(b.0))
}

/// Estimates need no last digits.
fn float(amount: Amount) -> f64 {
    amount.0 as f64
}

fn amount(value: f64) -> Amount {
    Amount(value.max(0.0).round() as u128)
}

#[cfg(test)]
mod tests;

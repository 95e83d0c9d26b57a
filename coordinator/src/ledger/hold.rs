//! Holds against a chain that knows none: a tenant may withdraw what is set aside, and then the lock cannot come.

use ttalkak_protocol::{id::HoldId, money::Amount};

/// Which holds to void so that `needed` can leave a tenant's free money: the newest first, since the oldest lock is the
/// nearest to the chain, and no more than it takes. `open`: the tenant's open holds, oldest first.
/// `None` when even all of them are too little: then books and chain differ.
pub fn voids_for(free: Amount, needed: Amount, open: &[(HoldId, Amount)]) -> Option<Vec<HoldId>> {
    let mut short = needed.saturating_sub(free);
    let mut voided = Vec::new();
    for (hold, amount) in open.iter().rev() {
        if short == Amount::ZERO {
            break;
        }
        short = short.saturating_sub(*amount);
        voided.push(*hold);
    }
    (short == Amount::ZERO).then_some(voided)
}

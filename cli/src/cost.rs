//! What one deployment costs, beside commands that are about something else: told when it is known at once, left out when
//! it is not.

use crate::{
    api::Api,
    money::{self, Coin},
};
use std::time::Duration;
use ttalkak_protocol::api::billing::BillingView;

/// Nobody waits for longer to read a remark.
const PATIENCE: Duration = Duration::from_secs(2);

/// `0.01 tUSD/h · money lasts 6 d 4 h`; `None` where nothing is charged, or when it is not known in time.
pub(crate) async fn of(api: &Api, name: &str) -> Option<String> {
    let view = tokio::time::timeout(PATIENCE, api.find_billing()).await.ok()?.ok()??;
    words(&view, name)
}

fn words(view: &BillingView, name: &str) -> Option<String> {
    let named = |text: &str| text == name;
    let cost =
        view.deployments.iter().find(|cost| named(&cost.name) || named(&cost.deployment.to_string()))?;
    if !cost.running {
        return None;
    }
    let price = Coin::from(&view.chain).per_hour(cost.cost_per_hour);
    if let (Some(until), Some(total)) = (cost.until, cost.cost_until) {
        let total = Coin::from(&view.chain).show(total);
        return Some(format!("{price} · at most {total} until it ends ({until})"));
    }
    Some(match cost.runway_seconds {
        Some(seconds) => format!("{price} · money lasts {}", money::runway(seconds)),
        None => price,
    })
}

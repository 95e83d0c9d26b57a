//! Chooses the agent that shall run a workload, and says of each other one why not.

use super::price;
use ttalkak_protocol::{
    id::AgentId,
    link::{Capacity, Lending, NotLending, Offer},
    money::Amount,
    unit::{Bytes, MilliCpu},
};

/// What a workload needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Memory limit.
    pub memory: Bytes,
    /// Processor limit.
    pub cpu: MilliCpu,
    /// The most that an hour may cost; `None` where nothing is paid for.
    pub rate_max: Option<Amount>,
}

/// An agent as a candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Who.
    pub agent: AgentId,
    /// Whether its link stands.
    pub online: bool,
    /// What it lends; `None` before its first hello.
    pub capacity: Option<Capacity>,
    /// Memory promised to other deployments.
    pub memory_taken: Bytes,
    /// Processor promised to other deployments.
    pub cpu_taken: MilliCpu,
    /// Workloads promised to other deployments.
    pub workloads_taken: u32,
    /// It keeps the image already.
    pub has_image: bool,
    /// It serves this deployment now.
    pub serves: bool,
    /// What it asks for; `None`: it lends for nothing.
    pub offer: Option<Offer>,
    /// Whether it takes new work.
    pub lending: Lending,
    /// It handed this deployment back a while ago.
    pub turned_away: bool,
}

impl Candidate {
    /// The most that an hour of this need may cost there.
    pub fn rate(&self, need: &Need) -> Amount {
        let rate = |offer: &Offer| price::terms_rate(&offer.rates, &price::reserved(need));
        self.offer.as_ref().map_or(Amount::ZERO, rate)
    }
}

/// Why an agent was not chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// No link.
    Offline,
    /// It takes no new work, and says why.
    NotLending(NotLending),
    /// It handed this deployment back and is not asked again yet.
    HandedBack,
    /// No engine answers there.
    NoEngine,
    /// Too little memory is left.
    Memory,
    /// Too little processor is left.
    Cpu,
    /// As many workloads as its owner allows.
    Workloads,
    /// It asks for more than the tenant permits.
    Price,
    /// It could, another could better.
    Other,
}

/// The choice, and the reason for each agent that was not chosen.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Placement {
    /// Who shall run it; `None` when nobody can.
    pub agent: Option<AgentId>,
    /// Everybody else.
    pub others: Vec<(AgentId, Why)>,
}

/// Chooses among candidates: who has the image, then who serves it now, then who asks for least, then who has most memory
/// left; ties go to the lower id, so that the same facts give the same choice.
pub fn choose(need: &Need, candidates: &[Candidate]) -> Placement {
    let judged: Vec<_> = candidates.iter().map(|candidate| (candidate, obstacle(need, candidate))).collect();
    let price = |c: &Candidate| std::cmp::Reverse(need.rate_max.map(|_| c.rate(need)));
    let rank = |c: &Candidate| (c.has_image, c.serves, price(c), memory_left(c), std::cmp::Reverse(c.agent));
    let best =
        judged.iter().filter(|(_, why)| why.is_none()).max_by_key(|(c, _)| rank(c)).map(|(c, _)| c.agent);
    let others = judged
        .iter()
        .filter(|(c, _)| Some(c.agent) != best)
        .map(|(c, why)| (c.agent, why.unwrap_or(Why::Other)))
        .collect();
    Placement { agent: best, others }
}

/// How many could run it.
pub fn able(need: &Need, candidates: &[Candidate]) -> usize {
    candidates.iter().filter(|candidate| obstacle(need, candidate).is_none()).count()
}

/// What the cheapest of those who could run it asks for an hour; `None` when nobody could.
pub fn cheapest(need: &Need, candidates: &[Candidate]) -> Option<Amount> {
    let any_price = Need { rate_max: None, ..need.clone() };
    let able = candidates.iter().filter(|candidate| obstacle(&any_price, candidate).is_none());
    able.map(|candidate| candidate.rate(need)).min()
}

fn memory_left(candidate: &Candidate) -> u64 {
    candidate.capacity.as_ref().map_or(0, |c| c.memory.0).saturating_sub(candidate.memory_taken.0)
}

fn obstacle(need: &Need, candidate: &Candidate) -> Option<Why> {
    let Some(capacity) = candidate.capacity.as_ref().filter(|_| candidate.online) else {
        return Some(Why::Offline);
    };
    if let Some(why) = candidate.lending.obstacle() {
        return Some(Why::NotLending(why));
    }
    if candidate.turned_away {
        return Some(Why::HandedBack);
    }
    if capacity.engine.is_none() {
        return Some(Why::NoEngine);
    }
    if candidate.workloads_taken >= capacity.workloads_max {
        return Some(Why::Workloads);
    }
    if memory_left(candidate) < need.memory.0 {
        return Some(Why::Memory);
    }
    // Processor shares are promised up to four times over: apps idle most of their time, and the limit of each
    // workload keeps one from starving the rest.
    let cpu_left = (capacity.cpu.0.saturating_mul(4)).saturating_sub(candidate.cpu_taken.0);
    if cpu_left < need.cpu.0 {
        return Some(Why::Cpu);
    }
    need.rate_max.is_some_and(|most| candidate.rate(need) > most).then_some(Why::Price)
}

/// One sentence that names what binds, for the tenant.
pub fn explain(need: &Need, placement: &Placement) -> String {
    let count = |wanted: Why| placement.others.iter().filter(|(_, why)| *why == wanted).count();
    if placement.others.is_empty() {
        return "No provider is enrolled.".to_owned();
    }
    let mib = need.memory.0 / (1024 * 1024);
    let parts: Vec<String> = [
        (Why::Offline, "offline".to_owned()),
        (Why::NotLending(NotLending::Paused), "paused".to_owned()),
        (Why::NotLending(NotLending::Schedule), "outside the hours of lending".to_owned()),
        (Why::NotLending(NotLending::OwnerActive), "in use by the owner".to_owned()),
        (Why::NotLending(NotLending::Battery), "on battery".to_owned()),
        (Why::NotLending(NotLending::ExclusiveApp), "busy with a program of the owner".to_owned()),
        (Why::NotLending(NotLending::Leaving), "about to leave".to_owned()),
        (Why::NotLending(NotLending::Limits), "with limits below what runs there".to_owned()),
        (Why::NotLending(NotLending::Other), "not taking new work".to_owned()),
        (Why::HandedBack, "not asked again yet after handing it back".to_owned()),
        (Why::NoEngine, "without a container engine".to_owned()),
        (Why::Memory, format!("without {mib} MiB of free memory")),
        (Why::Cpu, format!("without {} milli-CPU to spare", need.cpu.0)),
        (Why::Workloads, "at their limit of workloads".to_owned()),
        (Why::Price, "above the price that the account permits".to_owned()),
    ]
    .into_iter()
    .filter_map(|(why, text)| Some(count(why)).filter(|n| *n > 0).map(|n| format!("{n} {text}")))
    .collect();
    format!("No provider can take it now: {}.", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttalkak_protocol::money::{EvmAddress, Rates};
    use uuid::Uuid;

    fn candidate(n: u128) -> Candidate {
        let capacity = Capacity {
            os: "linux".into(),
            arch: "x86_64".into(),
            cpu: MilliCpu(2000),
            memory: Bytes::mib(2048),
            workloads_max: 10,
            engine: Some("docker".into()),
        };
        Candidate {
            agent: AgentId::new(Uuid::from_u128(n)),
            online: true,
            capacity: Some(capacity),
            memory_taken: Bytes(0),
            cpu_taken: MilliCpu(0),
            workloads_taken: 0,
            has_image: false,
            serves: false,
            offer: None,
            lending: Lending::default(),
            turned_away: false,
        }
    }

    const NEED: Need = Need { memory: Bytes::mib(512), cpu: MilliCpu(1000), rate_max: None };

    fn asking(n: u128, cpu_hour: u128) -> Candidate {
        let rates = Rates { cpu_hour: Amount(cpu_hour), ..Rates::default() };
        Candidate { offer: Some(Offer { payee: EvmAddress([1; 20]), rates }), ..candidate(n) }
    }

    #[test]
    fn of_equals_the_cheapest_is_chosen_and_nobody_beyond_what_is_permitted() {
        let (dear, cheap) = (asking(1, 200), asking(2, 100));
        let need = |most| Need { rate_max: Some(Amount(most)), ..NEED };
        assert_eq!(choose(&need(500), &[dear.clone(), cheap.clone()]).agent, Some(cheap.agent));
        let imaged = Candidate { has_image: true, ..dear.clone() };
        assert_eq!(choose(&need(500), &[imaged.clone(), cheap.clone()]).agent, Some(imaged.agent));
        assert_eq!(choose(&need(150), &[imaged.clone(), cheap.clone()]).agent, Some(cheap.agent));
        let none = choose(&need(0), &[imaged, cheap.clone()]);
        assert_eq!((none.agent, none.others.len()), (None, 2));
        assert!(none.others.iter().all(|(_, why)| *why == Why::Price));
        assert_eq!(choose(&need(0), &[candidate(3), cheap]).agent, Some(candidate(3).agent));
    }

    #[test]
    fn the_cheapest_price_is_of_somebody_who_could_do_it() {
        let full = Candidate { memory_taken: Bytes::mib(2000), ..asking(1, 1) };
        assert_eq!(cheapest(&NEED, &[full.clone(), asking(2, 7)]), Some(Amount(7)));
        assert_eq!(cheapest(&NEED, &[full]), None);
    }

    #[test]
    fn where_nothing_is_paid_for_offers_do_not_matter() {
        assert_eq!(choose(&NEED, &[asking(1, 200), asking(2, 100)]).agent, Some(asking(1, 200).agent));
    }

    #[test]
    fn the_image_decides_then_the_habit_then_the_room() {
        let (roomy, serving, imaged) = (
            candidate(1),
            Candidate { serves: true, memory_taken: Bytes::mib(100), ..candidate(2) },
            Candidate { has_image: true, memory_taken: Bytes::mib(1000), ..candidate(3) },
        );
        assert_eq!(
            choose(&NEED, &[roomy.clone(), serving.clone(), imaged.clone()]).agent,
            Some(imaged.agent)
        );
        assert_eq!(choose(&NEED, &[roomy.clone(), serving.clone()]).agent, Some(serving.agent));
        assert_eq!(choose(&NEED, &[candidate(9), roomy.clone()]).agent, Some(roomy.agent));
    }

    #[test]
    fn each_refusal_names_what_binds() {
        let mut no_engine = candidate(2);
        no_engine.capacity.as_mut().unwrap().engine = None;
        let cases = [
            Candidate { online: false, ..candidate(1) },
            no_engine,
            Candidate { memory_taken: Bytes::mib(1800), ..candidate(3) },
            Candidate { cpu_taken: MilliCpu(7500), ..candidate(4) },
            Candidate { workloads_taken: 10, ..candidate(5) },
        ];
        let placement = choose(&NEED, &cases);
        assert_eq!(placement.agent, None);
        let whys: Vec<Why> = placement.others.iter().map(|(_, why)| *why).collect();
        assert_eq!(whys, [Why::Offline, Why::NoEngine, Why::Memory, Why::Cpu, Why::Workloads]);
        expect_test::expect!["No provider can take it now: 1 offline, 1 without a container engine, 1 without 512 MiB of free memory, 1 without 1000 milli-CPU to spare, 1 at their limit of workloads."]
            .assert_eq(&explain(&NEED, &placement));
    }

    #[test]
    fn who_takes_no_work_is_never_chosen_and_the_verdict_says_why() {
        let reasons = [
            NotLending::Paused,
            NotLending::Schedule,
            NotLending::OwnerActive,
            NotLending::Battery,
            NotLending::ExclusiveApp,
            NotLending::Limits,
            NotLending::Other,
        ];
        let unwilling = |(n, why)| Candidate {
            lending: Lending { accepting: false, why: Some(why), leaving_by: None },
            // Neither its image nor its habit counts.
            has_image: true,
            serves: true,
            ..candidate(n)
        };
        let mut all: Vec<Candidate> = (1..).zip(reasons).map(unwilling).collect();
        // Who leaves takes no work, whatever else it says.
        let leaving =
            Lending { leaving_by: Some(ttalkak_protocol::unit::UnixMillis(1)), ..Lending::default() };
        all.push(Candidate { lending: leaving, ..candidate(8) });
        all.push(Candidate { turned_away: true, ..candidate(9) });
        let placement = choose(&NEED, &all);
        assert_eq!(placement.agent, None);
        expect_test::expect!["No provider can take it now: 1 paused, 1 outside the hours of lending, 1 in use by the owner, 1 on battery, 1 busy with a program of the owner, 1 about to leave, 1 with limits below what runs there, 1 not taking new work, 1 not asked again yet after handing it back."].assert_eq(&explain(&NEED, &placement));
        all.push(candidate(10));
        assert_eq!(choose(&NEED, &all).agent, Some(candidate(10).agent));
    }

    #[test]
    fn nobody_enrolled_is_told_apart_from_nobody_free() {
        assert_eq!(explain(&NEED, &choose(&NEED, &[])), "No provider is enrolled.");
    }
}

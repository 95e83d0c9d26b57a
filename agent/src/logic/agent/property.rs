//! What holds whatever happens, in whatever order.

use super::{
    tests::{at, container, id, image},
    *,
};
use crate::logic::{
    event::{Exit, Observed, Probed},
    policy::tests::{facts, lease},
};
use proptest::prelude::*;
use ttalkak_protocol::error::{ErrorCode, Problem};
use uuid::Uuid;

/// Any step that the world may take, well-timed or not.
fn step() -> impl Strategy<Value = (u8, u128, u8)> {
    (0_u8..22, 1_u128..5, 0_u8..4)
}

fn event_of(agent: &Agent, kind: u8, n: u128, more: u8) -> Event {
    let problem = || Problem::new(ErrorCode::Internal, "any");
    let ticket = agent
        .workloads
        .get(&id(n))
        .map_or(Ticket(0), |w| Ticket(w.ticket.0 - u64::from(more == 3).min(w.ticket.0)));
    let of = |fact| Event::Of { lease: id(n), ticket, fact };
    let port = HostPort::try_from(9000 + i64::from(more)).unwrap();
    let took = Millis(1);
    let exit = |out_of_memory| Exit { code: 1, out_of_memory, last_lines: Vec::new() };
    match kind {
        0 => Event::Connected { lease_ttl: Millis(30_000) },
        1 => Event::Disconnected,
        2 | 3 => {
            let leases = (1..5).filter(|m| *m <= n || u128::from(more) == *m).map(lease).collect();
            Event::Assigned(Assignment {
                generation: agent.generation + u64::from(more),
                leases,
                pinned: vec![],
            })
        }
        4 => Event::EngineUp(facts()),
        5 => Event::EngineDown(problem()),
        6 | 7 => {
            let containers =
                vec![container(n, "x", more.is_multiple_of(2), 9000), container(1, "y", true, 9001)];
            let images = if more == 0 { vec![] } else { vec![image(n), image(1)] };
            Event::Observed {
                round: agent.round,
                seen: Observed { containers, images, ..Observed::default() },
            }
        }
        8 => of(Fact::SourceFetched { took }),
        9 => of(Fact::SourceFailed { problem: problem(), again: more > 0 }),
        10 => of(Fact::ImageBuilt { image: image(n), took }),
        11 => of(Fact::BuildFailed { problem: problem(), last_lines: vec![] }),
        12 => of(Fact::PortTaken { port }),
        13 | 14 => of(Fact::Started {
            container: format!("c{n}"),
            port: agent.ports.assigned().get(&id(n)).copied().unwrap_or(port),
            took,
            ran_for: Duration::ZERO,
        }),
        15 => of(Fact::Probed(if more == 0 { Probed::Healthy } else { Probed::Sick { why: problem() } })),
        16 => of(Fact::Exited(exit(more == 0))),
        17 => of(Fact::EngineLost { problem: problem() }),
        18 => of(Fact::Panicked { work: "watch" }),
        19 => of(if more == 0 { Fact::NotAdopted } else { Fact::GaveUp { last_lines: vec![] } }),
        20 => Event::Gone { lease: id(n) },
        _ => Event::Tick,
    }
}

proptest! {
    #[test]
    fn whatever_happens_there_is_one_container_a_lease_one_build_and_no_port_twice(
        steps in prop::collection::vec((step(), 0_u64..8), 0..120),
    ) {
        let mut agent = Agent::new(AgentId::new(Uuid::from_u128(9)), Ports::new(9000..=9002, BTreeMap::new()), at(0));
        let mut now = 0;
        // Work on a container that was begun and not answered, by lease: a second one would make a second container.
        let mut begun: BTreeMap<LeaseId, Ticket> = BTreeMap::new();
        for ((kind, n, more), later) in steps {
            now += later;
            let event = event_of(&agent, kind, n, more);
            for effect in agent.on(event, at(now)) {
                if let Effect::Start { lease, ticket, .. } | Effect::Adopt { lease, ticket, .. } = effect {
                    prop_assert!(begun.get(&lease).is_none_or(|old| *old < ticket));
                    begun.insert(lease, ticket);
                    prop_assert_eq!(&agent.workloads[&lease].stage, &Stage::Starting);
                }
            }
            let ports: Vec<HostPort> = agent.ports().values().copied().collect();
            prop_assert_eq!(ports.iter().collect::<BTreeSet<_>>().len(), ports.len());
            let building = agent.workloads.values().filter(|w| matches!(w.stage, Stage::Building { .. })).count();
            prop_assert!(building <= 1);
            prop_assert!(agent.next_wake(at(now)).is_none_or(|wake| wake > at(now).mono));
        }
    }
}

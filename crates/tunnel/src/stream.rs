//! The life of one stream as a table: which events are legal when, and what they lead to.
//! Both sides use the same table; "send" is ours, "receive" is the peer's.
//! Deliberately absent: buffers and credit (entry.rs), and frames that arrive for streams already forgotten.

/// Where a stream is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Opened by the edge; the agent has not answered yet. Bytes may flow already, so that a visitor's first
    /// request does not wait for a round trip.
    Opening,
    /// Both directions are open.
    Open,
    /// We have finished, the peer has not.
    HalfClosedLocal,
    /// The peer has finished, we have not.
    HalfClosedRemote,
    /// Both have finished, or somebody reset it.
    Closed,
}

/// What can happen to a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// The agent says that the target is there, on whichever side that is seen.
    Confirm,
    /// We send bytes.
    SendData,
    /// We have no more bytes.
    SendFin,
    /// We end the stream at once.
    SendReset,
    /// The peer sent bytes.
    ReceiveData,
    /// The peer has no more bytes.
    ReceiveFin,
    /// The peer granted credit.
    ReceiveCredit,
    /// The peer ended the stream at once.
    ReceiveReset,
}

/// An event that a stream's state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{event:?} on a stream that is {state:?}")]
pub struct Illegal {
    /// Where the stream was.
    pub state: State,
    /// What was tried.
    pub event: Event,
}

impl State {
    /// The state after `event`.
    ///
    /// Errors: `Illegal` when the pair is not in the table; the state is then unchanged.
    pub const fn after(self, event: Event) -> Result<Self, Illegal> {
        use Event as E;
        use State as S;
        let next = match (self, event) {
            (S::Opening, E::Confirm) => S::Open,
            // Bytes alone prove nothing about the target; the session adds Confirm where the agent's bytes do.
            (S::Opening, E::SendData | E::ReceiveData | E::ReceiveCredit) => S::Opening,
            (S::Opening | S::Open, E::SendFin) => S::HalfClosedLocal,
            (S::Opening | S::Open, E::ReceiveFin) => S::HalfClosedRemote,

            (S::Open, E::Confirm | E::SendData | E::ReceiveData | E::ReceiveCredit) => S::Open,

            (S::HalfClosedLocal, E::Confirm | E::ReceiveData) => S::HalfClosedLocal,
            // Credit for bytes that we no longer send was on its way when we finished.
            (S::HalfClosedLocal, E::ReceiveCredit) => S::HalfClosedLocal,
            (S::HalfClosedLocal, E::ReceiveFin) => S::Closed,

            (S::HalfClosedRemote, E::Confirm | E::SendData | E::ReceiveCredit) => S::HalfClosedRemote,
            (S::HalfClosedRemote, E::SendFin) => S::Closed,

            // The peer's last credit may cross our last Fin.
            (S::Closed, E::ReceiveCredit | E::ReceiveReset | E::SendReset) => S::Closed,
            (
                S::Opening | S::Open | S::HalfClosedLocal | S::HalfClosedRemote,
                E::SendReset | E::ReceiveReset,
            ) => S::Closed,

            (S::HalfClosedLocal | S::Closed, E::SendData | E::SendFin)
            | (S::HalfClosedRemote | S::Closed, E::ReceiveData | E::ReceiveFin)
            | (S::Closed, E::Confirm) => return Err(Illegal { state: self, event }),
        };
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    const STATES: [State; 5] =
        [State::Opening, State::Open, State::HalfClosedLocal, State::HalfClosedRemote, State::Closed];
    const EVENTS: [Event; 8] = [
        Event::Confirm,
        Event::SendData,
        Event::SendFin,
        Event::SendReset,
        Event::ReceiveData,
        Event::ReceiveFin,
        Event::ReceiveCredit,
        Event::ReceiveReset,
    ];

    #[test]
    fn the_whole_table_is_as_drawn() {
        let mut table = String::new();
        for state in STATES {
            for event in EVENTS {
                let next = state.after(event).map_or("-".to_owned(), |next| format!("{next:?}"));
                table.push_str(&format!("{state:?} + {event:?} = {next}\n"));
            }
        }
        expect![[r#"
            Opening + Confirm = Open
            Opening + SendData = Opening
            Opening + SendFin = HalfClosedLocal
            Opening + SendReset = Closed
            Opening + ReceiveData = Opening
            Opening + ReceiveFin = HalfClosedRemote
            Opening + ReceiveCredit = Opening
            Opening + ReceiveReset = Closed
            Open + Confirm = Open
            Open + SendData = Open
            Open + SendFin = HalfClosedLocal
            Open + SendReset = Closed
            Open + ReceiveData = Open
            Open + ReceiveFin = HalfClosedRemote
            Open + ReceiveCredit = Open
            Open + ReceiveReset = Closed
            HalfClosedLocal + Confirm = HalfClosedLocal
            HalfClosedLocal + SendData = -
            HalfClosedLocal + SendFin = -
            HalfClosedLocal + SendReset = Closed
            HalfClosedLocal + ReceiveData = HalfClosedLocal
            HalfClosedLocal + ReceiveFin = Closed
            HalfClosedLocal + ReceiveCredit = HalfClosedLocal
            HalfClosedLocal + ReceiveReset = Closed
            HalfClosedRemote + Confirm = HalfClosedRemote
            HalfClosedRemote + SendData = HalfClosedRemote
            HalfClosedRemote + SendFin = Closed
            HalfClosedRemote + SendReset = Closed
            HalfClosedRemote + ReceiveData = -
            HalfClosedRemote + ReceiveFin = -
            HalfClosedRemote + ReceiveCredit = HalfClosedRemote
            HalfClosedRemote + ReceiveReset = Closed
            Closed + Confirm = -
            Closed + SendData = -
            Closed + SendFin = -
            Closed + SendReset = Closed
            Closed + ReceiveData = -
            Closed + ReceiveFin = -
            Closed + ReceiveCredit = Closed
            Closed + ReceiveReset = Closed
        "#]]
        .assert_eq(&table);
    }

    #[test]
    fn a_reset_closes_from_everywhere() {
        for state in STATES {
            for event in [Event::SendReset, Event::ReceiveReset] {
                assert_eq!(state.after(event), Ok(State::Closed));
            }
        }
    }

    #[test]
    fn nothing_leaves_closed() {
        for event in EVENTS {
            assert!(matches!(State::Closed.after(event), Ok(State::Closed) | Err(_)));
        }
    }
}

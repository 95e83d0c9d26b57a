//! Who is online: one entry for each agent whose link stands, with what it last said of itself, and the tunnel token
//! that is good while the link stands. Deliberately absent: anything that outlives the process; that is the store's.

use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use ttalkak_protocol::{
    id::AgentId,
    link::{Capacity, Lending, MachineReading},
    unit::UnixMillis,
};

/// What the token starts with that an agent shows to the API.
pub const AGENT_TOKEN_PREFIX: &str = "tta_";

/// Counts connections; a newer connection of any agent has a higher number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(u64);

/// SHA-256 of a bearer token: what is kept instead of the token.
pub type TokenHash = [u8; 32];

/// The hash under which a token is looked up.
pub fn token_hash(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

/// What is known of an agent that is online.
#[derive(Debug, Clone)]
pub struct Presence {
    /// Which connection.
    pub epoch: Epoch,
    /// Since when this connection stands.
    pub since: UnixMillis,
    /// Program version.
    pub build: String,
    /// What it lends.
    pub capacity: Capacity,
    /// Whether it takes new work.
    pub lending: Lending,
    /// Its machine, after the first report.
    pub machine: Option<MachineReading>,
}

/// A cheap handle; clones see the same agents.
#[derive(Clone)]
pub struct Online {
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<State>,
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    epochs: u64,
    agents: BTreeMap<AgentId, Entry>,
    tunnel_tokens: BTreeMap<TokenHash, AgentId>,
    api_tokens: BTreeMap<TokenHash, AgentId>,
    /// One for each agent that was seen; cancelled when its right is taken away, so that its tunnels end too.
    rights: BTreeMap<AgentId, CancellationToken>,
}

struct Entry {
    presence: Presence,
    tunnel_token: TokenHash,
    api_token: TokenHash,
    replaced: CancellationToken,
}

impl State {
    /// Tokens are good while their connection is the agent's newest.
    fn void(&mut self, entry: &Entry) {
        self.tunnel_tokens.remove(&entry.tunnel_token);
        self.api_tokens.remove(&entry.api_token);
    }
}

impl Default for Online {
    fn default() -> Self {
        let (changes, _) = watch::channel(0);
        Self { inner: Arc::new(Inner { state: Mutex::default(), changes }) }
    }
}

impl Online {
    /// Puts an agent online and ends its older connection, if there is one. It is online until the value that is
    /// returned is dropped, or a newer connection takes its place.
    pub fn connect(&self, agent: AgentId, arrival: Arrival) -> Connected {
        let replaced = CancellationToken::new();
        let mut state = self.lock();
        state.epochs += 1;
        let epoch = Epoch(state.epochs);
        state.rights.entry(agent).or_default();
        state.tunnel_tokens.insert(arrival.tunnel_token, agent);
        state.api_tokens.insert(arrival.api_token, agent);
        let presence = Presence {
            epoch,
            since: arrival.since,
            build: arrival.build,
            capacity: arrival.capacity,
            lending: arrival.lending,
            machine: None,
        };
        let (tunnel_token, api_token) = (arrival.tunnel_token, arrival.api_token);
        let entry = Entry { presence, tunnel_token, api_token, replaced: replaced.clone() };
        if let Some(older) = state.agents.insert(agent, entry) {
            state.void(&older);
            older.replaced.cancel();
        }
        drop(state);
        self.changed();
        Connected { online: self.clone(), agent, epoch, replaced }
    }

    /// Whether the agent's link stands.
    pub fn contains(&self, agent: AgentId) -> bool {
        self.lock().agents.contains_key(&agent)
    }

    /// How many links stand.
    pub fn count(&self) -> usize {
        self.lock().agents.len()
    }

    /// What is known of an agent, while it is online.
    pub fn get(&self, agent: AgentId) -> Option<Presence> {
        self.lock().agents.get(&agent).map(|entry| entry.presence.clone())
    }

    /// Everybody who is online.
    pub fn all(&self) -> BTreeMap<AgentId, Presence> {
        self.lock().agents.iter().map(|(agent, entry)| (*agent, entry.presence.clone())).collect()
    }

    /// Changes each time somebody comes or goes.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.inner.changes.subscribe()
    }

    /// Takes an agent's right away: its link and its tunnels end now.
    pub fn revoke(&self, agent: AgentId) {
        let mut state = self.lock();
        if let Some(entry) = state.agents.remove(&agent) {
            state.void(&entry);
            entry.replaced.cancel();
        }
        if let Some(right) = state.rights.remove(&agent) {
            right.cancel();
        }
        drop(state);
        self.changed();
    }

    /// Whose tunnel token this is, and a signal for when that agent's right ends. The link itself may come and go
    /// under a tunnel: visitors are served on.
    pub fn tunnel_owner(&self, hash: &TokenHash) -> Option<(AgentId, CancellationToken)> {
        let state = self.lock();
        let agent = *state.tunnel_tokens.get(hash)?;
        Some((agent, state.rights.get(&agent)?.clone()))
    }

    /// Which agent shows this token to the API.
    pub fn api_owner(&self, hash: &TokenHash) -> Option<AgentId> {
        self.lock().api_tokens.get(hash).copied()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.inner.changes.send_modify(|count| *count += 1);
    }
}

/// What an agent brings along when it comes online.
pub struct Arrival {
    /// Now.
    pub since: UnixMillis,
    /// Program version.
    pub build: String,
    /// What it lends.
    pub capacity: Capacity,
    /// Whether it takes new work.
    pub lending: Lending,
    /// Hash of the token it was given for its tunnels.
    pub tunnel_token: TokenHash,
    /// Hash of the token it was given for the API.
    pub api_token: TokenHash,
}

/// One connection's claim to be the agent's link. Dropping it takes the agent offline, unless a newer connection
/// has taken over.
pub struct Connected {
    online: Online,
    agent: AgentId,
    epoch: Epoch,
    replaced: CancellationToken,
}

impl Connected {
    /// Cancelled when a newer connection took over or the right was taken away.
    pub fn replaced(&self) -> &CancellationToken {
        &self.replaced
    }

    /// Which connection this is.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Runs `f` if this is still the agent's newest connection; no newer one can come in between. `f` must be brief.
    pub fn if_current<R>(&self, f: impl FnOnce() -> R) -> Option<R> {
        let state = self.online.lock();
        let current = state.agents.get(&self.agent).is_some_and(|entry| entry.presence.epoch == self.epoch);
        current.then(f)
    }

    /// Notes what the newest report says of the machine. An older connection's words are ignored.
    pub fn note(&self, (capacity, lending): (&Capacity, Lending), machine: MachineReading) {
        let mut state = self.online.lock();
        let Some(entry) = state.agents.get_mut(&self.agent) else { return };
        if entry.presence.epoch == self.epoch {
            entry.presence.machine = Some(machine);
            entry.presence.lending = lending;
            if entry.presence.capacity != *capacity {
                entry.presence.capacity = capacity.clone();
            }
        }
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        let mut state = self.online.lock();
        if state.agents.get(&self.agent).is_some_and(|entry| entry.presence.epoch == self.epoch)
            && let Some(entry) = state.agents.remove(&self.agent)
        {
            state.void(&entry);
            drop(state);
            self.online.changed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttalkak_protocol::unit::{Bytes, MilliCpu};

    fn agent() -> AgentId {
        AgentId::new(uuid::Uuid::from_u128(1))
    }

    fn arrival(token: &str) -> Arrival {
        let capacity = Capacity {
            os: "linux".into(),
            arch: "x86_64".into(),
            cpu: MilliCpu(1000),
            memory: Bytes::mib(512),
            workloads_max: 3,
            engine: None,
        };
        let (tunnel_token, api_token) = (token_hash(token), token_hash(&format!("api {token}")));
        let (since, lending) = (UnixMillis(1), Lending::default());
        Arrival { since, build: "1".into(), capacity, lending, tunnel_token, api_token }
    }

    #[test]
    fn a_newer_connection_takes_over_and_the_older_one_leaves_without_a_trace() {
        let online = Online::default();
        let first = online.connect(agent(), arrival("a"));
        let second = online.connect(agent(), arrival("b"));
        assert!(first.replaced().is_cancelled() && !second.replaced().is_cancelled());
        assert!(second.epoch() > first.epoch());
        assert_eq!(first.if_current(|| ()), None);
        assert!(online.tunnel_owner(&token_hash("a")).is_none(), "the older token is void");
        assert!(online.api_owner(&token_hash("api a")).is_none());
        assert_eq!(online.api_owner(&token_hash("api b")), Some(agent()));
        drop(first);
        assert!(online.contains(agent()) && online.count() == 1);
        assert!(online.tunnel_owner(&token_hash("b")).is_some());
        drop(second);
        assert!(!online.contains(agent()));
        assert!(online.tunnel_owner(&token_hash("b")).is_none());
        assert!(online.api_owner(&token_hash("api b")).is_none());
    }

    #[test]
    fn a_revoked_agent_loses_link_token_and_right() {
        let online = Online::default();
        let connected = online.connect(agent(), arrival("a"));
        let (_, right) = online.tunnel_owner(&token_hash("a")).unwrap();
        online.revoke(agent());
        assert!(connected.replaced().is_cancelled() && right.is_cancelled());
        assert!(online.api_owner(&token_hash("api a")).is_none());
        assert!(online.tunnel_owner(&token_hash("a")).is_none());
    }

    #[test]
    fn comings_and_goings_are_told() {
        let online = Online::default();
        let mut changes = online.subscribe();
        let connected = online.connect(agent(), arrival("a"));
        assert!(changes.has_changed().unwrap());
        changes.mark_unchanged();
        connected.note((&arrival("a").capacity, Lending::default()), MachineReading::default());
        assert!(!changes.has_changed().unwrap(), "a reading is not a coming or going");
        assert!(online.get(agent()).unwrap().machine.is_some());
        drop(connected);
        assert!(changes.has_changed().unwrap());
    }
}

//! `ttalkak-agent tunnel`: exposes a service of this machine by the same path as a workload, without an engine.

use super::{Failure, Part, say, signal::stop_wished, stop_in_order};
use crate::{
    address::Coordinator,
    config::Surroundings,
    credentials,
    io::{
        api::Api,
        egress::Egress,
        tunnel::{self, Backends, Throttle, TunnelClient, TunnelState, TunnelTimes},
    },
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
    time::Duration,
};
use tokio::{sync::watch, time::timeout};
use tokio_util::task::TaskTracker;
use ttalkak_protocol::{
    ErrorCode, Secret,
    api::{
        deployment::Exposure,
        tunnel::{CreateTunnel, TunnelCreated, TunnelView},
    },
    error::Problem,
    name,
};

/// Telling the coordinator at the end may take so long; a tunnel that stays behind is only a name in a list.
const GOODBYE: Duration = Duration::from_secs(5);

/// What `tunnel` takes.
#[derive(Debug, clap::Args)]
pub struct TunnelArgs {
    /// The local service: 127.0.0.1:3000, localhost:3000 or 3000.
    #[arg(long, value_name = "ADDRESS", value_parser = local_address)]
    to: SocketAddr,
    /// The first label of its public address.
    #[arg(long, value_parser = tunnel_name)]
    name: String,
    /// A raw TCP port instead of HTTP by name.
    #[arg(long)]
    tcp: bool,
    /// The coordinator's address; the one of `ttalkak login` when not given.
    #[arg(long, value_name = "URL")]
    coordinator: Option<Coordinator>,
    /// An API token; else TTALKAK_TOKEN, else the one of `ttalkak login`.
    #[arg(long)]
    token: Option<String>,
    /// Print one JSON line when the tunnel is up, and nothing else.
    #[arg(long)]
    json: bool,
}

/// The coordinator no longer knows the tunnel.
#[derive(Debug, thiserror::Error)]
enum TunnelFailure {
    #[error("the coordinator closed the tunnel for good: {} {}", .0.message, .0.next)]
    Removed(Problem),
    #[error("the tunnel's task ended by itself; this is a bug")]
    Ended,
}

pub(super) async fn run(args: TunnelArgs, surroundings: Surroundings) -> Result<ExitCode, Failure> {
    let token = args.token.clone().map(Secret::new);
    let (coordinator, token) = credentials::find(args.coordinator.clone(), token, &surroundings.env)?;
    let api = Api::new(coordinator.clone(), Some(token))?;
    let exposure = if args.tcp { Exposure::Tcp } else { Exposure::Http };
    let wish = CreateTunnel { name: args.name.clone(), exposure };
    let key = uuid::Uuid::new_v4().to_string();
    let created: TunnelCreated = api.post("/v1/tunnels", &wish, Some(&key)).await?;

    let served = serve(&args, &coordinator, &created).await;
    let path = format!("/v1/tunnels/{}", created.tunnel.id);
    match timeout(GOODBYE, api.delete(&path)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!("the tunnel stays in the list: {}", crate::cause::Chain(&error)),
        Err(_) => tracing::warn!("the coordinator did not answer; the tunnel stays in the list"),
    }
    served.map(|()| ExitCode::SUCCESS)
}

/// Holds the tunnel until somebody wishes to stop or the coordinator does not want it any more.
async fn serve(args: &TunnelArgs, coordinator: &Coordinator, created: &TunnelCreated) -> Result<(), Failure> {
    let tasks = TaskTracker::new();
    let (_token, token) = watch::channel(Some(created.connect_token.clone()));
    let (_backends, backends) = watch::channel(Backends::from([(created.tunnel.id.to_string(), args.to)]));
    let (state, mut seen) = watch::channel(TunnelState::default());
    let times = TunnelTimes::default();
    let client = TunnelClient {
        coordinator: coordinator.clone(),
        token,
        backends,
        state,
        streams_max: 1024,
        egress: Egress::default(),
        throttle: Throttle::default(),
        times,
    };
    let mut part = Part::start(&tasks, "tunnel", times.drain + GOODBYE, |stop| tunnel::run(client, stop));

    let mut told = Told { args, view: &created.tunnel, last: None };
    // One wait for all rounds: a signal that comes while nobody listens would be lost.
    let mut wish = std::pin::pin!(stop_wished());
    let ended: Result<(), Failure> = loop {
        tokio::select! {
            wished = &mut wish => break wished.map_err(Failure::from),
            Ok(()) = seen.changed() => {
                let state = seen.borrow_and_update().clone();
                if let Some(problem) = state.problem.as_ref().filter(|problem| is_final(problem.code)) {
                    break Err(TunnelFailure::Removed(problem.clone()).into());
                }
                told.tell(&state);
            }
            _ = part.ended() => break Err(TunnelFailure::Ended.into()),
        }
    };
    if ended.is_ok() && !args.json {
        say("Closing: open connections may end first. Press Ctrl-C again to cut them.");
    }
    tokio::select! {
        _ = stop_in_order(vec![part]) => {}
        _ = stop_wished() => {}
    }
    ended
}

/// Whether trying again cannot help.
fn is_final(code: ErrorCode) -> bool {
    [ErrorCode::Unauthorized, ErrorCode::Forbidden, ErrorCode::NotFound].contains(&code)
}

/// What the person at the terminal was told last, so that each change is told once.
struct Told<'a> {
    args: &'a TunnelArgs,
    view: &'a TunnelView,
    last: Option<bool>,
}

impl Told<'_> {
    fn tell(&mut self, state: &TunnelState) {
        let before = self.last.replace(state.connected);
        match (before, state.connected) {
            (Some(true), true) | (Some(false), false) => {}
            (Some(false), true) if state.connections > 1 => self.people("The tunnel is back."),
            (None | Some(false), true) => self.up(),
            (_, false) => {
                let why = state.problem.as_ref().map_or("", |problem| problem.message.as_str());
                self.people(format_args!("The tunnel is down and is dialled again. {why}"));
            }
        }
    }

    fn up(&self) {
        let TunnelView { id, name, url, public_port, .. } = self.view;
        if self.args.json {
            say(serde_json::json!({"url": url, "name": name, "id": id, "public_port": public_port}));
        } else {
            say(format_args!("{url}  ->  {}", self.args.to));
            say("Visitors reach it from now on. Press Ctrl-C to close the tunnel.");
        }
    }

    fn people(&self, line: impl std::fmt::Display) {
        if !self.args.json {
            say(line);
        }
    }
}

fn local_address(text: &str) -> Result<SocketAddr, String> {
    let local = text.strip_prefix("localhost:").unwrap_or(text);
    let address = match local.parse::<u16>() {
        Ok(port) => SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        Err(_) => text.parse().map_err(|_| "an example is 127.0.0.1:3000".to_owned())?,
    };
    if address.port() == 0 { Err("ports are 1 to 65535".to_owned()) } else { Ok(address) }
}

fn tunnel_name(text: &str) -> Result<String, String> {
    name::check(text).map(|()| text.to_owned()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_service_can_be_named_in_three_ways() {
        for text in ["127.0.0.1:3000", "localhost:3000", "3000"] {
            assert_eq!(local_address(text), Ok("127.0.0.1:3000".parse().unwrap()), "{text}");
        }
        assert_eq!(local_address("[::1]:3000"), Ok("[::1]:3000".parse().unwrap()));
        for bad in ["", "0", "70000", "example.com:80", "127.0.0.1"] {
            assert!(local_address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_what_cannot_get_better_ends_the_tunnel() {
        assert!(is_final(ErrorCode::Unauthorized));
        assert!(!is_final(ErrorCode::Unavailable) && !is_final(ErrorCode::RateLimited));
    }
}

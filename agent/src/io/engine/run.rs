//! Starting, taking over and stopping one container. A container is created, inspected, audited and only then started;
//! one that differs from its policy is removed.

use super::{Engine, EngineError};
use crate::logic::policy::{RunPolicy, Violation, audit, create_body};
use bollard::{
    models::{ContainerInspectResponse, ContainerUpdateBody},
    query_parameters::{CreateContainerOptionsBuilder, InspectContainerOptions, StopContainerOptions},
};
use std::time::Duration;
use tokio::time::sleep;
use ttalkak_protocol::{
    id::LeaseId,
    unit::{Bytes, MilliCpu, Millis},
};

/// A container's name that is taken is asked for so often, this far apart: making one takes an engine under load
/// seconds.
const NAME_TRIES: u32 = 20;
const NAME_PAUSE: Duration = Duration::from_millis(250);

/// How an attempt to have a container running ended.
#[derive(Debug)]
pub enum Run {
    /// It runs, as the policy wants.
    Running(Running),
    /// Another program holds the host port.
    PortTaken,
    /// The image is not there any more.
    ImageMissing,
    /// The engine made something else; it was removed.
    Violates(Vec<Violation>),
    /// What was to be taken over does not run.
    NotRunning,
    /// The engine says no, in its words.
    Refused(String),
}

/// A container that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// The engine's id.
    pub container: String,
    /// How long it has been running, by this machine's clock.
    pub ran_for: Duration,
}

impl Engine {
    /// Makes a fresh container for the policy's lease and starts it. Leftovers of the lease are removed first.
    /// Errors: the engine is away.
    pub async fn start(&self, lease: LeaseId, policy: &RunPolicy) -> Result<Run, EngineError> {
        if !port_is_free(policy).await {
            return Ok(Run::PortTaken);
        }
        self.remove_lease(lease).await?;
        let policy = &match self.with_volumes(policy).await? {
            Some(policy) => policy,
            None => return Ok(Run::ImageMissing),
        };
        self.ensure_network(&policy.network).await?;
        let id = match self.create(lease, policy).await {
            Ok(id) => id,
            Err(error) if error.is_down() => return Err(error),
            Err(error) if error.is_missing() && error.told().contains("image") => {
                return Ok(Run::ImageMissing);
            }
            Err(error) => return Ok(Run::Refused(error.told())),
        };
        let violations = audit(&self.inspect(&id).await?, policy);
        if !violations.is_empty() {
            self.remove_container(&id).await?;
            return Ok(Run::Violates(violations));
        }
        self.start_created(id).await
    }

    /// The name may be held by a container that an earlier process of this agent asked for just before it was killed, and
    /// that the engine has not finished making: it shows in a moment, and is removed then.
    async fn create(&self, lease: LeaseId, policy: &RunPolicy) -> Result<String, EngineError> {
        let options = CreateContainerOptionsBuilder::default().name(&policy.name).build();
        let mut tries = 1;
        loop {
            let created = self.docker.create_container(Some(options.clone()), create_body(policy)).await;
            match created.map_err(EngineError::of("create a container")) {
                Ok(created) => return Ok(created.id),
                Err(error) if error.status() == Some(409) && tries < NAME_TRIES => {
                    tries += 1;
                    sleep(NAME_PAUSE).await;
                    self.remove_lease(lease).await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn start_created(&self, id: String) -> Result<Run, EngineError> {
        match self.docker.start_container(&id, None).await.map_err(EngineError::of("start a container")) {
            Ok(()) => Ok(Run::Running(Running { container: id, ran_for: Duration::ZERO })),
            Err(error) if error.is_down() => Err(error),
            Err(error) => {
                self.remove_container(&id).await?;
                let told = error.told();
                let port_words = ["port is already allocated", "address already in use", "bind: "];
                let taken = port_words.iter().any(|words| told.contains(words));
                Ok(if taken { Run::PortTaken } else { Run::Refused(told) })
            }
        }
    }

    /// Takes a container over that an earlier process of this agent started. Its uid is its own, as uids are chosen
    /// anew by each process. Errors: the engine is away.
    pub async fn adopt(&self, container: &str, policy: &RunPolicy) -> Result<Run, EngineError> {
        let inspect = match self.inspect(container).await {
            Ok(inspect) => inspect,
            Err(error) if error.is_missing() => return Ok(Run::NotRunning),
            Err(error) => return Err(error),
        };
        let state = inspect.state.clone().unwrap_or_default();
        let mut policy =
            match self.with_volumes(&RunPolicy { image: image_of(&inspect), ..policy.clone() }).await? {
                Some(policy) => policy,
                None => return Ok(Run::ImageMissing),
            };
        let uid = uid_of(&inspect).filter(|uid| (20_000..30_000).contains(uid));
        policy.uid = uid.unwrap_or(policy.uid);
        let violations = audit(&inspect, &policy);
        if !state.running.unwrap_or(false) || state.paused.unwrap_or(false) {
            self.remove_container(container).await?;
            return Ok(Run::NotRunning);
        }
        if !violations.is_empty() {
            self.remove_container(container).await?;
            return Ok(Run::Violates(violations));
        }
        let ran_for = state.started_at.as_deref().map_or(Duration::ZERO, age);
        Ok(Run::Running(Running { container: container.to_owned(), ran_for }))
    }

    /// Stops with SIGTERM, after `grace` with SIGKILL. One that is gone or stopped is stopped.
    pub async fn stop(&self, container: &str, grace: Millis) -> Result<(), EngineError> {
        let seconds = i32::try_from(grace.0.div_ceil(1000)).unwrap_or(i32::MAX);
        let patient = self.docker.clone().with_timeout(Duration::from_millis(grace.0) + super::REQUEST);
        let options = StopContainerOptions { t: Some(seconds), ..Default::default() };
        match patient
            .stop_container(container, Some(options))
            .await
            .map_err(EngineError::of("stop a container"))
        {
            Err(error) if !error.is_missing() && error.status() != Some(304) => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Holds a running container to other limits.
    pub async fn limit(&self, container: &str, cpu: MilliCpu, memory: Bytes) -> Result<(), EngineError> {
        let memory = i64::try_from(memory.0).unwrap_or(i64::MAX);
        let body = ContainerUpdateBody {
            nano_cpus: Some(i64::from(cpu.0) * 1_000_000),
            memory: Some(memory),
            memory_swap: Some(memory),
            ..Default::default()
        };
        self.docker.update_container(container, body).await.map_err(EngineError::of("limit a container"))
    }

    /// Stops and removes everything of a lease.
    pub async fn retire(&self, lease: LeaseId, grace: Millis) -> Result<(), EngineError> {
        for container in self.containers(Some(lease)).await? {
            let Some(id) = container.id else { continue };
            self.stop(&id, grace).await?;
            self.remove_container(&id).await?;
        }
        Ok(())
    }

    async fn remove_lease(&self, lease: LeaseId) -> Result<(), EngineError> {
        for container in self.containers(Some(lease)).await? {
            if let Some(id) = container.id {
                self.remove_container(&id).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn inspect(&self, container: &str) -> Result<ContainerInspectResponse, EngineError> {
        let options = None::<InspectContainerOptions>;
        self.docker
            .inspect_container(container, options)
            .await
            .map_err(EngineError::of("inspect a container"))
    }

    /// The policy with the folders that its image declares as volumes; `None` when there is no such image.
    async fn with_volumes(&self, policy: &RunPolicy) -> Result<Option<RunPolicy>, EngineError> {
        match self.docker.inspect_image(&policy.image).await.map_err(EngineError::of("inspect an image")) {
            Ok(image) => {
                let volumes = image.config.and_then(|config| config.volumes).unwrap_or_default();
                Ok(Some(RunPolicy { volumes: volumes.into_iter().collect(), ..policy.clone() }))
            }
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Whether this machine's loopback has the port free. The engine would find out too, but later and in its own words.
async fn port_is_free(policy: &RunPolicy) -> bool {
    let address = (std::net::Ipv4Addr::LOCALHOST, policy.host_port.get());
    tokio::net::TcpListener::bind(address).await.is_ok()
}

fn image_of(inspect: &ContainerInspectResponse) -> String {
    inspect.image.clone().unwrap_or_default()
}

fn uid_of(inspect: &ContainerInspectResponse) -> Option<u32> {
    inspect.config.as_ref()?.user.as_ref()?.split(':').next()?.parse().ok()
}

fn age(started_at: &str) -> Duration {
    let Ok(started) = started_at.parse::<jiff::Timestamp>() else { return Duration::ZERO };
    Duration::try_from(jiff::Timestamp::now().duration_since(started)).unwrap_or(Duration::ZERO)
}

-- Wanted state, observed facts and the logs of both. Times are milliseconds since 1970 (UTC); ids are the text forms
-- of the protocol; secrets are sealed blobs. Every table with an account_id belongs to that account alone.

CREATE TABLE account (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- The secret itself is never kept: hash = SHA-256 of it.
CREATE TABLE token (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES account(id),
  name TEXT NOT NULL,
  hash BLOB NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER,
  revoked_at INTEGER
) STRICT;

CREATE TABLE project (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES account(id),
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (account_id, name)
) STRICT;
CREATE INDEX project_created ON project(account_id, created_at, id);
CREATE INDEX project_updated ON project(account_id, updated_at, id);

-- A hostname label has one owner on the whole platform.
CREATE TABLE name_claim (
  name TEXT PRIMARY KEY,
  owner TEXT NOT NULL -- a deployment's or tunnel's id
) STRICT;

CREATE TABLE public_port (
  port INTEGER PRIMARY KEY,
  owner TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE deployment (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES account(id),
  project_id TEXT NOT NULL REFERENCES project(id),
  name TEXT NOT NULL UNIQUE,
  exposure TEXT NOT NULL,            -- http | tcp
  git_url TEXT, branch TEXT, root_dir TEXT,
  git_token BLOB,                    -- sealed
  upload_id TEXT,                    -- the source of an uploaded deployment
  port INTEGER,                      -- set by the tenant, else the plan's
  memory_bytes INTEGER NOT NULL,
  milli_cpu INTEGER NOT NULL,
  health_path TEXT,
  wanted TEXT NOT NULL,              -- running | stopped | deleted
  state TEXT NOT NULL,               -- DeploymentState
  since INTEGER NOT NULL,
  reason TEXT,                       -- EndReason
  problem TEXT,                      -- JSON Problem
  release_id TEXT,                   -- the release that serves (or served last)
  releases INTEGER NOT NULL DEFAULT 0, -- the highest release number given
  env_version INTEGER NOT NULL DEFAULT 0, -- grows with each change of env_var
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX deployment_created ON deployment(account_id, created_at, id);
CREATE INDEX deployment_updated ON deployment(account_id, updated_at, id);
CREATE INDEX deployment_state ON deployment(account_id, state, id);
CREATE INDEX deployment_project ON deployment(project_id);
CREATE INDEX deployment_wanted ON deployment(wanted) WHERE wanted != 'running';

CREATE TABLE env_var (
  deployment_id TEXT NOT NULL REFERENCES deployment(id),
  key TEXT NOT NULL,
  value BLOB NOT NULL,               -- sealed
  scope TEXT NOT NULL,               -- build | run | both
  secret INTEGER NOT NULL,
  PRIMARY KEY (deployment_id, key)
) STRICT;

CREATE TABLE release (
  id TEXT PRIMARY KEY,
  deployment_id TEXT NOT NULL REFERENCES deployment(id),
  number INTEGER NOT NULL,
  state TEXT NOT NULL,               -- ReleaseState
  branch TEXT, commit_id TEXT, subject TEXT,
  upload_id TEXT,
  source_digest TEXT, source_bytes INTEGER,
  platform TEXT,
  plan TEXT,                         -- JSON of the planner's BuildPlan
  env BLOB,                          -- sealed JSON [{key,value,scope,secret}]: the environment it was made with
  env_version INTEGER NOT NULL DEFAULT 0,
  build_key TEXT,
  image TEXT, image_bytes INTEGER,
  problem TEXT,                      -- JSON Problem
  last_lines TEXT,                   -- JSON [string], at most 200
  timings TEXT,                      -- JSON Timings
  created_at INTEGER NOT NULL,
  live_at INTEGER,
  ended_at INTEGER,
  UNIQUE (deployment_id, number)
) STRICT;

-- A rollout (or an end) in steps. One that is not 'done' or 'failed' is driven again after a restart.
CREATE TABLE saga (
  id TEXT PRIMARY KEY,
  deployment_id TEXT NOT NULL REFERENCES deployment(id),
  release_id TEXT REFERENCES release(id),
  kind TEXT NOT NULL,                -- deploy | end
  state TEXT NOT NULL,               -- running | undoing | done | failed | stuck
  step TEXT,                         -- the step at work, for people
  progress TEXT,
  cancel TEXT,                       -- JSON Problem: why it should be given up; set once
  input TEXT NOT NULL DEFAULT '{}',  -- JSON, kind-specific
  since INTEGER NOT NULL,            -- when the step at work began
  created_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
CREATE INDEX saga_open ON saga(state) WHERE state IN ('running', 'undoing');
CREATE INDEX saga_deployment ON saga(deployment_id);

CREATE TABLE saga_log (
  saga_id TEXT NOT NULL REFERENCES saga(id),
  n INTEGER NOT NULL,
  step TEXT NOT NULL,
  event TEXT NOT NULL,               -- started | succeeded | failed | undo_started | undo_finished | undo_failed
  detail TEXT,                       -- JSON
  at INTEGER NOT NULL,
  PRIMARY KEY (saga_id, n)
) STRICT;

CREATE TABLE agent (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES account(id),
  name TEXT NOT NULL,
  public_key BLOB NOT NULL,          -- Ed25519, 32 bytes
  build TEXT NOT NULL DEFAULT '',
  capacity TEXT,                     -- JSON Capacity
  machine TEXT,                      -- JSON MachineReading
  generation INTEGER NOT NULL DEFAULT 0, -- of the newest assignment handed out
  last_seen_at INTEGER,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;

CREATE TABLE enrolment (
  hash BLOB PRIMARY KEY,             -- SHA-256 of the code
  account_id TEXT NOT NULL REFERENCES account(id),
  expires_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT;

CREATE TABLE lease (
  id TEXT PRIMARY KEY,
  deployment_id TEXT NOT NULL REFERENCES deployment(id),
  release_id TEXT NOT NULL REFERENCES release(id),
  agent_id TEXT NOT NULL REFERENCES agent(id),
  saga_id TEXT NOT NULL,             -- the rollout that granted it
  state TEXT NOT NULL,               -- active | returned | revoked | expired
  report TEXT,                       -- JSON WorkloadReport, the last one seen
  reported_at INTEGER,
  created_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
CREATE INDEX lease_agent ON lease(agent_id) WHERE state = 'active';
CREATE INDEX lease_saga ON lease(saga_id);
CREATE INDEX lease_deployment ON lease(deployment_id) WHERE state = 'active';

-- Which images an agent keeps, as it last reported.
CREATE TABLE agent_image (
  agent_id TEXT NOT NULL REFERENCES agent(id),
  build_key TEXT NOT NULL,
  digest TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (agent_id, build_key)
) STRICT;

-- Hostname or public port to lease. The edge's table is a copy of this one.
CREATE TABLE route (
  deployment_id TEXT PRIMARY KEY REFERENCES deployment(id),
  lease_id TEXT NOT NULL REFERENCES lease(id),
  since INTEGER NOT NULL
) STRICT;

CREATE TABLE tunnel (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES account(id),
  name TEXT NOT NULL UNIQUE,
  exposure TEXT NOT NULL,
  hash BLOB NOT NULL,                -- SHA-256 of the connect token
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE upload (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES account(id),
  digest TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;

-- First answers, kept a day: the same key and request gets the same answer.
CREATE TABLE idempotency (
  account_id TEXT NOT NULL,
  key TEXT NOT NULL,
  request BLOB NOT NULL,             -- SHA-256 of method, path and body
  status INTEGER,                    -- NULL while the first request is at work
  answer BLOB,
  content_type TEXT,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, key)
) STRICT;

-- Small facts of this coordinator itself: its id, for example.
CREATE TABLE setting (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

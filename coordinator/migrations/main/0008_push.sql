-- Push to deploy.

CREATE TABLE push (
  deployment_id TEXT PRIMARY KEY REFERENCES deployment(id),
  pushes INTEGER NOT NULL DEFAULT 0,   -- whether a push deploys
  branch TEXT,                         -- a pattern; NULL: the deployment's own branch
  paths TEXT NOT NULL DEFAULT '[]',    -- JSON [pattern]
  wait_for_checks INTEGER NOT NULL DEFAULT 0,
  previews INTEGER NOT NULL DEFAULT 0,
  preview_forks INTEGER NOT NULL DEFAULT 0,
  preview_ttl_ms INTEGER NOT NULL DEFAULT 259200000,
  preview_at_most INTEGER NOT NULL DEFAULT 3,
  secret BLOB,                         -- sealed: what generic webhooks are signed with
  -- Set when somebody who may push there switched it on: only then does GitHub's App act for this deployment.
  repo TEXT,                           -- owner/name in small letters
  installation INTEGER
) STRICT;
CREATE INDEX push_repo ON push(installation, repo) WHERE installation IS NOT NULL;

CREATE TABLE delivery (
  id TEXT PRIMARY KEY,
  deployment_id TEXT NOT NULL REFERENCES deployment(id),
  key TEXT NOT NULL,                   -- what a replay would have again: a digest of what was signed, or the sender's id
  at INTEGER NOT NULL,
  via TEXT NOT NULL,                   -- Via
  branch TEXT, commit_id TEXT, message TEXT, author TEXT,
  pushed_at INTEGER,
  outcome TEXT NOT NULL,               -- Outcome
  reason TEXT,
  release_id TEXT,
  repo TEXT, installation INTEGER,     -- where to say how the commit stands
  look_at INTEGER,                     -- waiting: when to ask for checks again
  told TEXT,                           -- the status that was last posted
  tell_at INTEGER,                     -- when to try to post; NULL: nothing more to say
  tells INTEGER NOT NULL DEFAULT 0,
  UNIQUE (deployment_id, key)
) STRICT;
CREATE INDEX delivery_deployment ON delivery(deployment_id, id);
CREATE INDEX delivery_waiting ON delivery(look_at) WHERE outcome = 'waiting';
CREATE INDEX delivery_tell ON delivery(tell_at) WHERE tell_at IS NOT NULL;

-- A deployment of a pull request. The base may be gone before it: then it follows.
CREATE TABLE preview (
  deployment_id TEXT PRIMARY KEY REFERENCES deployment(id),
  base_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  ends_at INTEGER NOT NULL
) STRICT;
CREATE INDEX preview_base ON preview(base_id);

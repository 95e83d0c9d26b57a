-- Agents that take no work or leave, and leases that they hand back.

ALTER TABLE agent ADD COLUMN lending TEXT;           -- JSON Lending; NULL: takes work and stays
ALTER TABLE agent ADD COLUMN drain_by INTEGER;       -- its owner wants it emptied by then, said from afar
ALTER TABLE agent ADD COLUMN leaving_by INTEGER;     -- the earlier of both
ALTER TABLE agent ADD COLUMN leaving_since INTEGER;

ALTER TABLE lease ADD COLUMN handed_back TEXT;       -- HandBackReason, the first that was given
ALTER TABLE lease ADD COLUMN handed_back_by INTEGER;
-- It is stopped then, moved or not; NULL: it stays. A lease that was stopped so has the state 'withdrawn'.
ALTER TABLE lease ADD COLUMN leave_by INTEGER;
CREATE INDEX lease_leaving ON lease(agent_id, ended_at) WHERE leave_by IS NOT NULL;

-- Who handed a deployment back does not get it again for a while, longer each time.
CREATE TABLE turned_away (
  deployment_id TEXT NOT NULL,
  agent_id TEXT NOT NULL REFERENCES agent(id),
  times INTEGER NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY (deployment_id, agent_id)
) STRICT;

-- The wallet that signed that a machine earns for it (EIP-4361), and the texts that wait for such a signature.
ALTER TABLE agent ADD COLUMN payee TEXT;
CREATE TABLE payee_nonce (
  nonce TEXT PRIMARY KEY,
  agent_id TEXT NOT NULL REFERENCES agent(id),
  wallet TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT;

-- Agents without a code that wait for their owner's approval.
CREATE TABLE pairing (
  poll BLOB PRIMARY KEY,               -- SHA-256 of what the agent asks with
  code BLOB NOT NULL UNIQUE,           -- SHA-256 of what its screen shows
  name TEXT NOT NULL,
  public_key BLOB NOT NULL,
  expires_at INTEGER NOT NULL,
  agent_id TEXT REFERENCES agent(id)   -- once approved
) STRICT;

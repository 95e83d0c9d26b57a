-- Agents that take no work or leave, and leases that they hand back.

ALTER TABLE agent ADD COLUMN lending TEXT;           -- JSON Lending; NULL: takes work and stays
ALTER TABLE agent ADD COLUMN leaving_by INTEGER;     -- out of it
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

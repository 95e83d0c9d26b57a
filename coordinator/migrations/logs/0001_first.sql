-- Log lines live in a file of their own, written in batches, so that a flood of lines never waits for or delays
-- the tables that matter.
CREATE TABLE line (
  id INTEGER PRIMARY KEY AUTOINCREMENT, -- the event id that readers resume from
  deployment_id TEXT NOT NULL,
  release_number INTEGER NOT NULL,
  lease_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  stream TEXT NOT NULL,                 -- build | stdout | stderr | system
  at INTEGER NOT NULL,
  text TEXT NOT NULL
) STRICT;
CREATE INDEX line_reader ON line(deployment_id, release_number, id);
CREATE UNIQUE INDEX line_once ON line(lease_id, seq);

CREATE TABLE mark (
  lease_id TEXT PRIMARY KEY,
  seq INTEGER NOT NULL,
  engine_nanos INTEGER NOT NULL
) STRICT;

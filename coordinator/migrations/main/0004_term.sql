-- Deployments with an end date.
ALTER TABLE deployment ADD COLUMN until INTEGER;         -- it ends then; absent: it has no end
ALTER TABLE deployment ADD COLUMN until_set_at INTEGER;  -- when that was said: no notice is older
ALTER TABLE deployment ADD COLUMN term_ended_at INTEGER; -- stopped since its time was over
CREATE INDEX deployment_until ON deployment(until) WHERE until IS NOT NULL;

-- What a deployment is made of beyond its source, and which part of its project it is.

ALTER TABLE deployment ADD COLUMN dockerfile TEXT;  -- its owner's own; NULL: what is detected
ALTER TABLE release ADD COLUMN dockerfile TEXT;     -- as it was when the release was made
ALTER TABLE deployment ADD COLUMN part TEXT;        -- ProjectPart; NULL: it stands alone
CREATE UNIQUE INDEX deployment_back_end ON deployment(project_id) WHERE part = 'back_end';

ALTER TABLE push ADD COLUMN preview_spend_max TEXT; -- base units; NULL: no bound but that of time

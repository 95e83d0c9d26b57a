-- People, the teams they are in, and the ways they are known by. An account is a team: everything is a team's.

CREATE TABLE user (
  id TEXT PRIMARY KEY,
  login TEXT NOT NULL,                 -- as the place they come from has it; two places may have the same
  name TEXT NOT NULL,
  email TEXT,
  email_verified_at INTEGER,
  avatar_url TEXT,
  created_at INTEGER NOT NULL
) STRICT;

-- How somebody is known elsewhere. The subject never changes there, the login may.
CREATE TABLE identity (
  place TEXT NOT NULL,                 -- github | development
  subject TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES user(id),
  tokens BLOB,                         -- sealed: what lets us ask there in their name
  PRIMARY KEY (place, subject)
) STRICT;
CREATE INDEX identity_user ON identity(user_id);

ALTER TABLE account ADD COLUMN personal_of TEXT REFERENCES user(id);
CREATE UNIQUE INDEX account_personal ON account(personal_of) WHERE personal_of IS NOT NULL;

CREATE TABLE membership (
  account_id TEXT NOT NULL REFERENCES account(id),
  user_id TEXT NOT NULL REFERENCES user(id),
  role TEXT NOT NULL,                  -- Role
  since INTEGER NOT NULL,
  PRIMARY KEY (account_id, user_id)
) STRICT;
CREATE INDEX membership_user ON membership(user_id);

-- hash = SHA-256 of the link's code.
CREATE TABLE invitation (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES account(id),
  hash BLOB NOT NULL UNIQUE,
  role TEXT NOT NULL,
  email TEXT,
  invited_by TEXT REFERENCES user(id),
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  accepted_by TEXT REFERENCES user(id),
  revoked_at INTEGER
) STRICT;
CREATE INDEX invitation_account ON invitation(account_id, created_at);

-- NULL: no person made it, as on the coordinator's own machine; it is an owner's.
ALTER TABLE token ADD COLUMN user_id TEXT REFERENCES user(id);
ALTER TABLE token ADD COLUMN scope TEXT NOT NULL DEFAULT 'full'; -- TokenScope
ALTER TABLE token ADD COLUMN expires_at INTEGER;

-- A browser. hash = SHA-256 of its cookie, which changes daily; the one before is good for a moment more, and whoever
-- comes with it later has stolen it or was robbed.
CREATE TABLE session (
  id TEXT PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  previous BLOB UNIQUE,
  account_id TEXT NOT NULL REFERENCES account(id),
  user_id TEXT REFERENCES user(id),
  token_id TEXT REFERENCES token(id),  -- opened by this token, and as good as it
  scope TEXT NOT NULL,
  browser TEXT,
  address TEXT,
  created_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,         -- when the cookie last changed
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX session_user ON session(user_id);
CREATE INDEX session_expires ON session(expires_at);

-- One code at a time; hash = SHA-256 of it with the address.
CREATE TABLE email_code (
  user_id TEXT PRIMARY KEY REFERENCES user(id),
  email TEXT NOT NULL,
  hash BLOB NOT NULL,
  expires_at INTEGER NOT NULL,
  tries INTEGER NOT NULL
) STRICT;

-- Programs without a browser that wait for their owner's yes. Both hashes are SHA-256.
CREATE TABLE device (
  poll BLOB PRIMARY KEY,
  code BLOB NOT NULL UNIQUE,
  name TEXT NOT NULL,
  address TEXT,
  scope TEXT NOT NULL,
  asked_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  state TEXT NOT NULL,                 -- waiting | denied | approved | taken
  user_id TEXT REFERENCES user(id),
  account_id TEXT REFERENCES account(id)
) STRICT;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES account(id),
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  user_id TEXT REFERENCES user(id),
  via TEXT NOT NULL,                   -- AuditVia
  action TEXT NOT NULL,
  subject TEXT,
  detail TEXT
) STRICT;
CREATE INDEX audit_account ON audit(account_id, id);
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit lines are never changed'); END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit lines are never deleted'); END;

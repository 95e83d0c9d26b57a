-- Money. Amounts are decimal texts of base units (a chain's amounts have 96 bits, more than INTEGER holds); signed where
-- said. Keys, hashes, addresses and signatures are 0x-hex in small letters.

ALTER TABLE account ADD COLUMN wallet TEXT;                 -- the tenant's address
ALTER TABLE account ADD COLUMN payout_threshold TEXT NOT NULL DEFAULT '0';
CREATE UNIQUE INDEX account_wallet ON account(wallet) WHERE wallet IS NOT NULL;
ALTER TABLE agent ADD COLUMN offer TEXT;                    -- JSON Offer, as last reported
ALTER TABLE lease ADD COLUMN agreement_id TEXT;             -- absent: nothing is charged
ALTER TABLE lease ADD COLUMN healthy_at INTEGER;            -- when the agent first saw it healthy, by its clock
ALTER TABLE deployment ADD COLUMN balance_ended_at INTEGER; -- stopped for want of money since

-- One sign-in message each; used once.
CREATE TABLE wallet_nonce (
  nonce TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES account(id),
  wallet TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT;

CREATE TABLE mandate (
  id TEXT PRIMARY KEY,               -- EIP-712 struct hash
  account_id TEXT NOT NULL REFERENCES account(id),
  body TEXT NOT NULL,                -- JSON Mandate
  signature TEXT NOT NULL,
  state TEXT NOT NULL,               -- active | replaced | revoked
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX mandate_account ON mandate(account_id, state);

CREATE TABLE agreement (
  id TEXT PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,          -- EIP-712 struct hash of the terms
  deployment_id TEXT NOT NULL,       -- outlives the deployment: it is a line of an invoice
  deployment_name TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES account(id),
  agent_id TEXT NOT NULL REFERENCES agent(id),
  mandate_id TEXT REFERENCES mandate(id),
  terms TEXT NOT NULL,               -- JSON Terms
  rates TEXT NOT NULL,               -- JSON Rates, the provider's when it was made
  reserved TEXT NOT NULL,            -- JSON Reserved
  state TEXT NOT NULL,               -- pending | open | ending | closed | void
  cap TEXT NOT NULL DEFAULT '0',     -- as it stands on chain, final
  charged TEXT NOT NULL DEFAULT '0', -- cumulative of the newest reading
  carry TEXT NOT NULL DEFAULT '0',   -- remainder below a base unit
  seq INTEGER NOT NULL DEFAULT 0,    -- of the newest charged reading
  charged_to INTEGER NOT NULL DEFAULT 0,
  settled TEXT NOT NULL DEFAULT '0', -- cumulative that is final on chain
  voucher TEXT,                      -- JSON SignedVoucher, the newest
  close_signature TEXT,              -- the provider's, over `charged`
  created_at INTEGER NOT NULL,
  opened_at INTEGER,
  ended_at INTEGER
) STRICT;
CREATE INDEX agreement_deployment ON agreement(deployment_id);
CREATE INDEX agreement_agent ON agreement(agent_id);
CREATE INDEX agreement_account ON agreement(account_id, created_at);
CREATE INDEX agreement_at_work ON agreement(state) WHERE state IN ('pending', 'open', 'ending');

-- Pending, then posted (it stands on chain), voided or expired.
CREATE TABLE hold (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES account(id),
  agreement_id TEXT REFERENCES agreement(id),
  saga_id TEXT,
  amount TEXT NOT NULL,
  state TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
CREATE INDEX hold_open ON hold(account_id) WHERE state = 'pending';

CREATE TABLE reading (
  agreement_id TEXT NOT NULL REFERENCES agreement(id),
  seq INTEGER NOT NULL,
  body TEXT NOT NULL,                -- JSON Reading
  agent_signature TEXT NOT NULL,     -- Ed25519, hex
  meter_signature TEXT NOT NULL,
  charge TEXT NOT NULL,
  cumulative TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (agreement_id, seq)
) STRICT;

-- Append-only. A key is used once, for ever: the same fact told twice is one entry.
CREATE TABLE journal (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;

CREATE TABLE posting (
  entry_id INTEGER NOT NULL REFERENCES journal(id),
  n INTEGER NOT NULL,
  account TEXT NOT NULL,
  amount TEXT NOT NULL,              -- signed
  PRIMARY KEY (entry_id, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX posting_account ON posting(account, entry_id);

-- A replay of the journal, kept in the same transaction as its entries and compared at every start.
CREATE TABLE balance (
  account TEXT PRIMARY KEY,
  amount TEXT NOT NULL               -- signed
) STRICT, WITHOUT ROWID;

-- Calls to the chain that are wanted.
CREATE TABLE outbox (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,                -- open | settle | close
  batch INTEGER UNIQUE,              -- of a settlement
  input BLOB NOT NULL,               -- call data, never changed
  refs TEXT NOT NULL,                -- JSON, kind-specific: what is in it
  state TEXT NOT NULL,               -- planned | signed | broadcast | mined | final | failed
  sender TEXT,                       -- whose nonce: a rotated meter counts from its own
  nonce INTEGER,                     -- all attempts share it
  problem TEXT,                      -- JSON Problem
  mined_block INTEGER,
  mined_hash TEXT,
  gas_used INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (sender, nonce)
) STRICT;
CREATE INDEX outbox_open ON outbox(state) WHERE state NOT IN ('final', 'failed');

-- Raw bytes are kept before they are sent, so that a crash sends the same ones again.
CREATE TABLE attempt (
  outbox_id TEXT NOT NULL REFERENCES outbox(id),
  n INTEGER NOT NULL,
  raw BLOB NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  max_fee TEXT NOT NULL,
  tip TEXT NOT NULL,
  gas_limit INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (outbox_id, n)
) STRICT;

-- What a batch settles.
CREATE TABLE settlement (
  outbox_id TEXT NOT NULL REFERENCES outbox(id),
  agreement_id TEXT NOT NULL REFERENCES agreement(id),
  cumulative TEXT NOT NULL,
  PRIMARY KEY (outbox_id, agreement_id)
) STRICT;
CREATE INDEX settlement_agreement ON settlement(agreement_id);

-- Final events of the contract, each handled once, in order.
CREATE TABLE chain_event (
  block INTEGER NOT NULL,
  log_index INTEGER NOT NULL,
  transaction_hash TEXT NOT NULL,
  body TEXT NOT NULL,                -- JSON
  PRIMARY KEY (block, log_index)
) STRICT;
CREATE UNIQUE INDEX chain_event_batch ON chain_event(json_extract(body, '$.batch'))
  WHERE json_extract(body, '$.batch') IS NOT NULL;

-- Told once per cycle; a top-up begins a new one.
CREATE TABLE notice (
  account_id TEXT NOT NULL REFERENCES account(id),
  deployment_id TEXT NOT NULL,
  cycle INTEGER NOT NULL,
  kind TEXT NOT NULL,
  problem TEXT NOT NULL,             -- JSON Problem
  at INTEGER NOT NULL,
  PRIMARY KEY (deployment_id, cycle, kind)
) STRICT;
CREATE INDEX notice_account ON notice(account_id, at);

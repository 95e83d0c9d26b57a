-- What a token was worth for people, the newest of each hour; for eyes alone.
CREATE TABLE display_rate (
  currency TEXT NOT NULL,
  hour INTEGER NOT NULL,
  micros_per_token INTEGER NOT NULL,
  source TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (currency, hour)
) STRICT, WITHOUT ROWID;
CREATE INDEX display_rate_at ON display_rate(currency, at);

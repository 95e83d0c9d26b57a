-- Lists by name: without an index in that order every row is joined before sorting.
CREATE INDEX deployment_name ON deployment(account_id, name, id);

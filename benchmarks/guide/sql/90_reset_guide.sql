-- Undo what a run committed: rows past the loaded ones, and what bulk updates changed.
SET synchronous_commit = off;
DELETE FROM comments WHERE ticket_id > current_setting('bench.tickets')::int;
DELETE FROM audit_logs;
DELETE FROM tickets WHERE id > current_setting('bench.tickets')::int;
CREATE OR REPLACE FUNCTION pg_temp.u(i bigint, s bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS
$$ SELECT (hashint8extended(i, s) & 9007199254740991)::float8 / 9007199254740992.0 $$;
UPDATE tickets SET status = 'CLOSED' WHERE status <> 'CLOSED' AND pg_temp.u(id, 10) < .80;

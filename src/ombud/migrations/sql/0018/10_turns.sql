-- Tries at a door, counted before they are judged. One row for each key holds the moment at which all its turns are
-- free again (the generic cell rate algorithm, ITU-T I.371): a turn is taken by one statement, so that any number of
-- processes together never give more than there are.

DROP FUNCTION ombud.login_wait(text[]), ombud.login_failed(text, int), ombud.login_succeeded(text);
DELETE FROM ombud.login_attempts;
ALTER TABLE ombud.login_attempts
  DROP COLUMN failures, DROP COLUMN window_start, DROP COLUMN blocked_until,
  ADD COLUMN free_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL;
CREATE INDEX ix_login_attempts_free_at ON ombud.login_attempts (free_at);

-- Takes a turn of each key, `burst` at once and then one in `seconds`; returns 0, or the seconds to wait. Who is refused
-- rolls back, and so has taken none. The last key is not asked where `known` is a place that was good before.
CREATE FUNCTION ombud.take_turns(keys text[], bursts int[], seconds int[], known text) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  every interval;
  free timestamptz;
BEGIN
  FOR i IN 1 .. cardinality(keys) LOOP
    CONTINUE WHEN i = cardinality(keys) AND EXISTS (
      SELECT FROM ombud.login_attempts a WHERE a.key = known AND a.free_at > clock_timestamp());
    every := make_interval(secs => seconds[i]);
    INSERT INTO ombud.login_attempts AS a (key, free_at) VALUES (keys[i], clock_timestamp() + every)
    ON CONFLICT (key) DO UPDATE SET free_at = greatest(a.free_at, clock_timestamp()) + every
      WHERE greatest(a.free_at, clock_timestamp()) <= clock_timestamp() + every * (bursts[i] - 1);
    IF NOT FOUND THEN
      free := (SELECT a.free_at FROM ombud.login_attempts a WHERE a.key = keys[i]);
      RETURN greatest(1, ceil(extract(epoch FROM free - every * (bursts[i] - 1) - clock_timestamp())))::int;
    END IF;
  END LOOP;
  RETURN 0;
END $$;

-- After a good try: its own key is forgotten, the turns of the others are given back, and the place is known.
CREATE FUNCTION ombud.turn_was_good(keys text[], seconds int[], known text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  DELETE FROM ombud.login_attempts WHERE key = keys[1];
  UPDATE ombud.login_attempts a SET free_at = a.free_at - make_interval(secs => g.secs)
    FROM unnest(keys[2:], seconds[2:]) AS g (key, secs) WHERE a.key = g.key;
  INSERT INTO ombud.login_attempts AS a (key, free_at) VALUES (known, clock_timestamp() + interval '90 days')
  ON CONFLICT (key) DO UPDATE SET free_at = excluded.free_at;
$$;

CREATE FUNCTION ombud.forget_turns() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  WITH gone AS (DELETE FROM ombud.login_attempts WHERE free_at < clock_timestamp() RETURNING 1)
  SELECT count(*) FROM gone
$$;
REVOKE ALL ON FUNCTION ombud.take_turns(text[], int[], int[], text), ombud.turn_was_good(text[], int[], text),
  ombud.forget_turns() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ombud.take_turns(text[], int[], int[], text), ombud.turn_was_good(text[], int[], text)
  TO ombud_app;
GRANT EXECUTE ON FUNCTION ombud.forget_turns() TO ombud_worker;

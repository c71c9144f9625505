DROP TRIGGER cut_account_letter ON ombud.outbound_mails;
DROP TRIGGER follow_credentials ON ombud.users;
DROP FUNCTION ombud.cut_account_letter(), ombud.follow_credentials(), ombud.find_account_token(bytea),
  ombud.use_account_token(bytea, text);
DROP TABLE ombud.account_letters, ombud.account_requests, ombud.account_tokens;
DROP FUNCTION ombud.keeps_account(bigint), ombud.audit_of_account_tokens();
DELETE FROM ombud.outbound_mails WHERE kind = 'account';
ALTER TABLE ombud.outbound_mails DROP CONSTRAINT ck_outbound_mails_kind;
ALTER TABLE ombud.outbound_mails ADD CONSTRAINT ck_outbound_mails_kind
  CHECK (kind IN ('reply', 'acknowledgement', 'notification'));

DROP FUNCTION ombud.take_turns(text[], int[], int[], text), ombud.turn_was_good(text[], int[], text),
  ombud.forget_turns();
DELETE FROM ombud.login_attempts;
DROP INDEX ombud.ix_login_attempts_free_at;
ALTER TABLE ombud.login_attempts DROP COLUMN free_at,
  ADD COLUMN failures BIGINT DEFAULT '0' NOT NULL,
  ADD COLUMN window_start TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  ADD COLUMN blocked_until TIMESTAMP WITH TIME ZONE;
-- Failed sign-ins, counted atomically. Returns the seconds to wait before the next try, 0 when allowed.
CREATE FUNCTION ombud.login_wait(wanted text[]) RETURNS int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT coalesce(ceil(max(extract(epoch FROM a.blocked_until - clock_timestamp()))), 0)::int
    FROM ombud.login_attempts a WHERE a.key = ANY(wanted) AND a.blocked_until > clock_timestamp()
$$;

-- After `allowed` failures in 15 minutes each further one doubles the wait, from 2 s to 15 min: slow for a
-- guesser, short enough that nobody can lock a colleague out for long.
CREATE FUNCTION ombud.login_failed(wanted text, allowed int) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  INSERT INTO ombud.login_attempts AS a (key, failures, window_start) VALUES (wanted, 1, clock_timestamp())
  ON CONFLICT (key) DO UPDATE SET
    failures = CASE WHEN a.window_start < clock_timestamp() - interval '15 minutes' THEN 1 ELSE a.failures + 1 END,
    window_start = CASE WHEN a.window_start < clock_timestamp() - interval '15 minutes'
                        THEN clock_timestamp() ELSE a.window_start END,
    blocked_until = CASE
      WHEN a.window_start < clock_timestamp() - interval '15 minutes' OR a.failures + 1 < allowed THEN NULL
      ELSE clock_timestamp() + make_interval(secs => least(2 ^ (a.failures + 2 - allowed), 900)) END
$$;

CREATE FUNCTION ombud.login_succeeded(wanted text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS
$$ DELETE FROM ombud.login_attempts WHERE key = wanted $$;
REVOKE ALL ON FUNCTION ombud.login_wait(text[]), ombud.login_failed(text, int), ombud.login_succeeded(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ombud.login_wait(text[]), ombud.login_failed(text, int), ombud.login_succeeded(text)
  TO ombud_app;

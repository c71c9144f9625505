-- Credentials are looked up here, by hash or address, before anybody is signed in. The application's roles
-- cannot read the columns themselves.

CREATE FUNCTION ombud.credentials(address text)
RETURNS TABLE (user_id bigint, password_hash text, is_active boolean, is_staff boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS
$$ SELECT u.id, u.password_hash, u.is_active, u.is_staff FROM ombud.users u WHERE u.email_norm = lower(address) $$;

-- All that makes an actor of an active user.
CREATE FUNCTION ombud.principal(wanted bigint)
RETURNS TABLE (user_id bigint, email text, full_name text, role text, sees_all_teams boolean, team_ids bigint[],
               shared_organization_id bigint, theme text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT u.id, u.email, u.full_name, u.role, u.sees_all_teams,
         ARRAY(SELECT m.team_id FROM ombud.team_members m WHERE m.user_id = u.id),
         (SELECT o.id FROM ombud.organizations o WHERE o.id = u.organization_id AND o.shares_tickets), u.theme
    FROM ombud.users u WHERE u.id = wanted AND u.is_active
$$;

-- The actor of a living session: not expired, not idle for longer than `idle`.
CREATE FUNCTION ombud.find_session(hash bytea, idle interval)
RETURNS TABLE (session_id bigint, last_seen_at timestamptz, user_id bigint, email text, full_name text, role text,
               sees_all_teams boolean, team_ids bigint[], shared_organization_id bigint, theme text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT s.id, s.last_seen_at, p.user_id, p.email, p.full_name, p.role, p.sees_all_teams, p.team_ids,
         p.shared_organization_id, p.theme
    FROM ombud.web_sessions s
   CROSS JOIN LATERAL ombud.principal(s.user_id) p
   WHERE s.token_hash = hash AND s.expires_at > now() AND s.last_seen_at > now() - idle
$$;

CREATE FUNCTION ombud.find_token(wanted text)
RETURNS TABLE (token_id bigint, secret_hash bytea, scopes text[], last_used_at timestamptz, user_id bigint, email text,
               full_name text, role text, sees_all_teams boolean, team_ids bigint[],
               shared_organization_id bigint, theme text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT k.id, k.secret_hash, k.scopes::text[], k.last_used_at, p.user_id, p.email, p.full_name, p.role,
         p.sees_all_teams, p.team_ids, p.shared_organization_id, p.theme
    FROM ombud.api_tokens k
   CROSS JOIN LATERAL ombud.principal(k.user_id) p
   WHERE k.key_id = wanted AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
$$;

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

CREATE FUNCTION ombud.has_administrator() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS
$$ SELECT EXISTS (SELECT FROM ombud.users WHERE role = 'admin' AND is_active) $$;

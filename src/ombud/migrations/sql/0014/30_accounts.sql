-- Sessions with a limit of their own, and with the time when the person last proved who they are; the rights of who is
-- signed in.

ALTER TABLE ombud.web_sessions
  ADD COLUMN confirmed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  ADD COLUMN idle_seconds BIGINT DEFAULT 43200 NOT NULL,
  ADD CONSTRAINT ck_web_sessions_idle_seconds CHECK (idle_seconds > 0);
ALTER TABLE ombud.api_tokens ADD COLUMN confirmed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL;
GRANT SELECT (confirmed_at, idle_seconds) ON ombud.web_sessions TO ombud_app;
GRANT SELECT (confirmed_at) ON ombud.api_tokens TO ombud_app;
SELECT ombud.audit_table('ombud.api_tokens', '{id}', secrets => '{secret_hash}', omitted => '{last_used_at,confirmed_at}');

DROP FUNCTION ombud.principal(bigint), ombud.find_session(bytea, interval), ombud.find_token(text);

-- All that makes an actor of an active user. `permissions` is NULL for who has no custom role.
CREATE FUNCTION ombud.principal(wanted bigint)
RETURNS TABLE (user_id bigint, email text, full_name text, role text, sees_all_teams boolean, team_ids bigint[],
               shared_organization_id bigint, theme text, permissions text[], read_team_ids bigint[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT u.id, u.email, u.full_name, u.role, u.sees_all_teams,
         ARRAY(SELECT m.team_id FROM ombud.team_members m WHERE m.user_id = u.id),
         (SELECT o.id FROM ombud.organizations o WHERE o.id = u.organization_id AND o.shares_tickets), u.theme,
         (SELECT r.permissions FROM ombud.roles r WHERE r.id = u.custom_role_id),
         ARRAY(SELECT m.team_id FROM ombud.team_members m WHERE m.user_id = u.id AND m.reads_only)
    FROM ombud.users u WHERE u.id = wanted AND u.is_active
$$;

-- The actor of a living session: not expired, and not idle for longer than it may be.
CREATE FUNCTION ombud.find_session(hash bytea)
RETURNS TABLE (session_id bigint, last_seen_at timestamptz, confirmed_at timestamptz, user_id bigint, email text,
               full_name text, role text, sees_all_teams boolean, team_ids bigint[], shared_organization_id bigint,
               theme text, permissions text[], read_team_ids bigint[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT s.id, s.last_seen_at, s.confirmed_at, p.user_id, p.email, p.full_name, p.role, p.sees_all_teams, p.team_ids,
         p.shared_organization_id, p.theme, p.permissions, p.read_team_ids
    FROM ombud.web_sessions s
   CROSS JOIN LATERAL ombud.principal(s.user_id) p
   WHERE s.token_hash = hash AND s.expires_at > now() AND s.last_seen_at > now() - make_interval(secs => s.idle_seconds)
$$;

CREATE FUNCTION ombud.find_token(wanted text)
RETURNS TABLE (token_id bigint, secret_hash bytea, scopes text[], last_used_at timestamptz, confirmed_at timestamptz,
               user_id bigint, email text, full_name text, role text, sees_all_teams boolean, team_ids bigint[],
               shared_organization_id bigint, theme text, permissions text[], read_team_ids bigint[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT k.id, k.secret_hash, k.scopes::text[], k.last_used_at, k.confirmed_at, p.user_id, p.email, p.full_name, p.role,
         p.sees_all_teams, p.team_ids, p.shared_organization_id, p.theme, p.permissions, p.read_team_ids
    FROM ombud.api_tokens k
   CROSS JOIN LATERAL ombud.principal(k.user_id) p
   WHERE k.key_id = wanted AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
$$;
REVOKE ALL ON FUNCTION ombud.principal(bigint), ombud.find_session(bytea), ombud.find_token(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ombud.principal(bigint), ombud.find_session(bytea), ombud.find_token(text) TO ombud_app;

-- The short way of the API (`ombud.db.plain`): one round trip knows the caller again, says who acts, and answers.

-- What makes a principal of a living token, in one value: any change of token, person, role or teams gives another one.
-- NULL for a token that is none (any more). The query is `find_token`'s, flat and planned once for a connection.
CREATE FUNCTION ombud.token_stamp(wanted text) RETURNS bytea
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN (
    SELECT sha256(convert_to(ROW(
             k.id, k.secret_hash, k.scopes, k.confirmed_at, u.id, u.email, u.full_name, u.role, u.sees_all_teams,
             ARRAY(SELECT m.team_id FROM ombud.team_members m WHERE m.user_id = u.id ORDER BY m.team_id),
             ARRAY(SELECT m.team_id FROM ombud.team_members m WHERE m.user_id = u.id AND m.reads_only
                    ORDER BY m.team_id),
             (SELECT o.id FROM ombud.organizations o WHERE o.id = u.organization_id AND o.shares_tickets),
             (SELECT r.permissions FROM ombud.roles r WHERE r.id = u.custom_role_id), u.theme)::text, 'UTF8'))
      FROM ombud.api_tokens k
      JOIN ombud.users u ON u.id = k.user_id AND u.is_active
     WHERE k.key_id = wanted AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now()));
END $$;

-- Answer with prepared statements, each of which takes one text[] and returns one: the first is given `given`, each
-- later one what the one before returned. Nothing comes back (NULL) when the token is not what it was, or a statement
-- returned no row. Whoever calls this may do no more than before: it runs with the caller's rights, and row security
-- goes by what is set here, as everywhere. The settings stand in the order of `ombud.db.context`.
CREATE FUNCTION ombud.answer(key_id text, stamp bytea, settings text[], steps text[], given text[]) RETURNS text[]
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  step text;
  answer text[] := given;
BEGIN
  IF ombud.token_stamp(key_id) IS DISTINCT FROM stamp THEN
    RETURN NULL;
  END IF;
  PERFORM set_config('ombud.actor', settings[1], true), set_config('ombud.user_id', settings[2], true),
    set_config('ombud.kind', settings[3], true), set_config('ombud.scope', settings[4], true),
    set_config('ombud.teams', settings[5], true), set_config('ombud.organization_id', settings[6], true),
    set_config('ombud.request_id', settings[7], true), set_config('role', settings[8], true),
    set_config('ombud.permissions', settings[9], true), set_config('ombud.read_teams', settings[10], true),
    set_config('transaction_read_only', settings[11], true);
  FOREACH step IN ARRAY steps LOOP
    EXECUTE format('EXECUTE %I(%L)', step, answer) INTO answer;
    EXIT WHEN answer IS NULL;
  END LOOP;
  RETURN answer;
END $$;

-- Whether a comment of a ticket may have a file. A statement that could read files brings all their policies along, which
-- takes longer than the rest of the ticket; few need it. Only who sees every ticket is told: for anybody else it is "maybe".
CREATE FUNCTION ombud.has_files(ticket bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  -- Not by the functions that read these settings: with their search paths they cost more than the rest.
  IF current_setting('ombud.scope', true) IS DISTINCT FROM 'all' THEN
    RETURN true;
  END IF;
  RETURN EXISTS (SELECT FROM ombud.comments c JOIN ombud.attachments a ON a.comment_id = c.id WHERE c.ticket_id = ticket);
END $$;

REVOKE ALL ON FUNCTION ombud.has_files(bigint), ombud.token_stamp(text), ombud.answer(text, bytea, text[], text[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ombud.has_files(bigint), ombud.token_stamp(text), ombud.answer(text, bytea, text[], text[], text[]) TO ombud_app;

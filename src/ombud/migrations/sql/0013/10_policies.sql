-- What row security costs, and what the planner thinks of it (docs/adr/0019). Nobody sees more or less than before.

-- The tickets that somebody follows. A function, because as a part of a policy it would be planned anew, with the
-- policies of its own table, for every statement that names a ticket, although hardly anybody needs it.
CREATE FUNCTION ombud.followed_tickets() RETURNS bigint[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
BEGIN
  RETURN ARRAY(SELECT p.ticket_id FROM ombud.ticket_participants p
                WHERE p.user_id = nullif(current_setting('ombud.user_id', true), '')::bigint);
END $$;
REVOKE ALL ON FUNCTION ombud.followed_tickets() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ombud.followed_tickets() TO ombud_app;

DROP POLICY people ON ombud.tickets;
CREATE POLICY people ON ombud.tickets TO ombud_web USING (
  (SELECT ombud.actor_scope()) = 'all'
  OR ((SELECT ombud.actor_scope()) = 'teams'
      AND (team_id IS NULL OR team_id = ANY ((SELECT ombud.actor_teams())::bigint[])
           OR assignee_id = (SELECT ombud.actor_id())
           OR id = ANY ((SELECT ombud.followed_tickets())::bigint[])))
  OR ((SELECT ombud.actor_scope()) = 'own' AND deleted_at IS NULL
      AND (requester_id = (SELECT ombud.actor_id())
           OR organization_id = (SELECT ombud.actor_organization())
           OR id = ANY ((SELECT ombud.followed_tickets())::bigint[]))));

-- In all policies: what does not depend on the row is compared inside its sub-select. The planner then sees a truth
-- value, of which it expects one half, and not a comparison with something unknown, of which it expects one row in
-- 200: lists that end after fifty rows were gathered and sorted because it thought them small. And the settings are
-- read where they are needed instead of by functions, each of which took as long as reading ten rows.
CREATE FUNCTION ombud.quicker_policy(expression text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog AS $$
DECLARE
  setting text[];
BEGIN
  expression := regexp_replace(
    expression, '\( SELECT ombud\.actor_(\w+)\(\) AS actor_\w+\) (=|<>) (''\w+''::text)',
    '( SELECT ombud.actor_\1() \2 \3)', 'g');
  FOREACH setting SLICE 1 IN ARRAY ARRAY[
    ['ombud.actor_kind()', 'nullif(current_setting(''ombud.kind'', true), '''')'],
    ['ombud.actor_scope()', 'nullif(current_setting(''ombud.scope'', true), '''')'],
    ['ombud.actor_id()', 'nullif(current_setting(''ombud.user_id'', true), '''')::bigint'],
    ['ombud.actor_organization()', 'nullif(current_setting(''ombud.organization_id'', true), '''')::bigint'],
    ['ombud.actor_teams()', 'coalesce(nullif(current_setting(''ombud.teams'', true), ''''), ''{}'')::bigint[]']]
  LOOP
    expression := replace(expression, setting[1], setting[2]);
  END LOOP;
  RETURN expression;
END $$;

DO $$
DECLARE
  found record;
BEGIN
  FOR found IN
    SELECT p.polname, p.polrelid::regclass AS target, p.polqual IS NOT NULL AS has_using,
           p.polwithcheck IS NOT NULL AS has_check,
           ombud.quicker_policy(pg_get_expr(p.polqual, p.polrelid)) AS using_now,
           ombud.quicker_policy(pg_get_expr(p.polwithcheck, p.polrelid)) AS check_now
      FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
     WHERE c.relnamespace = 'ombud'::regnamespace
       AND concat(pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) ~ 'ombud\.actor_'
  LOOP
    EXECUTE format('ALTER POLICY %I ON %s', found.polname, found.target)
      || CASE WHEN found.has_using THEN format(' USING (%s)', found.using_now) ELSE '' END
      || CASE WHEN found.has_check THEN format(' WITH CHECK (%s)', found.check_now) ELSE '' END;
  END LOOP;
END $$;

DROP FUNCTION ombud.quicker_policy(text);

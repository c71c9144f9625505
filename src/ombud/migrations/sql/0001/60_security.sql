-- Who sees what. Tables belong to ombud_owner, whom nobody logs in as; applications work as ombud_web or
-- ombud_worker and are subject to these policies. Without a context there are no rows.

-- Row security on a table, forced on its owner too; the owner's own functions and the backup see all.
CREATE FUNCTION ombud.secure(target regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  EXECUTE format('CREATE POLICY owner_all ON %s TO ombud_owner USING (true) WITH CHECK (true)', target);
  EXECUTE format('CREATE POLICY backup_all ON %s FOR SELECT TO ombud_backup USING (true)', target);
  EXECUTE format('CREATE POLICY context ON %s AS RESTRICTIVE TO ombud_app '
                 'USING ((SELECT ombud.actor_kind()) IS NOT NULL)', target);
  EXECUTE format('CREATE POLICY system_all ON %s TO ombud_worker '
                 'USING ((SELECT ombud.actor_kind()) = ''system'') '
                 'WITH CHECK ((SELECT ombud.actor_kind()) = ''system'')', target);
  EXECUTE format('GRANT SELECT ON %s TO ombud_backup', target);
END $$;

SELECT ombud.secure(c.oid::regclass) FROM pg_class c
 WHERE c.relnamespace = 'ombud'::regnamespace AND c.relkind IN ('r', 'p')
   AND c.relname <> 'alembic_version' AND NOT c.relispartition;

DO $$
DECLARE
  partition regclass;
BEGIN
  FOR partition IN SELECT c.oid FROM pg_class c
                    WHERE c.relnamespace = 'ombud'::regnamespace AND c.relispartition AND c.relkind = 'r' LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', partition);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', partition);
  END LOOP;
END $$;

-- Tickets: everything, or one's teams', one's own, and those that one follows.
CREATE POLICY people ON ombud.tickets TO ombud_web USING (
  (SELECT ombud.actor_scope()) = 'all'
  OR ((SELECT ombud.actor_scope()) = 'teams'
      AND (team_id IS NULL OR team_id = ANY ((SELECT ombud.actor_teams())::bigint[])
           OR assignee_id = (SELECT ombud.actor_id())
           OR id = ANY (ARRAY(SELECT p.ticket_id FROM ombud.ticket_participants p
                               WHERE p.user_id = (SELECT ombud.actor_id())))))
  OR ((SELECT ombud.actor_scope()) = 'own' AND deleted_at IS NULL
      AND (requester_id = (SELECT ombud.actor_id())
           OR organization_id = (SELECT ombud.actor_organization())
           OR id = ANY (ARRAY(SELECT p.ticket_id FROM ombud.ticket_participants p
                               WHERE p.user_id = (SELECT ombud.actor_id()))))));

-- Following a ticket opens it, so only staff let somebody in.
CREATE POLICY people_read ON ombud.ticket_participants FOR SELECT TO ombud_web USING (
  (SELECT ombud.actor_kind()) <> 'customer' OR user_id = (SELECT ombud.actor_id()));
CREATE POLICY staff_change ON ombud.ticket_participants TO ombud_web
  USING ((SELECT ombud.actor_kind()) <> 'customer');

-- Everybody speaks as themselves, and customers change no word but their own.
CREATE POLICY people_read ON ombud.comments FOR SELECT TO ombud_web USING (
  (NOT is_internal OR (SELECT ombud.actor_kind()) <> 'customer')
  AND ((SELECT ombud.actor_scope()) = 'all' OR EXISTS (SELECT FROM ombud.tickets t WHERE t.id = ticket_id)));
CREATE POLICY people_add ON ombud.comments FOR INSERT TO ombud_web WITH CHECK (
  author_id = (SELECT ombud.actor_id())
  AND (NOT is_internal OR (SELECT ombud.actor_kind()) <> 'customer')
  AND ((SELECT ombud.actor_scope()) = 'all' OR EXISTS (SELECT FROM ombud.tickets t WHERE t.id = ticket_id)));
CREATE POLICY people_change ON ombud.comments FOR UPDATE TO ombud_web USING (
  ((SELECT ombud.actor_kind()) <> 'customer' OR (author_id = (SELECT ombud.actor_id()) AND NOT is_internal))
  AND ((SELECT ombud.actor_scope()) = 'all' OR EXISTS (SELECT FROM ombud.tickets t WHERE t.id = ticket_id)));

CREATE POLICY people_read ON ombud.attachments FOR SELECT TO ombud_web USING (
  (SELECT ombud.actor_scope()) = 'all'
  OR (EXISTS (SELECT FROM ombud.tickets t WHERE t.id = ticket_id)
      AND (comment_id IS NULL OR EXISTS (SELECT FROM ombud.comments c WHERE c.id = comment_id))));
CREATE POLICY people_change ON ombud.attachments TO ombud_web USING (
  ((SELECT ombud.actor_kind()) <> 'customer' OR uploader_id = (SELECT ombud.actor_id()))
  AND ((SELECT ombud.actor_scope()) = 'all'
       OR (EXISTS (SELECT FROM ombud.tickets t WHERE t.id = ticket_id)
           AND (comment_id IS NULL OR EXISTS (SELECT FROM ombud.comments c WHERE c.id = comment_id)))));

CREATE POLICY people ON ombud.ticket_tags TO ombud_web USING (
  (SELECT ombud.actor_scope()) = 'all'
  OR ((SELECT ombud.actor_kind()) <> 'customer'
      AND EXISTS (SELECT FROM ombud.tickets t WHERE t.id = ticket_id)));

-- Whether somebody asks or answers on a ticket that the actor sees. A function, because as a part of the policy
-- it would be planned anew for every statement that names a person, although staff never get that far.
CREATE FUNCTION ombud.is_met(person bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
BEGIN
  RETURN EXISTS (SELECT FROM ombud.tickets t WHERE t.requester_id = person)
      OR EXISTS (SELECT FROM ombud.comments c WHERE c.author_id = person);
END $$;

-- People: staff see everybody and keep customers; customers see themselves, staff, colleagues who share, and
-- who asks and answers on the tickets that they see.
CREATE POLICY people_read ON ombud.users FOR SELECT TO ombud_web USING (
  (SELECT ombud.actor_kind()) <> 'customer' OR id = (SELECT ombud.actor_id()) OR is_staff
  OR organization_id = (SELECT ombud.actor_organization())
  OR ombud.is_met(id));
CREATE POLICY people_add ON ombud.users FOR INSERT TO ombud_web WITH CHECK (
  (SELECT ombud.actor_kind()) = 'admin' OR ((SELECT ombud.actor_kind()) = 'agent' AND role = 'customer'));
CREATE POLICY people_change ON ombud.users FOR UPDATE TO ombud_web USING (
  (SELECT ombud.actor_kind()) = 'admin' OR id = (SELECT ombud.actor_id())
  OR ((SELECT ombud.actor_kind()) = 'agent' AND role = 'customer'));

CREATE POLICY people_read ON ombud.organizations FOR SELECT TO ombud_web USING (
  (SELECT ombud.actor_kind()) <> 'customer'
  OR id = (SELECT u.organization_id FROM ombud.users u WHERE u.id = ombud.actor_id()));
CREATE POLICY staff_add ON ombud.organizations FOR INSERT TO ombud_web
  WITH CHECK ((SELECT ombud.actor_kind()) <> 'customer');
CREATE POLICY staff_change ON ombud.organizations FOR UPDATE TO ombud_web
  USING ((SELECT ombud.actor_kind()) <> 'customer');

CREATE POLICY staff ON ombud.organization_domains TO ombud_web
  USING ((SELECT ombud.actor_kind()) <> 'customer');
CREATE POLICY staff ON ombud.tags TO ombud_web USING ((SELECT ombud.actor_kind()) <> 'customer');
CREATE POLICY staff ON ombud.external_refs TO ombud_web USING (
  (SELECT ombud.actor_kind()) <> 'customer'
  AND ((SELECT ombud.actor_scope()) = 'all' OR EXISTS (SELECT FROM ombud.tickets t WHERE t.id = ticket_id)));

CREATE POLICY staff_read ON ombud.teams FOR SELECT TO ombud_web USING ((SELECT ombud.actor_kind()) <> 'customer');
CREATE POLICY admin_all ON ombud.teams TO ombud_web USING ((SELECT ombud.actor_kind()) = 'admin');
CREATE POLICY staff_read ON ombud.team_members FOR SELECT TO ombud_web
  USING ((SELECT ombud.actor_kind()) <> 'customer');
CREATE POLICY admin_all ON ombud.team_members TO ombud_web USING ((SELECT ombud.actor_kind()) = 'admin');

-- One's own things.
CREATE POLICY own ON ombud.ticket_reads TO ombud_web USING (user_id = (SELECT ombud.actor_id()))
  WITH CHECK (user_id = (SELECT ombud.actor_id()) AND EXISTS (SELECT FROM ombud.tickets t WHERE t.id = ticket_id));
CREATE POLICY own ON ombud.drafts TO ombud_web USING (user_id = (SELECT ombud.actor_id()))
  WITH CHECK (user_id = (SELECT ombud.actor_id()) AND EXISTS (SELECT FROM ombud.tickets t WHERE t.id = ticket_id));
CREATE POLICY own ON ombud.web_sessions TO ombud_web USING (
  user_id = (SELECT ombud.actor_id()) OR (SELECT ombud.actor_kind()) = 'admin');
CREATE POLICY own ON ombud.api_tokens TO ombud_web USING (
  user_id = (SELECT ombud.actor_id()) OR (SELECT ombud.actor_kind()) = 'admin');

-- The log: administrators all of it, agents the history of the tickets that they see, and of tags, which
-- history speaks of.
CREATE POLICY read_log ON ombud.audit_logs FOR SELECT TO ombud_web USING (
  (SELECT ombud.actor_kind()) = 'admin'
  OR ((SELECT ombud.actor_kind()) = 'agent' AND table_name = 'tags')
  OR ((SELECT ombud.actor_kind()) = 'agent' AND ticket_id IS NOT NULL
      AND ((SELECT ombud.actor_scope()) = 'all'
           OR EXISTS (SELECT FROM ombud.tickets t WHERE t.id = ticket_id))));

CREATE POLICY admin_read ON ombud.audit_checkpoints FOR SELECT TO ombud_web
  USING ((SELECT ombud.actor_kind()) = 'admin');

-- Who read what: everybody leaves traces of their own and nobody else's; administrators read them.
CREATE POLICY own_trace ON ombud.access_logs FOR INSERT TO ombud_web
  WITH CHECK (principal = (SELECT current_setting('ombud.actor', true)));
CREATE POLICY admin_read ON ombud.access_logs FOR SELECT TO ombud_web
  USING ((SELECT ombud.actor_kind()) = 'admin');

-- Grants: as little as the work needs. Columns with secrets can be written and never read back.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ombud FROM PUBLIC;
GRANT USAGE ON SCHEMA ombud TO ombud_app, ombud_backup;
GRANT SELECT ON ombud.alembic_version TO ombud_app, ombud_backup;

GRANT SELECT, INSERT, UPDATE ON ombud.tickets, ombud.comments, ombud.organizations TO ombud_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ombud.attachments, ombud.tags, ombud.ticket_tags,
  ombud.ticket_participants, ombud.organization_domains, ombud.teams, ombud.team_members,
  ombud.ticket_reads, ombud.drafts, ombud.external_refs TO ombud_app;
GRANT SELECT ON ombud.audit_logs, ombud.audit_checkpoints TO ombud_app;
GRANT INSERT ON ombud.audit_checkpoints TO ombud_worker;
GRANT SELECT, INSERT ON ombud.access_logs TO ombud_app;
GRANT DELETE ON ombud.tickets, ombud.comments, ombud.users, ombud.organizations TO ombud_worker;

DO $$
DECLARE
  readable text;
BEGIN
  SELECT string_agg(quote_ident(attname), ', ') INTO readable FROM pg_attribute
   WHERE attrelid = 'ombud.users'::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'password_hash';
  EXECUTE format('GRANT SELECT (%s), INSERT, UPDATE ON ombud.users TO ombud_app', readable);
  SELECT string_agg(quote_ident(attname), ', ') INTO readable FROM pg_attribute
   WHERE attrelid = 'ombud.web_sessions'::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'token_hash';
  EXECUTE format('GRANT SELECT (%s), INSERT, UPDATE, DELETE ON ombud.web_sessions TO ombud_app', readable);
  SELECT string_agg(quote_ident(attname), ', ') INTO readable FROM pg_attribute
   WHERE attrelid = 'ombud.api_tokens'::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'secret_hash';
  EXECUTE format('GRANT SELECT (%s), INSERT, UPDATE ON ombud.api_tokens TO ombud_app', readable);
END $$;

GRANT EXECUTE ON FUNCTION ombud.is_met(bigint), ombud.actor_id(), ombud.actor_kind(), ombud.actor_scope(), ombud.actor_teams(),
  ombud.actor_organization(), ombud.next_ticket_number(), ombud.is_status_move(text, text),
  ombud.search_query(text), ombud.search_weight(text), ombud.match_tickets(text, text, bigint, bigint),
  ombud.snippet(text, text), ombud.words(text, "char"), ombud.has_words(text, tsquery),
  ombud.credentials(text), ombud.principal(bigint), ombud.find_session(bytea, interval), ombud.find_token(text),
  ombud.login_wait(text[]), ombud.login_failed(text, int), ombud.login_succeeded(text), ombud.has_administrator(),
  ombud.tickets_changed(text), ombud.count_request_changes(text)
  TO ombud_app;
GRANT EXECUTE ON FUNCTION ombud.index_search_tail(int), ombud.ensure_audit_partitions(int) TO ombud_worker;

-- Staff may look the document of a ticket up that they see, which is how lists are walked for common words.
CREATE POLICY staff ON ombud.ticket_search FOR SELECT TO ombud_web
  USING ((SELECT ombud.actor_scope()) = 'all'
         OR ((SELECT ombud.actor_scope()) = 'teams' AND EXISTS (SELECT FROM ombud.tickets t WHERE t.id = ticket_id)));
GRANT SELECT (ticket_id, document) ON ombud.ticket_search TO ombud_app;

-- Search reads as a role of its own, which owns nothing and cannot log in.
GRANT USAGE ON SCHEMA ombud TO ombud_search;
GRANT SELECT ON ombud.ticket_search, ombud.tickets, ombud.ticket_participants TO ombud_search;
GRANT EXECUTE ON FUNCTION ombud.spaced(text), ombud.search_query(text),
  ombud.match_tickets(text, text, bigint, bigint) TO ombud_search;
GRANT EXECUTE ON FUNCTION ombud.spaced(text) TO ombud_app;
CREATE POLICY search ON ombud.ticket_search FOR SELECT TO ombud_search USING (true);
CREATE POLICY search ON ombud.tickets FOR SELECT TO ombud_search USING (true);
CREATE POLICY search ON ombud.ticket_participants FOR SELECT TO ombud_search USING (true);
GRANT CREATE ON SCHEMA ombud TO ombud_search;
ALTER FUNCTION ombud.match_tickets(text, text, bigint, bigint) OWNER TO ombud_search;
REVOKE CREATE ON SCHEMA ombud FROM ombud_search;

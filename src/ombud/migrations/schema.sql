-- The schema at the newest migration. Written by `python -m tools.schema_sql`; never run, only read.

CREATE SCHEMA ombud;

ALTER SCHEMA ombud OWNER TO ombud_owner;

CREATE FUNCTION ombud.act(settings text[], steps text[], given text[]) RETURNS text[]
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
  step text;
  answer text[] := given;
BEGIN
  PERFORM set_config('ombud.actor', settings[1], true), set_config('ombud.user_id', settings[2], true),
    set_config('ombud.kind', settings[3], true), set_config('ombud.scope', settings[4], true),
    set_config('ombud.teams', settings[5], true), set_config('ombud.organization_id', settings[6], true),
    set_config('ombud.request_id', settings[7], true), set_config('role', settings[8], true),
    set_config('ombud.permissions', settings[9], true), set_config('ombud.read_teams', settings[10], true),
    set_config('transaction_read_only', settings[11], true);
  FOREACH step IN ARRAY steps LOOP
    EXECUTE format('EXECUTE %I(%L)', step, answer) INTO answer;
    IF answer IS NULL AND settings[11] = 'off' THEN
      RAISE no_data_found USING MESSAGE = 'a step of what writes has no answer';
    END IF;
    EXIT WHEN answer IS NULL;
  END LOOP;
  RETURN answer;
END $$;

ALTER FUNCTION ombud.act(settings text[], steps text[], given text[]) OWNER TO ombud_owner;

CREATE FUNCTION ombud.actor_id() RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (NULLIF(current_setting('ombud.user_id'::text, true), ''::text))::bigint;

ALTER FUNCTION ombud.actor_id() OWNER TO ombud_owner;

CREATE FUNCTION ombud.actor_keeps_role(rights text[]) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT current_setting('ombud.kind', true) = 'agent'
     AND coalesce(nullif(current_setting('ombud.permissions', true), ''), '{}')::text[] @> (rights || 'roles.keep'::text)
$$;

ALTER FUNCTION ombud.actor_keeps_role(rights text[]) OWNER TO ombud_owner;

CREATE FUNCTION ombud.actor_kind() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('ombud.kind'::text, true), ''::text);

ALTER FUNCTION ombud.actor_kind() OWNER TO ombud_owner;

CREATE FUNCTION ombud.actor_may(VARIADIC wanted text[]) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ((current_setting('ombud.kind'::text, true) = ANY (ARRAY['admin'::text, 'customer'::text, 'system'::text])) OR ((COALESCE(NULLIF(current_setting('ombud.permissions'::text, true), ''::text), '{}'::text))::text[] && wanted));

ALTER FUNCTION ombud.actor_may(VARIADIC wanted text[]) OWNER TO ombud_owner;

CREATE FUNCTION ombud.actor_only_reads_ticket(ticket bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  IF coalesce(nullif(current_setting('ombud.read_teams', true), ''), '{}') = '{}' THEN
    RETURN false;
  END IF;
  RETURN EXISTS (SELECT FROM ombud.tickets t WHERE t.id = ticket AND ombud.actor_reads_only(t.team_id));
END $$;

ALTER FUNCTION ombud.actor_only_reads_ticket(ticket bigint) OWNER TO ombud_owner;

CREATE FUNCTION ombud.actor_organization() RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    AS $$ SELECT nullif(current_setting('ombud.organization_id', true), '')::bigint $$;

ALTER FUNCTION ombud.actor_organization() OWNER TO ombud_owner;

CREATE FUNCTION ombud.actor_reads_only(team bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ((current_setting('ombud.kind'::text, true) = 'agent'::text) AND COALESCE((team = ANY ((COALESCE(NULLIF(current_setting('ombud.read_teams'::text, true), ''::text), '{}'::text))::bigint[])), false));

ALTER FUNCTION ombud.actor_reads_only(team bigint) OWNER TO ombud_owner;

CREATE FUNCTION ombud.actor_scope() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    AS $$ SELECT nullif(current_setting('ombud.scope', true), '') $$;

ALTER FUNCTION ombud.actor_scope() OWNER TO ombud_owner;

CREATE FUNCTION ombud.actor_teams() RETURNS bigint[]
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    AS $$ SELECT coalesce(nullif(current_setting('ombud.teams', true), ''), '{}')::bigint[] $$;

ALTER FUNCTION ombud.actor_teams() OWNER TO ombud_owner;

CREATE FUNCTION ombud.add_words(document tsvector, more tsvector) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  IF length(document) + length(more) < 20000 THEN
    RETURN document || more;
  END IF;
  BEGIN
    RETURN document || more;
  EXCEPTION WHEN program_limit_exceeded THEN
    RETURN document;
  END;
END $$;

ALTER FUNCTION ombud.add_words(document tsvector, more tsvector) OWNER TO ombud_owner;

CREATE FUNCTION ombud.address_key(address text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT CASE WHEN domain IN ('gmail.com', 'googlemail.com') THEN replace(inbox, '.', '') || '@gmail.com'
              ELSE inbox || '@' || domain END
    FROM (SELECT split_part(split_part(lower(address), '@', 1), '+', 1) AS inbox,
                 split_part(lower(address), '@', 2) AS domain) parts
$$;

ALTER FUNCTION ombud.address_key(address text) OWNER TO ombud_owner;

CREATE FUNCTION ombud.after_comments() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  any_deleted boolean;
  any_merged boolean;
  any_news boolean;
BEGIN
  IF ombud.is_curating() THEN
    -- An export that comes back in says itself what the comments meant.
    RETURN NULL;
  END IF;
  SELECT bool_or(t.deleted_at IS NOT NULL), bool_or(t.merged_into_id IS NOT NULL),
         bool_or(f.created_at > t.last_activity_at OR t.first_response_at IS NULL AND NOT f.is_internal)
    INTO any_deleted, any_merged, any_news
    FROM fresh f JOIN ombud.tickets t ON t.id = f.ticket_id;
  IF any_deleted THEN
    RAISE EXCEPTION 'a deleted ticket takes no comment'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_tickets_not_deleted';
  END IF;
  IF any_merged THEN
    RAISE EXCEPTION 'a merged ticket takes no comment'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_tickets_merged';
  END IF;
  IF any_news THEN
    UPDATE ombud.tickets t
       SET last_activity_at = greatest(t.last_activity_at, c.last_at),
           first_response_at = coalesce(t.first_response_at, c.first_reply_at)
      FROM (SELECT f.ticket_id,
                   max(f.created_at) AS last_at,
                   min(f.created_at) FILTER (
                     WHERE NOT f.is_internal AND u.is_staff AND f.author_id <> k.requester_id) AS first_reply_at
              FROM fresh f
              JOIN ombud.users u ON u.id = f.author_id
              JOIN ombud.tickets k ON k.id = f.ticket_id
             GROUP BY f.ticket_id) c
     WHERE t.id = c.ticket_id
       AND (c.last_at > t.last_activity_at OR (t.first_response_at IS NULL AND c.first_reply_at IS NOT NULL));
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.after_comments() OWNER TO ombud_owner;

CREATE FUNCTION ombud.alike(one text, other text) RETURNS real
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    AS $$SELECT ombud.similarity(one, other)$$;

ALTER FUNCTION ombud.alike(one text, other text) OWNER TO ombud_owner;

CREATE FUNCTION ombud.anonymise_person(person bigint, with_texts boolean) RETURNS TABLE(log_id bigint, was bytea, is_now bytea)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  people bigint[];
  addresses text[];
  said text[];
  own_tickets bigint[];
  met_tickets bigint[];
  own_comments bigint[] := '{}';
  gone_comments bigint[];
  other_comments bigint[] := '{}';
  mails bigint[];
  mail_tickets bigint[];
  message_ids text[];
  passkeys bigint[];
  files bigint[];
  letters bigint[];
  renamed bigint[] := '{}';
BEGIN
  PERFORM ombud.require_curator();
  PERFORM set_config('ombud.curating', 'on', true);
  people := ARRAY(SELECT u.id FROM ombud.users u WHERE u.id = person OR u.merged_into_id = person ORDER BY u.id FOR UPDATE);
  -- What they were called before, too: the log knows it.
  addresses := ARRAY(SELECT u.email_norm FROM ombud.users u WHERE u.id = ANY (people)
                      UNION SELECT lower(v #>> '{}') FROM ombud.audit_logs l, jsonb_array_elements(l.changes -> 'email') v
                             WHERE l.ticket_id IS NULL AND l.table_name = 'users' AND l.record_id = ANY (people)
                               AND v #>> '{}' LIKE '%@%');
  -- Longest first: a name within a name must not leave the rest of it.
  said := ARRAY(SELECT name FROM (SELECT unnest(addresses) AS name
                      UNION SELECT u.full_name FROM ombud.users u WHERE u.id = ANY (people)
                      UNION SELECT v #>> '{}' FROM ombud.audit_logs l, jsonb_array_elements(l.changes -> 'full_name') v
                             WHERE l.ticket_id IS NULL AND l.table_name = 'users' AND l.record_id = ANY (people)) names
                 WHERE length(name) >= 4 AND name <> '[anonymised]' AND name NOT LIKE 'anonymised-%@anonymised.invalid'
                 ORDER BY length(name) DESC);
  -- Tickets that were purged are known by the log alone.
  -- What they opened and somebody gave to another person is theirs, too.
  own_tickets := ARRAY(SELECT t.id FROM ombud.tickets t WHERE t.requester_id = ANY (people) OR t.creator_id = ANY (people)
                        UNION SELECT l.record_id FROM ombud.audit_logs l
                               WHERE l.table_name = 'tickets' AND l.action = 'DELETE'
                                 AND (l.changes -> 'requester_id' -> 0 = ANY (SELECT to_jsonb(p) FROM unnest(people) p)
                                      OR l.changes -> 'creator_id' -> 0 = ANY (SELECT to_jsonb(p) FROM unnest(people) p)));
  met_tickets := ARRAY(SELECT unnest(own_tickets)
                        UNION SELECT c.ticket_id FROM ombud.comments c WHERE c.author_id = ANY (people)
                        UNION SELECT a.ticket_id FROM ombud.attachments a WHERE a.uploader_id = ANY (people)
                        UNION SELECT p.ticket_id FROM ombud.ticket_participants p WHERE p.user_id = ANY (people)
                        UNION SELECT l.ticket_id FROM ombud.audit_logs l
                               WHERE l.table_name = 'comments' AND l.action = 'DELETE'
                                 AND l.changes -> 'author_id' -> 0 = ANY (SELECT to_jsonb(p) FROM unnest(people) p)
                        UNION SELECT l.ticket_id FROM ombud.audit_logs l
                               WHERE l.table_name = 'attachments' AND l.action = 'DELETE'
                                 AND l.changes -> 'uploader_id' -> 0 = ANY (SELECT to_jsonb(p) FROM unnest(people) p));
  gone_comments := ARRAY(SELECT l.record_id FROM ombud.audit_logs l
                          WHERE l.table_name = 'comments' AND l.action = 'DELETE'
                            AND l.changes -> 'author_id' -> 0 = ANY (SELECT to_jsonb(p) FROM unnest(people) p));

  SELECT coalesce(array_agg(m.id), '{}'), coalesce(array_agg(DISTINCT m.ticket_id), '{}'), coalesce(array_agg(m.message_id), '{}')
    INTO mails, mail_tickets, message_ids
    FROM ombud.inbound_mails m
   WHERE lower(m.sender_email) = ANY (addresses) OR lower(m.envelope_from) = ANY (addresses);
  -- Mails go with a ticket that is purged; then the log alone knows them.
  SELECT mails || coalesce(array_agg(l.record_id), '{}'), mail_tickets || coalesce(array_agg(DISTINCT l.ticket_id), '{}'),
         message_ids || coalesce(array_agg(l.changes -> 'message_id' ->> 0), '{}')
    INTO mails, mail_tickets, message_ids
    FROM ombud.audit_logs l
   WHERE l.table_name = 'inbound_mails' AND l.action = 'DELETE'
     AND (lower(l.changes -> 'sender_email' ->> 0) = ANY (addresses)
          OR lower(l.changes -> 'envelope_from' ->> 0) = ANY (addresses));
  message_ids := array_remove(message_ids, '');
  -- Where messages were moved from, and to.
  met_tickets := ombud.conversations(met_tickets || mail_tickets);
  files := ARRAY(SELECT a.id FROM ombud.attachments a WHERE a.uploader_id = ANY (people)
                  UNION SELECT l.record_id FROM ombud.audit_logs l
                         WHERE l.table_name = 'attachments' AND l.action = 'DELETE'
                           AND l.changes -> 'uploader_id' -> 0 = ANY (SELECT to_jsonb(p) FROM unnest(people) p));
  passkeys := ARRAY(SELECT k.id FROM ombud.passkeys k WHERE k.user_id = ANY (people)
                     UNION SELECT l.record_id FROM ombud.audit_logs l
                            WHERE l.table_name = 'passkeys' AND l.action = 'DELETE'
                              AND l.changes -> 'user_id' -> 0 = ANY (SELECT to_jsonb(p) FROM unnest(people) p));
  DELETE FROM ombud.mail_references r
   WHERE r.message_id = ANY (message_ids)
      OR (r.ticket_id = ANY (own_tickets)
          AND (r.comment_id IS NULL
               OR r.comment_id IN (SELECT c.id FROM ombud.comments c WHERE c.author_id = ANY (people))));
  DELETE FROM ombud.inbound_mails WHERE id = ANY (mails);
  letters := ombud.forget_letters(people, addresses, said, message_ids, met_tickets, with_texts);
  DELETE FROM ombud.automatic_mails WHERE address = ANY (addresses);
  -- Answers to calls are kept for a day; whoever made a call about this person gets no second copy.
  DELETE FROM ombud.kept_answers k
   WHERE k.user_id = ANY (people)
      OR EXISTS (SELECT FROM unnest(said) s
                  WHERE position(lower(encode(convert_to(s, 'UTF8'), 'escape')) IN lower(encode(k.body, 'escape'))) > 0);

  IF with_texts THEN
    own_comments := ARRAY(SELECT c.id FROM ombud.comments c WHERE c.author_id = ANY (people));
    UPDATE ombud.comments SET content = '[anonymised]' WHERE id = ANY (own_comments);
    UPDATE ombud.tickets SET title = '[anonymised]', description = CASE WHEN description = '' THEN '' ELSE '[anonymised]' END
     WHERE id = ANY (own_tickets);
    other_comments := ARRAY(SELECT c.id FROM ombud.comments c
                             WHERE c.ticket_id = ANY (met_tickets) AND NOT c.author_id = ANY (people)
                               AND c.content <> ombud.without_mentions(c.content, said));
    UPDATE ombud.comments SET content = ombud.without_mentions(content, said) WHERE id = ANY (other_comments);
    renamed := ARRAY(SELECT t.id FROM ombud.tickets t
                      WHERE t.id = ANY (met_tickets) AND NOT t.id = ANY (own_tickets)
                        AND (t.title <> ombud.without_mentions(t.title, said)
                             OR t.description <> ombud.without_mentions(t.description, said)));
    UPDATE ombud.tickets SET title = left(ombud.without_mentions(title, said), 500),
                             description = ombud.without_mentions(description, said)
     WHERE id = ANY (renamed);
    DELETE FROM ombud.attachments a WHERE a.uploader_id = ANY (people);
    UPDATE ombud.attachments a SET file_name = left(ombud.without_mentions(a.file_name, said), 255)
     WHERE a.ticket_id = ANY (met_tickets) AND a.file_name <> ombud.without_mentions(a.file_name, said);
    DELETE FROM ombud.drafts d WHERE d.ticket_id = ANY (met_tickets) AND d.content <> ombud.without_mentions(d.content, said);
  END IF;

  -- What search keeps beside the documents follows from the worker; until then it would still know.
  DELETE FROM ombud.ticket_texts
   WHERE ticket_id = ANY (own_tickets || renamed)
      OR ticket_id IN (SELECT c.ticket_id FROM ombud.comments c WHERE c.id = ANY (own_comments || other_comments));
  DELETE FROM ombud.search_words
   WHERE word = ANY (tsvector_to_array(to_tsvector('ombud.plain', array_to_string(said, ' '))));
  UPDATE ombud.external_refs SET key = 'sha256:' || encode(sha256(convert_to(key, 'UTF8')), 'hex')
   WHERE ticket_id = ANY (own_tickets) AND key LIKE '%@%';
  UPDATE ombud.access_logs SET object = ombud.without_mentions(object, said)
   WHERE object <> ombud.without_mentions(object, said);
  DELETE FROM ombud.web_sessions WHERE user_id = ANY (people);
  DELETE FROM ombud.drafts WHERE user_id = ANY (people);
  DELETE FROM ombud.ticket_reads WHERE user_id = ANY (people);
  DELETE FROM ombud.login_attempts WHERE key = ANY (SELECT 'email:' || left(a, 250) FROM unnest(addresses) a);
  UPDATE ombud.api_tokens SET name = '[anonymised]', revoked_at = coalesce(revoked_at, now()) WHERE user_id = ANY (people);
  UPDATE ombud.users
     SET email = 'anonymised-' || id || '@anonymised.invalid', full_name = '', is_active = false, organization_id = NULL,
         password_hash = NULL, theme = 'system', last_login = NULL, anonymised_at = coalesce(anonymised_at, now())
   WHERE id = ANY (people);

  -- Last, so that what these changes themselves left in the log is redacted too.
  RETURN QUERY
    WITH personal AS (
      -- All that they said, and all that was about them.
      SELECT l.id, l.created_at, l.changes AS before,
             ombud.redacted(l.changes, CASE l.table_name
               WHEN 'users' THEN '{email,full_name}'::text[]
               WHEN 'api_tokens' THEN '{name}'
               WHEN 'passkeys' THEN '{name}'
               WHEN 'comments' THEN '{content}'
               WHEN 'tickets' THEN '{title,description}'
               WHEN 'attachments' THEN '{file_name,checksum,storage_key}'
               WHEN 'outbound_mails' THEN '{subject,problem,in_reply_to}'
               ELSE '{envelope_from,envelope_to,message_id,body_hash,sender_email,sender_name,subject,checksum,storage_key}'
             END) AS after
        FROM ombud.audit_logs l
       WHERE (l.ticket_id IS NULL AND l.table_name = 'users' AND l.record_id = ANY (people))
          OR (l.ticket_id IS NULL AND l.table_name = 'api_tokens'
              AND l.record_id IN (SELECT k.id FROM ombud.api_tokens k WHERE k.user_id = ANY (people)))
          OR (l.ticket_id IS NULL AND l.table_name = 'passkeys' AND l.record_id = ANY (passkeys))
          OR (l.ticket_id IS NULL AND l.table_name = 'inbound_mails' AND l.record_id = ANY (mails))
          OR (l.ticket_id = ANY (met_tickets) AND l.table_name = 'inbound_mails' AND l.record_id = ANY (mails))
          OR (l.table_name = 'outbound_mails' AND l.record_id = ANY (letters)
              AND (l.ticket_id IS NULL OR l.ticket_id = ANY (met_tickets) OR l.ticket_id IN (
                     SELECT m.ticket_id FROM ombud.outbound_mails m WHERE m.id = ANY (letters))))
          OR (with_texts AND l.ticket_id = ANY (own_tickets) AND l.table_name = 'tickets')
          OR (with_texts AND l.ticket_id = ANY (met_tickets) AND l.table_name = 'comments'
              AND (l.record_id = ANY (own_comments || gone_comments)
                   OR l.changes -> 'author_id' -> 0 = ANY (SELECT to_jsonb(p) FROM unnest(people) p)
                   OR l.changes -> 'author_id' -> 1 = ANY (SELECT to_jsonb(p) FROM unnest(people) p)))
          OR (with_texts AND l.ticket_id = ANY (met_tickets) AND l.table_name = 'attachments'
              AND (l.record_id = ANY (files)
                   OR l.changes -> 'uploader_id' -> 0 = ANY (SELECT to_jsonb(p) FROM unnest(people) p)
                   OR l.changes -> 'uploader_id' -> 1 = ANY (SELECT to_jsonb(p) FROM unnest(people) p)))),
    named AS (
      -- What others said there, now or once: without the names.
      SELECT l.id, l.created_at, l.changes AS before,
             ombud.unmentioned(l.changes, '{content,title,description,file_name,subject}', said) AS after
        FROM ombud.audit_logs l
       WHERE with_texts AND l.ticket_id = ANY (met_tickets)
         AND l.table_name IN ('comments', 'tickets', 'attachments', 'outbound_mails', 'inbound_mails')
         AND NOT EXISTS (SELECT FROM personal p WHERE p.id = l.id)),
    told AS (SELECT * FROM personal UNION ALL SELECT * FROM named),
    changed AS (
      UPDATE ombud.audit_logs l SET changes = p.after FROM told p
       WHERE l.id = p.id AND l.created_at = p.created_at AND p.after <> p.before
      RETURNING l.id, p.before, p.after)
    SELECT c.id, sha256(convert_to(c.before::text, 'UTF8')), sha256(convert_to(c.after::text, 'UTF8'))
      FROM changed c ORDER BY c.id;
  PERFORM set_config('ombud.curating', '', true);
END $$;

ALTER FUNCTION ombud.anonymise_person(person bigint, with_texts boolean) OWNER TO ombud_owner;

CREATE FUNCTION ombud.answer(key_id text, stamp bytea, settings text[], steps text[], given text[]) RETURNS text[]
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
BEGIN
  IF ombud.token_stamp(key_id) IS DISTINCT FROM stamp THEN
    RETURN NULL;
  END IF;
  RETURN ombud.act(settings, steps, given);
END $$;

ALTER FUNCTION ombud.answer(key_id text, stamp bytea, settings text[], steps text[], given text[]) OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_actor() RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  actor text := nullif(current_setting('ombud.actor', true), '');
BEGIN
  IF actor IS NULL THEN
    RAISE EXCEPTION 'no actor is set for this transaction'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_actor_required';
  END IF;
  RETURN actor;
END $$;

ALTER FUNCTION ombud.audit_actor() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_head(xid bigint, moment timestamp with time zone, table_name text, action text, actor text, user_id bigint, request text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT concat_ws(E'\n', 'ombud-audit-1', xid, (extract(epoch FROM moment) * 1000000)::bigint, table_name,
                   action, coalesce(user_id::text, ''), length(actor), actor, length(request), request)
$$;

ALTER FUNCTION ombud.audit_head(xid bigint, moment timestamp with time zone, table_name text, action text, actor text, user_id bigint, request text) OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_insert(action text, record_id text, record_key text, ticket_id text, changes text, source text) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog'
    AS $_$
  SELECT format($code$
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, %L, actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, %s AS record_id, %s AS record_key,
                   %s AS ticket_id, %s AS changes
              FROM %s) d;$code$, action, record_id, record_key, ticket_id, changes, source)
$_$;

ALTER FUNCTION ombud.audit_insert(action text, record_id text, record_key text, ticket_id text, changes text, source text) OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_leaf(head text, id bigint, record_id bigint, ticket_id bigint, record_key jsonb, changes jsonb) RETURNS bytea
    LANGUAGE sql STABLE
    AS $$
  SELECT pg_catalog.sha256(pg_catalog.convert_to(
    head || E'\n' || id::text || E'\n' || coalesce(record_id::text, '') || E'\n' || coalesce(ticket_id::text, '')
      || E'\n' || record_key::text || E'\n'
      || pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(changes::text, 'UTF8')), 'hex'), 'UTF8'))
$$;

ALTER FUNCTION ombud.audit_leaf(head text, id bigint, record_id bigint, ticket_id bigint, record_key jsonb, changes jsonb) OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_account_tokens() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(NULL, r.id) END, 'user_id', CASE WHEN r.user_id IS NOT NULL THEN jsonb_build_array(NULL, r.user_id) END, 'purpose', CASE WHEN r.purpose IS NOT NULL THEN jsonb_build_array(NULL, r.purpose) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(NULL, r.created_at) END, 'expires_at', CASE WHEN r.expires_at IS NOT NULL THEN jsonb_build_array(NULL, r.expires_at) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(r.id, NULL) END, 'user_id', CASE WHEN r.user_id IS NOT NULL THEN jsonb_build_array(r.user_id, NULL) END, 'purpose', CASE WHEN r.purpose IS NOT NULL THEN jsonb_build_array(r.purpose, NULL) END, 'email', CASE WHEN r.email IS NOT NULL THEN jsonb_build_array(r.email, NULL) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(r.created_at, NULL) END, 'expires_at', CASE WHEN r.expires_at IS NOT NULL THEN jsonb_build_array(r.expires_at, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'user_id', CASE WHEN o.user_id IS DISTINCT FROM r.user_id THEN jsonb_build_array(o.user_id, r.user_id) END, 'purpose', CASE WHEN o.purpose IS DISTINCT FROM r.purpose THEN jsonb_build_array(o.purpose, r.purpose) END, 'token_hash', CASE WHEN o.token_hash IS DISTINCT FROM r.token_hash THEN '["***", "***"]'::jsonb END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END, 'expires_at', CASE WHEN o.expires_at IS DISTINCT FROM r.expires_at THEN jsonb_build_array(o.expires_at, r.expires_at) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'user_id', CASE WHEN o.user_id IS DISTINCT FROM r.user_id THEN jsonb_build_array(o.user_id, r.user_id) END, 'purpose', CASE WHEN o.purpose IS DISTINCT FROM r.purpose THEN jsonb_build_array(o.purpose, r.purpose) END, 'token_hash', CASE WHEN o.token_hash IS DISTINCT FROM r.token_hash THEN '["***", "***"]'::jsonb END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END, 'expires_at', CASE WHEN o.expires_at IS DISTINCT FROM r.expires_at THEN jsonb_build_array(o.expires_at, r.expires_at) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_account_tokens() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_api_tokens() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(NULL, r.id) END, 'user_id', CASE WHEN r.user_id IS NOT NULL THEN jsonb_build_array(NULL, r.user_id) END, 'name', CASE WHEN r.name IS NOT NULL THEN jsonb_build_array(NULL, r.name) END, 'key_id', CASE WHEN r.key_id IS NOT NULL THEN jsonb_build_array(NULL, r.key_id) END, 'scopes', CASE WHEN r.scopes IS NOT NULL THEN jsonb_build_array(NULL, r.scopes) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(NULL, r.created_at) END, 'expires_at', CASE WHEN r.expires_at IS NOT NULL THEN jsonb_build_array(NULL, r.expires_at) END, 'revoked_at', CASE WHEN r.revoked_at IS NOT NULL THEN jsonb_build_array(NULL, r.revoked_at) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(r.id, NULL) END, 'user_id', CASE WHEN r.user_id IS NOT NULL THEN jsonb_build_array(r.user_id, NULL) END, 'name', CASE WHEN r.name IS NOT NULL THEN jsonb_build_array(r.name, NULL) END, 'key_id', CASE WHEN r.key_id IS NOT NULL THEN jsonb_build_array(r.key_id, NULL) END, 'scopes', CASE WHEN r.scopes IS NOT NULL THEN jsonb_build_array(r.scopes, NULL) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(r.created_at, NULL) END, 'expires_at', CASE WHEN r.expires_at IS NOT NULL THEN jsonb_build_array(r.expires_at, NULL) END, 'last_used_at', CASE WHEN r.last_used_at IS NOT NULL THEN jsonb_build_array(r.last_used_at, NULL) END, 'revoked_at', CASE WHEN r.revoked_at IS NOT NULL THEN jsonb_build_array(r.revoked_at, NULL) END, 'confirmed_at', CASE WHEN r.confirmed_at IS NOT NULL THEN jsonb_build_array(r.confirmed_at, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'user_id', CASE WHEN o.user_id IS DISTINCT FROM r.user_id THEN jsonb_build_array(o.user_id, r.user_id) END, 'name', CASE WHEN o.name IS DISTINCT FROM r.name THEN jsonb_build_array(o.name, r.name) END, 'key_id', CASE WHEN o.key_id IS DISTINCT FROM r.key_id THEN jsonb_build_array(o.key_id, r.key_id) END, 'secret_hash', CASE WHEN o.secret_hash IS DISTINCT FROM r.secret_hash THEN '["***", "***"]'::jsonb END, 'scopes', CASE WHEN o.scopes IS DISTINCT FROM r.scopes THEN jsonb_build_array(o.scopes, r.scopes) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END, 'expires_at', CASE WHEN o.expires_at IS DISTINCT FROM r.expires_at THEN jsonb_build_array(o.expires_at, r.expires_at) END, 'revoked_at', CASE WHEN o.revoked_at IS DISTINCT FROM r.revoked_at THEN jsonb_build_array(o.revoked_at, r.revoked_at) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'user_id', CASE WHEN o.user_id IS DISTINCT FROM r.user_id THEN jsonb_build_array(o.user_id, r.user_id) END, 'name', CASE WHEN o.name IS DISTINCT FROM r.name THEN jsonb_build_array(o.name, r.name) END, 'key_id', CASE WHEN o.key_id IS DISTINCT FROM r.key_id THEN jsonb_build_array(o.key_id, r.key_id) END, 'secret_hash', CASE WHEN o.secret_hash IS DISTINCT FROM r.secret_hash THEN '["***", "***"]'::jsonb END, 'scopes', CASE WHEN o.scopes IS DISTINCT FROM r.scopes THEN jsonb_build_array(o.scopes, r.scopes) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END, 'expires_at', CASE WHEN o.expires_at IS DISTINCT FROM r.expires_at THEN jsonb_build_array(o.expires_at, r.expires_at) END, 'revoked_at', CASE WHEN o.revoked_at IS DISTINCT FROM r.revoked_at THEN jsonb_build_array(o.revoked_at, r.revoked_at) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_api_tokens() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_attachments() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(NULL, r.id) END, 'ticket_id', CASE WHEN r.ticket_id IS NOT NULL THEN jsonb_build_array(NULL, r.ticket_id) END, 'comment_id', CASE WHEN r.comment_id IS NOT NULL THEN jsonb_build_array(NULL, r.comment_id) END, 'uploader_id', CASE WHEN r.uploader_id IS NOT NULL THEN jsonb_build_array(NULL, r.uploader_id) END, 'file_name', CASE WHEN r.file_name IS NOT NULL THEN jsonb_build_array(NULL, r.file_name) END, 'content_type', CASE WHEN r.content_type IS NOT NULL THEN jsonb_build_array(NULL, r.content_type) END, 'size', CASE WHEN r.size IS NOT NULL THEN jsonb_build_array(NULL, r.size) END, 'checksum', CASE WHEN r.checksum IS NOT NULL THEN jsonb_build_array(NULL, r.checksum) END, 'storage_key', CASE WHEN r.storage_key IS NOT NULL THEN jsonb_build_array(NULL, r.storage_key) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(NULL, r.created_at) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(r.id, NULL) END, 'ticket_id', CASE WHEN r.ticket_id IS NOT NULL THEN jsonb_build_array(r.ticket_id, NULL) END, 'comment_id', CASE WHEN r.comment_id IS NOT NULL THEN jsonb_build_array(r.comment_id, NULL) END, 'uploader_id', CASE WHEN r.uploader_id IS NOT NULL THEN jsonb_build_array(r.uploader_id, NULL) END, 'file_name', CASE WHEN r.file_name IS NOT NULL THEN jsonb_build_array(r.file_name, NULL) END, 'content_type', CASE WHEN r.content_type IS NOT NULL THEN jsonb_build_array(r.content_type, NULL) END, 'size', CASE WHEN r.size IS NOT NULL THEN jsonb_build_array(r.size, NULL) END, 'checksum', CASE WHEN r.checksum IS NOT NULL THEN jsonb_build_array(r.checksum, NULL) END, 'storage_key', CASE WHEN r.storage_key IS NOT NULL THEN jsonb_build_array(r.storage_key, NULL) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(r.created_at, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'ticket_id', CASE WHEN o.ticket_id IS DISTINCT FROM r.ticket_id THEN jsonb_build_array(o.ticket_id, r.ticket_id) END, 'comment_id', CASE WHEN o.comment_id IS DISTINCT FROM r.comment_id THEN jsonb_build_array(o.comment_id, r.comment_id) END, 'uploader_id', CASE WHEN o.uploader_id IS DISTINCT FROM r.uploader_id THEN jsonb_build_array(o.uploader_id, r.uploader_id) END, 'file_name', CASE WHEN o.file_name IS DISTINCT FROM r.file_name THEN jsonb_build_array(o.file_name, r.file_name) END, 'content_type', CASE WHEN o.content_type IS DISTINCT FROM r.content_type THEN jsonb_build_array(o.content_type, r.content_type) END, 'size', CASE WHEN o.size IS DISTINCT FROM r.size THEN jsonb_build_array(o.size, r.size) END, 'checksum', CASE WHEN o.checksum IS DISTINCT FROM r.checksum THEN jsonb_build_array(o.checksum, r.checksum) END, 'storage_key', CASE WHEN o.storage_key IS DISTINCT FROM r.storage_key THEN jsonb_build_array(o.storage_key, r.storage_key) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'ticket_id', CASE WHEN o.ticket_id IS DISTINCT FROM r.ticket_id THEN jsonb_build_array(o.ticket_id, r.ticket_id) END, 'comment_id', CASE WHEN o.comment_id IS DISTINCT FROM r.comment_id THEN jsonb_build_array(o.comment_id, r.comment_id) END, 'uploader_id', CASE WHEN o.uploader_id IS DISTINCT FROM r.uploader_id THEN jsonb_build_array(o.uploader_id, r.uploader_id) END, 'file_name', CASE WHEN o.file_name IS DISTINCT FROM r.file_name THEN jsonb_build_array(o.file_name, r.file_name) END, 'content_type', CASE WHEN o.content_type IS DISTINCT FROM r.content_type THEN jsonb_build_array(o.content_type, r.content_type) END, 'size', CASE WHEN o.size IS DISTINCT FROM r.size THEN jsonb_build_array(o.size, r.size) END, 'checksum', CASE WHEN o.checksum IS DISTINCT FROM r.checksum THEN jsonb_build_array(o.checksum, r.checksum) END, 'storage_key', CASE WHEN o.storage_key IS DISTINCT FROM r.storage_key THEN jsonb_build_array(o.storage_key, r.storage_key) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_attachments() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_audit_redactions() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(NULL, r.id) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(NULL, r.created_at) END, 'subject_id', CASE WHEN r.subject_id IS NOT NULL THEN jsonb_build_array(NULL, r.subject_id) END, 'request_id', CASE WHEN r.request_id IS NOT NULL THEN jsonb_build_array(NULL, r.request_id) END, 'row_count', CASE WHEN r.row_count IS NOT NULL THEN jsonb_build_array(NULL, r.row_count) END, 'digest', CASE WHEN r.digest IS NOT NULL THEN jsonb_build_array(NULL, r.digest) END, 'key_id', CASE WHEN r.key_id IS NOT NULL THEN jsonb_build_array(NULL, r.key_id) END, 'signature', CASE WHEN r.signature IS NOT NULL THEN jsonb_build_array(NULL, r.signature) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(r.id, NULL) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(r.created_at, NULL) END, 'subject_id', CASE WHEN r.subject_id IS NOT NULL THEN jsonb_build_array(r.subject_id, NULL) END, 'request_id', CASE WHEN r.request_id IS NOT NULL THEN jsonb_build_array(r.request_id, NULL) END, 'row_count', CASE WHEN r.row_count IS NOT NULL THEN jsonb_build_array(r.row_count, NULL) END, 'digest', CASE WHEN r.digest IS NOT NULL THEN jsonb_build_array(r.digest, NULL) END, 'key_id', CASE WHEN r.key_id IS NOT NULL THEN jsonb_build_array(r.key_id, NULL) END, 'signature', CASE WHEN r.signature IS NOT NULL THEN jsonb_build_array(r.signature, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END, 'subject_id', CASE WHEN o.subject_id IS DISTINCT FROM r.subject_id THEN jsonb_build_array(o.subject_id, r.subject_id) END, 'request_id', CASE WHEN o.request_id IS DISTINCT FROM r.request_id THEN jsonb_build_array(o.request_id, r.request_id) END, 'row_count', CASE WHEN o.row_count IS DISTINCT FROM r.row_count THEN jsonb_build_array(o.row_count, r.row_count) END, 'digest', CASE WHEN o.digest IS DISTINCT FROM r.digest THEN jsonb_build_array(o.digest, r.digest) END, 'key_id', CASE WHEN o.key_id IS DISTINCT FROM r.key_id THEN jsonb_build_array(o.key_id, r.key_id) END, 'signature', CASE WHEN o.signature IS DISTINCT FROM r.signature THEN jsonb_build_array(o.signature, r.signature) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END, 'subject_id', CASE WHEN o.subject_id IS DISTINCT FROM r.subject_id THEN jsonb_build_array(o.subject_id, r.subject_id) END, 'request_id', CASE WHEN o.request_id IS DISTINCT FROM r.request_id THEN jsonb_build_array(o.request_id, r.request_id) END, 'row_count', CASE WHEN o.row_count IS DISTINCT FROM r.row_count THEN jsonb_build_array(o.row_count, r.row_count) END, 'digest', CASE WHEN o.digest IS DISTINCT FROM r.digest THEN jsonb_build_array(o.digest, r.digest) END, 'key_id', CASE WHEN o.key_id IS DISTINCT FROM r.key_id THEN jsonb_build_array(o.key_id, r.key_id) END, 'signature', CASE WHEN o.signature IS DISTINCT FROM r.signature THEN jsonb_build_array(o.signature, r.signature) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_audit_redactions() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_bounced_addresses() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('email', r.email) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('email', CASE WHEN r.email IS NOT NULL THEN jsonb_build_array(NULL, r.email) END, 'bounced_at', CASE WHEN r.bounced_at IS NOT NULL THEN jsonb_build_array(NULL, r.bounced_at) END, 'status', CASE WHEN r.status IS NOT NULL THEN jsonb_build_array(NULL, r.status) END, 'diagnostic', CASE WHEN r.diagnostic IS NOT NULL THEN jsonb_build_array(NULL, r.diagnostic) END, 'ticket_id', CASE WHEN r.ticket_id IS NOT NULL THEN jsonb_build_array(NULL, r.ticket_id) END, 'mail_id', CASE WHEN r.mail_id IS NOT NULL THEN jsonb_build_array(NULL, r.mail_id) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('email', r.email) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('email', CASE WHEN r.email IS NOT NULL THEN jsonb_build_array(r.email, NULL) END, 'bounced_at', CASE WHEN r.bounced_at IS NOT NULL THEN jsonb_build_array(r.bounced_at, NULL) END, 'status', CASE WHEN r.status IS NOT NULL THEN jsonb_build_array(r.status, NULL) END, 'diagnostic', CASE WHEN r.diagnostic IS NOT NULL THEN jsonb_build_array(r.diagnostic, NULL) END, 'ticket_id', CASE WHEN r.ticket_id IS NOT NULL THEN jsonb_build_array(r.ticket_id, NULL) END, 'mail_id', CASE WHEN r.mail_id IS NOT NULL THEN jsonb_build_array(r.mail_id, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('email', r.email) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('email', CASE WHEN o.email IS DISTINCT FROM r.email THEN jsonb_build_array(o.email, r.email) END, 'bounced_at', CASE WHEN o.bounced_at IS DISTINCT FROM r.bounced_at THEN jsonb_build_array(o.bounced_at, r.bounced_at) END, 'status', CASE WHEN o.status IS DISTINCT FROM r.status THEN jsonb_build_array(o.status, r.status) END, 'diagnostic', CASE WHEN o.diagnostic IS DISTINCT FROM r.diagnostic THEN jsonb_build_array(o.diagnostic, r.diagnostic) END, 'ticket_id', CASE WHEN o.ticket_id IS DISTINCT FROM r.ticket_id THEN jsonb_build_array(o.ticket_id, r.ticket_id) END, 'mail_id', CASE WHEN o.mail_id IS DISTINCT FROM r.mail_id THEN jsonb_build_array(o.mail_id, r.mail_id) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('email', r.email) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('email', CASE WHEN o.email IS DISTINCT FROM r.email THEN jsonb_build_array(o.email, r.email) END, 'bounced_at', CASE WHEN o.bounced_at IS DISTINCT FROM r.bounced_at THEN jsonb_build_array(o.bounced_at, r.bounced_at) END, 'status', CASE WHEN o.status IS DISTINCT FROM r.status THEN jsonb_build_array(o.status, r.status) END, 'diagnostic', CASE WHEN o.diagnostic IS DISTINCT FROM r.diagnostic THEN jsonb_build_array(o.diagnostic, r.diagnostic) END, 'ticket_id', CASE WHEN o.ticket_id IS DISTINCT FROM r.ticket_id THEN jsonb_build_array(o.ticket_id, r.ticket_id) END, 'mail_id', CASE WHEN o.mail_id IS DISTINCT FROM r.mail_id THEN jsonb_build_array(o.mail_id, r.mail_id) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_bounced_addresses() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_comments() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   r.ticket_id AS ticket_id, ('{' || substr(concat(',"id":[null,' || to_json(r.id)::text || ']', ',"content":[null,' || to_json(r.content)::text || ']', ',"is_internal":[null,' || to_json(r.is_internal)::text || ']', ',"ticket_id":[null,' || to_json(r.ticket_id)::text || ']', ',"author_id":[null,' || to_json(r.author_id)::text || ']', ',"created_at":[null,' || to_json(r.created_at)::text || ']'), 2) || '}')::jsonb AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   r.ticket_id AS ticket_id, ('{' || substr(concat(',"id":[' || to_json(r.id)::text || ',null]', ',"content":[' || to_json(r.content)::text || ',null]', ',"is_internal":[' || to_json(r.is_internal)::text || ',null]', ',"ticket_id":[' || to_json(r.ticket_id)::text || ',null]', ',"author_id":[' || to_json(r.author_id)::text || ',null]', ',"created_at":[' || to_json(r.created_at)::text || ',null]', ',"updated_at":[' || to_json(r.updated_at)::text || ',null]'), 2) || '}')::jsonb AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   r.ticket_id AS ticket_id, ('{' || substr(concat(CASE WHEN o.id IS DISTINCT FROM r.id THEN concat(',"id":[', coalesce(to_json(o.id)::text, 'null'), ',', coalesce(to_json(r.id)::text, 'null'), ']') END, CASE WHEN o.content IS DISTINCT FROM r.content THEN concat(',"content":[', coalesce(to_json(o.content)::text, 'null'), ',', coalesce(to_json(r.content)::text, 'null'), ']') END, CASE WHEN o.is_internal IS DISTINCT FROM r.is_internal THEN concat(',"is_internal":[', coalesce(to_json(o.is_internal)::text, 'null'), ',', coalesce(to_json(r.is_internal)::text, 'null'), ']') END, CASE WHEN o.ticket_id IS DISTINCT FROM r.ticket_id THEN concat(',"ticket_id":[', coalesce(to_json(o.ticket_id)::text, 'null'), ',', coalesce(to_json(r.ticket_id)::text, 'null'), ']') END, CASE WHEN o.author_id IS DISTINCT FROM r.author_id THEN concat(',"author_id":[', coalesce(to_json(o.author_id)::text, 'null'), ',', coalesce(to_json(r.author_id)::text, 'null'), ']') END, CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN concat(',"created_at":[', coalesce(to_json(o.created_at)::text, 'null'), ',', coalesce(to_json(r.created_at)::text, 'null'), ']') END), 2) || '}')::jsonb AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   r.ticket_id AS ticket_id, ('{' || substr(concat(CASE WHEN o.id IS DISTINCT FROM r.id THEN concat(',"id":[', coalesce(to_json(o.id)::text, 'null'), ',', coalesce(to_json(r.id)::text, 'null'), ']') END, CASE WHEN o.content IS DISTINCT FROM r.content THEN concat(',"content":[', coalesce(to_json(o.content)::text, 'null'), ',', coalesce(to_json(r.content)::text, 'null'), ']') END, CASE WHEN o.is_internal IS DISTINCT FROM r.is_internal THEN concat(',"is_internal":[', coalesce(to_json(o.is_internal)::text, 'null'), ',', coalesce(to_json(r.is_internal)::text, 'null'), ']') END, CASE WHEN o.ticket_id IS DISTINCT FROM r.ticket_id THEN concat(',"ticket_id":[', coalesce(to_json(o.ticket_id)::text, 'null'), ',', coalesce(to_json(r.ticket_id)::text, 'null'), ']') END, CASE WHEN o.author_id IS DISTINCT FROM r.author_id THEN concat(',"author_id":[', coalesce(to_json(o.author_id)::text, 'null'), ',', coalesce(to_json(r.author_id)::text, 'null'), ']') END, CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN concat(',"created_at":[', coalesce(to_json(o.created_at)::text, 'null'), ',', coalesce(to_json(r.created_at)::text, 'null'), ']') END), 2) || '}')::jsonb AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_comments() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_desk_settings() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, ('{' || substr(concat(',"id":[null,' || to_json(r.id)::text || ']', ',"name":[null,' || to_json(r.name)::text || ']', ',"value":[null,' || to_json(r.value)::text || ']', ',"created_at":[null,' || to_json(r.created_at)::text || ']'), 2) || '}')::jsonb AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, ('{' || substr(concat(',"id":[' || to_json(r.id)::text || ',null]', ',"name":[' || to_json(r.name)::text || ',null]', ',"value":[' || to_json(r.value)::text || ',null]', ',"version":[' || to_json(r.version)::text || ',null]', ',"created_at":[' || to_json(r.created_at)::text || ',null]', ',"updated_at":[' || to_json(r.updated_at)::text || ',null]'), 2) || '}')::jsonb AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, ('{' || substr(concat(CASE WHEN o.id IS DISTINCT FROM r.id THEN concat(',"id":[', coalesce(to_json(o.id)::text, 'null'), ',', coalesce(to_json(r.id)::text, 'null'), ']') END, CASE WHEN o.name IS DISTINCT FROM r.name THEN concat(',"name":[', coalesce(to_json(o.name)::text, 'null'), ',', coalesce(to_json(r.name)::text, 'null'), ']') END, CASE WHEN o.value IS DISTINCT FROM r.value THEN concat(',"value":[', coalesce(to_json(o.value)::text, 'null'), ',', coalesce(to_json(r.value)::text, 'null'), ']') END, CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN concat(',"created_at":[', coalesce(to_json(o.created_at)::text, 'null'), ',', coalesce(to_json(r.created_at)::text, 'null'), ']') END), 2) || '}')::jsonb AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, ('{' || substr(concat(CASE WHEN o.id IS DISTINCT FROM r.id THEN concat(',"id":[', coalesce(to_json(o.id)::text, 'null'), ',', coalesce(to_json(r.id)::text, 'null'), ']') END, CASE WHEN o.name IS DISTINCT FROM r.name THEN concat(',"name":[', coalesce(to_json(o.name)::text, 'null'), ',', coalesce(to_json(r.name)::text, 'null'), ']') END, CASE WHEN o.value IS DISTINCT FROM r.value THEN concat(',"value":[', coalesce(to_json(o.value)::text, 'null'), ',', coalesce(to_json(r.value)::text, 'null'), ']') END, CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN concat(',"created_at":[', coalesce(to_json(o.created_at)::text, 'null'), ',', coalesce(to_json(r.created_at)::text, 'null'), ']') END), 2) || '}')::jsonb AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_desk_settings() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_distinct_people() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('user_id', r.user_id, 'other_id', r.other_id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('user_id', CASE WHEN r.user_id IS NOT NULL THEN jsonb_build_array(NULL, r.user_id) END, 'other_id', CASE WHEN r.other_id IS NOT NULL THEN jsonb_build_array(NULL, r.other_id) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(NULL, r.created_at) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('user_id', r.user_id, 'other_id', r.other_id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('user_id', CASE WHEN r.user_id IS NOT NULL THEN jsonb_build_array(r.user_id, NULL) END, 'other_id', CASE WHEN r.other_id IS NOT NULL THEN jsonb_build_array(r.other_id, NULL) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(r.created_at, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('user_id', r.user_id, 'other_id', r.other_id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('user_id', CASE WHEN o.user_id IS DISTINCT FROM r.user_id THEN jsonb_build_array(o.user_id, r.user_id) END, 'other_id', CASE WHEN o.other_id IS DISTINCT FROM r.other_id THEN jsonb_build_array(o.other_id, r.other_id) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('user_id', r.user_id, 'other_id', r.other_id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('user_id', CASE WHEN o.user_id IS DISTINCT FROM r.user_id THEN jsonb_build_array(o.user_id, r.user_id) END, 'other_id', CASE WHEN o.other_id IS DISTINCT FROM r.other_id THEN jsonb_build_array(o.other_id, r.other_id) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_distinct_people() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_distinct_tickets() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('ticket_id', r.ticket_id, 'other_id', r.other_id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('ticket_id', CASE WHEN r.ticket_id IS NOT NULL THEN jsonb_build_array(NULL, r.ticket_id) END, 'other_id', CASE WHEN r.other_id IS NOT NULL THEN jsonb_build_array(NULL, r.other_id) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(NULL, r.created_at) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('ticket_id', r.ticket_id, 'other_id', r.other_id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('ticket_id', CASE WHEN r.ticket_id IS NOT NULL THEN jsonb_build_array(r.ticket_id, NULL) END, 'other_id', CASE WHEN r.other_id IS NOT NULL THEN jsonb_build_array(r.other_id, NULL) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(r.created_at, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('ticket_id', r.ticket_id, 'other_id', r.other_id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('ticket_id', CASE WHEN o.ticket_id IS DISTINCT FROM r.ticket_id THEN jsonb_build_array(o.ticket_id, r.ticket_id) END, 'other_id', CASE WHEN o.other_id IS DISTINCT FROM r.other_id THEN jsonb_build_array(o.other_id, r.other_id) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('ticket_id', r.ticket_id, 'other_id', r.other_id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('ticket_id', CASE WHEN o.ticket_id IS DISTINCT FROM r.ticket_id THEN jsonb_build_array(o.ticket_id, r.ticket_id) END, 'other_id', CASE WHEN o.other_id IS DISTINCT FROM r.other_id THEN jsonb_build_array(o.other_id, r.other_id) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_distinct_tickets() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_identities() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(NULL, r.id) END, 'user_id', CASE WHEN r.user_id IS NOT NULL THEN jsonb_build_array(NULL, r.user_id) END, 'provider_id', CASE WHEN r.provider_id IS NOT NULL THEN jsonb_build_array(NULL, r.provider_id) END, 'issuer', CASE WHEN r.issuer IS NOT NULL THEN jsonb_build_array(NULL, r.issuer) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(NULL, r.created_at) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(r.id, NULL) END, 'user_id', CASE WHEN r.user_id IS NOT NULL THEN jsonb_build_array(r.user_id, NULL) END, 'provider_id', CASE WHEN r.provider_id IS NOT NULL THEN jsonb_build_array(r.provider_id, NULL) END, 'issuer', CASE WHEN r.issuer IS NOT NULL THEN jsonb_build_array(r.issuer, NULL) END, 'email', CASE WHEN r.email IS NOT NULL THEN jsonb_build_array(r.email, NULL) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(r.created_at, NULL) END, 'last_used_at', CASE WHEN r.last_used_at IS NOT NULL THEN jsonb_build_array(r.last_used_at, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'user_id', CASE WHEN o.user_id IS DISTINCT FROM r.user_id THEN jsonb_build_array(o.user_id, r.user_id) END, 'provider_id', CASE WHEN o.provider_id IS DISTINCT FROM r.provider_id THEN jsonb_build_array(o.provider_id, r.provider_id) END, 'issuer', CASE WHEN o.issuer IS DISTINCT FROM r.issuer THEN jsonb_build_array(o.issuer, r.issuer) END, 'subject', CASE WHEN o.subject IS DISTINCT FROM r.subject THEN '["***", "***"]'::jsonb END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'user_id', CASE WHEN o.user_id IS DISTINCT FROM r.user_id THEN jsonb_build_array(o.user_id, r.user_id) END, 'provider_id', CASE WHEN o.provider_id IS DISTINCT FROM r.provider_id THEN jsonb_build_array(o.provider_id, r.provider_id) END, 'issuer', CASE WHEN o.issuer IS DISTINCT FROM r.issuer THEN jsonb_build_array(o.issuer, r.issuer) END, 'subject', CASE WHEN o.subject IS DISTINCT FROM r.subject THEN '["***", "***"]'::jsonb END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_identities() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_identity_providers() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(NULL, r.id) END, 'slug', CASE WHEN r.slug IS NOT NULL THEN jsonb_build_array(NULL, r.slug) END, 'label', CASE WHEN r.label IS NOT NULL THEN jsonb_build_array(NULL, r.label) END, 'issuer', CASE WHEN r.issuer IS NOT NULL THEN jsonb_build_array(NULL, r.issuer) END, 'client_id', CASE WHEN r.client_id IS NOT NULL THEN jsonb_build_array(NULL, r.client_id) END, 'scopes', CASE WHEN r.scopes IS NOT NULL THEN jsonb_build_array(NULL, r.scopes) END, 'is_active', CASE WHEN r.is_active IS NOT NULL THEN jsonb_build_array(NULL, r.is_active) END, 'for_staff', CASE WHEN r.for_staff IS NOT NULL THEN jsonb_build_array(NULL, r.for_staff) END, 'for_customers', CASE WHEN r.for_customers IS NOT NULL THEN jsonb_build_array(NULL, r.for_customers) END, 'domains', CASE WHEN r.domains IS NOT NULL THEN jsonb_build_array(NULL, r.domains) END, 'new_role', CASE WHEN r.new_role IS NOT NULL THEN jsonb_build_array(NULL, r.new_role) END, 'asks_second_factor', CASE WHEN r.asks_second_factor IS NOT NULL THEN jsonb_build_array(NULL, r.asks_second_factor) END, 'ends_session', CASE WHEN r.ends_session IS NOT NULL THEN jsonb_build_array(NULL, r.ends_session) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(NULL, r.created_at) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(r.id, NULL) END, 'slug', CASE WHEN r.slug IS NOT NULL THEN jsonb_build_array(r.slug, NULL) END, 'label', CASE WHEN r.label IS NOT NULL THEN jsonb_build_array(r.label, NULL) END, 'issuer', CASE WHEN r.issuer IS NOT NULL THEN jsonb_build_array(r.issuer, NULL) END, 'client_id', CASE WHEN r.client_id IS NOT NULL THEN jsonb_build_array(r.client_id, NULL) END, 'has_secret', CASE WHEN r.has_secret IS NOT NULL THEN jsonb_build_array(r.has_secret, NULL) END, 'scopes', CASE WHEN r.scopes IS NOT NULL THEN jsonb_build_array(r.scopes, NULL) END, 'is_active', CASE WHEN r.is_active IS NOT NULL THEN jsonb_build_array(r.is_active, NULL) END, 'for_staff', CASE WHEN r.for_staff IS NOT NULL THEN jsonb_build_array(r.for_staff, NULL) END, 'for_customers', CASE WHEN r.for_customers IS NOT NULL THEN jsonb_build_array(r.for_customers, NULL) END, 'domains', CASE WHEN r.domains IS NOT NULL THEN jsonb_build_array(r.domains, NULL) END, 'new_role', CASE WHEN r.new_role IS NOT NULL THEN jsonb_build_array(r.new_role, NULL) END, 'asks_second_factor', CASE WHEN r.asks_second_factor IS NOT NULL THEN jsonb_build_array(r.asks_second_factor, NULL) END, 'ends_session', CASE WHEN r.ends_session IS NOT NULL THEN jsonb_build_array(r.ends_session, NULL) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(r.created_at, NULL) END, 'updated_at', CASE WHEN r.updated_at IS NOT NULL THEN jsonb_build_array(r.updated_at, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'slug', CASE WHEN o.slug IS DISTINCT FROM r.slug THEN jsonb_build_array(o.slug, r.slug) END, 'label', CASE WHEN o.label IS DISTINCT FROM r.label THEN jsonb_build_array(o.label, r.label) END, 'issuer', CASE WHEN o.issuer IS DISTINCT FROM r.issuer THEN jsonb_build_array(o.issuer, r.issuer) END, 'client_id', CASE WHEN o.client_id IS DISTINCT FROM r.client_id THEN jsonb_build_array(o.client_id, r.client_id) END, 'client_secret', CASE WHEN o.client_secret IS DISTINCT FROM r.client_secret THEN '["***", "***"]'::jsonb END, 'scopes', CASE WHEN o.scopes IS DISTINCT FROM r.scopes THEN jsonb_build_array(o.scopes, r.scopes) END, 'is_active', CASE WHEN o.is_active IS DISTINCT FROM r.is_active THEN jsonb_build_array(o.is_active, r.is_active) END, 'for_staff', CASE WHEN o.for_staff IS DISTINCT FROM r.for_staff THEN jsonb_build_array(o.for_staff, r.for_staff) END, 'for_customers', CASE WHEN o.for_customers IS DISTINCT FROM r.for_customers THEN jsonb_build_array(o.for_customers, r.for_customers) END, 'domains', CASE WHEN o.domains IS DISTINCT FROM r.domains THEN jsonb_build_array(o.domains, r.domains) END, 'new_role', CASE WHEN o.new_role IS DISTINCT FROM r.new_role THEN jsonb_build_array(o.new_role, r.new_role) END, 'asks_second_factor', CASE WHEN o.asks_second_factor IS DISTINCT FROM r.asks_second_factor THEN jsonb_build_array(o.asks_second_factor, r.asks_second_factor) END, 'ends_session', CASE WHEN o.ends_session IS DISTINCT FROM r.ends_session THEN jsonb_build_array(o.ends_session, r.ends_session) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'slug', CASE WHEN o.slug IS DISTINCT FROM r.slug THEN jsonb_build_array(o.slug, r.slug) END, 'label', CASE WHEN o.label IS DISTINCT FROM r.label THEN jsonb_build_array(o.label, r.label) END, 'issuer', CASE WHEN o.issuer IS DISTINCT FROM r.issuer THEN jsonb_build_array(o.issuer, r.issuer) END, 'client_id', CASE WHEN o.client_id IS DISTINCT FROM r.client_id THEN jsonb_build_array(o.client_id, r.client_id) END, 'client_secret', CASE WHEN o.client_secret IS DISTINCT FROM r.client_secret THEN '["***", "***"]'::jsonb END, 'scopes', CASE WHEN o.scopes IS DISTINCT FROM r.scopes THEN jsonb_build_array(o.scopes, r.scopes) END, 'is_active', CASE WHEN o.is_active IS DISTINCT FROM r.is_active THEN jsonb_build_array(o.is_active, r.is_active) END, 'for_staff', CASE WHEN o.for_staff IS DISTINCT FROM r.for_staff THEN jsonb_build_array(o.for_staff, r.for_staff) END, 'for_customers', CASE WHEN o.for_customers IS DISTINCT FROM r.for_customers THEN jsonb_build_array(o.for_customers, r.for_customers) END, 'domains', CASE WHEN o.domains IS DISTINCT FROM r.domains THEN jsonb_build_array(o.domains, r.domains) END, 'new_role', CASE WHEN o.new_role IS DISTINCT FROM r.new_role THEN jsonb_build_array(o.new_role, r.new_role) END, 'asks_second_factor', CASE WHEN o.asks_second_factor IS DISTINCT FROM r.asks_second_factor THEN jsonb_build_array(o.asks_second_factor, r.asks_second_factor) END, 'ends_session', CASE WHEN o.ends_session IS DISTINCT FROM r.ends_session THEN jsonb_build_array(o.ends_session, r.ends_session) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_identity_providers() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_inbound_mails() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(NULL, r.id) END, 'mailbox_id', CASE WHEN r.mailbox_id IS NOT NULL THEN jsonb_build_array(NULL, r.mailbox_id) END, 'source', CASE WHEN r.source IS NOT NULL THEN jsonb_build_array(NULL, r.source) END, 'received_at', CASE WHEN r.received_at IS NOT NULL THEN jsonb_build_array(NULL, r.received_at) END, 'checksum', CASE WHEN r.checksum IS NOT NULL THEN jsonb_build_array(NULL, r.checksum) END, 'storage_key', CASE WHEN r.storage_key IS NOT NULL THEN jsonb_build_array(NULL, r.storage_key) END, 'size', CASE WHEN r.size IS NOT NULL THEN jsonb_build_array(NULL, r.size) END, 'envelope_from', CASE WHEN r.envelope_from IS NOT NULL THEN jsonb_build_array(NULL, r.envelope_from) END, 'envelope_to', CASE WHEN r.envelope_to IS NOT NULL THEN jsonb_build_array(NULL, r.envelope_to) END, 'state', CASE WHEN r.state IS NOT NULL THEN jsonb_build_array(NULL, r.state) END, 'message_id', CASE WHEN r.message_id IS NOT NULL THEN jsonb_build_array(NULL, r.message_id) END, 'body_hash', CASE WHEN r.body_hash IS NOT NULL THEN jsonb_build_array(NULL, r.body_hash) END, 'sender_email', CASE WHEN r.sender_email IS NOT NULL THEN jsonb_build_array(NULL, r.sender_email) END, 'sender_name', CASE WHEN r.sender_name IS NOT NULL THEN jsonb_build_array(NULL, r.sender_name) END, 'subject', CASE WHEN r.subject IS NOT NULL THEN jsonb_build_array(NULL, r.subject) END, 'classification', CASE WHEN r.classification IS NOT NULL THEN jsonb_build_array(NULL, r.classification) END, 'verified', CASE WHEN r.verified IS NOT NULL THEN jsonb_build_array(NULL, r.verified) END, 'decision', CASE WHEN r.decision IS NOT NULL THEN jsonb_build_array(NULL, r.decision) END, 'decided_at', CASE WHEN r.decided_at IS NOT NULL THEN jsonb_build_array(NULL, r.decided_at) END, 'ticket_id', CASE WHEN r.ticket_id IS NOT NULL THEN jsonb_build_array(NULL, r.ticket_id) END, 'comment_id', CASE WHEN r.comment_id IS NOT NULL THEN jsonb_build_array(NULL, r.comment_id) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(r.id, NULL) END, 'mailbox_id', CASE WHEN r.mailbox_id IS NOT NULL THEN jsonb_build_array(r.mailbox_id, NULL) END, 'source', CASE WHEN r.source IS NOT NULL THEN jsonb_build_array(r.source, NULL) END, 'received_at', CASE WHEN r.received_at IS NOT NULL THEN jsonb_build_array(r.received_at, NULL) END, 'checksum', CASE WHEN r.checksum IS NOT NULL THEN jsonb_build_array(r.checksum, NULL) END, 'storage_key', CASE WHEN r.storage_key IS NOT NULL THEN jsonb_build_array(r.storage_key, NULL) END, 'size', CASE WHEN r.size IS NOT NULL THEN jsonb_build_array(r.size, NULL) END, 'envelope_from', CASE WHEN r.envelope_from IS NOT NULL THEN jsonb_build_array(r.envelope_from, NULL) END, 'envelope_to', CASE WHEN r.envelope_to IS NOT NULL THEN jsonb_build_array(r.envelope_to, NULL) END, 'state', CASE WHEN r.state IS NOT NULL THEN jsonb_build_array(r.state, NULL) END, 'attempts', CASE WHEN r.attempts IS NOT NULL THEN jsonb_build_array(r.attempts, NULL) END, 'message_id', CASE WHEN r.message_id IS NOT NULL THEN jsonb_build_array(r.message_id, NULL) END, 'body_hash', CASE WHEN r.body_hash IS NOT NULL THEN jsonb_build_array(r.body_hash, NULL) END, 'sender_email', CASE WHEN r.sender_email IS NOT NULL THEN jsonb_build_array(r.sender_email, NULL) END, 'sender_name', CASE WHEN r.sender_name IS NOT NULL THEN jsonb_build_array(r.sender_name, NULL) END, 'subject', CASE WHEN r.subject IS NOT NULL THEN jsonb_build_array(r.subject, NULL) END, 'classification', CASE WHEN r.classification IS NOT NULL THEN jsonb_build_array(r.classification, NULL) END, 'verified', CASE WHEN r.verified IS NOT NULL THEN jsonb_build_array(r.verified, NULL) END, 'decision', CASE WHEN r.decision IS NOT NULL THEN jsonb_build_array(r.decision, NULL) END, 'steps', CASE WHEN r.steps IS NOT NULL THEN jsonb_build_array(r.steps, NULL) END, 'decided_at', CASE WHEN r.decided_at IS NOT NULL THEN jsonb_build_array(r.decided_at, NULL) END, 'ticket_id', CASE WHEN r.ticket_id IS NOT NULL THEN jsonb_build_array(r.ticket_id, NULL) END, 'comment_id', CASE WHEN r.comment_id IS NOT NULL THEN jsonb_build_array(r.comment_id, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'mailbox_id', CASE WHEN o.mailbox_id IS DISTINCT FROM r.mailbox_id THEN jsonb_build_array(o.mailbox_id, r.mailbox_id) END, 'source', CASE WHEN o.source IS DISTINCT FROM r.source THEN jsonb_build_array(o.source, r.source) END, 'received_at', CASE WHEN o.received_at IS DISTINCT FROM r.received_at THEN jsonb_build_array(o.received_at, r.received_at) END, 'checksum', CASE WHEN o.checksum IS DISTINCT FROM r.checksum THEN jsonb_build_array(o.checksum, r.checksum) END, 'storage_key', CASE WHEN o.storage_key IS DISTINCT FROM r.storage_key THEN jsonb_build_array(o.storage_key, r.storage_key) END, 'size', CASE WHEN o.size IS DISTINCT FROM r.size THEN jsonb_build_array(o.size, r.size) END, 'envelope_from', CASE WHEN o.envelope_from IS DISTINCT FROM r.envelope_from THEN jsonb_build_array(o.envelope_from, r.envelope_from) END, 'envelope_to', CASE WHEN o.envelope_to IS DISTINCT FROM r.envelope_to THEN jsonb_build_array(o.envelope_to, r.envelope_to) END, 'state', CASE WHEN o.state IS DISTINCT FROM r.state THEN jsonb_build_array(o.state, r.state) END, 'message_id', CASE WHEN o.message_id IS DISTINCT FROM r.message_id THEN jsonb_build_array(o.message_id, r.message_id) END, 'body_hash', CASE WHEN o.body_hash IS DISTINCT FROM r.body_hash THEN jsonb_build_array(o.body_hash, r.body_hash) END, 'sender_email', CASE WHEN o.sender_email IS DISTINCT FROM r.sender_email THEN jsonb_build_array(o.sender_email, r.sender_email) END, 'sender_name', CASE WHEN o.sender_name IS DISTINCT FROM r.sender_name THEN jsonb_build_array(o.sender_name, r.sender_name) END, 'subject', CASE WHEN o.subject IS DISTINCT FROM r.subject THEN jsonb_build_array(o.subject, r.subject) END, 'classification', CASE WHEN o.classification IS DISTINCT FROM r.classification THEN jsonb_build_array(o.classification, r.classification) END, 'verified', CASE WHEN o.verified IS DISTINCT FROM r.verified THEN jsonb_build_array(o.verified, r.verified) END, 'decision', CASE WHEN o.decision IS DISTINCT FROM r.decision THEN jsonb_build_array(o.decision, r.decision) END, 'decided_at', CASE WHEN o.decided_at IS DISTINCT FROM r.decided_at THEN jsonb_build_array(o.decided_at, r.decided_at) END, 'ticket_id', CASE WHEN o.ticket_id IS DISTINCT FROM r.ticket_id THEN jsonb_build_array(o.ticket_id, r.ticket_id) END, 'comment_id', CASE WHEN o.comment_id IS DISTINCT FROM r.comment_id THEN jsonb_build_array(o.comment_id, r.comment_id) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'mailbox_id', CASE WHEN o.mailbox_id IS DISTINCT FROM r.mailbox_id THEN jsonb_build_array(o.mailbox_id, r.mailbox_id) END, 'source', CASE WHEN o.source IS DISTINCT FROM r.source THEN jsonb_build_array(o.source, r.source) END, 'received_at', CASE WHEN o.received_at IS DISTINCT FROM r.received_at THEN jsonb_build_array(o.received_at, r.received_at) END, 'checksum', CASE WHEN o.checksum IS DISTINCT FROM r.checksum THEN jsonb_build_array(o.checksum, r.checksum) END, 'storage_key', CASE WHEN o.storage_key IS DISTINCT FROM r.storage_key THEN jsonb_build_array(o.storage_key, r.storage_key) END, 'size', CASE WHEN o.size IS DISTINCT FROM r.size THEN jsonb_build_array(o.size, r.size) END, 'envelope_from', CASE WHEN o.envelope_from IS DISTINCT FROM r.envelope_from THEN jsonb_build_array(o.envelope_from, r.envelope_from) END, 'envelope_to', CASE WHEN o.envelope_to IS DISTINCT FROM r.envelope_to THEN jsonb_build_array(o.envelope_to, r.envelope_to) END, 'state', CASE WHEN o.state IS DISTINCT FROM r.state THEN jsonb_build_array(o.state, r.state) END, 'message_id', CASE WHEN o.message_id IS DISTINCT FROM r.message_id THEN jsonb_build_array(o.message_id, r.message_id) END, 'body_hash', CASE WHEN o.body_hash IS DISTINCT FROM r.body_hash THEN jsonb_build_array(o.body_hash, r.body_hash) END, 'sender_email', CASE WHEN o.sender_email IS DISTINCT FROM r.sender_email THEN jsonb_build_array(o.sender_email, r.sender_email) END, 'sender_name', CASE WHEN o.sender_name IS DISTINCT FROM r.sender_name THEN jsonb_build_array(o.sender_name, r.sender_name) END, 'subject', CASE WHEN o.subject IS DISTINCT FROM r.subject THEN jsonb_build_array(o.subject, r.subject) END, 'classification', CASE WHEN o.classification IS DISTINCT FROM r.classification THEN jsonb_build_array(o.classification, r.classification) END, 'verified', CASE WHEN o.verified IS DISTINCT FROM r.verified THEN jsonb_build_array(o.verified, r.verified) END, 'decision', CASE WHEN o.decision IS DISTINCT FROM r.decision THEN jsonb_build_array(o.decision, r.decision) END, 'decided_at', CASE WHEN o.decided_at IS DISTINCT FROM r.decided_at THEN jsonb_build_array(o.decided_at, r.decided_at) END, 'ticket_id', CASE WHEN o.ticket_id IS DISTINCT FROM r.ticket_id THEN jsonb_build_array(o.ticket_id, r.ticket_id) END, 'comment_id', CASE WHEN o.comment_id IS DISTINCT FROM r.comment_id THEN jsonb_build_array(o.comment_id, r.comment_id) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_inbound_mails() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_mail_rules() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(NULL, r.id) END, 'name', CASE WHEN r.name IS NOT NULL THEN jsonb_build_array(NULL, r.name) END, 'position', CASE WHEN r."position" IS NOT NULL THEN jsonb_build_array(NULL, r."position") END, 'is_active', CASE WHEN r.is_active IS NOT NULL THEN jsonb_build_array(NULL, r.is_active) END, 'field', CASE WHEN r.field IS NOT NULL THEN jsonb_build_array(NULL, r.field) END, 'header', CASE WHEN r.header IS NOT NULL THEN jsonb_build_array(NULL, r.header) END, 'pattern', CASE WHEN r.pattern IS NOT NULL THEN jsonb_build_array(NULL, r.pattern) END, 'ignores', CASE WHEN r.ignores IS NOT NULL THEN jsonb_build_array(NULL, r.ignores) END, 'team_id', CASE WHEN r.team_id IS NOT NULL THEN jsonb_build_array(NULL, r.team_id) END, 'tag', CASE WHEN r.tag IS NOT NULL THEN jsonb_build_array(NULL, r.tag) END, 'priority', CASE WHEN r.priority IS NOT NULL THEN jsonb_build_array(NULL, r.priority) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(NULL, r.created_at) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(r.id, NULL) END, 'name', CASE WHEN r.name IS NOT NULL THEN jsonb_build_array(r.name, NULL) END, 'position', CASE WHEN r."position" IS NOT NULL THEN jsonb_build_array(r."position", NULL) END, 'is_active', CASE WHEN r.is_active IS NOT NULL THEN jsonb_build_array(r.is_active, NULL) END, 'field', CASE WHEN r.field IS NOT NULL THEN jsonb_build_array(r.field, NULL) END, 'header', CASE WHEN r.header IS NOT NULL THEN jsonb_build_array(r.header, NULL) END, 'pattern', CASE WHEN r.pattern IS NOT NULL THEN jsonb_build_array(r.pattern, NULL) END, 'ignores', CASE WHEN r.ignores IS NOT NULL THEN jsonb_build_array(r.ignores, NULL) END, 'team_id', CASE WHEN r.team_id IS NOT NULL THEN jsonb_build_array(r.team_id, NULL) END, 'tag', CASE WHEN r.tag IS NOT NULL THEN jsonb_build_array(r.tag, NULL) END, 'priority', CASE WHEN r.priority IS NOT NULL THEN jsonb_build_array(r.priority, NULL) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(r.created_at, NULL) END, 'updated_at', CASE WHEN r.updated_at IS NOT NULL THEN jsonb_build_array(r.updated_at, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'name', CASE WHEN o.name IS DISTINCT FROM r.name THEN jsonb_build_array(o.name, r.name) END, 'position', CASE WHEN o."position" IS DISTINCT FROM r."position" THEN jsonb_build_array(o."position", r."position") END, 'is_active', CASE WHEN o.is_active IS DISTINCT FROM r.is_active THEN jsonb_build_array(o.is_active, r.is_active) END, 'field', CASE WHEN o.field IS DISTINCT FROM r.field THEN jsonb_build_array(o.field, r.field) END, 'header', CASE WHEN o.header IS DISTINCT FROM r.header THEN jsonb_build_array(o.header, r.header) END, 'pattern', CASE WHEN o.pattern IS DISTINCT FROM r.pattern THEN jsonb_build_array(o.pattern, r.pattern) END, 'ignores', CASE WHEN o.ignores IS DISTINCT FROM r.ignores THEN jsonb_build_array(o.ignores, r.ignores) END, 'team_id', CASE WHEN o.team_id IS DISTINCT FROM r.team_id THEN jsonb_build_array(o.team_id, r.team_id) END, 'tag', CASE WHEN o.tag IS DISTINCT FROM r.tag THEN jsonb_build_array(o.tag, r.tag) END, 'priority', CASE WHEN o.priority IS DISTINCT FROM r.priority THEN jsonb_build_array(o.priority, r.priority) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'name', CASE WHEN o.name IS DISTINCT FROM r.name THEN jsonb_build_array(o.name, r.name) END, 'position', CASE WHEN o."position" IS DISTINCT FROM r."position" THEN jsonb_build_array(o."position", r."position") END, 'is_active', CASE WHEN o.is_active IS DISTINCT FROM r.is_active THEN jsonb_build_array(o.is_active, r.is_active) END, 'field', CASE WHEN o.field IS DISTINCT FROM r.field THEN jsonb_build_array(o.field, r.field) END, 'header', CASE WHEN o.header IS DISTINCT FROM r.header THEN jsonb_build_array(o.header, r.header) END, 'pattern', CASE WHEN o.pattern IS DISTINCT FROM r.pattern THEN jsonb_build_array(o.pattern, r.pattern) END, 'ignores', CASE WHEN o.ignores IS DISTINCT FROM r.ignores THEN jsonb_build_array(o.ignores, r.ignores) END, 'team_id', CASE WHEN o.team_id IS DISTINCT FROM r.team_id THEN jsonb_build_array(o.team_id, r.team_id) END, 'tag', CASE WHEN o.tag IS DISTINCT FROM r.tag THEN jsonb_build_array(o.tag, r.tag) END, 'priority', CASE WHEN o.priority IS DISTINCT FROM r.priority THEN jsonb_build_array(o.priority, r.priority) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_mail_rules() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_mail_templates() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(NULL, r.id) END, 'kind', CASE WHEN r.kind IS NOT NULL THEN jsonb_build_array(NULL, r.kind) END, 'team_id', CASE WHEN r.team_id IS NOT NULL THEN jsonb_build_array(NULL, r.team_id) END, 'body', CASE WHEN r.body IS NOT NULL THEN jsonb_build_array(NULL, r.body) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(NULL, r.created_at) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(r.id, NULL) END, 'kind', CASE WHEN r.kind IS NOT NULL THEN jsonb_build_array(r.kind, NULL) END, 'team_id', CASE WHEN r.team_id IS NOT NULL THEN jsonb_build_array(r.team_id, NULL) END, 'body', CASE WHEN r.body IS NOT NULL THEN jsonb_build_array(r.body, NULL) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(r.created_at, NULL) END, 'updated_at', CASE WHEN r.updated_at IS NOT NULL THEN jsonb_build_array(r.updated_at, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'kind', CASE WHEN o.kind IS DISTINCT FROM r.kind THEN jsonb_build_array(o.kind, r.kind) END, 'team_id', CASE WHEN o.team_id IS DISTINCT FROM r.team_id THEN jsonb_build_array(o.team_id, r.team_id) END, 'body', CASE WHEN o.body IS DISTINCT FROM r.body THEN jsonb_build_array(o.body, r.body) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'kind', CASE WHEN o.kind IS DISTINCT FROM r.kind THEN jsonb_build_array(o.kind, r.kind) END, 'team_id', CASE WHEN o.team_id IS DISTINCT FROM r.team_id THEN jsonb_build_array(o.team_id, r.team_id) END, 'body', CASE WHEN o.body IS DISTINCT FROM r.body THEN jsonb_build_array(o.body, r.body) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_mail_templates() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_mailbox_sending() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('mailbox_id', r.mailbox_id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('mailbox_id', CASE WHEN r.mailbox_id IS NOT NULL THEN jsonb_build_array(NULL, r.mailbox_id) END, 'is_paused', CASE WHEN r.is_paused IS NOT NULL THEN jsonb_build_array(NULL, r.is_paused) END, 'quotes_history', CASE WHEN r.quotes_history IS NOT NULL THEN jsonb_build_array(NULL, r.quotes_history) END, 'link_over', CASE WHEN r.link_over IS NOT NULL THEN jsonb_build_array(NULL, r.link_over) END, 'dkim_selector', CASE WHEN r.dkim_selector IS NOT NULL THEN jsonb_build_array(NULL, r.dkim_selector) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('mailbox_id', r.mailbox_id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('mailbox_id', CASE WHEN r.mailbox_id IS NOT NULL THEN jsonb_build_array(r.mailbox_id, NULL) END, 'is_paused', CASE WHEN r.is_paused IS NOT NULL THEN jsonb_build_array(r.is_paused, NULL) END, 'quotes_history', CASE WHEN r.quotes_history IS NOT NULL THEN jsonb_build_array(r.quotes_history, NULL) END, 'link_over', CASE WHEN r.link_over IS NOT NULL THEN jsonb_build_array(r.link_over, NULL) END, 'dkim_selector', CASE WHEN r.dkim_selector IS NOT NULL THEN jsonb_build_array(r.dkim_selector, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('mailbox_id', r.mailbox_id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('mailbox_id', CASE WHEN o.mailbox_id IS DISTINCT FROM r.mailbox_id THEN jsonb_build_array(o.mailbox_id, r.mailbox_id) END, 'is_paused', CASE WHEN o.is_paused IS DISTINCT FROM r.is_paused THEN jsonb_build_array(o.is_paused, r.is_paused) END, 'quotes_history', CASE WHEN o.quotes_history IS DISTINCT FROM r.quotes_history THEN jsonb_build_array(o.quotes_history, r.quotes_history) END, 'link_over', CASE WHEN o.link_over IS DISTINCT FROM r.link_over THEN jsonb_build_array(o.link_over, r.link_over) END, 'dkim_selector', CASE WHEN o.dkim_selector IS DISTINCT FROM r.dkim_selector THEN jsonb_build_array(o.dkim_selector, r.dkim_selector) END, 'dkim_key', CASE WHEN o.dkim_key IS DISTINCT FROM r.dkim_key THEN '["***", "***"]'::jsonb END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('mailbox_id', r.mailbox_id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('mailbox_id', CASE WHEN o.mailbox_id IS DISTINCT FROM r.mailbox_id THEN jsonb_build_array(o.mailbox_id, r.mailbox_id) END, 'is_paused', CASE WHEN o.is_paused IS DISTINCT FROM r.is_paused THEN jsonb_build_array(o.is_paused, r.is_paused) END, 'quotes_history', CASE WHEN o.quotes_history IS DISTINCT FROM r.quotes_history THEN jsonb_build_array(o.quotes_history, r.quotes_history) END, 'link_over', CASE WHEN o.link_over IS DISTINCT FROM r.link_over THEN jsonb_build_array(o.link_over, r.link_over) END, 'dkim_selector', CASE WHEN o.dkim_selector IS DISTINCT FROM r.dkim_selector THEN jsonb_build_array(o.dkim_selector, r.dkim_selector) END, 'dkim_key', CASE WHEN o.dkim_key IS DISTINCT FROM r.dkim_key THEN '["***", "***"]'::jsonb END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_mailbox_sending() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_mailboxes() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(NULL, r.id) END, 'name', CASE WHEN r.name IS NOT NULL THEN jsonb_build_array(NULL, r.name) END, 'address', CASE WHEN r.address IS NOT NULL THEN jsonb_build_array(NULL, r.address) END, 'team_id', CASE WHEN r.team_id IS NOT NULL THEN jsonb_build_array(NULL, r.team_id) END, 'is_active', CASE WHEN r.is_active IS NOT NULL THEN jsonb_build_array(NULL, r.is_active) END, 'acknowledges', CASE WHEN r.acknowledges IS NOT NULL THEN jsonb_build_array(NULL, r.acknowledges) END, 'adds_followers', CASE WHEN r.adds_followers IS NOT NULL THEN jsonb_build_array(NULL, r.adds_followers) END, 'reopen_days', CASE WHEN r.reopen_days IS NOT NULL THEN jsonb_build_array(NULL, r.reopen_days) END, 'trusted_authserv', CASE WHEN r.trusted_authserv IS NOT NULL THEN jsonb_build_array(NULL, r.trusted_authserv) END, 'signature', CASE WHEN r.signature IS NOT NULL THEN jsonb_build_array(NULL, r.signature) END, 'imap_host', CASE WHEN r.imap_host IS NOT NULL THEN jsonb_build_array(NULL, r.imap_host) END, 'imap_port', CASE WHEN r.imap_port IS NOT NULL THEN jsonb_build_array(NULL, r.imap_port) END, 'imap_security', CASE WHEN r.imap_security IS NOT NULL THEN jsonb_build_array(NULL, r.imap_security) END, 'imap_user', CASE WHEN r.imap_user IS NOT NULL THEN jsonb_build_array(NULL, r.imap_user) END, 'imap_folder', CASE WHEN r.imap_folder IS NOT NULL THEN jsonb_build_array(NULL, r.imap_folder) END, 'imap_moves_to', CASE WHEN r.imap_moves_to IS NOT NULL THEN jsonb_build_array(NULL, r.imap_moves_to) END, 'smtp_host', CASE WHEN r.smtp_host IS NOT NULL THEN jsonb_build_array(NULL, r.smtp_host) END, 'smtp_port', CASE WHEN r.smtp_port IS NOT NULL THEN jsonb_build_array(NULL, r.smtp_port) END, 'smtp_security', CASE WHEN r.smtp_security IS NOT NULL THEN jsonb_build_array(NULL, r.smtp_security) END, 'smtp_user', CASE WHEN r.smtp_user IS NOT NULL THEN jsonb_build_array(NULL, r.smtp_user) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(NULL, r.created_at) END, 'joins_copies', CASE WHEN r.joins_copies IS NOT NULL THEN jsonb_build_array(NULL, r.joins_copies) END, 'imap_skips_old', CASE WHEN r.imap_skips_old IS NOT NULL THEN jsonb_build_array(NULL, r.imap_skips_old) END, 'auth', CASE WHEN r.auth IS NOT NULL THEN jsonb_build_array(NULL, r.auth) END, 'oauth_token_url', CASE WHEN r.oauth_token_url IS NOT NULL THEN jsonb_build_array(NULL, r.oauth_token_url) END, 'oauth_client_id', CASE WHEN r.oauth_client_id IS NOT NULL THEN jsonb_build_array(NULL, r.oauth_client_id) END, 'oauth_scope', CASE WHEN r.oauth_scope IS NOT NULL THEN jsonb_build_array(NULL, r.oauth_scope) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(r.id, NULL) END, 'name', CASE WHEN r.name IS NOT NULL THEN jsonb_build_array(r.name, NULL) END, 'address', CASE WHEN r.address IS NOT NULL THEN jsonb_build_array(r.address, NULL) END, 'team_id', CASE WHEN r.team_id IS NOT NULL THEN jsonb_build_array(r.team_id, NULL) END, 'is_active', CASE WHEN r.is_active IS NOT NULL THEN jsonb_build_array(r.is_active, NULL) END, 'acknowledges', CASE WHEN r.acknowledges IS NOT NULL THEN jsonb_build_array(r.acknowledges, NULL) END, 'adds_followers', CASE WHEN r.adds_followers IS NOT NULL THEN jsonb_build_array(r.adds_followers, NULL) END, 'reopen_days', CASE WHEN r.reopen_days IS NOT NULL THEN jsonb_build_array(r.reopen_days, NULL) END, 'trusted_authserv', CASE WHEN r.trusted_authserv IS NOT NULL THEN jsonb_build_array(r.trusted_authserv, NULL) END, 'signature', CASE WHEN r.signature IS NOT NULL THEN jsonb_build_array(r.signature, NULL) END, 'imap_host', CASE WHEN r.imap_host IS NOT NULL THEN jsonb_build_array(r.imap_host, NULL) END, 'imap_port', CASE WHEN r.imap_port IS NOT NULL THEN jsonb_build_array(r.imap_port, NULL) END, 'imap_security', CASE WHEN r.imap_security IS NOT NULL THEN jsonb_build_array(r.imap_security, NULL) END, 'imap_user', CASE WHEN r.imap_user IS NOT NULL THEN jsonb_build_array(r.imap_user, NULL) END, 'imap_folder', CASE WHEN r.imap_folder IS NOT NULL THEN jsonb_build_array(r.imap_folder, NULL) END, 'imap_moves_to', CASE WHEN r.imap_moves_to IS NOT NULL THEN jsonb_build_array(r.imap_moves_to, NULL) END, 'smtp_host', CASE WHEN r.smtp_host IS NOT NULL THEN jsonb_build_array(r.smtp_host, NULL) END, 'smtp_port', CASE WHEN r.smtp_port IS NOT NULL THEN jsonb_build_array(r.smtp_port, NULL) END, 'smtp_security', CASE WHEN r.smtp_security IS NOT NULL THEN jsonb_build_array(r.smtp_security, NULL) END, 'smtp_user', CASE WHEN r.smtp_user IS NOT NULL THEN jsonb_build_array(r.smtp_user, NULL) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(r.created_at, NULL) END, 'updated_at', CASE WHEN r.updated_at IS NOT NULL THEN jsonb_build_array(r.updated_at, NULL) END, 'joins_copies', CASE WHEN r.joins_copies IS NOT NULL THEN jsonb_build_array(r.joins_copies, NULL) END, 'imap_skips_old', CASE WHEN r.imap_skips_old IS NOT NULL THEN jsonb_build_array(r.imap_skips_old, NULL) END, 'auth', CASE WHEN r.auth IS NOT NULL THEN jsonb_build_array(r.auth, NULL) END, 'oauth_token_url', CASE WHEN r.oauth_token_url IS NOT NULL THEN jsonb_build_array(r.oauth_token_url, NULL) END, 'oauth_client_id', CASE WHEN r.oauth_client_id IS NOT NULL THEN jsonb_build_array(r.oauth_client_id, NULL) END, 'oauth_scope', CASE WHEN r.oauth_scope IS NOT NULL THEN jsonb_build_array(r.oauth_scope, NULL) END, 'has_imap_secret', CASE WHEN r.has_imap_secret IS NOT NULL THEN jsonb_build_array(r.has_imap_secret, NULL) END, 'has_smtp_secret', CASE WHEN r.has_smtp_secret IS NOT NULL THEN jsonb_build_array(r.has_smtp_secret, NULL) END, 'has_oauth_secret', CASE WHEN r.has_oauth_secret IS NOT NULL THEN jsonb_build_array(r.has_oauth_secret, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'name', CASE WHEN o.name IS DISTINCT FROM r.name THEN jsonb_build_array(o.name, r.name) END, 'address', CASE WHEN o.address IS DISTINCT FROM r.address THEN jsonb_build_array(o.address, r.address) END, 'team_id', CASE WHEN o.team_id IS DISTINCT FROM r.team_id THEN jsonb_build_array(o.team_id, r.team_id) END, 'is_active', CASE WHEN o.is_active IS DISTINCT FROM r.is_active THEN jsonb_build_array(o.is_active, r.is_active) END, 'acknowledges', CASE WHEN o.acknowledges IS DISTINCT FROM r.acknowledges THEN jsonb_build_array(o.acknowledges, r.acknowledges) END, 'adds_followers', CASE WHEN o.adds_followers IS DISTINCT FROM r.adds_followers THEN jsonb_build_array(o.adds_followers, r.adds_followers) END, 'reopen_days', CASE WHEN o.reopen_days IS DISTINCT FROM r.reopen_days THEN jsonb_build_array(o.reopen_days, r.reopen_days) END, 'trusted_authserv', CASE WHEN o.trusted_authserv IS DISTINCT FROM r.trusted_authserv THEN jsonb_build_array(o.trusted_authserv, r.trusted_authserv) END, 'signature', CASE WHEN o.signature IS DISTINCT FROM r.signature THEN jsonb_build_array(o.signature, r.signature) END, 'imap_host', CASE WHEN o.imap_host IS DISTINCT FROM r.imap_host THEN jsonb_build_array(o.imap_host, r.imap_host) END, 'imap_port', CASE WHEN o.imap_port IS DISTINCT FROM r.imap_port THEN jsonb_build_array(o.imap_port, r.imap_port) END, 'imap_security', CASE WHEN o.imap_security IS DISTINCT FROM r.imap_security THEN jsonb_build_array(o.imap_security, r.imap_security) END, 'imap_user', CASE WHEN o.imap_user IS DISTINCT FROM r.imap_user THEN jsonb_build_array(o.imap_user, r.imap_user) END, 'imap_secret', CASE WHEN o.imap_secret IS DISTINCT FROM r.imap_secret THEN '["***", "***"]'::jsonb END, 'imap_folder', CASE WHEN o.imap_folder IS DISTINCT FROM r.imap_folder THEN jsonb_build_array(o.imap_folder, r.imap_folder) END, 'imap_moves_to', CASE WHEN o.imap_moves_to IS DISTINCT FROM r.imap_moves_to THEN jsonb_build_array(o.imap_moves_to, r.imap_moves_to) END, 'smtp_host', CASE WHEN o.smtp_host IS DISTINCT FROM r.smtp_host THEN jsonb_build_array(o.smtp_host, r.smtp_host) END, 'smtp_port', CASE WHEN o.smtp_port IS DISTINCT FROM r.smtp_port THEN jsonb_build_array(o.smtp_port, r.smtp_port) END, 'smtp_security', CASE WHEN o.smtp_security IS DISTINCT FROM r.smtp_security THEN jsonb_build_array(o.smtp_security, r.smtp_security) END, 'smtp_user', CASE WHEN o.smtp_user IS DISTINCT FROM r.smtp_user THEN jsonb_build_array(o.smtp_user, r.smtp_user) END, 'smtp_secret', CASE WHEN o.smtp_secret IS DISTINCT FROM r.smtp_secret THEN '["***", "***"]'::jsonb END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END, 'joins_copies', CASE WHEN o.joins_copies IS DISTINCT FROM r.joins_copies THEN jsonb_build_array(o.joins_copies, r.joins_copies) END, 'imap_skips_old', CASE WHEN o.imap_skips_old IS DISTINCT FROM r.imap_skips_old THEN jsonb_build_array(o.imap_skips_old, r.imap_skips_old) END, 'auth', CASE WHEN o.auth IS DISTINCT FROM r.auth THEN jsonb_build_array(o.auth, r.auth) END, 'oauth_token_url', CASE WHEN o.oauth_token_url IS DISTINCT FROM r.oauth_token_url THEN jsonb_build_array(o.oauth_token_url, r.oauth_token_url) END, 'oauth_client_id', CASE WHEN o.oauth_client_id IS DISTINCT FROM r.oauth_client_id THEN jsonb_build_array(o.oauth_client_id, r.oauth_client_id) END, 'oauth_scope', CASE WHEN o.oauth_scope IS DISTINCT FROM r.oauth_scope THEN jsonb_build_array(o.oauth_scope, r.oauth_scope) END, 'oauth_secret', CASE WHEN o.oauth_secret IS DISTINCT FROM r.oauth_secret THEN '["***", "***"]'::jsonb END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'name', CASE WHEN o.name IS DISTINCT FROM r.name THEN jsonb_build_array(o.name, r.name) END, 'address', CASE WHEN o.address IS DISTINCT FROM r.address THEN jsonb_build_array(o.address, r.address) END, 'team_id', CASE WHEN o.team_id IS DISTINCT FROM r.team_id THEN jsonb_build_array(o.team_id, r.team_id) END, 'is_active', CASE WHEN o.is_active IS DISTINCT FROM r.is_active THEN jsonb_build_array(o.is_active, r.is_active) END, 'acknowledges', CASE WHEN o.acknowledges IS DISTINCT FROM r.acknowledges THEN jsonb_build_array(o.acknowledges, r.acknowledges) END, 'adds_followers', CASE WHEN o.adds_followers IS DISTINCT FROM r.adds_followers THEN jsonb_build_array(o.adds_followers, r.adds_followers) END, 'reopen_days', CASE WHEN o.reopen_days IS DISTINCT FROM r.reopen_days THEN jsonb_build_array(o.reopen_days, r.reopen_days) END, 'trusted_authserv', CASE WHEN o.trusted_authserv IS DISTINCT FROM r.trusted_authserv THEN jsonb_build_array(o.trusted_authserv, r.trusted_authserv) END, 'signature', CASE WHEN o.signature IS DISTINCT FROM r.signature THEN jsonb_build_array(o.signature, r.signature) END, 'imap_host', CASE WHEN o.imap_host IS DISTINCT FROM r.imap_host THEN jsonb_build_array(o.imap_host, r.imap_host) END, 'imap_port', CASE WHEN o.imap_port IS DISTINCT FROM r.imap_port THEN jsonb_build_array(o.imap_port, r.imap_port) END, 'imap_security', CASE WHEN o.imap_security IS DISTINCT FROM r.imap_security THEN jsonb_build_array(o.imap_security, r.imap_security) END, 'imap_user', CASE WHEN o.imap_user IS DISTINCT FROM r.imap_user THEN jsonb_build_array(o.imap_user, r.imap_user) END, 'imap_secret', CASE WHEN o.imap_secret IS DISTINCT FROM r.imap_secret THEN '["***", "***"]'::jsonb END, 'imap_folder', CASE WHEN o.imap_folder IS DISTINCT FROM r.imap_folder THEN jsonb_build_array(o.imap_folder, r.imap_folder) END, 'imap_moves_to', CASE WHEN o.imap_moves_to IS DISTINCT FROM r.imap_moves_to THEN jsonb_build_array(o.imap_moves_to, r.imap_moves_to) END, 'smtp_host', CASE WHEN o.smtp_host IS DISTINCT FROM r.smtp_host THEN jsonb_build_array(o.smtp_host, r.smtp_host) END, 'smtp_port', CASE WHEN o.smtp_port IS DISTINCT FROM r.smtp_port THEN jsonb_build_array(o.smtp_port, r.smtp_port) END, 'smtp_security', CASE WHEN o.smtp_security IS DISTINCT FROM r.smtp_security THEN jsonb_build_array(o.smtp_security, r.smtp_security) END, 'smtp_user', CASE WHEN o.smtp_user IS DISTINCT FROM r.smtp_user THEN jsonb_build_array(o.smtp_user, r.smtp_user) END, 'smtp_secret', CASE WHEN o.smtp_secret IS DISTINCT FROM r.smtp_secret THEN '["***", "***"]'::jsonb END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END, 'joins_copies', CASE WHEN o.joins_copies IS DISTINCT FROM r.joins_copies THEN jsonb_build_array(o.joins_copies, r.joins_copies) END, 'imap_skips_old', CASE WHEN o.imap_skips_old IS DISTINCT FROM r.imap_skips_old THEN jsonb_build_array(o.imap_skips_old, r.imap_skips_old) END, 'auth', CASE WHEN o.auth IS DISTINCT FROM r.auth THEN jsonb_build_array(o.auth, r.auth) END, 'oauth_token_url', CASE WHEN o.oauth_token_url IS DISTINCT FROM r.oauth_token_url THEN jsonb_build_array(o.oauth_token_url, r.oauth_token_url) END, 'oauth_client_id', CASE WHEN o.oauth_client_id IS DISTINCT FROM r.oauth_client_id THEN jsonb_build_array(o.oauth_client_id, r.oauth_client_id) END, 'oauth_scope', CASE WHEN o.oauth_scope IS DISTINCT FROM r.oauth_scope THEN jsonb_build_array(o.oauth_scope, r.oauth_scope) END, 'oauth_secret', CASE WHEN o.oauth_secret IS DISTINCT FROM r.oauth_secret THEN '["***", "***"]'::jsonb END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_mailboxes() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_message_moves() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   r.from_ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(NULL, r.id) END, 'mail_id', CASE WHEN r.mail_id IS NOT NULL THEN jsonb_build_array(NULL, r.mail_id) END, 'from_ticket_id', CASE WHEN r.from_ticket_id IS NOT NULL THEN jsonb_build_array(NULL, r.from_ticket_id) END, 'to_ticket_id', CASE WHEN r.to_ticket_id IS NOT NULL THEN jsonb_build_array(NULL, r.to_ticket_id) END, 'moved_at', CASE WHEN r.moved_at IS NOT NULL THEN jsonb_build_array(NULL, r.moved_at) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   r.from_ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(r.id, NULL) END, 'mail_id', CASE WHEN r.mail_id IS NOT NULL THEN jsonb_build_array(r.mail_id, NULL) END, 'from_ticket_id', CASE WHEN r.from_ticket_id IS NOT NULL THEN jsonb_build_array(r.from_ticket_id, NULL) END, 'to_ticket_id', CASE WHEN r.to_ticket_id IS NOT NULL THEN jsonb_build_array(r.to_ticket_id, NULL) END, 'moved_at', CASE WHEN r.moved_at IS NOT NULL THEN jsonb_build_array(r.moved_at, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   r.from_ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'mail_id', CASE WHEN o.mail_id IS DISTINCT FROM r.mail_id THEN jsonb_build_array(o.mail_id, r.mail_id) END, 'from_ticket_id', CASE WHEN o.from_ticket_id IS DISTINCT FROM r.from_ticket_id THEN jsonb_build_array(o.from_ticket_id, r.from_ticket_id) END, 'to_ticket_id', CASE WHEN o.to_ticket_id IS DISTINCT FROM r.to_ticket_id THEN jsonb_build_array(o.to_ticket_id, r.to_ticket_id) END, 'moved_at', CASE WHEN o.moved_at IS DISTINCT FROM r.moved_at THEN jsonb_build_array(o.moved_at, r.moved_at) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   r.from_ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'mail_id', CASE WHEN o.mail_id IS DISTINCT FROM r.mail_id THEN jsonb_build_array(o.mail_id, r.mail_id) END, 'from_ticket_id', CASE WHEN o.from_ticket_id IS DISTINCT FROM r.from_ticket_id THEN jsonb_build_array(o.from_ticket_id, r.from_ticket_id) END, 'to_ticket_id', CASE WHEN o.to_ticket_id IS DISTINCT FROM r.to_ticket_id THEN jsonb_build_array(o.to_ticket_id, r.to_ticket_id) END, 'moved_at', CASE WHEN o.moved_at IS DISTINCT FROM r.moved_at THEN jsonb_build_array(o.moved_at, r.moved_at) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_message_moves() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_organization_domains() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('domain', r.domain) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('domain', CASE WHEN r.domain IS NOT NULL THEN jsonb_build_array(NULL, r.domain) END, 'organization_id', CASE WHEN r.organization_id IS NOT NULL THEN jsonb_build_array(NULL, r.organization_id) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('domain', r.domain) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('domain', CASE WHEN r.domain IS NOT NULL THEN jsonb_build_array(r.domain, NULL) END, 'organization_id', CASE WHEN r.organization_id IS NOT NULL THEN jsonb_build_array(r.organization_id, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('domain', r.domain) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('domain', CASE WHEN o.domain IS DISTINCT FROM r.domain THEN jsonb_build_array(o.domain, r.domain) END, 'organization_id', CASE WHEN o.organization_id IS DISTINCT FROM r.organization_id THEN jsonb_build_array(o.organization_id, r.organization_id) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('domain', r.domain) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('domain', CASE WHEN o.domain IS DISTINCT FROM r.domain THEN jsonb_build_array(o.domain, r.domain) END, 'organization_id', CASE WHEN o.organization_id IS DISTINCT FROM r.organization_id THEN jsonb_build_array(o.organization_id, r.organization_id) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_organization_domains() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_organizations() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(NULL, r.id) END, 'name', CASE WHEN r.name IS NOT NULL THEN jsonb_build_array(NULL, r.name) END, 'notes', CASE WHEN r.notes IS NOT NULL THEN jsonb_build_array(NULL, r.notes) END, 'shares_tickets', CASE WHEN r.shares_tickets IS NOT NULL THEN jsonb_build_array(NULL, r.shares_tickets) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(NULL, r.created_at) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(r.id, NULL) END, 'name', CASE WHEN r.name IS NOT NULL THEN jsonb_build_array(r.name, NULL) END, 'notes', CASE WHEN r.notes IS NOT NULL THEN jsonb_build_array(r.notes, NULL) END, 'shares_tickets', CASE WHEN r.shares_tickets IS NOT NULL THEN jsonb_build_array(r.shares_tickets, NULL) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(r.created_at, NULL) END, 'updated_at', CASE WHEN r.updated_at IS NOT NULL THEN jsonb_build_array(r.updated_at, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'name', CASE WHEN o.name IS DISTINCT FROM r.name THEN jsonb_build_array(o.name, r.name) END, 'notes', CASE WHEN o.notes IS DISTINCT FROM r.notes THEN jsonb_build_array(o.notes, r.notes) END, 'shares_tickets', CASE WHEN o.shares_tickets IS DISTINCT FROM r.shares_tickets THEN jsonb_build_array(o.shares_tickets, r.shares_tickets) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'name', CASE WHEN o.name IS DISTINCT FROM r.name THEN jsonb_build_array(o.name, r.name) END, 'notes', CASE WHEN o.notes IS DISTINCT FROM r.notes THEN jsonb_build_array(o.notes, r.notes) END, 'shares_tickets', CASE WHEN o.shares_tickets IS DISTINCT FROM r.shares_tickets THEN jsonb_build_array(o.shares_tickets, r.shares_tickets) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_organizations() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_outbound_mails() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(NULL, r.id) END, 'kind', CASE WHEN r.kind IS NOT NULL THEN jsonb_build_array(NULL, r.kind) END, 'mailbox_id', CASE WHEN r.mailbox_id IS NOT NULL THEN jsonb_build_array(NULL, r.mailbox_id) END, 'ticket_id', CASE WHEN r.ticket_id IS NOT NULL THEN jsonb_build_array(NULL, r.ticket_id) END, 'comment_id', CASE WHEN r.comment_id IS NOT NULL THEN jsonb_build_array(NULL, r.comment_id) END, 'notification_id', CASE WHEN r.notification_id IS NOT NULL THEN jsonb_build_array(NULL, r.notification_id) END, 'message_id', CASE WHEN r.message_id IS NOT NULL THEN jsonb_build_array(NULL, r.message_id) END, 'in_reply_to', CASE WHEN r.in_reply_to IS NOT NULL THEN jsonb_build_array(NULL, r.in_reply_to) END, 'subject', CASE WHEN r.subject IS NOT NULL THEN jsonb_build_array(NULL, r.subject) END, 'state', CASE WHEN r.state IS NOT NULL THEN jsonb_build_array(NULL, r.state) END, 'problem', CASE WHEN r.problem IS NOT NULL THEN jsonb_build_array(NULL, r.problem) END, 'queued_at', CASE WHEN r.queued_at IS NOT NULL THEN jsonb_build_array(NULL, r.queued_at) END, 'sends_at', CASE WHEN r.sends_at IS NOT NULL THEN jsonb_build_array(NULL, r.sends_at) END, 'sent_at', CASE WHEN r.sent_at IS NOT NULL THEN jsonb_build_array(NULL, r.sent_at) END, 'unknowns', CASE WHEN r.unknowns IS NOT NULL THEN jsonb_build_array(NULL, r.unknowns) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(r.id, NULL) END, 'kind', CASE WHEN r.kind IS NOT NULL THEN jsonb_build_array(r.kind, NULL) END, 'mailbox_id', CASE WHEN r.mailbox_id IS NOT NULL THEN jsonb_build_array(r.mailbox_id, NULL) END, 'ticket_id', CASE WHEN r.ticket_id IS NOT NULL THEN jsonb_build_array(r.ticket_id, NULL) END, 'comment_id', CASE WHEN r.comment_id IS NOT NULL THEN jsonb_build_array(r.comment_id, NULL) END, 'notification_id', CASE WHEN r.notification_id IS NOT NULL THEN jsonb_build_array(r.notification_id, NULL) END, 'message_id', CASE WHEN r.message_id IS NOT NULL THEN jsonb_build_array(r.message_id, NULL) END, 'in_reply_to', CASE WHEN r.in_reply_to IS NOT NULL THEN jsonb_build_array(r.in_reply_to, NULL) END, 'thread', CASE WHEN r.thread IS NOT NULL THEN jsonb_build_array(r.thread, NULL) END, 'subject', CASE WHEN r.subject IS NOT NULL THEN jsonb_build_array(r.subject, NULL) END, 'state', CASE WHEN r.state IS NOT NULL THEN jsonb_build_array(r.state, NULL) END, 'problem', CASE WHEN r.problem IS NOT NULL THEN jsonb_build_array(r.problem, NULL) END, 'queued_at', CASE WHEN r.queued_at IS NOT NULL THEN jsonb_build_array(r.queued_at, NULL) END, 'sends_at', CASE WHEN r.sends_at IS NOT NULL THEN jsonb_build_array(r.sends_at, NULL) END, 'due_at', CASE WHEN r.due_at IS NOT NULL THEN jsonb_build_array(r.due_at, NULL) END, 'sent_at', CASE WHEN r.sent_at IS NOT NULL THEN jsonb_build_array(r.sent_at, NULL) END, 'attempts', CASE WHEN r.attempts IS NOT NULL THEN jsonb_build_array(r.attempts, NULL) END, 'unknowns', CASE WHEN r.unknowns IS NOT NULL THEN jsonb_build_array(r.unknowns, NULL) END, 'attempt', CASE WHEN r.attempt IS NOT NULL THEN jsonb_build_array(r.attempt, NULL) END, 'lease_until', CASE WHEN r.lease_until IS NOT NULL THEN jsonb_build_array(r.lease_until, NULL) END, 'size', CASE WHEN r.size IS NOT NULL THEN jsonb_build_array(r.size, NULL) END, 'storage_key', CASE WHEN r.storage_key IS NOT NULL THEN jsonb_build_array(r.storage_key, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'kind', CASE WHEN o.kind IS DISTINCT FROM r.kind THEN jsonb_build_array(o.kind, r.kind) END, 'mailbox_id', CASE WHEN o.mailbox_id IS DISTINCT FROM r.mailbox_id THEN jsonb_build_array(o.mailbox_id, r.mailbox_id) END, 'ticket_id', CASE WHEN o.ticket_id IS DISTINCT FROM r.ticket_id THEN jsonb_build_array(o.ticket_id, r.ticket_id) END, 'comment_id', CASE WHEN o.comment_id IS DISTINCT FROM r.comment_id THEN jsonb_build_array(o.comment_id, r.comment_id) END, 'notification_id', CASE WHEN o.notification_id IS DISTINCT FROM r.notification_id THEN jsonb_build_array(o.notification_id, r.notification_id) END, 'message_id', CASE WHEN o.message_id IS DISTINCT FROM r.message_id THEN jsonb_build_array(o.message_id, r.message_id) END, 'in_reply_to', CASE WHEN o.in_reply_to IS DISTINCT FROM r.in_reply_to THEN jsonb_build_array(o.in_reply_to, r.in_reply_to) END, 'subject', CASE WHEN o.subject IS DISTINCT FROM r.subject THEN jsonb_build_array(o.subject, r.subject) END, 'state', CASE WHEN o.state IS DISTINCT FROM r.state THEN jsonb_build_array(o.state, r.state) END, 'problem', CASE WHEN o.problem IS DISTINCT FROM r.problem THEN jsonb_build_array(o.problem, r.problem) END, 'queued_at', CASE WHEN o.queued_at IS DISTINCT FROM r.queued_at THEN jsonb_build_array(o.queued_at, r.queued_at) END, 'sends_at', CASE WHEN o.sends_at IS DISTINCT FROM r.sends_at THEN jsonb_build_array(o.sends_at, r.sends_at) END, 'sent_at', CASE WHEN o.sent_at IS DISTINCT FROM r.sent_at THEN jsonb_build_array(o.sent_at, r.sent_at) END, 'unknowns', CASE WHEN o.unknowns IS DISTINCT FROM r.unknowns THEN jsonb_build_array(o.unknowns, r.unknowns) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'kind', CASE WHEN o.kind IS DISTINCT FROM r.kind THEN jsonb_build_array(o.kind, r.kind) END, 'mailbox_id', CASE WHEN o.mailbox_id IS DISTINCT FROM r.mailbox_id THEN jsonb_build_array(o.mailbox_id, r.mailbox_id) END, 'ticket_id', CASE WHEN o.ticket_id IS DISTINCT FROM r.ticket_id THEN jsonb_build_array(o.ticket_id, r.ticket_id) END, 'comment_id', CASE WHEN o.comment_id IS DISTINCT FROM r.comment_id THEN jsonb_build_array(o.comment_id, r.comment_id) END, 'notification_id', CASE WHEN o.notification_id IS DISTINCT FROM r.notification_id THEN jsonb_build_array(o.notification_id, r.notification_id) END, 'message_id', CASE WHEN o.message_id IS DISTINCT FROM r.message_id THEN jsonb_build_array(o.message_id, r.message_id) END, 'in_reply_to', CASE WHEN o.in_reply_to IS DISTINCT FROM r.in_reply_to THEN jsonb_build_array(o.in_reply_to, r.in_reply_to) END, 'subject', CASE WHEN o.subject IS DISTINCT FROM r.subject THEN jsonb_build_array(o.subject, r.subject) END, 'state', CASE WHEN o.state IS DISTINCT FROM r.state THEN jsonb_build_array(o.state, r.state) END, 'problem', CASE WHEN o.problem IS DISTINCT FROM r.problem THEN jsonb_build_array(o.problem, r.problem) END, 'queued_at', CASE WHEN o.queued_at IS DISTINCT FROM r.queued_at THEN jsonb_build_array(o.queued_at, r.queued_at) END, 'sends_at', CASE WHEN o.sends_at IS DISTINCT FROM r.sends_at THEN jsonb_build_array(o.sends_at, r.sends_at) END, 'sent_at', CASE WHEN o.sent_at IS DISTINCT FROM r.sent_at THEN jsonb_build_array(o.sent_at, r.sent_at) END, 'unknowns', CASE WHEN o.unknowns IS DISTINCT FROM r.unknowns THEN jsonb_build_array(o.unknowns, r.unknowns) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_outbound_mails() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_passkeys() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(NULL, r.id) END, 'user_id', CASE WHEN r.user_id IS NOT NULL THEN jsonb_build_array(NULL, r.user_id) END, 'name', CASE WHEN r.name IS NOT NULL THEN jsonb_build_array(NULL, r.name) END, 'transports', CASE WHEN r.transports IS NOT NULL THEN jsonb_build_array(NULL, r.transports) END, 'is_synced', CASE WHEN r.is_synced IS NOT NULL THEN jsonb_build_array(NULL, r.is_synced) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(NULL, r.created_at) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(r.id, NULL) END, 'user_id', CASE WHEN r.user_id IS NOT NULL THEN jsonb_build_array(r.user_id, NULL) END, 'name', CASE WHEN r.name IS NOT NULL THEN jsonb_build_array(r.name, NULL) END, 'sign_count', CASE WHEN r.sign_count IS NOT NULL THEN jsonb_build_array(r.sign_count, NULL) END, 'transports', CASE WHEN r.transports IS NOT NULL THEN jsonb_build_array(r.transports, NULL) END, 'is_synced', CASE WHEN r.is_synced IS NOT NULL THEN jsonb_build_array(r.is_synced, NULL) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(r.created_at, NULL) END, 'last_used_at', CASE WHEN r.last_used_at IS NOT NULL THEN jsonb_build_array(r.last_used_at, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'user_id', CASE WHEN o.user_id IS DISTINCT FROM r.user_id THEN jsonb_build_array(o.user_id, r.user_id) END, 'name', CASE WHEN o.name IS DISTINCT FROM r.name THEN jsonb_build_array(o.name, r.name) END, 'credential_id', CASE WHEN o.credential_id IS DISTINCT FROM r.credential_id THEN '["***", "***"]'::jsonb END, 'public_key', CASE WHEN o.public_key IS DISTINCT FROM r.public_key THEN '["***", "***"]'::jsonb END, 'transports', CASE WHEN o.transports IS DISTINCT FROM r.transports THEN jsonb_build_array(o.transports, r.transports) END, 'is_synced', CASE WHEN o.is_synced IS DISTINCT FROM r.is_synced THEN jsonb_build_array(o.is_synced, r.is_synced) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'user_id', CASE WHEN o.user_id IS DISTINCT FROM r.user_id THEN jsonb_build_array(o.user_id, r.user_id) END, 'name', CASE WHEN o.name IS DISTINCT FROM r.name THEN jsonb_build_array(o.name, r.name) END, 'credential_id', CASE WHEN o.credential_id IS DISTINCT FROM r.credential_id THEN '["***", "***"]'::jsonb END, 'public_key', CASE WHEN o.public_key IS DISTINCT FROM r.public_key THEN '["***", "***"]'::jsonb END, 'transports', CASE WHEN o.transports IS DISTINCT FROM r.transports THEN jsonb_build_array(o.transports, r.transports) END, 'is_synced', CASE WHEN o.is_synced IS DISTINCT FROM r.is_synced THEN jsonb_build_array(o.is_synced, r.is_synced) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_passkeys() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_recovery_codes() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(NULL, r.id) END, 'user_id', CASE WHEN r.user_id IS NOT NULL THEN jsonb_build_array(NULL, r.user_id) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(NULL, r.created_at) END, 'used_at', CASE WHEN r.used_at IS NOT NULL THEN jsonb_build_array(NULL, r.used_at) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(r.id, NULL) END, 'user_id', CASE WHEN r.user_id IS NOT NULL THEN jsonb_build_array(r.user_id, NULL) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(r.created_at, NULL) END, 'used_at', CASE WHEN r.used_at IS NOT NULL THEN jsonb_build_array(r.used_at, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'user_id', CASE WHEN o.user_id IS DISTINCT FROM r.user_id THEN jsonb_build_array(o.user_id, r.user_id) END, 'code_hash', CASE WHEN o.code_hash IS DISTINCT FROM r.code_hash THEN '["***", "***"]'::jsonb END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END, 'used_at', CASE WHEN o.used_at IS DISTINCT FROM r.used_at THEN jsonb_build_array(o.used_at, r.used_at) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'user_id', CASE WHEN o.user_id IS DISTINCT FROM r.user_id THEN jsonb_build_array(o.user_id, r.user_id) END, 'code_hash', CASE WHEN o.code_hash IS DISTINCT FROM r.code_hash THEN '["***", "***"]'::jsonb END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END, 'used_at', CASE WHEN o.used_at IS DISTINCT FROM r.used_at THEN jsonb_build_array(o.used_at, r.used_at) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_recovery_codes() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_roles() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(NULL, r.id) END, 'name', CASE WHEN r.name IS NOT NULL THEN jsonb_build_array(NULL, r.name) END, 'description', CASE WHEN r.description IS NOT NULL THEN jsonb_build_array(NULL, r.description) END, 'permissions', CASE WHEN r.permissions IS NOT NULL THEN jsonb_build_array(NULL, r.permissions) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(NULL, r.created_at) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(r.id, NULL) END, 'name', CASE WHEN r.name IS NOT NULL THEN jsonb_build_array(r.name, NULL) END, 'description', CASE WHEN r.description IS NOT NULL THEN jsonb_build_array(r.description, NULL) END, 'permissions', CASE WHEN r.permissions IS NOT NULL THEN jsonb_build_array(r.permissions, NULL) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(r.created_at, NULL) END, 'updated_at', CASE WHEN r.updated_at IS NOT NULL THEN jsonb_build_array(r.updated_at, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'name', CASE WHEN o.name IS DISTINCT FROM r.name THEN jsonb_build_array(o.name, r.name) END, 'description', CASE WHEN o.description IS DISTINCT FROM r.description THEN jsonb_build_array(o.description, r.description) END, 'permissions', CASE WHEN o.permissions IS DISTINCT FROM r.permissions THEN jsonb_build_array(o.permissions, r.permissions) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'name', CASE WHEN o.name IS DISTINCT FROM r.name THEN jsonb_build_array(o.name, r.name) END, 'description', CASE WHEN o.description IS DISTINCT FROM r.description THEN jsonb_build_array(o.description, r.description) END, 'permissions', CASE WHEN o.permissions IS DISTINCT FROM r.permissions THEN jsonb_build_array(o.permissions, r.permissions) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_roles() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_tags() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(NULL, r.id) END, 'name', CASE WHEN r.name IS NOT NULL THEN jsonb_build_array(NULL, r.name) END, 'color', CASE WHEN r.color IS NOT NULL THEN jsonb_build_array(NULL, r.color) END, 'description', CASE WHEN r.description IS NOT NULL THEN jsonb_build_array(NULL, r.description) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(NULL, r.created_at) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(r.id, NULL) END, 'name', CASE WHEN r.name IS NOT NULL THEN jsonb_build_array(r.name, NULL) END, 'color', CASE WHEN r.color IS NOT NULL THEN jsonb_build_array(r.color, NULL) END, 'description', CASE WHEN r.description IS NOT NULL THEN jsonb_build_array(r.description, NULL) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(r.created_at, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'name', CASE WHEN o.name IS DISTINCT FROM r.name THEN jsonb_build_array(o.name, r.name) END, 'color', CASE WHEN o.color IS DISTINCT FROM r.color THEN jsonb_build_array(o.color, r.color) END, 'description', CASE WHEN o.description IS DISTINCT FROM r.description THEN jsonb_build_array(o.description, r.description) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'name', CASE WHEN o.name IS DISTINCT FROM r.name THEN jsonb_build_array(o.name, r.name) END, 'color', CASE WHEN o.color IS DISTINCT FROM r.color THEN jsonb_build_array(o.color, r.color) END, 'description', CASE WHEN o.description IS DISTINCT FROM r.description THEN jsonb_build_array(o.description, r.description) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_tags() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_team_members() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('team_id', r.team_id, 'user_id', r.user_id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('team_id', CASE WHEN r.team_id IS NOT NULL THEN jsonb_build_array(NULL, r.team_id) END, 'user_id', CASE WHEN r.user_id IS NOT NULL THEN jsonb_build_array(NULL, r.user_id) END, 'reads_only', CASE WHEN r.reads_only IS NOT NULL THEN jsonb_build_array(NULL, r.reads_only) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('team_id', r.team_id, 'user_id', r.user_id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('team_id', CASE WHEN r.team_id IS NOT NULL THEN jsonb_build_array(r.team_id, NULL) END, 'user_id', CASE WHEN r.user_id IS NOT NULL THEN jsonb_build_array(r.user_id, NULL) END, 'reads_only', CASE WHEN r.reads_only IS NOT NULL THEN jsonb_build_array(r.reads_only, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('team_id', r.team_id, 'user_id', r.user_id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('team_id', CASE WHEN o.team_id IS DISTINCT FROM r.team_id THEN jsonb_build_array(o.team_id, r.team_id) END, 'user_id', CASE WHEN o.user_id IS DISTINCT FROM r.user_id THEN jsonb_build_array(o.user_id, r.user_id) END, 'reads_only', CASE WHEN o.reads_only IS DISTINCT FROM r.reads_only THEN jsonb_build_array(o.reads_only, r.reads_only) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('team_id', r.team_id, 'user_id', r.user_id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('team_id', CASE WHEN o.team_id IS DISTINCT FROM r.team_id THEN jsonb_build_array(o.team_id, r.team_id) END, 'user_id', CASE WHEN o.user_id IS DISTINCT FROM r.user_id THEN jsonb_build_array(o.user_id, r.user_id) END, 'reads_only', CASE WHEN o.reads_only IS DISTINCT FROM r.reads_only THEN jsonb_build_array(o.reads_only, r.reads_only) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_team_members() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_teams() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(NULL, r.id) END, 'name', CASE WHEN r.name IS NOT NULL THEN jsonb_build_array(NULL, r.name) END, 'description', CASE WHEN r.description IS NOT NULL THEN jsonb_build_array(NULL, r.description) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(NULL, r.created_at) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(r.id, NULL) END, 'name', CASE WHEN r.name IS NOT NULL THEN jsonb_build_array(r.name, NULL) END, 'description', CASE WHEN r.description IS NOT NULL THEN jsonb_build_array(r.description, NULL) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(r.created_at, NULL) END, 'updated_at', CASE WHEN r.updated_at IS NOT NULL THEN jsonb_build_array(r.updated_at, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'name', CASE WHEN o.name IS DISTINCT FROM r.name THEN jsonb_build_array(o.name, r.name) END, 'description', CASE WHEN o.description IS DISTINCT FROM r.description THEN jsonb_build_array(o.description, r.description) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'name', CASE WHEN o.name IS DISTINCT FROM r.name THEN jsonb_build_array(o.name, r.name) END, 'description', CASE WHEN o.description IS DISTINCT FROM r.description THEN jsonb_build_array(o.description, r.description) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_teams() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_ticket_links() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('ticket_id', r.ticket_id, 'follows_id', r.follows_id) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('ticket_id', CASE WHEN r.ticket_id IS NOT NULL THEN jsonb_build_array(NULL, r.ticket_id) END, 'follows_id', CASE WHEN r.follows_id IS NOT NULL THEN jsonb_build_array(NULL, r.follows_id) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(NULL, r.created_at) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('ticket_id', r.ticket_id, 'follows_id', r.follows_id) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('ticket_id', CASE WHEN r.ticket_id IS NOT NULL THEN jsonb_build_array(r.ticket_id, NULL) END, 'follows_id', CASE WHEN r.follows_id IS NOT NULL THEN jsonb_build_array(r.follows_id, NULL) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(r.created_at, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('ticket_id', r.ticket_id, 'follows_id', r.follows_id) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('ticket_id', CASE WHEN o.ticket_id IS DISTINCT FROM r.ticket_id THEN jsonb_build_array(o.ticket_id, r.ticket_id) END, 'follows_id', CASE WHEN o.follows_id IS DISTINCT FROM r.follows_id THEN jsonb_build_array(o.follows_id, r.follows_id) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('ticket_id', r.ticket_id, 'follows_id', r.follows_id) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('ticket_id', CASE WHEN o.ticket_id IS DISTINCT FROM r.ticket_id THEN jsonb_build_array(o.ticket_id, r.ticket_id) END, 'follows_id', CASE WHEN o.follows_id IS DISTINCT FROM r.follows_id THEN jsonb_build_array(o.follows_id, r.follows_id) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_ticket_links() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_ticket_participants() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('ticket_id', r.ticket_id, 'user_id', r.user_id) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('ticket_id', CASE WHEN r.ticket_id IS NOT NULL THEN jsonb_build_array(NULL, r.ticket_id) END, 'user_id', CASE WHEN r.user_id IS NOT NULL THEN jsonb_build_array(NULL, r.user_id) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(NULL, r.created_at) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('ticket_id', r.ticket_id, 'user_id', r.user_id) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('ticket_id', CASE WHEN r.ticket_id IS NOT NULL THEN jsonb_build_array(r.ticket_id, NULL) END, 'user_id', CASE WHEN r.user_id IS NOT NULL THEN jsonb_build_array(r.user_id, NULL) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(r.created_at, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('ticket_id', r.ticket_id, 'user_id', r.user_id) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('ticket_id', CASE WHEN o.ticket_id IS DISTINCT FROM r.ticket_id THEN jsonb_build_array(o.ticket_id, r.ticket_id) END, 'user_id', CASE WHEN o.user_id IS DISTINCT FROM r.user_id THEN jsonb_build_array(o.user_id, r.user_id) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('ticket_id', r.ticket_id, 'user_id', r.user_id) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('ticket_id', CASE WHEN o.ticket_id IS DISTINCT FROM r.ticket_id THEN jsonb_build_array(o.ticket_id, r.ticket_id) END, 'user_id', CASE WHEN o.user_id IS DISTINCT FROM r.user_id THEN jsonb_build_array(o.user_id, r.user_id) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_ticket_participants() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_ticket_tags() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('ticket_id', r.ticket_id, 'tag_id', r.tag_id) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('ticket_id', CASE WHEN r.ticket_id IS NOT NULL THEN jsonb_build_array(NULL, r.ticket_id) END, 'tag_id', CASE WHEN r.tag_id IS NOT NULL THEN jsonb_build_array(NULL, r.tag_id) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(NULL, r.created_at) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('ticket_id', r.ticket_id, 'tag_id', r.tag_id) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('ticket_id', CASE WHEN r.ticket_id IS NOT NULL THEN jsonb_build_array(r.ticket_id, NULL) END, 'tag_id', CASE WHEN r.tag_id IS NOT NULL THEN jsonb_build_array(r.tag_id, NULL) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(r.created_at, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('ticket_id', r.ticket_id, 'tag_id', r.tag_id) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('ticket_id', CASE WHEN o.ticket_id IS DISTINCT FROM r.ticket_id THEN jsonb_build_array(o.ticket_id, r.ticket_id) END, 'tag_id', CASE WHEN o.tag_id IS DISTINCT FROM r.tag_id THEN jsonb_build_array(o.tag_id, r.tag_id) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('ticket_id', r.ticket_id, 'tag_id', r.tag_id) AS record_key,
                   r.ticket_id AS ticket_id, jsonb_strip_nulls(jsonb_build_object('ticket_id', CASE WHEN o.ticket_id IS DISTINCT FROM r.ticket_id THEN jsonb_build_array(o.ticket_id, r.ticket_id) END, 'tag_id', CASE WHEN o.tag_id IS DISTINCT FROM r.tag_id THEN jsonb_build_array(o.tag_id, r.tag_id) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_ticket_tags() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_tickets() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   r.id AS ticket_id, ('{' || substr(concat(',"id":[null,' || to_json(r.id)::text || ']', ',"ticket_number":[null,' || to_json(r.ticket_number)::text || ']', ',"title":[null,' || to_json(r.title)::text || ']', ',"description":[null,' || to_json(r.description)::text || ']', ',"status":[null,' || to_json(r.status)::text || ']', ',"priority":[null,' || to_json(r.priority)::text || ']', ',"channel":[null,' || to_json(r.channel)::text || ']', ',"requester_id":[null,' || to_json(r.requester_id)::text || ']', ',"creator_id":[null,' || to_json(r.creator_id)::text || ']', ',"assignee_id":[null,' || to_json(r.assignee_id)::text || ']', ',"team_id":[null,' || to_json(r.team_id)::text || ']', ',"organization_id":[null,' || to_json(r.organization_id)::text || ']', ',"last_activity_at":[null,' || to_json(r.last_activity_at)::text || ']', ',"first_response_at":[null,' || to_json(r.first_response_at)::text || ']', ',"resolved_at":[null,' || to_json(r.resolved_at)::text || ']', ',"deleted_at":[null,' || to_json(r.deleted_at)::text || ']', ',"created_at":[null,' || to_json(r.created_at)::text || ']', ',"merged_into_id":[null,' || to_json(r.merged_into_id)::text || ']'), 2) || '}')::jsonb AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   r.id AS ticket_id, ('{' || substr(concat(',"id":[' || to_json(r.id)::text || ',null]', ',"ticket_number":[' || to_json(r.ticket_number)::text || ',null]', ',"title":[' || to_json(r.title)::text || ',null]', ',"description":[' || to_json(r.description)::text || ',null]', ',"status":[' || to_json(r.status)::text || ',null]', ',"priority":[' || to_json(r.priority)::text || ',null]', ',"priority_rank":[' || to_json(r.priority_rank)::text || ',null]', ',"channel":[' || to_json(r.channel)::text || ',null]', ',"requester_id":[' || to_json(r.requester_id)::text || ',null]', ',"creator_id":[' || to_json(r.creator_id)::text || ',null]', ',"assignee_id":[' || to_json(r.assignee_id)::text || ',null]', ',"team_id":[' || to_json(r.team_id)::text || ',null]', ',"organization_id":[' || to_json(r.organization_id)::text || ',null]', ',"version":[' || to_json(r.version)::text || ',null]', ',"last_activity_at":[' || to_json(r.last_activity_at)::text || ',null]', ',"first_response_at":[' || to_json(r.first_response_at)::text || ',null]', ',"resolved_at":[' || to_json(r.resolved_at)::text || ',null]', ',"deleted_at":[' || to_json(r.deleted_at)::text || ',null]', ',"created_at":[' || to_json(r.created_at)::text || ',null]', ',"updated_at":[' || to_json(r.updated_at)::text || ',null]', ',"merged_into_id":[' || to_json(r.merged_into_id)::text || ',null]'), 2) || '}')::jsonb AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   r.id AS ticket_id, ('{' || substr(concat(CASE WHEN o.id IS DISTINCT FROM r.id THEN concat(',"id":[', coalesce(to_json(o.id)::text, 'null'), ',', coalesce(to_json(r.id)::text, 'null'), ']') END, CASE WHEN o.ticket_number IS DISTINCT FROM r.ticket_number THEN concat(',"ticket_number":[', coalesce(to_json(o.ticket_number)::text, 'null'), ',', coalesce(to_json(r.ticket_number)::text, 'null'), ']') END, CASE WHEN o.title IS DISTINCT FROM r.title THEN concat(',"title":[', coalesce(to_json(o.title)::text, 'null'), ',', coalesce(to_json(r.title)::text, 'null'), ']') END, CASE WHEN o.description IS DISTINCT FROM r.description THEN concat(',"description":[', coalesce(to_json(o.description)::text, 'null'), ',', coalesce(to_json(r.description)::text, 'null'), ']') END, CASE WHEN o.status IS DISTINCT FROM r.status THEN concat(',"status":[', coalesce(to_json(o.status)::text, 'null'), ',', coalesce(to_json(r.status)::text, 'null'), ']') END, CASE WHEN o.priority IS DISTINCT FROM r.priority THEN concat(',"priority":[', coalesce(to_json(o.priority)::text, 'null'), ',', coalesce(to_json(r.priority)::text, 'null'), ']') END, CASE WHEN o.channel IS DISTINCT FROM r.channel THEN concat(',"channel":[', coalesce(to_json(o.channel)::text, 'null'), ',', coalesce(to_json(r.channel)::text, 'null'), ']') END, CASE WHEN o.requester_id IS DISTINCT FROM r.requester_id THEN concat(',"requester_id":[', coalesce(to_json(o.requester_id)::text, 'null'), ',', coalesce(to_json(r.requester_id)::text, 'null'), ']') END, CASE WHEN o.creator_id IS DISTINCT FROM r.creator_id THEN concat(',"creator_id":[', coalesce(to_json(o.creator_id)::text, 'null'), ',', coalesce(to_json(r.creator_id)::text, 'null'), ']') END, CASE WHEN o.assignee_id IS DISTINCT FROM r.assignee_id THEN concat(',"assignee_id":[', coalesce(to_json(o.assignee_id)::text, 'null'), ',', coalesce(to_json(r.assignee_id)::text, 'null'), ']') END, CASE WHEN o.team_id IS DISTINCT FROM r.team_id THEN concat(',"team_id":[', coalesce(to_json(o.team_id)::text, 'null'), ',', coalesce(to_json(r.team_id)::text, 'null'), ']') END, CASE WHEN o.organization_id IS DISTINCT FROM r.organization_id THEN concat(',"organization_id":[', coalesce(to_json(o.organization_id)::text, 'null'), ',', coalesce(to_json(r.organization_id)::text, 'null'), ']') END, CASE WHEN o.last_activity_at IS DISTINCT FROM r.last_activity_at THEN concat(',"last_activity_at":[', coalesce(to_json(o.last_activity_at)::text, 'null'), ',', coalesce(to_json(r.last_activity_at)::text, 'null'), ']') END, CASE WHEN o.first_response_at IS DISTINCT FROM r.first_response_at THEN concat(',"first_response_at":[', coalesce(to_json(o.first_response_at)::text, 'null'), ',', coalesce(to_json(r.first_response_at)::text, 'null'), ']') END, CASE WHEN o.resolved_at IS DISTINCT FROM r.resolved_at THEN concat(',"resolved_at":[', coalesce(to_json(o.resolved_at)::text, 'null'), ',', coalesce(to_json(r.resolved_at)::text, 'null'), ']') END, CASE WHEN o.deleted_at IS DISTINCT FROM r.deleted_at THEN concat(',"deleted_at":[', coalesce(to_json(o.deleted_at)::text, 'null'), ',', coalesce(to_json(r.deleted_at)::text, 'null'), ']') END, CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN concat(',"created_at":[', coalesce(to_json(o.created_at)::text, 'null'), ',', coalesce(to_json(r.created_at)::text, 'null'), ']') END, CASE WHEN o.merged_into_id IS DISTINCT FROM r.merged_into_id THEN concat(',"merged_into_id":[', coalesce(to_json(o.merged_into_id)::text, 'null'), ',', coalesce(to_json(r.merged_into_id)::text, 'null'), ']') END), 2) || '}')::jsonb AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   r.id AS ticket_id, ('{' || substr(concat(CASE WHEN o.id IS DISTINCT FROM r.id THEN concat(',"id":[', coalesce(to_json(o.id)::text, 'null'), ',', coalesce(to_json(r.id)::text, 'null'), ']') END, CASE WHEN o.ticket_number IS DISTINCT FROM r.ticket_number THEN concat(',"ticket_number":[', coalesce(to_json(o.ticket_number)::text, 'null'), ',', coalesce(to_json(r.ticket_number)::text, 'null'), ']') END, CASE WHEN o.title IS DISTINCT FROM r.title THEN concat(',"title":[', coalesce(to_json(o.title)::text, 'null'), ',', coalesce(to_json(r.title)::text, 'null'), ']') END, CASE WHEN o.description IS DISTINCT FROM r.description THEN concat(',"description":[', coalesce(to_json(o.description)::text, 'null'), ',', coalesce(to_json(r.description)::text, 'null'), ']') END, CASE WHEN o.status IS DISTINCT FROM r.status THEN concat(',"status":[', coalesce(to_json(o.status)::text, 'null'), ',', coalesce(to_json(r.status)::text, 'null'), ']') END, CASE WHEN o.priority IS DISTINCT FROM r.priority THEN concat(',"priority":[', coalesce(to_json(o.priority)::text, 'null'), ',', coalesce(to_json(r.priority)::text, 'null'), ']') END, CASE WHEN o.channel IS DISTINCT FROM r.channel THEN concat(',"channel":[', coalesce(to_json(o.channel)::text, 'null'), ',', coalesce(to_json(r.channel)::text, 'null'), ']') END, CASE WHEN o.requester_id IS DISTINCT FROM r.requester_id THEN concat(',"requester_id":[', coalesce(to_json(o.requester_id)::text, 'null'), ',', coalesce(to_json(r.requester_id)::text, 'null'), ']') END, CASE WHEN o.creator_id IS DISTINCT FROM r.creator_id THEN concat(',"creator_id":[', coalesce(to_json(o.creator_id)::text, 'null'), ',', coalesce(to_json(r.creator_id)::text, 'null'), ']') END, CASE WHEN o.assignee_id IS DISTINCT FROM r.assignee_id THEN concat(',"assignee_id":[', coalesce(to_json(o.assignee_id)::text, 'null'), ',', coalesce(to_json(r.assignee_id)::text, 'null'), ']') END, CASE WHEN o.team_id IS DISTINCT FROM r.team_id THEN concat(',"team_id":[', coalesce(to_json(o.team_id)::text, 'null'), ',', coalesce(to_json(r.team_id)::text, 'null'), ']') END, CASE WHEN o.organization_id IS DISTINCT FROM r.organization_id THEN concat(',"organization_id":[', coalesce(to_json(o.organization_id)::text, 'null'), ',', coalesce(to_json(r.organization_id)::text, 'null'), ']') END, CASE WHEN o.last_activity_at IS DISTINCT FROM r.last_activity_at THEN concat(',"last_activity_at":[', coalesce(to_json(o.last_activity_at)::text, 'null'), ',', coalesce(to_json(r.last_activity_at)::text, 'null'), ']') END, CASE WHEN o.first_response_at IS DISTINCT FROM r.first_response_at THEN concat(',"first_response_at":[', coalesce(to_json(o.first_response_at)::text, 'null'), ',', coalesce(to_json(r.first_response_at)::text, 'null'), ']') END, CASE WHEN o.resolved_at IS DISTINCT FROM r.resolved_at THEN concat(',"resolved_at":[', coalesce(to_json(o.resolved_at)::text, 'null'), ',', coalesce(to_json(r.resolved_at)::text, 'null'), ']') END, CASE WHEN o.deleted_at IS DISTINCT FROM r.deleted_at THEN concat(',"deleted_at":[', coalesce(to_json(o.deleted_at)::text, 'null'), ',', coalesce(to_json(r.deleted_at)::text, 'null'), ']') END, CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN concat(',"created_at":[', coalesce(to_json(o.created_at)::text, 'null'), ',', coalesce(to_json(r.created_at)::text, 'null'), ']') END, CASE WHEN o.merged_into_id IS DISTINCT FROM r.merged_into_id THEN concat(',"merged_into_id":[', coalesce(to_json(o.merged_into_id)::text, 'null'), ',', coalesce(to_json(r.merged_into_id)::text, 'null'), ']') END), 2) || '}')::jsonb AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_tickets() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_totp_factors() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('user_id', r.user_id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('user_id', CASE WHEN r.user_id IS NOT NULL THEN jsonb_build_array(NULL, r.user_id) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(NULL, r.created_at) END, 'confirmed_at', CASE WHEN r.confirmed_at IS NOT NULL THEN jsonb_build_array(NULL, r.confirmed_at) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('user_id', r.user_id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('user_id', CASE WHEN r.user_id IS NOT NULL THEN jsonb_build_array(r.user_id, NULL) END, 'last_step', CASE WHEN r.last_step IS NOT NULL THEN jsonb_build_array(r.last_step, NULL) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(r.created_at, NULL) END, 'confirmed_at', CASE WHEN r.confirmed_at IS NOT NULL THEN jsonb_build_array(r.confirmed_at, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('user_id', r.user_id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('user_id', CASE WHEN o.user_id IS DISTINCT FROM r.user_id THEN jsonb_build_array(o.user_id, r.user_id) END, 'secret', CASE WHEN o.secret IS DISTINCT FROM r.secret THEN '["***", "***"]'::jsonb END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END, 'confirmed_at', CASE WHEN o.confirmed_at IS DISTINCT FROM r.confirmed_at THEN jsonb_build_array(o.confirmed_at, r.confirmed_at) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, NULL::bigint AS record_id, jsonb_build_object('user_id', r.user_id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('user_id', CASE WHEN o.user_id IS DISTINCT FROM r.user_id THEN jsonb_build_array(o.user_id, r.user_id) END, 'secret', CASE WHEN o.secret IS DISTINCT FROM r.secret THEN '["***", "***"]'::jsonb END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END, 'confirmed_at', CASE WHEN o.confirmed_at IS DISTINCT FROM r.confirmed_at THEN jsonb_build_array(o.confirmed_at, r.confirmed_at) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_totp_factors() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_transfer_jobs() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(NULL, r.id) END, 'kind', CASE WHEN r.kind IS NOT NULL THEN jsonb_build_array(NULL, r.kind) END, 'format', CASE WHEN r.format IS NOT NULL THEN jsonb_build_array(NULL, r.format) END, 'state', CASE WHEN r.state IS NOT NULL THEN jsonb_build_array(NULL, r.state) END, 'owner_id', CASE WHEN r.owner_id IS NOT NULL THEN jsonb_build_array(NULL, r.owner_id) END, 'includes_files', CASE WHEN r.includes_files IS NOT NULL THEN jsonb_build_array(NULL, r.includes_files) END, 'dry_run', CASE WHEN r.dry_run IS NOT NULL THEN jsonb_build_array(NULL, r.dry_run) END, 'file_name', CASE WHEN r.file_name IS NOT NULL THEN jsonb_build_array(NULL, r.file_name) END, 'size', CASE WHEN r.size IS NOT NULL THEN jsonb_build_array(NULL, r.size) END, 'problem', CASE WHEN r.problem IS NOT NULL THEN jsonb_build_array(NULL, r.problem) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(NULL, r.created_at) END, 'started_at', CASE WHEN r.started_at IS NOT NULL THEN jsonb_build_array(NULL, r.started_at) END, 'settled_at', CASE WHEN r.settled_at IS NOT NULL THEN jsonb_build_array(NULL, r.settled_at) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(r.id, NULL) END, 'kind', CASE WHEN r.kind IS NOT NULL THEN jsonb_build_array(r.kind, NULL) END, 'format', CASE WHEN r.format IS NOT NULL THEN jsonb_build_array(r.format, NULL) END, 'state', CASE WHEN r.state IS NOT NULL THEN jsonb_build_array(r.state, NULL) END, 'owner_id', CASE WHEN r.owner_id IS NOT NULL THEN jsonb_build_array(r.owner_id, NULL) END, 'includes_files', CASE WHEN r.includes_files IS NOT NULL THEN jsonb_build_array(r.includes_files, NULL) END, 'dry_run', CASE WHEN r.dry_run IS NOT NULL THEN jsonb_build_array(r.dry_run, NULL) END, 'mapping', CASE WHEN r.mapping IS NOT NULL THEN jsonb_build_array(r.mapping, NULL) END, 'file_name', CASE WHEN r.file_name IS NOT NULL THEN jsonb_build_array(r.file_name, NULL) END, 'storage_key', CASE WHEN r.storage_key IS NOT NULL THEN jsonb_build_array(r.storage_key, NULL) END, 'checksum', CASE WHEN r.checksum IS NOT NULL THEN jsonb_build_array(r.checksum, NULL) END, 'size', CASE WHEN r.size IS NOT NULL THEN jsonb_build_array(r.size, NULL) END, 'sight', CASE WHEN r.sight IS NOT NULL THEN jsonb_build_array(r.sight, NULL) END, 'done', CASE WHEN r.done IS NOT NULL THEN jsonb_build_array(r.done, NULL) END, 'total', CASE WHEN r.total IS NOT NULL THEN jsonb_build_array(r.total, NULL) END, 'read', CASE WHEN r.read IS NOT NULL THEN jsonb_build_array(r.read, NULL) END, 'tickets', CASE WHEN r.tickets IS NOT NULL THEN jsonb_build_array(r.tickets, NULL) END, 'comments', CASE WHEN r.comments IS NOT NULL THEN jsonb_build_array(r.comments, NULL) END, 'people', CASE WHEN r.people IS NOT NULL THEN jsonb_build_array(r.people, NULL) END, 'known', CASE WHEN r.known IS NOT NULL THEN jsonb_build_array(r.known, NULL) END, 'left_out', CASE WHEN r.left_out IS NOT NULL THEN jsonb_build_array(r.left_out, NULL) END, 'problem', CASE WHEN r.problem IS NOT NULL THEN jsonb_build_array(r.problem, NULL) END, 'attempts', CASE WHEN r.attempts IS NOT NULL THEN jsonb_build_array(r.attempts, NULL) END, 'attempt', CASE WHEN r.attempt IS NOT NULL THEN jsonb_build_array(r.attempt, NULL) END, 'lease_until', CASE WHEN r.lease_until IS NOT NULL THEN jsonb_build_array(r.lease_until, NULL) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(r.created_at, NULL) END, 'started_at', CASE WHEN r.started_at IS NOT NULL THEN jsonb_build_array(r.started_at, NULL) END, 'settled_at', CASE WHEN r.settled_at IS NOT NULL THEN jsonb_build_array(r.settled_at, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'kind', CASE WHEN o.kind IS DISTINCT FROM r.kind THEN jsonb_build_array(o.kind, r.kind) END, 'format', CASE WHEN o.format IS DISTINCT FROM r.format THEN jsonb_build_array(o.format, r.format) END, 'state', CASE WHEN o.state IS DISTINCT FROM r.state THEN jsonb_build_array(o.state, r.state) END, 'owner_id', CASE WHEN o.owner_id IS DISTINCT FROM r.owner_id THEN jsonb_build_array(o.owner_id, r.owner_id) END, 'includes_files', CASE WHEN o.includes_files IS DISTINCT FROM r.includes_files THEN jsonb_build_array(o.includes_files, r.includes_files) END, 'dry_run', CASE WHEN o.dry_run IS DISTINCT FROM r.dry_run THEN jsonb_build_array(o.dry_run, r.dry_run) END, 'file_name', CASE WHEN o.file_name IS DISTINCT FROM r.file_name THEN jsonb_build_array(o.file_name, r.file_name) END, 'size', CASE WHEN o.size IS DISTINCT FROM r.size THEN jsonb_build_array(o.size, r.size) END, 'problem', CASE WHEN o.problem IS DISTINCT FROM r.problem THEN jsonb_build_array(o.problem, r.problem) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END, 'started_at', CASE WHEN o.started_at IS DISTINCT FROM r.started_at THEN jsonb_build_array(o.started_at, r.started_at) END, 'settled_at', CASE WHEN o.settled_at IS DISTINCT FROM r.settled_at THEN jsonb_build_array(o.settled_at, r.settled_at) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'kind', CASE WHEN o.kind IS DISTINCT FROM r.kind THEN jsonb_build_array(o.kind, r.kind) END, 'format', CASE WHEN o.format IS DISTINCT FROM r.format THEN jsonb_build_array(o.format, r.format) END, 'state', CASE WHEN o.state IS DISTINCT FROM r.state THEN jsonb_build_array(o.state, r.state) END, 'owner_id', CASE WHEN o.owner_id IS DISTINCT FROM r.owner_id THEN jsonb_build_array(o.owner_id, r.owner_id) END, 'includes_files', CASE WHEN o.includes_files IS DISTINCT FROM r.includes_files THEN jsonb_build_array(o.includes_files, r.includes_files) END, 'dry_run', CASE WHEN o.dry_run IS DISTINCT FROM r.dry_run THEN jsonb_build_array(o.dry_run, r.dry_run) END, 'file_name', CASE WHEN o.file_name IS DISTINCT FROM r.file_name THEN jsonb_build_array(o.file_name, r.file_name) END, 'size', CASE WHEN o.size IS DISTINCT FROM r.size THEN jsonb_build_array(o.size, r.size) END, 'problem', CASE WHEN o.problem IS DISTINCT FROM r.problem THEN jsonb_build_array(o.problem, r.problem) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END, 'started_at', CASE WHEN o.started_at IS DISTINCT FROM r.started_at THEN jsonb_build_array(o.started_at, r.started_at) END, 'settled_at', CASE WHEN o.settled_at IS DISTINCT FROM r.settled_at THEN jsonb_build_array(o.settled_at, r.settled_at) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_transfer_jobs() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_users() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, ('{' || substr(concat(',"id":[null,' || to_json(r.id)::text || ']', ',"email":[null,' || to_json(r.email)::text || ']', ',"full_name":[null,' || to_json(r.full_name)::text || ']', ',"is_active":[null,' || to_json(r.is_active)::text || ']', ',"is_staff":[null,' || to_json(r.is_staff)::text || ']', ',"role":[null,' || to_json(r.role)::text || ']', ',"sees_all_teams":[null,' || to_json(r.sees_all_teams)::text || ']', ',"organization_id":[null,' || to_json(r.organization_id)::text || ']', ',"theme":[null,' || to_json(r.theme)::text || ']', ',"last_login":[null,' || to_json(r.last_login)::text || ']', ',"created_at":[null,' || to_json(r.created_at)::text || ']', ',"merged_into_id":[null,' || to_json(r.merged_into_id)::text || ']', ',"anonymised_at":[null,' || to_json(r.anonymised_at)::text || ']', ',"custom_role_id":[null,' || to_json(r.custom_role_id)::text || ']', ',"new_browser_letters":[null,' || to_json(r.new_browser_letters)::text || ']'), 2) || '}')::jsonb AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, ('{' || substr(concat(',"id":[' || to_json(r.id)::text || ',null]', ',"email":[' || to_json(r.email)::text || ',null]', ',"full_name":[' || to_json(r.full_name)::text || ',null]', ',"is_active":[' || to_json(r.is_active)::text || ',null]', ',"is_staff":[' || to_json(r.is_staff)::text || ',null]', ',"role":[' || to_json(r.role)::text || ',null]', ',"sees_all_teams":[' || to_json(r.sees_all_teams)::text || ',null]', ',"organization_id":[' || to_json(r.organization_id)::text || ',null]', ',"theme":[' || to_json(r.theme)::text || ',null]', ',"last_login":[' || to_json(r.last_login)::text || ',null]', ',"email_norm":[' || to_json(r.email_norm)::text || ',null]', ',"created_at":[' || to_json(r.created_at)::text || ',null]', ',"updated_at":[' || to_json(r.updated_at)::text || ',null]', ',"merged_into_id":[' || to_json(r.merged_into_id)::text || ',null]', ',"anonymised_at":[' || to_json(r.anonymised_at)::text || ',null]', ',"custom_role_id":[' || to_json(r.custom_role_id)::text || ',null]', ',"new_browser_letters":[' || to_json(r.new_browser_letters)::text || ',null]'), 2) || '}')::jsonb AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, ('{' || substr(concat(CASE WHEN o.id IS DISTINCT FROM r.id THEN concat(',"id":[', coalesce(to_json(o.id)::text, 'null'), ',', coalesce(to_json(r.id)::text, 'null'), ']') END, CASE WHEN o.email IS DISTINCT FROM r.email THEN concat(',"email":[', coalesce(to_json(o.email)::text, 'null'), ',', coalesce(to_json(r.email)::text, 'null'), ']') END, CASE WHEN o.full_name IS DISTINCT FROM r.full_name THEN concat(',"full_name":[', coalesce(to_json(o.full_name)::text, 'null'), ',', coalesce(to_json(r.full_name)::text, 'null'), ']') END, CASE WHEN o.is_active IS DISTINCT FROM r.is_active THEN concat(',"is_active":[', coalesce(to_json(o.is_active)::text, 'null'), ',', coalesce(to_json(r.is_active)::text, 'null'), ']') END, CASE WHEN o.is_staff IS DISTINCT FROM r.is_staff THEN concat(',"is_staff":[', coalesce(to_json(o.is_staff)::text, 'null'), ',', coalesce(to_json(r.is_staff)::text, 'null'), ']') END, CASE WHEN o.role IS DISTINCT FROM r.role THEN concat(',"role":[', coalesce(to_json(o.role)::text, 'null'), ',', coalesce(to_json(r.role)::text, 'null'), ']') END, CASE WHEN o.sees_all_teams IS DISTINCT FROM r.sees_all_teams THEN concat(',"sees_all_teams":[', coalesce(to_json(o.sees_all_teams)::text, 'null'), ',', coalesce(to_json(r.sees_all_teams)::text, 'null'), ']') END, CASE WHEN o.organization_id IS DISTINCT FROM r.organization_id THEN concat(',"organization_id":[', coalesce(to_json(o.organization_id)::text, 'null'), ',', coalesce(to_json(r.organization_id)::text, 'null'), ']') END, CASE WHEN o.password_hash IS DISTINCT FROM r.password_hash THEN ',"password_hash":["***","***"]' END, CASE WHEN o.theme IS DISTINCT FROM r.theme THEN concat(',"theme":[', coalesce(to_json(o.theme)::text, 'null'), ',', coalesce(to_json(r.theme)::text, 'null'), ']') END, CASE WHEN o.last_login IS DISTINCT FROM r.last_login THEN concat(',"last_login":[', coalesce(to_json(o.last_login)::text, 'null'), ',', coalesce(to_json(r.last_login)::text, 'null'), ']') END, CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN concat(',"created_at":[', coalesce(to_json(o.created_at)::text, 'null'), ',', coalesce(to_json(r.created_at)::text, 'null'), ']') END, CASE WHEN o.merged_into_id IS DISTINCT FROM r.merged_into_id THEN concat(',"merged_into_id":[', coalesce(to_json(o.merged_into_id)::text, 'null'), ',', coalesce(to_json(r.merged_into_id)::text, 'null'), ']') END, CASE WHEN o.anonymised_at IS DISTINCT FROM r.anonymised_at THEN concat(',"anonymised_at":[', coalesce(to_json(o.anonymised_at)::text, 'null'), ',', coalesce(to_json(r.anonymised_at)::text, 'null'), ']') END, CASE WHEN o.custom_role_id IS DISTINCT FROM r.custom_role_id THEN concat(',"custom_role_id":[', coalesce(to_json(o.custom_role_id)::text, 'null'), ',', coalesce(to_json(r.custom_role_id)::text, 'null'), ']') END, CASE WHEN o.new_browser_letters IS DISTINCT FROM r.new_browser_letters THEN concat(',"new_browser_letters":[', coalesce(to_json(o.new_browser_letters)::text, 'null'), ',', coalesce(to_json(r.new_browser_letters)::text, 'null'), ']') END), 2) || '}')::jsonb AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, ('{' || substr(concat(CASE WHEN o.id IS DISTINCT FROM r.id THEN concat(',"id":[', coalesce(to_json(o.id)::text, 'null'), ',', coalesce(to_json(r.id)::text, 'null'), ']') END, CASE WHEN o.email IS DISTINCT FROM r.email THEN concat(',"email":[', coalesce(to_json(o.email)::text, 'null'), ',', coalesce(to_json(r.email)::text, 'null'), ']') END, CASE WHEN o.full_name IS DISTINCT FROM r.full_name THEN concat(',"full_name":[', coalesce(to_json(o.full_name)::text, 'null'), ',', coalesce(to_json(r.full_name)::text, 'null'), ']') END, CASE WHEN o.is_active IS DISTINCT FROM r.is_active THEN concat(',"is_active":[', coalesce(to_json(o.is_active)::text, 'null'), ',', coalesce(to_json(r.is_active)::text, 'null'), ']') END, CASE WHEN o.is_staff IS DISTINCT FROM r.is_staff THEN concat(',"is_staff":[', coalesce(to_json(o.is_staff)::text, 'null'), ',', coalesce(to_json(r.is_staff)::text, 'null'), ']') END, CASE WHEN o.role IS DISTINCT FROM r.role THEN concat(',"role":[', coalesce(to_json(o.role)::text, 'null'), ',', coalesce(to_json(r.role)::text, 'null'), ']') END, CASE WHEN o.sees_all_teams IS DISTINCT FROM r.sees_all_teams THEN concat(',"sees_all_teams":[', coalesce(to_json(o.sees_all_teams)::text, 'null'), ',', coalesce(to_json(r.sees_all_teams)::text, 'null'), ']') END, CASE WHEN o.organization_id IS DISTINCT FROM r.organization_id THEN concat(',"organization_id":[', coalesce(to_json(o.organization_id)::text, 'null'), ',', coalesce(to_json(r.organization_id)::text, 'null'), ']') END, CASE WHEN o.password_hash IS DISTINCT FROM r.password_hash THEN ',"password_hash":["***","***"]' END, CASE WHEN o.theme IS DISTINCT FROM r.theme THEN concat(',"theme":[', coalesce(to_json(o.theme)::text, 'null'), ',', coalesce(to_json(r.theme)::text, 'null'), ']') END, CASE WHEN o.last_login IS DISTINCT FROM r.last_login THEN concat(',"last_login":[', coalesce(to_json(o.last_login)::text, 'null'), ',', coalesce(to_json(r.last_login)::text, 'null'), ']') END, CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN concat(',"created_at":[', coalesce(to_json(o.created_at)::text, 'null'), ',', coalesce(to_json(r.created_at)::text, 'null'), ']') END, CASE WHEN o.merged_into_id IS DISTINCT FROM r.merged_into_id THEN concat(',"merged_into_id":[', coalesce(to_json(o.merged_into_id)::text, 'null'), ',', coalesce(to_json(r.merged_into_id)::text, 'null'), ']') END, CASE WHEN o.anonymised_at IS DISTINCT FROM r.anonymised_at THEN concat(',"anonymised_at":[', coalesce(to_json(o.anonymised_at)::text, 'null'), ',', coalesce(to_json(r.anonymised_at)::text, 'null'), ']') END, CASE WHEN o.custom_role_id IS DISTINCT FROM r.custom_role_id THEN concat(',"custom_role_id":[', coalesce(to_json(o.custom_role_id)::text, 'null'), ',', coalesce(to_json(r.custom_role_id)::text, 'null'), ']') END, CASE WHEN o.new_browser_letters IS DISTINCT FROM r.new_browser_letters THEN concat(',"new_browser_letters":[', coalesce(to_json(o.new_browser_letters)::text, 'null'), ',', coalesce(to_json(r.new_browser_letters)::text, 'null'), ']') END), 2) || '}')::jsonb AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_users() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_of_webhook_endpoints() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'CREATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(NULL, r.id) END, 'owner_id', CASE WHEN r.owner_id IS NOT NULL THEN jsonb_build_array(NULL, r.owner_id) END, 'url', CASE WHEN r.url IS NOT NULL THEN jsonb_build_array(NULL, r.url) END, 'description', CASE WHEN r.description IS NOT NULL THEN jsonb_build_array(NULL, r.description) END, 'events', CASE WHEN r.events IS NOT NULL THEN jsonb_build_array(NULL, r.events) END, 'includes_notes', CASE WHEN r.includes_notes IS NOT NULL THEN jsonb_build_array(NULL, r.includes_notes) END, 'is_active', CASE WHEN r.is_active IS NOT NULL THEN jsonb_build_array(NULL, r.is_active) END, 'old_secret_until', CASE WHEN r.old_secret_until IS NOT NULL THEN jsonb_build_array(NULL, r.old_secret_until) END, 'problem', CASE WHEN r.problem IS NOT NULL THEN jsonb_build_array(NULL, r.problem) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(NULL, r.created_at) END)) AS changes
              FROM new_rows r) d;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'DELETE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN r.id IS NOT NULL THEN jsonb_build_array(r.id, NULL) END, 'owner_id', CASE WHEN r.owner_id IS NOT NULL THEN jsonb_build_array(r.owner_id, NULL) END, 'url', CASE WHEN r.url IS NOT NULL THEN jsonb_build_array(r.url, NULL) END, 'description', CASE WHEN r.description IS NOT NULL THEN jsonb_build_array(r.description, NULL) END, 'events', CASE WHEN r.events IS NOT NULL THEN jsonb_build_array(r.events, NULL) END, 'includes_notes', CASE WHEN r.includes_notes IS NOT NULL THEN jsonb_build_array(r.includes_notes, NULL) END, 'is_active', CASE WHEN r.is_active IS NOT NULL THEN jsonb_build_array(r.is_active, NULL) END, 'old_secret_until', CASE WHEN r.old_secret_until IS NOT NULL THEN jsonb_build_array(r.old_secret_until, NULL) END, 'held_until', CASE WHEN r.held_until IS NOT NULL THEN jsonb_build_array(r.held_until, NULL) END, 'failing_since', CASE WHEN r.failing_since IS NOT NULL THEN jsonb_build_array(r.failing_since, NULL) END, 'problem', CASE WHEN r.problem IS NOT NULL THEN jsonb_build_array(r.problem, NULL) END, 'created_at', CASE WHEN r.created_at IS NOT NULL THEN jsonb_build_array(r.created_at, NULL) END, 'updated_at', CASE WHEN r.updated_at IS NOT NULL THEN jsonb_build_array(r.updated_at, NULL) END)) AS changes
              FROM old_rows r) d;
  ELSIF touched = 1 THEN
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'owner_id', CASE WHEN o.owner_id IS DISTINCT FROM r.owner_id THEN jsonb_build_array(o.owner_id, r.owner_id) END, 'url', CASE WHEN o.url IS DISTINCT FROM r.url THEN jsonb_build_array(o.url, r.url) END, 'description', CASE WHEN o.description IS DISTINCT FROM r.description THEN jsonb_build_array(o.description, r.description) END, 'events', CASE WHEN o.events IS DISTINCT FROM r.events THEN jsonb_build_array(o.events, r.events) END, 'includes_notes', CASE WHEN o.includes_notes IS DISTINCT FROM r.includes_notes THEN jsonb_build_array(o.includes_notes, r.includes_notes) END, 'is_active', CASE WHEN o.is_active IS DISTINCT FROM r.is_active THEN jsonb_build_array(o.is_active, r.is_active) END, 'secret', CASE WHEN o.secret IS DISTINCT FROM r.secret THEN '["***", "***"]'::jsonb END, 'old_secret', CASE WHEN o.old_secret IS DISTINCT FROM r.old_secret THEN '["***", "***"]'::jsonb END, 'old_secret_until', CASE WHEN o.old_secret_until IS DISTINCT FROM r.old_secret_until THEN jsonb_build_array(o.old_secret_until, r.old_secret_until) END, 'problem', CASE WHEN o.problem IS DISTINCT FROM r.problem THEN jsonb_build_array(o.problem, r.problem) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM old_rows o CROSS JOIN new_rows r) d;
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, 'UPDATE', actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, r.id AS record_id, jsonb_build_object('id', r.id) AS record_key,
                   NULL::bigint AS ticket_id, jsonb_strip_nulls(jsonb_build_object('id', CASE WHEN o.id IS DISTINCT FROM r.id THEN jsonb_build_array(o.id, r.id) END, 'owner_id', CASE WHEN o.owner_id IS DISTINCT FROM r.owner_id THEN jsonb_build_array(o.owner_id, r.owner_id) END, 'url', CASE WHEN o.url IS DISTINCT FROM r.url THEN jsonb_build_array(o.url, r.url) END, 'description', CASE WHEN o.description IS DISTINCT FROM r.description THEN jsonb_build_array(o.description, r.description) END, 'events', CASE WHEN o.events IS DISTINCT FROM r.events THEN jsonb_build_array(o.events, r.events) END, 'includes_notes', CASE WHEN o.includes_notes IS DISTINCT FROM r.includes_notes THEN jsonb_build_array(o.includes_notes, r.includes_notes) END, 'is_active', CASE WHEN o.is_active IS DISTINCT FROM r.is_active THEN jsonb_build_array(o.is_active, r.is_active) END, 'secret', CASE WHEN o.secret IS DISTINCT FROM r.secret THEN '["***", "***"]'::jsonb END, 'old_secret', CASE WHEN o.old_secret IS DISTINCT FROM r.old_secret THEN '["***", "***"]'::jsonb END, 'old_secret_until', CASE WHEN o.old_secret_until IS DISTINCT FROM r.old_secret_until THEN jsonb_build_array(o.old_secret_until, r.old_secret_until) END, 'problem', CASE WHEN o.problem IS DISTINCT FROM r.problem THEN jsonb_build_array(o.problem, r.problem) END, 'created_at', CASE WHEN o.created_at IS DISTINCT FROM r.created_at THEN jsonb_build_array(o.created_at, r.created_at) END)) AS changes
              FROM (SELECT *, row_number() OVER () AS audit_row FROM old_rows) o JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)) d;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.audit_of_webhook_endpoints() OWNER TO ombud_owner;

CREATE FUNCTION ombud.audit_table(target regclass, keys text[], ticket_column text DEFAULT NULL::text, secrets text[] DEFAULT '{}'::text[], omitted text[] DEFAULT '{}'::text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $_$
DECLARE
  name text := (SELECT c.relname FROM pg_class c WHERE c.oid = target);
  function_name text := format('ombud.%I', 'audit_of_' || name);
  id text := CASE WHEN 'id' = ANY (keys) THEN 'r.id' ELSE 'NULL::bigint' END;
  key text := (SELECT format('jsonb_build_object(%s)', string_agg(format('%1$L, r.%1$I', k), ', ')) FROM unnest(keys) k);
  document CONSTANT text := $code$('{' || substr(concat(%s), 2) || '}')::jsonb$code$;
  ticket text := CASE WHEN ticket_column IS NULL THEN 'NULL::bigint' ELSE format('r.%I', ticket_column) END;
  created text;
  deleted text;
  changed text;
BEGIN
  SELECT string_agg(format('%1$L || to_json(r.%2$I)::text || '',null]''', named || '[', c), ', ')
           FILTER (WHERE NOT c = ANY (secrets)),
         string_agg(format('%1$L || to_json(r.%2$I)::text || '']''', named || '[null,', c), ', ')
           FILTER (WHERE NOT c = ANY (omitted || secrets)),
         string_agg(format('CASE WHEN o.%1$I IS DISTINCT FROM r.%1$I THEN %2$s END', c,
                           CASE WHEN c = ANY (secrets) THEN quote_literal(named || '["***","***"]')
                                ELSE format('concat(%1$L, coalesce(to_json(o.%2$I)::text, ''null''), '','', '
                                            'coalesce(to_json(r.%2$I)::text, ''null''), '']'')', named || '[', c) END), ', ')
           FILTER (WHERE NOT c = ANY (omitted))
    INTO deleted, created, changed
    FROM (SELECT a.attname::text AS c, ',' || to_json(a.attname::text) || ':' AS named
            FROM pg_attribute a
           WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) columns;
  created := format(document, created);
  deleted := format(document, deleted);
  changed := format(document, changed);
  EXECUTE format($function$
CREATE OR REPLACE FUNCTION %1$s() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN%2$s
  ELSIF TG_OP = 'DELETE' THEN%3$s
  ELSIF touched = 1 THEN%4$s
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.%5$s
  END IF;
  RETURN NULL;
END $body$$function$, function_name,
    ombud.audit_insert('CREATE', id, key, ticket, created, 'new_rows r'),
    ombud.audit_insert('DELETE', id, key, ticket, deleted, 'old_rows r'),
    ombud.audit_insert('UPDATE', id, key, ticket, changed, 'old_rows o CROSS JOIN new_rows r'),
    ombud.audit_insert('UPDATE', id, key, ticket, changed,
                       '(SELECT *, row_number() OVER () AS audit_row FROM old_rows) o '
                       'JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)'));
  EXECUTE format('CREATE OR REPLACE TRIGGER z_audit_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows '
                 'FOR EACH STATEMENT EXECUTE FUNCTION %s()', target, function_name);
  EXECUTE format('CREATE OR REPLACE TRIGGER z_audit_update AFTER UPDATE ON %s '
                 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
                 'FOR EACH STATEMENT EXECUTE FUNCTION %s()', target, function_name);
  EXECUTE format('CREATE OR REPLACE TRIGGER z_audit_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows '
                 'FOR EACH STATEMENT EXECUTE FUNCTION %s()', target, function_name);
END $_$;

ALTER FUNCTION ombud.audit_table(target regclass, keys text[], ticket_column text, secrets text[], omitted text[]) OWNER TO ombud_owner;

CREATE FUNCTION ombud.check_search_words(batch integer, older interval DEFAULT '1 day'::interval) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  due text[] := ARRAY(SELECT w.word FROM ombud.search_words w WHERE w.checked_at <= now() - older
                       ORDER BY w.checked_at LIMIT batch FOR UPDATE SKIP LOCKED);
BEGIN
  DELETE FROM ombud.search_words w
   WHERE w.word = ANY(due)
     AND NOT EXISTS (SELECT FROM ombud.ticket_search s WHERE s.is_indexed AND s.document @@ w.word::tsquery)
     AND NOT EXISTS (SELECT FROM ombud.ticket_search s WHERE NOT s.is_indexed AND s.document @@ w.word::tsquery);
  UPDATE ombud.search_words w SET checked_at = now() WHERE w.word = ANY(due);
  RETURN cardinality(due);
END $$;

ALTER FUNCTION ombud.check_search_words(batch integer, older interval) OWNER TO ombud_owner;

CREATE FUNCTION ombud.chosen_settings() RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT coalesce(jsonb_object_agg(s.name, s.value), '{}') FROM ombud.desk_settings s WHERE s.value IS NOT NULL
$$;

ALTER FUNCTION ombud.chosen_settings() OWNER TO ombud_owner;

CREATE FUNCTION ombud.containing(part text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    AS $$ SELECT '%' || replace(replace(replace(part, '\', '\\'), '%', '\%'), '_', '\_') || '%' $$;

ALTER FUNCTION ombud.containing(part text) OWNER TO ombud_owner;

CREATE FUNCTION ombud.conversations(begun bigint[]) RETURNS bigint[]
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
  WITH RECURSIVE met (id) AS (
    SELECT b FROM unnest(begun) b WHERE b IS NOT NULL
    UNION
    SELECT other.id FROM met, LATERAL (
      SELECT (v #>> '{}')::bigint AS id
        FROM ombud.audit_logs l,
             jsonb_array_elements(l.changes -> CASE l.table_name WHEN 'tickets' THEN 'merged_into_id' ELSE 'ticket_id' END) v
       WHERE l.ticket_id = met.id AND l.action = 'UPDATE' AND jsonb_typeof(v) = 'number'
         AND l.table_name IN ('tickets', 'comments', 'attachments', 'inbound_mails')
      UNION ALL SELECT t.id FROM ombud.tickets t WHERE t.merged_into_id = met.id) other)
  SELECT coalesce(array_agg(id), '{}') FROM met
$$;

ALTER FUNCTION ombud.conversations(begun bigint[]) OWNER TO ombud_owner;

CREATE FUNCTION ombud.count_request_changes(request text) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$ SELECT count(*) FROM ombud.audit_logs WHERE request_id = request $$;

ALTER FUNCTION ombud.count_request_changes(request text) OWNER TO ombud_owner;

CREATE FUNCTION ombud.count_webhooks() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('ombud.webhook_endpoints', 0));
  RETURN (SELECT count(*) FROM ombud.webhook_endpoints);
END $$;

ALTER FUNCTION ombud.count_webhooks() OWNER TO ombud_owner;

CREATE FUNCTION ombud.credentials(address text) RETURNS TABLE(user_id bigint, password_hash text, is_active boolean, is_staff boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$ SELECT u.id, u.password_hash, u.is_active, u.is_staff FROM ombud.users u WHERE u.email_norm = lower(address) $$;

ALTER FUNCTION ombud.credentials(address text) OWNER TO ombud_owner;

CREATE FUNCTION ombud.cut_account_letter() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  UPDATE ombud.account_letters SET sealed = NULL, from_ip = NULL, from_browser = NULL
   WHERE mail_id = NEW.id AND (sealed IS NOT NULL OR from_ip IS NOT NULL OR from_browser IS NOT NULL);
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.cut_account_letter() OWNER TO ombud_owner;

CREATE FUNCTION ombud.documents(ids bigint[]) RETURNS TABLE(ticket_id bigint, document tsvector, public_document tsvector)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT t.id,
         ombud.add_words(head.words, coalesce(said.everything, '')),
         ombud.add_words(head.words, coalesce(said.publicly, ''))
    FROM ombud.tickets t
    JOIN ombud.users u ON u.id = t.requester_id
   CROSS JOIN LATERAL (SELECT ombud.words(t.ticket_number || ' ' || t.title, 'A')
                           || ombud.words(u.full_name || ' ' || u.email, 'B')
                           || ombud.words(t.description, 'C') AS words OFFSET 0) head
    LEFT JOIN LATERAL (SELECT ombud.all_words(w.words ORDER BY w.id) AS everything,
                              ombud.all_words(w.words ORDER BY w.id) FILTER (WHERE NOT w.is_internal) AS publicly
                         FROM (SELECT c.id, c.is_internal, ombud.words(c.content, 'D') AS words
                                 FROM ombud.comments c WHERE c.ticket_id = t.id OFFSET 0) w) said ON true
   WHERE t.id = ANY(ids)
$$;

ALTER FUNCTION ombud.documents(ids bigint[]) OWNER TO ombud_owner;

CREATE FUNCTION ombud.drop_factors() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  DELETE FROM ombud.sign_in_steps WHERE user_id = NEW.id;
  IF NEW.anonymised_at IS NOT NULL THEN
    DELETE FROM ombud.totp_factors WHERE user_id = NEW.id;
    DELETE FROM ombud.recovery_codes WHERE user_id = NEW.id;
    DELETE FROM ombud.passkeys WHERE user_id = NEW.id;
    DELETE FROM ombud.account_notices WHERE user_id = NEW.id;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.drop_factors() OWNER TO ombud_owner;

CREATE FUNCTION ombud.drop_identities() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  DELETE FROM ombud.identities WHERE user_id = NEW.id;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.drop_identities() OWNER TO ombud_owner;

CREATE FUNCTION ombud.drop_steps() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  DELETE FROM ombud.sign_in_steps WHERE user_id = NEW.id;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.drop_steps() OWNER TO ombud_owner;

CREATE FUNCTION ombud.duration_bucket(milliseconds bigint) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  SELECT pg_catalog.width_bucket(milliseconds, '{
    60000,65430,71352,77810,84853,92533,100908,110040,120000,130861,142705,155621,169706,185065,201815,220081,
    240000,261722,285410,311241,339411,370131,403630,440162,480000,523444,570819,622483,678823,740261,807261,
    880324,960000,1046887,1141639,1244966,1357645,1480522,1614521,1760648,1920000,2093775,2283278,2489932,
    2715290,2961045,3229042,3521296,3840000,4187550,4566555,4979864,5430580,5922090,6458084,7042591,7680000,
    8375099,9133111,9959728,10861160,11844179,12916169,14085182,15360000,16750199,18266221,19919456,21722320,
    23688358,25832338,28170364,30720000,33500398,36532443,39838911,43444641,47376717,51664676,56340728,
    61440000,67000795,73064885,79677822,86889281,94753433,103329352,112681457,122880000,134001590,146129770,
    159355644,173778563,189506866,206658703,225362914,245760000,268003180,292259541,318711289,347557125,
    379013732,413317406,450725827,491520000,536006361,584519081,637422578,695114250,758027465,826634812,
    901451655,983040000,1072012722,1169038162,1274845156,1390228500,1516054930,1653269624,1802903309,
    1966080000,2144025443,2338076325,2549690312,2780457001,3032109860,3306539248,3605806619,3932160000,
    4288050886,4676152649,5099380623,5560914001,6064219719,6613078496,7211613237,7864320000,8576101772,
    9352305299,10198761246,11121828003,12128439438,13226156993,14423226474,15728640000,17152203544,
    18704610597,20397522493,22243656006,24256878877,26452313986,28846452948,31457280000,34304407089,
    37409221195,40795044986,44487312011,48513757754,52904627971,57692905896,62914560000,68608814177,
    74818442389,81590089971,88974624023,97027515508,105809255943,115385811793,125829120000,137217628354,
    149636884779,163180179943}'::bigint[])
$$;

ALTER FUNCTION ombud.duration_bucket(milliseconds bigint) OWNER TO ombud_owner;

CREATE FUNCTION ombud.ensure_audit_partitions(months_ahead integer DEFAULT 3) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  log text;
  month_start timestamptz;
  partition_name text;
  made int := 0;
BEGIN
  FOREACH log IN ARRAY ARRAY['audit_logs', 'access_logs'] LOOP
    FOR i IN 0..months_ahead LOOP
      month_start :=
        (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => i)) AT TIME ZONE 'UTC';
      partition_name := log || '_' || to_char(month_start AT TIME ZONE 'UTC', 'YYYY_MM');
      IF to_regclass('ombud.' || partition_name) IS NULL THEN
        BEGIN
          EXECUTE format(
            'CREATE TABLE ombud.%I PARTITION OF ombud.%I FOR VALUES FROM (%L) TO (%L)', partition_name, log,
            month_start, ((month_start AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC');
          PERFORM ombud.secure_partition(('ombud.' || partition_name)::regclass);
          made := made + 1;
        EXCEPTION WHEN check_violation THEN
          RAISE WARNING 'rows of % are in the default partition already', partition_name;
        END;
      END IF;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;

ALTER FUNCTION ombud.ensure_audit_partitions(months_ahead integer) OWNER TO ombud_owner;

CREATE FUNCTION ombud.find_account_token(hash bytea) RETURNS TABLE(user_id bigint, purpose text, email text, full_name text, role text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT u.id, t.purpose, t.email, u.full_name, u.role
    FROM ombud.account_tokens t JOIN ombud.users u ON u.id = t.user_id
   WHERE t.token_hash = hash AND t.expires_at > now() AND u.is_active
     AND (t.purpose = 'verify' OR u.email_norm = lower(t.email))
$$;

ALTER FUNCTION ombud.find_account_token(hash bytea) OWNER TO ombud_owner;

CREATE FUNCTION ombud.find_session(hash bytea) RETURNS TABLE(session_id bigint, last_seen_at timestamp with time zone, confirmed_at timestamp with time zone, user_id bigint, email text, full_name text, role text, sees_all_teams boolean, team_ids bigint[], shared_organization_id bigint, theme text, permissions text[], read_team_ids bigint[])
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT s.id, s.last_seen_at, s.confirmed_at, p.user_id, p.email, p.full_name, p.role, p.sees_all_teams, p.team_ids,
         p.shared_organization_id, p.theme, p.permissions, p.read_team_ids
    FROM ombud.web_sessions s
   CROSS JOIN LATERAL ombud.principal(s.user_id) p
   WHERE s.token_hash = hash AND s.expires_at > now() AND s.last_seen_at > now() - make_interval(secs => s.idle_seconds)
$$;

ALTER FUNCTION ombud.find_session(hash bytea) OWNER TO ombud_owner;

CREATE FUNCTION ombud.find_token(wanted text) RETURNS TABLE(token_id bigint, secret_hash bytea, scopes text[], last_used_at timestamp with time zone, confirmed_at timestamp with time zone, user_id bigint, email text, full_name text, role text, sees_all_teams boolean, team_ids bigint[], shared_organization_id bigint, theme text, permissions text[], read_team_ids bigint[])
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT k.id, k.secret_hash, k.scopes::text[], k.last_used_at, k.confirmed_at, p.user_id, p.email, p.full_name, p.role,
         p.sees_all_teams, p.team_ids, p.shared_organization_id, p.theme, p.permissions, p.read_team_ids
    FROM ombud.api_tokens k
   CROSS JOIN LATERAL ombud.principal(k.user_id) p
   WHERE k.key_id = wanted AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
$$;

ALTER FUNCTION ombud.find_token(wanted text) OWNER TO ombud_owner;

CREATE FUNCTION ombud.fold_statistics(batch integer DEFAULT 20000) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  ids bigint[];
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtextextended('ombud.ticket_stats', 0)) THEN
    RETURN 0;
  END IF;
  ids := ARRAY(SELECT d.id FROM ombud.ticket_stats_delta d ORDER BY d.id LIMIT batch);
  IF ids = '{}' THEN
    RETURN 0;
  END IF;
  MERGE INTO ombud.ticket_stats s
  USING (
    SELECT g.grain, ombud.stretch_start(g.grain, f.day) AS starts_on, f.dimension, f.team_id, f.key,
           sum(f.tickets) AS tickets, sum(f.responded) AS responded, sum(f.response_ms) AS response_ms,
           sum(f.resolved) AS resolved, sum(f.resolution_ms) AS resolution_ms
      FROM (SELECT (d.created_at AT TIME ZONE 'UTC')::date AS day, k.dimension, d.team_id, k.key,
                   sum(d.weight) AS tickets,
                   coalesce(sum(d.weight) FILTER (WHERE d.response_ms IS NOT NULL), 0) AS responded,
                   coalesce(sum(d.weight * d.response_ms), 0) AS response_ms,
                   coalesce(sum(d.weight) FILTER (WHERE d.resolution_ms IS NOT NULL), 0) AS resolved,
                   coalesce(sum(d.weight * d.resolution_ms), 0) AS resolution_ms
              FROM ombud.ticket_stats_delta d
             CROSS JOIN LATERAL ombud.ticket_stat_keys(d.created_at, d.status, d.priority, d.channel,
                                                       d.assignee_id, d.response_ms, d.resolution_ms) k
             WHERE d.id = ANY(ids)
             GROUP BY 1, 2, 3, 4) f
     CROSS JOIN (VALUES ('day'), ('month'), ('year'), ('ever')) g (grain)
     WHERE f.dimension <> 'quarter' OR g.grain = 'day'
     GROUP BY 1, 2, 3, 4, 5
    HAVING (sum(f.tickets), sum(f.responded), sum(f.response_ms), sum(f.resolved), sum(f.resolution_ms))
           <> (0, 0, 0, 0, 0)
  ) d
  ON (s.grain, s.dimension, s.starts_on, s.team_id, s.key)
     = (d.grain, d.dimension, d.starts_on, d.team_id, d.key)
  WHEN MATCHED AND s.tickets + d.tickets = 0 AND s.responded + d.responded = 0 AND s.resolved + d.resolved = 0
               AND s.response_ms + d.response_ms = 0 AND s.resolution_ms + d.resolution_ms = 0 THEN
    DELETE
  WHEN MATCHED THEN
    UPDATE SET tickets = s.tickets + d.tickets, responded = s.responded + d.responded,
               response_ms = s.response_ms + d.response_ms, resolved = s.resolved + d.resolved,
               resolution_ms = s.resolution_ms + d.resolution_ms
  WHEN NOT MATCHED THEN
    INSERT (grain, starts_on, dimension, team_id, key, tickets, responded, response_ms, resolved, resolution_ms)
    VALUES (d.grain, d.starts_on, d.dimension, d.team_id, d.key, d.tickets, d.responded, d.response_ms, d.resolved,
            d.resolution_ms);
  DELETE FROM ombud.ticket_stats_delta d WHERE d.id = ANY(ids);
  RETURN cardinality(ids);
END $$;

ALTER FUNCTION ombud.fold_statistics(batch integer) OWNER TO ombud_owner;

CREATE FUNCTION ombud.folded_words(typed text[]) RETURNS TABLE(place bigint, folded text)
    LANGUAGE sql STABLE ROWS 5 PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    AS $_$
  SELECT q.place, l.lexeme FROM unnest(typed) WITH ORDINALITY q(word, place)
   CROSS JOIN LATERAL unnest(to_tsvector('ombud.plain', ombud.spaced(left(q.word, 40)))) l
   WHERE l.lexeme ~ '^[[:alpha:]]{3,40}$'
$_$;

ALTER FUNCTION ombud.folded_words(typed text[]) OWNER TO ombud_owner;

CREATE FUNCTION ombud.follow_credentials() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  IF current_setting('ombud.rehash', true) = 'on' THEN
    RETURN NULL;
  END IF;
  DELETE FROM ombud.account_tokens WHERE user_id = NEW.id;
  DELETE FROM ombud.account_requests WHERE user_id = NEW.id AND kind IN ('invite', 'verify');
  IF NEW.is_active AND OLD.password_hash IS NOT NULL THEN
    IF NEW.password_hash IS DISTINCT FROM OLD.password_hash THEN
      INSERT INTO ombud.account_requests (kind, email, user_id) VALUES ('password_changed', NEW.email, NEW.id);
      INSERT INTO ombud.account_notices (user_id, kind, by_other)
      VALUES (NEW.id, 'password_changed', ombud.actor_id() IS DISTINCT FROM NEW.id);
    END IF;
    IF NEW.email IS DISTINCT FROM OLD.email THEN
      INSERT INTO ombud.account_requests (kind, email, user_id) VALUES ('address_changed', OLD.email, NEW.id);
      INSERT INTO ombud.account_notices (user_id, kind, by_other)
      VALUES (NEW.id, 'address_changed', ombud.actor_id() IS DISTINCT FROM NEW.id);
    END IF;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.follow_credentials() OWNER TO ombud_owner;

CREATE FUNCTION ombud.followed_tickets() RETURNS bigint[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  RETURN ARRAY(SELECT p.ticket_id FROM ombud.ticket_participants p
                WHERE p.user_id = nullif(current_setting('ombud.user_id', true), '')::bigint);
END $$;

ALTER FUNCTION ombud.followed_tickets() OWNER TO ombud_owner;

CREATE FUNCTION ombud.forget_browsers() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  DELETE FROM ombud.known_browsers WHERE user_id = NEW.id;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.forget_browsers() OWNER TO ombud_owner;

CREATE FUNCTION ombud.forget_letters(people bigint[], addresses text[], said text[], message_ids text[], met_tickets bigint[], with_texts boolean) RETURNS bigint[]
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  theirs bigint[] := ARRAY(SELECT DISTINCT r.mail_id FROM ombud.outbound_recipients r
                            WHERE r.user_id = ANY (people) OR lower(r.email) = ANY (addresses));
  touched bigint[];
BEGIN
  touched := ARRAY(SELECT m.id FROM ombud.outbound_mails m
                    WHERE m.id = ANY (theirs) OR m.ticket_id = ANY (met_tickets)
                       OR m.in_reply_to = ANY (message_ids) OR m.thread && message_ids::varchar[]);
  UPDATE ombud.outbound_mails m SET state = 'canceled'
   WHERE m.id = ANY (theirs) AND m.state IN ('queued', 'unknown', 'paused')
     AND NOT EXISTS (SELECT FROM ombud.outbound_recipients r
                      WHERE r.mail_id = m.id AND r.state IN ('pending', 'deferred', 'unknown')
                        AND NOT coalesce(r.user_id = ANY (people), false) AND NOT lower(r.email) = ANY (addresses));
  UPDATE ombud.outbound_recipients r
     SET email = 'anonymised-' || r.id || '@anonymised.invalid', name = '', answer = '',
         state = CASE WHEN r.state IN ('pending', 'deferred', 'unknown') THEN 'refused' ELSE r.state END
   WHERE r.user_id = ANY (people) OR lower(r.email) = ANY (addresses);
  UPDATE ombud.outbound_recipients r SET answer = ombud.without_mentions(r.answer, said)
   WHERE r.mail_id = ANY (touched) AND r.answer <> ombud.without_mentions(r.answer, said);
  INSERT INTO ombud.stale_files (storage_key)
  SELECT DISTINCT m.storage_key FROM ombud.outbound_mails m
   WHERE m.storage_key IS NOT NULL AND (m.id = ANY (theirs) OR with_texts AND m.id = ANY (touched))
  ON CONFLICT DO NOTHING;
  UPDATE ombud.outbound_mails m
     SET subject = CASE WHEN with_texts AND m.subject <> '' THEN '[anonymised]'
                        ELSE left(ombud.without_mentions(m.subject, said), 600) END,
         problem = left(ombud.without_mentions(m.problem, said), 500),
         in_reply_to = CASE WHEN m.in_reply_to = ANY (message_ids) THEN '' ELSE m.in_reply_to END,
         thread = ARRAY(SELECT t.id FROM unnest(m.thread) WITH ORDINALITY t(id, place)
                         WHERE NOT t.id = ANY (message_ids) ORDER BY t.place),
         storage_key = CASE WHEN m.id = ANY (theirs) OR with_texts THEN NULL ELSE m.storage_key END
   WHERE m.id = ANY (touched);
  RETURN touched;
END $$;

ALTER FUNCTION ombud.forget_letters(people bigint[], addresses text[], said text[], message_ids text[], met_tickets bigint[], with_texts boolean) OWNER TO ombud_owner;

CREATE FUNCTION ombud.forget_turns() RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  WITH gone AS (DELETE FROM ombud.login_attempts WHERE free_at < clock_timestamp() RETURNING 1)
  SELECT count(*) FROM gone
$$;

ALTER FUNCTION ombud.forget_turns() OWNER TO ombud_owner;

CREATE FUNCTION ombud.found_texts(part text, kind text, most bigint) RETURNS bigint[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET enable_seqscan TO 'off'
    AS $$
DECLARE
  pattern text := ombud.containing(part);
BEGIN
  IF kind IS NULL OR kind = 'customer' OR part !~ '[[:alnum:]]{3}' THEN
    RETURN '{}';
  END IF;
  RETURN ARRAY(
    SELECT m.ticket_id
      FROM (SELECT x.ticket_id FROM ombud.ticket_texts x WHERE x.body ILIKE pattern
            UNION ALL
            SELECT s.ticket_id FROM ombud.ticket_search s WHERE NOT s.is_indexed
            UNION ALL
            SELECT s.ticket_id FROM ombud.ticket_search s WHERE s.texts_missing) m
     LIMIT most);
END $$;

ALTER FUNCTION ombud.found_texts(part text, kind text, most bigint) OWNER TO ombud_search;

CREATE FUNCTION ombud.found_tickets(typed text, kind text, actor bigint, organization bigint, most bigint DEFAULT NULL::bigint) RETURNS bigint[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET enable_seqscan TO 'off'
    AS $_$
DECLARE
  wanted tsquery := ombud.search_query(typed);
BEGIN
  IF kind IS NULL THEN
    RETURN '{}';
  ELSIF kind = 'customer' THEN
    RETURN ARRAY(
      SELECT s.ticket_id FROM ombud.ticket_search s
       WHERE s.public_document @@ wanted
         AND s.ticket_id IN (
           SELECT t.id FROM ombud.tickets t WHERE t.requester_id = actor
            UNION ALL SELECT t.id FROM ombud.tickets t WHERE t.organization_id = organization
            UNION ALL SELECT p.ticket_id FROM ombud.ticket_participants p WHERE p.user_id = actor)
       LIMIT most);
  ELSIF querytree(wanted) = 'T'
        OR (most IS NOT NULL AND wanted::text ~ '''[^'']{1,3}'':\*$' AND ombud.search_weight(typed) >
            (SELECT c.reltuples FROM pg_class c WHERE c.oid = 'ombud.ticket_search'::regclass) / 3) THEN
    -- No index knows what lacks a word, and of some first letters it knows too much: the newest are looked at, until
    -- there are enough.
    RETURN ARRAY(
      SELECT s.ticket_id FROM ombud.ticket_search s
       WHERE (s.document @@ wanted) IS TRUE
       ORDER BY s.ticket_id DESC
       LIMIT most);
  END IF;
  RETURN ARRAY(
    SELECT m.ticket_id
      FROM (SELECT s.ticket_id FROM ombud.ticket_search s WHERE s.is_indexed AND s.document @@ wanted
            UNION ALL
            SELECT s.ticket_id FROM ombud.ticket_search s WHERE NOT s.is_indexed AND s.document @@ wanted) m
     LIMIT most);
END $_$;

ALTER FUNCTION ombud.found_tickets(typed text, kind text, actor bigint, organization bigint, most bigint) OWNER TO ombud_search;

CREATE FUNCTION ombud.has_administrator() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$ SELECT EXISTS (SELECT FROM ombud.users WHERE role = 'admin' AND is_active) $$;

ALTER FUNCTION ombud.has_administrator() OWNER TO ombud_owner;

CREATE FUNCTION ombud.has_files(ticket bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
BEGIN
  -- Not by the functions that read these settings: with their search paths they cost more than the rest.
  IF current_setting('ombud.scope', true) IS DISTINCT FROM 'all' THEN
    RETURN true;
  END IF;
  RETURN EXISTS (
    SELECT FROM ombud.attachments a
     WHERE a.comment_id = ANY (ARRAY(SELECT c.id FROM ombud.comments c WHERE c.ticket_id = ticket)));
END $$;

ALTER FUNCTION ombud.has_files(ticket bigint) OWNER TO ombud_owner;

CREATE FUNCTION ombud.has_other_way_in(person bigint, but bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  IF coalesce(ombud.actor_kind() NOT IN ('admin', 'system'), true) AND person IS DISTINCT FROM ombud.actor_id() THEN
    RETURN false;
  END IF;
  PERFORM FROM ombud.users u WHERE u.id = person FOR UPDATE;
  RETURN EXISTS (SELECT FROM ombud.users u WHERE u.id = person AND u.password_hash IS NOT NULL)
      OR EXISTS (SELECT FROM ombud.passkeys k WHERE k.user_id = person)
      OR EXISTS (SELECT FROM ombud.identities i JOIN ombud.identity_providers p ON p.id = i.provider_id
                  WHERE i.user_id = person AND i.id <> but AND p.is_active);
END $$;

ALTER FUNCTION ombud.has_other_way_in(person bigint, but bigint) OWNER TO ombud_owner;

CREATE FUNCTION ombud.has_second_factor(wanted bigint) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT EXISTS (SELECT FROM ombud.totp_factors t WHERE t.user_id = wanted AND t.confirmed_at IS NOT NULL)
      OR EXISTS (SELECT FROM ombud.passkeys p WHERE p.user_id = wanted)
$$;

ALTER FUNCTION ombud.has_second_factor(wanted bigint) OWNER TO ombud_owner;

CREATE FUNCTION ombud.has_words(body text, wanted tsquery) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    AS $$ SELECT ombud.words(body, 'D') @@ wanted $$;

ALTER FUNCTION ombud.has_words(body text, wanted tsquery) OWNER TO ombud_owner;

CREATE FUNCTION ombud.index_search_documents(batch integer DEFAULT 1000) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  ids bigint[] := ARRAY(
    SELECT s.ticket_id FROM ombud.ticket_search s WHERE NOT s.is_indexed
     ORDER BY s.ticket_id LIMIT batch FOR UPDATE SKIP LOCKED);
BEGIN
  IF ids = '{}' THEN
    ids := ARRAY(SELECT s.ticket_id FROM ombud.ticket_search s WHERE s.texts_missing
                  ORDER BY s.ticket_id LIMIT batch FOR UPDATE SKIP LOCKED);
  END IF;
  IF ids <> '{}' THEN
    PERFORM ombud.write_texts(ids);
    UPDATE ombud.ticket_search s SET is_indexed = true, texts_missing = false WHERE s.ticket_id = ANY(ids);
  END IF;
  RETURN cardinality(ids);
END $$;

ALTER FUNCTION ombud.index_search_documents(batch integer) OWNER TO ombud_owner;

CREATE FUNCTION ombud.index_search_tail(batch integer DEFAULT 1000) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  written CONSTANT int := ombud.write_queued_documents(batch);
BEGIN
  RETURN CASE WHEN written > 0 THEN written ELSE ombud.index_search_documents(batch) END;
END $$;

ALTER FUNCTION ombud.index_search_tail(batch integer) OWNER TO ombud_owner;

CREATE FUNCTION ombud.is_curating() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (COALESCE(current_setting('ombud.curating'::text, true), ''::text) = 'on'::text);

ALTER FUNCTION ombud.is_curating() OWNER TO ombud_owner;

CREATE FUNCTION ombud.is_lately(found_at timestamp with time zone, seconds double precision) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    RETURN (found_at > (now() - make_interval(secs => GREATEST((600)::double precision, ((100)::double precision * seconds)))));

ALTER FUNCTION ombud.is_lately(found_at timestamp with time zone, seconds double precision) OWNER TO ombud_owner;

CREATE FUNCTION ombud.is_met(person bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  RETURN EXISTS (SELECT FROM ombud.tickets t WHERE t.requester_id = person)
      OR EXISTS (SELECT FROM ombud.comments c WHERE c.author_id = person);
END $$;

ALTER FUNCTION ombud.is_met(person bigint) OWNER TO ombud_owner;

CREATE FUNCTION ombud.is_status_move(old_status text, new_status text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE old_status WHEN 'open'::text THEN (new_status = ANY (ARRAY['in_progress'::text, 'waiting_on_customer'::text, 'resolved'::text, 'closed'::text])) WHEN 'in_progress'::text THEN (new_status = ANY (ARRAY['open'::text, 'waiting_on_customer'::text, 'resolved'::text, 'closed'::text])) WHEN 'waiting_on_customer'::text THEN (new_status = ANY (ARRAY['open'::text, 'in_progress'::text, 'resolved'::text, 'closed'::text])) WHEN 'resolved'::text THEN (new_status = ANY (ARRAY['open'::text, 'in_progress'::text, 'closed'::text])) WHEN 'closed'::text THEN (new_status = 'open'::text) ELSE false END;

ALTER FUNCTION ombud.is_status_move(old_status text, new_status text) OWNER TO ombud_owner;

CREATE FUNCTION ombud.keep_alike(worth double precision, strangers text[], days integer, within integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  began timestamptz := clock_timestamp();
  last bigint;
  changed bigint;
  more bigint;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtextextended('ombud.alike_finds', 0))
     OR EXISTS (SELECT FROM ombud.alike_finds f WHERE f.found_at > began
                  - make_interval(secs => greatest(60, 50 * (SELECT sum(g.seconds) FROM ombud.alike_finds g)))) THEN
    RETURN 0;
  END IF;

  SELECT coalesce(max(u.id), 0) INTO last FROM ombud.users u;
  WITH found AS MATERIALIZED (SELECT * FROM ombud.people_pairs_now(worth, strangers, 0)),
  gone AS (
    DELETE FROM ombud.alike_people k
     WHERE NOT EXISTS (SELECT FROM found f WHERE f.user_id = k.user_id AND f.other_id = k.other_id) RETURNING 1),
  put AS (
    INSERT INTO ombud.alike_people AS k (user_id, other_id, names, score)
    SELECT f.user_id, f.other_id, f.alike, f.score FROM found f
    ON CONFLICT (user_id, other_id) DO UPDATE SET names = excluded.names, score = excluded.score
     WHERE (k.names, k.score) IS DISTINCT FROM (excluded.names, excluded.score) RETURNING 1)
  SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put) INTO changed;
  INSERT INTO ombud.alike_finds AS f (kind, found_at, seconds, least, last_id)
  VALUES ('people', began, extract(epoch FROM clock_timestamp() - began), worth, last)
  ON CONFLICT (kind) DO UPDATE SET found_at = excluded.found_at, seconds = excluded.seconds,
                                   least = excluded.least, last_id = excluded.last_id;

  began := clock_timestamp();
  WITH found AS MATERIALIZED (
    SELECT * FROM ombud.ticket_pairs_now(days, now() - make_interval(days => within), worth)),
  gone AS (
    DELETE FROM ombud.alike_tickets k
     WHERE NOT EXISTS (SELECT FROM found f WHERE f.ticket_id = k.ticket_id AND f.other_id = k.other_id) RETURNING 1),
  put AS (
    INSERT INTO ombud.alike_tickets AS k (ticket_id, other_id, titles, texts, hours, score)
    SELECT f.ticket_id, f.other_id, f.titles, f.texts, f.hours, f.score FROM found f
    ON CONFLICT (ticket_id, other_id) DO UPDATE
       SET titles = excluded.titles, texts = excluded.texts, hours = excluded.hours, score = excluded.score
     WHERE (k.titles, k.texts, k.hours, k.score)
           IS DISTINCT FROM (excluded.titles, excluded.texts, excluded.hours, excluded.score) RETURNING 1)
  SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put) INTO more;
  INSERT INTO ombud.alike_finds AS f (kind, found_at, seconds, least, last_id)
  VALUES ('tickets', began, extract(epoch FROM clock_timestamp() - began), worth, 0)
  ON CONFLICT (kind) DO UPDATE SET found_at = excluded.found_at, seconds = excluded.seconds, least = excluded.least;
  RETURN changed + more;
END $$;

ALTER FUNCTION ombud.keep_alike(worth double precision, strangers text[], days integer, within integer) OWNER TO ombud_owner;

CREATE FUNCTION ombud.keep_endpoint() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  IF ombud.actor_kind() = 'agent' AND (NEW.owner_id <> OLD.owner_id OR OLD.owner_id IS DISTINCT FROM ombud.actor_id()) THEN
    RAISE EXCEPTION 'only its owner says what webhook % tells, and where', OLD.id
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_rights';
  END IF;
  RETURN NEW;
END $$;

ALTER FUNCTION ombud.keep_endpoint() OWNER TO ombud_owner;

CREATE FUNCTION ombud.keep_new_ticket() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  asked bigint := NEW.requester_id;
  company bigint;
  moved_to bigint;
BEGIN
  IF ombud.actor_kind() = 'customer' AND
     (NEW.requester_id, NEW.assignee_id, NEW.team_id) IS DISTINCT FROM (ombud.actor_id(), NULL, NULL) THEN
    RAISE EXCEPTION 'a customer asks for themselves, and the team routes it'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_rights';
  END IF;
  IF NOT ombud.is_curating() THEN
    -- Of who was merged meanwhile nothing would move any more: it waits for the merge, or the merge for it.
    LOOP
      SELECT u.organization_id, u.merged_into_id INTO company, moved_to
        FROM ombud.users u WHERE u.id = NEW.requester_id FOR KEY SHARE;
      EXIT WHEN moved_to IS NULL;
      NEW.requester_id := moved_to;
    END LOOP;
    IF NEW.creator_id = asked THEN
      NEW.creator_id := NEW.requester_id;
    END IF;
    NEW.organization_id := coalesce(NEW.organization_id, company);
  END IF;
  NEW.creator_id := coalesce(NEW.creator_id, NEW.requester_id);
  IF NEW.status IN ('resolved', 'closed') THEN
    NEW.resolved_at := coalesce(NEW.resolved_at, now());
  END IF;
  NEW.last_activity_at := greatest(NEW.last_activity_at, NEW.created_at);
  IF NEW.created_at < now() AND NEW.last_activity_at = now() THEN
    -- a ticket from the past (an import) has its own last activity
    NEW.last_activity_at := greatest(NEW.created_at, NEW.first_response_at, NEW.resolved_at);
  END IF;
  RETURN NEW;
END $$;

ALTER FUNCTION ombud.keep_new_ticket() OWNER TO ombud_owner;

CREATE FUNCTION ombud.keep_numbers_above(number bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT setval('ombud.ticket_number_seq', number)
    FROM ombud.ticket_number_seq s WHERE s.last_value < number AND number < 1000000000000000
$$;

ALTER FUNCTION ombud.keep_numbers_above(number bigint) OWNER TO ombud_owner;

CREATE FUNCTION ombud.keep_old_secret() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  NEW.old_secret := OLD.secret;
  RETURN NEW;
END $$;

ALTER FUNCTION ombud.keep_old_secret() OWNER TO ombud_owner;

CREATE FUNCTION ombud.keep_setting() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  NEW.version := OLD.version + 1;
  NEW.updated_at := now();
  RETURN NEW;
END $$;

ALTER FUNCTION ombud.keep_setting() OWNER TO ombud_owner;

CREATE FUNCTION ombud.keep_sight_of_organization() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.shares_tickets
     OR TG_OP = 'UPDATE' AND NEW.shares_tickets IS DISTINCT FROM OLD.shares_tickets THEN
    RAISE EXCEPTION 'who sees all teams says what an organization shares'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_rights';
  END IF;
  RETURN NEW;
END $$;

ALTER FUNCTION ombud.keep_sight_of_organization() OWNER TO ombud_owner;

CREATE FUNCTION ombud.keep_sight_of_user() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $_$
BEGIN
  IF NEW.id = ombud.actor_id() THEN
    RETURN NEW;
  END IF;
  IF TG_OP = 'UPDATE' AND NEW.password_hash IS DISTINCT FROM OLD.password_hash THEN
    RAISE EXCEPTION 'an agent sets nobody else''s password'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_rights';
  END IF;
  IF current_setting('ombud.scope', true) = 'all' THEN
    RETURN NEW;
  END IF;
  IF TG_OP = 'UPDATE' AND (NEW.email, NEW.organization_id) IS DISTINCT FROM (OLD.email, OLD.organization_id)
     OR TG_OP = 'INSERT' AND NEW.organization_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM ombud.organization_domains d
                         WHERE d.organization_id = NEW.organization_id
                           AND d.domain = lower(substring(NEW.email FROM '@([^@]*)$'))) THEN
    RAISE EXCEPTION 'who sees all teams says what a customer sees'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_rights';
  END IF;
  RETURN NEW;
END $_$;

ALTER FUNCTION ombud.keep_sight_of_user() OWNER TO ombud_owner;

CREATE FUNCTION ombud.keep_ticket() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  edited boolean := (NEW.title, NEW.description, NEW.status, NEW.priority, NEW.channel, NEW.requester_id,
                     NEW.assignee_id, NEW.team_id, NEW.organization_id, NEW.ticket_number)
    IS DISTINCT FROM (OLD.title, OLD.description, OLD.status, OLD.priority, OLD.channel, OLD.requester_id,
                      OLD.assignee_id, OLD.team_id, OLD.organization_id, OLD.ticket_number);
BEGIN
  IF ombud.actor_kind() = 'customer' AND
     (NEW.title, NEW.description, NEW.priority, NEW.channel, NEW.requester_id, NEW.creator_id, NEW.assignee_id,
      NEW.team_id, NEW.organization_id, NEW.ticket_number, NEW.deleted_at, NEW.merged_into_id)
       IS DISTINCT FROM (OLD.title, OLD.description, OLD.priority, OLD.channel, OLD.requester_id, OLD.creator_id,
                         OLD.assignee_id, OLD.team_id, OLD.organization_id, OLD.ticket_number, OLD.deleted_at,
                         OLD.merged_into_id) THEN
    RAISE EXCEPTION 'a customer changes nothing but the status'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_rights';
  END IF;
  IF ombud.actor_kind() = 'customer' AND NEW.status <> OLD.status AND NEW.status <> 'open'
     AND NOT (NEW.status = 'resolved' AND OLD.requester_id = ombud.actor_id()) THEN
    RAISE EXCEPTION 'a customer brings tickets back, and declares their own resolved'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_rights';
  END IF;
  IF ombud.actor_kind() = 'agent' AND
     (ombud.actor_reads_only(OLD.team_id) AND (edited OR NEW.deleted_at IS DISTINCT FROM OLD.deleted_at
                                               OR NEW.merged_into_id IS DISTINCT FROM OLD.merged_into_id)
      OR NEW.deleted_at IS DISTINCT FROM OLD.deleted_at AND NOT ombud.actor_may('tickets.delete')
      OR edited AND NOT ombud.actor_may('tickets.change')
         AND NOT (ombud.actor_may('tickets.reply') AND NEW.status <> OLD.status
                  -- an answer moves the status and nothing else
                  AND (NEW.title, NEW.description, NEW.priority, NEW.channel, NEW.requester_id, NEW.assignee_id,
                       NEW.team_id, NEW.organization_id, NEW.ticket_number)
                    IS NOT DISTINCT FROM (OLD.title, OLD.description, OLD.priority, OLD.channel, OLD.requester_id,
                                          OLD.assignee_id, OLD.team_id, OLD.organization_id, OLD.ticket_number))
      OR NEW.merged_into_id IS DISTINCT FROM OLD.merged_into_id AND NOT ombud.actor_may('tickets.change')) THEN
    RAISE EXCEPTION 'this agent may not change that of ticket %', OLD.id
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_rights';
  END IF;
  IF edited AND OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NOT NULL AND NOT ombud.is_curating() THEN
    RAISE EXCEPTION 'ticket % is deleted', OLD.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_tickets_not_deleted';
  END IF;
  IF NEW.requester_id <> OLD.requester_id AND NEW.organization_id IS NOT DISTINCT FROM OLD.organization_id
     AND coalesce(current_setting('ombud.undoing', true), '') <> 'on' THEN
    -- The ticket is another customer's now; colleagues of the one before must not go on reading it.
    NEW.organization_id := (SELECT u.organization_id FROM ombud.users u WHERE u.id = NEW.requester_id);
  END IF;
  IF NEW.status <> OLD.status THEN
    -- Taking a request back goes the way that was legal, in the other direction.
    IF NOT (ombud.is_status_move(OLD.status, NEW.status)
            OR (coalesce(current_setting('ombud.undoing', true), '') = 'on'
                AND ombud.is_status_move(NEW.status, OLD.status))) THEN
      RAISE EXCEPTION 'a ticket cannot go from % to %', OLD.status, NEW.status
        USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_tickets_status_move';
    END IF;
    IF NEW.status NOT IN ('resolved', 'closed') THEN
      NEW.resolved_at := NULL;
    ELSIF OLD.status NOT IN ('resolved', 'closed') AND NEW.resolved_at IS NOT DISTINCT FROM OLD.resolved_at THEN
      NEW.resolved_at := now();
    END IF;
  END IF;
  IF edited OR NEW.deleted_at IS DISTINCT FROM OLD.deleted_at
     OR NEW.merged_into_id IS DISTINCT FROM OLD.merged_into_id THEN
    -- What people edit moves the version; a comment's arrival does not make their edits conflict.
    NEW.version := OLD.version + 1;
    IF NOT ombud.is_curating() THEN
      NEW.last_activity_at := greatest(NEW.last_activity_at, now());
    END IF;
  ELSE
    NEW.version := OLD.version;
  END IF;
  NEW.updated_at := now();
  RETURN NEW;
END $$;

ALTER FUNCTION ombud.keep_ticket() OWNER TO ombud_owner;

CREATE FUNCTION ombud.keep_user() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND ombud.actor_kind() IN ('agent', 'customer') AND
     (NEW.role, NEW.is_staff, NEW.is_active, NEW.sees_all_teams, NEW.custom_role_id)
       IS DISTINCT FROM (OLD.role, OLD.is_staff, OLD.is_active, OLD.sees_all_teams, OLD.custom_role_id) THEN
    RAISE EXCEPTION 'only an administrator changes rights'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_rights';
  END IF;
  IF TG_OP = 'UPDATE' AND ombud.actor_kind() = 'customer' AND
     NEW.organization_id IS DISTINCT FROM OLD.organization_id THEN
    -- an organization that shares its tickets opens them all to whoever joins
    RAISE EXCEPTION 'only staff changes who belongs where'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_rights';
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NEW.is_staff AND NEW.role = 'customer' THEN
      NEW.role := 'agent';
    END IF;
  ELSIF NEW.is_staff <> OLD.is_staff AND NEW.role = OLD.role THEN
    NEW.role := CASE WHEN NEW.is_staff THEN 'agent' ELSE 'customer' END;
  END IF;
  NEW.is_staff := NEW.role <> 'customer';
  IF NEW.role <> 'agent' THEN
    NEW.custom_role_id := NULL;  -- whoever becomes something else does not come back with it
  END IF;
  RETURN NEW;
END $$;

ALTER FUNCTION ombud.keep_user() OWNER TO ombud_owner;

CREATE FUNCTION ombud.keeps_account(person bigint) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT ombud.actor_kind() = 'admin' OR person = ombud.actor_id()
      OR (ombud.actor_kind() = 'agent' AND EXISTS (SELECT FROM ombud.users u WHERE u.id = person AND NOT u.is_staff))
$$;

ALTER FUNCTION ombud.keeps_account(person bigint) OWNER TO ombud_owner;

CREATE TABLE ombud.audit_logs (
    id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    xid bigint NOT NULL,
    table_name character varying(63) NOT NULL,
    record_id bigint,
    record_key jsonb NOT NULL,
    ticket_id bigint,
    action text NOT NULL,
    actor character varying(100) NOT NULL,
    user_id bigint,
    request_id character varying(100) NOT NULL,
    changes jsonb NOT NULL,
    leaf bytea NOT NULL,
    CONSTRAINT ck_audit_logs_action CHECK ((action = ANY (ARRAY['CREATE'::text, 'UPDATE'::text, 'DELETE'::text])))
)
PARTITION BY RANGE (created_at);

ALTER TABLE ONLY ombud.audit_logs FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.audit_logs OWNER TO ombud_owner;

CREATE FUNCTION ombud.logged_between(since text, until text, after_id bigint, batch integer) RETURNS SETOF ombud.audit_logs
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT * FROM ombud.audit_logs l
   WHERE l.xid >= pg_snapshot_xmin(since::pg_snapshot)::text::bigint
     AND NOT pg_visible_in_snapshot(l.xid::text::xid8, since::pg_snapshot)
     AND pg_visible_in_snapshot(l.xid::text::xid8, until::pg_snapshot)
     AND l.id > after_id
   ORDER BY l.id LIMIT batch
$$;

ALTER FUNCTION ombud.logged_between(since text, until text, after_id bigint, batch integer) OWNER TO ombud_owner;

CREATE FUNCTION ombud.mail_notice() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  INSERT INTO ombud.account_requests (kind, email, user_id)
  SELECT NEW.kind, u.email, u.id FROM ombud.users u
   WHERE u.id = NEW.user_id AND u.is_active
     AND (NEW.kind <> 'new_browser' OR u.new_browser_letters AND 3 >= (
            SELECT count(*) FROM ombud.account_notices n
             WHERE n.user_id = NEW.user_id AND n.kind = 'new_browser' AND n.created_at > now() - interval '1 day'));
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.mail_notice() OWNER TO ombud_owner;

CREATE FUNCTION ombud.match_tickets(typed text, kind text, actor bigint, organization bigint) RETURNS TABLE(ticket_id bigint, rank real)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 200
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  wanted tsquery := ombud.search_query(typed);
BEGIN
  IF kind IS NULL THEN
    RETURN;
  ELSIF kind = 'customer' THEN
    RETURN QUERY
      SELECT s.ticket_id, ts_rank(s.public_document, wanted)
        FROM ombud.ticket_search s
       WHERE s.public_document @@ wanted
         AND s.ticket_id IN (
           SELECT t.id FROM ombud.tickets t WHERE t.requester_id = actor
            UNION ALL SELECT t.id FROM ombud.tickets t WHERE t.organization_id = organization
            UNION ALL SELECT p.ticket_id FROM ombud.ticket_participants p WHERE p.user_id = actor);
  ELSE
    RETURN QUERY
      SELECT s.ticket_id, ts_rank(s.document, wanted) FROM ombud.ticket_search s
       WHERE s.is_indexed AND s.document @@ wanted
      UNION ALL
      SELECT s.ticket_id, ts_rank(s.document, wanted) FROM ombud.ticket_search s
       WHERE NOT s.is_indexed AND s.document @@ wanted;
  END IF;
END $$;

ALTER FUNCTION ombud.match_tickets(typed text, kind text, actor bigint, organization bigint) OWNER TO ombud_search;

CREATE FUNCTION ombud.meet_browser(hash bytea, ip text, named text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  person bigint := ombud.actor_id();
  has_others boolean;
BEGIN
  has_others := EXISTS (SELECT FROM ombud.known_browsers WHERE user_id = person);
  INSERT INTO ombud.known_browsers (user_id, token_hash) VALUES (person, hash) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    UPDATE ombud.known_browsers SET last_used_at = now() WHERE user_id = person AND token_hash = hash;
    RETURN false;
  END IF;
  DELETE FROM ombud.known_browsers k WHERE k.user_id = person AND k.token_hash <> hash AND k.token_hash IN (
    SELECT o.token_hash FROM ombud.known_browsers o WHERE o.user_id = person AND o.token_hash <> hash
     ORDER BY o.last_used_at DESC, o.token_hash OFFSET 19);
  IF has_others THEN
    PERFORM set_config('ombud.from_ip', ip, true), set_config('ombud.from_browser', named, true);
    INSERT INTO ombud.account_notices (user_id, kind, detail) VALUES (person, 'new_browser', left(named, 100));
  END IF;
  RETURN has_others;
END $$;

ALTER FUNCTION ombud.meet_browser(hash bytea, ip text, named text) OWNER TO ombud_owner;

CREATE FUNCTION ombud.merge_people(sources bigint[], target bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  PERFORM ombud.merge_people_portion(sources, target, NULL);
  PERFORM set_config('ombud.curating', 'on', true);
  INSERT INTO ombud.drafts (user_id, ticket_id, is_internal, content, updated_at)
  SELECT DISTINCT ON (d.ticket_id, d.is_internal) target, d.ticket_id, d.is_internal, d.content, d.updated_at
    FROM ombud.drafts d WHERE d.user_id = ANY (sources) ORDER BY d.ticket_id, d.is_internal, d.updated_at DESC
  ON CONFLICT DO NOTHING;
  INSERT INTO ombud.ticket_reads (user_id, ticket_id, seen_at)
  SELECT target, r.ticket_id, max(r.seen_at) FROM ombud.ticket_reads r
   WHERE r.user_id = ANY (sources) GROUP BY r.ticket_id
  ON CONFLICT DO NOTHING;
  DELETE FROM ombud.web_sessions WHERE user_id = ANY (sources);
  UPDATE ombud.api_tokens SET revoked_at = now() WHERE user_id = ANY (sources) AND revoked_at IS NULL;
  UPDATE ombud.users SET merged_into_id = target, is_active = false
   WHERE id = ANY (sources) OR merged_into_id = ANY (sources);
  PERFORM set_config('ombud.curating', '', true);
END $$;

ALTER FUNCTION ombud.merge_people(sources bigint[], target bigint) OWNER TO ombud_owner;

CREATE FUNCTION ombud.merge_people_portion(sources bigint[], target bigint, most integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  moved bigint;
  largest bigint;
BEGIN
  PERFORM ombud.require_curator();
  PERFORM set_config('ombud.curating', 'on', true);
  UPDATE ombud.tickets
     SET requester_id = CASE WHEN requester_id = ANY (sources) THEN target ELSE requester_id END,
         creator_id = CASE WHEN creator_id = ANY (sources) THEN target ELSE creator_id END
   WHERE id IN (SELECT t.id FROM ombud.tickets t
                 WHERE t.requester_id = ANY (sources) OR t.creator_id = ANY (sources) LIMIT most);
  GET DIAGNOSTICS largest = ROW_COUNT;
  UPDATE ombud.comments SET author_id = target
   WHERE id IN (SELECT c.id FROM ombud.comments c WHERE c.author_id = ANY (sources) LIMIT most);
  GET DIAGNOSTICS moved = ROW_COUNT;
  largest := greatest(largest, moved);
  UPDATE ombud.attachments SET uploader_id = target
   WHERE id IN (SELECT a.id FROM ombud.attachments a WHERE a.uploader_id = ANY (sources) LIMIT most);
  GET DIAGNOSTICS moved = ROW_COUNT;
  largest := greatest(largest, moved);
  -- All of a ticket's at once, because the earliest moment counts.
  WITH few AS (
    SELECT DISTINCT p.ticket_id FROM ombud.ticket_participants p WHERE p.user_id = ANY (sources) LIMIT most
  ), gone AS (
    DELETE FROM ombud.ticket_participants p USING few
     WHERE p.ticket_id = few.ticket_id AND p.user_id = ANY (sources)
    RETURNING p.ticket_id, p.created_at
  ), kept AS (
    INSERT INTO ombud.ticket_participants (ticket_id, user_id, created_at)
    SELECT ticket_id, target, min(created_at) FROM gone GROUP BY ticket_id
    ON CONFLICT DO NOTHING
  )
  SELECT count(*) INTO moved FROM few;
  PERFORM set_config('ombud.curating', '', true);
  RETURN greatest(largest, moved);
END $$;

ALTER FUNCTION ombud.merge_people_portion(sources bigint[], target bigint, most integer) OWNER TO ombud_owner;

CREATE FUNCTION ombud.moved_mail() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  IF OLD.ticket_id IS NOT NULL THEN
    DELETE FROM ombud.mail_references r WHERE r.message_id = NEW.message_id AND r.ticket_id = OLD.ticket_id;
  END IF;
  IF NEW.ticket_id IS NOT NULL AND NEW.state = 'accepted' THEN
    INSERT INTO ombud.mail_references (message_id, ticket_id, comment_id)
    VALUES (NEW.message_id, NEW.ticket_id, NEW.comment_id)
    ON CONFLICT (message_id, ticket_id) DO UPDATE SET comment_id = EXCLUDED.comment_id;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.moved_mail() OWNER TO ombud_owner;

CREATE FUNCTION ombud.name_key(name text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT coalesce(string_agg(word, ' ' ORDER BY word COLLATE "C"), '')
    FROM regexp_split_to_table(lower(name), '[^[:alnum:]]+') AS word WHERE word <> ''
$$;

ALTER FUNCTION ombud.name_key(name text) OWNER TO ombud_owner;

CREATE FUNCTION ombud.next_ticket_number() RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  RETURN nextval('ombud.ticket_number_seq')::text;
END $$;

ALTER FUNCTION ombud.next_ticket_number() OWNER TO ombud_owner;

CREATE FUNCTION ombud.note_stale_files() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  INSERT INTO ombud.stale_files (storage_key) SELECT DISTINCT o.storage_key FROM old_rows o ORDER BY 1
  ON CONFLICT (storage_key) DO UPDATE SET since = now();
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.note_stale_files() OWNER TO ombud_owner;

CREATE FUNCTION ombud.note_stale_transfer() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  IF TG_OP = 'DELETE' OR NEW.storage_key IS DISTINCT FROM OLD.storage_key THEN
    INSERT INTO ombud.stale_files (storage_key) VALUES (OLD.storage_key) ON CONFLICT DO NOTHING;
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.note_stale_transfer() OWNER TO ombud_owner;

CREATE FUNCTION ombud.note_whence() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  NEW.from_ip := NULL;
  NEW.from_browser := NULL;
  IF ombud.actor_kind() = 'system' OR NEW.user_id = ombud.actor_id() THEN
    NEW.from_ip := left(nullif(current_setting('ombud.from_ip', true), ''), 45);
    NEW.from_browser := left(nullif(current_setting('ombud.from_browser', true), ''), 100);
  END IF;
  RETURN NEW;
END $$;

ALTER FUNCTION ombud.note_whence() OWNER TO ombud_owner;

CREATE FUNCTION ombud.notify_staff(told_kind text, tickets bigint[], comment bigint, people bigint[], quietly boolean) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  told int;
BEGIN
  INSERT INTO ombud.notifications (user_id, kind, ticket_id, comment_id, cause_id, in_page, by_mail)
  SELECT u.id, told_kind, k.id, c.id, coalesce(ombud.actor_id(), c.author_id),
         coalesce(s.in_page, true), coalesce(s.by_mail, true) AND NOT quietly
    FROM ombud.tickets k
    LEFT JOIN ombud.comments c ON c.id = comment AND c.ticket_id = k.id
    JOIN ombud.users u ON u.id = ANY (people) AND u.is_staff AND u.is_active
     AND u.id IS DISTINCT FROM coalesce(ombud.actor_id(), c.author_id)
    LEFT JOIN ombud.notification_settings s ON s.user_id = u.id AND s.kind = told_kind
   WHERE k.id = ANY (tickets) AND (comment IS NULL OR c.id IS NOT NULL)
     AND (coalesce(s.in_page, true) OR coalesce(s.by_mail, true) AND NOT quietly)
     AND (u.sees_all_teams OR u.role = 'admin' OR k.team_id IS NULL OR k.assignee_id = u.id
          OR EXISTS (SELECT FROM ombud.team_members m WHERE m.user_id = u.id AND m.team_id = k.team_id)
          OR EXISTS (SELECT FROM ombud.ticket_participants p WHERE p.user_id = u.id AND p.ticket_id = k.id))
   ORDER BY u.id, k.id;
  GET DIAGNOSTICS told = ROW_COUNT;
  RETURN told;
END $$;

ALTER FUNCTION ombud.notify_staff(told_kind text, tickets bigint[], comment bigint, people bigint[], quietly boolean) OWNER TO ombud_owner;

CREATE FUNCTION ombud.part_snippet(body text, part text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT CASE WHEN at = 0 THEN left(clean, 240)
              ELSE CASE WHEN at > 61 THEN '…' ELSE '' END || substr(clean, greatest(at - 60, 1), least(at - 1, 60))
                   || U&'\E000' || substr(clean, at, length(part)) || U&'\E001'
                   || substr(clean, at + length(part), 160) END
    FROM (SELECT translate(body, U&'\E000\E001', '') AS clean) c,
         LATERAL (SELECT strpos(lower(clean), lower(part)) AS at) p
$$;

ALTER FUNCTION ombud.part_snippet(body text, part text) OWNER TO ombud_owner;

CREATE FUNCTION ombud.people_like(person bigint, most integer) RETURNS TABLE(user_id bigint, alike real)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
DECLARE
  known ombud.users := (SELECT u FROM ombud.users u WHERE u.id = person);
  inbox text := ombud.address_key(known.email_norm);
  local text := split_part(inbox, '@', 1);
  named text := ombud.name_key(known.full_name);
BEGIN
  IF ombud.actor_kind() IS NULL OR ombud.actor_kind() = 'customer' OR known.id IS NULL THEN
    RETURN;
  END IF;
  PERFORM set_config('pg_trgm.similarity_threshold', '0.85', true);
  RETURN QUERY
    SELECT u.id, CASE WHEN known.full_name = '' THEN 0 ELSE ombud.similarity(u.full_name, known.full_name) END
      FROM (SELECT k.id FROM ombud.users k
             WHERE k.role = 'customer' AND k.merged_into_id IS NULL AND k.anonymised_at IS NULL
               AND ombud.address_key(k.email_norm) = inbox
             UNION (SELECT k.id FROM ombud.users k
                     WHERE k.role = 'customer' AND k.merged_into_id IS NULL AND k.anonymised_at IS NULL
                       AND k.full_name <> '' AND ombud.name_key(k.full_name) = named
                     LIMIT most)
             UNION (SELECT k.id FROM ombud.users k
                     WHERE k.role = 'customer' AND k.merged_into_id IS NULL
                       AND k.full_name OPERATOR(ombud.%) known.full_name
                     LIMIT most)
             UNION (SELECT k.id FROM (SELECT c.id, ombud.similarity(c.full_name, known.full_name) AS near
                                        FROM ombud.users c
                                       WHERE c.organization_id = known.organization_id AND c.role = 'customer'
                                         AND c.merged_into_id IS NULL AND c.anonymised_at IS NULL
                                       ORDER BY c.id DESC LIMIT 1000) k
                     WHERE k.near >= 0.5 ORDER BY k.near DESC, k.id LIMIT most)
             UNION (SELECT k.id FROM (SELECT c.id, ombud.similarity(c.full_name, known.full_name) AS near
                                        FROM ombud.users c
                                       WHERE length(local) >= 4 AND c.full_name <> ''
                                         AND split_part(ombud.address_key(c.email_norm), '@', 1) = local
                                         AND c.role = 'customer' AND c.merged_into_id IS NULL
                                         AND c.anonymised_at IS NULL
                                       ORDER BY c.id DESC LIMIT 1000) k
                     WHERE k.near >= 0.5 ORDER BY k.near DESC, k.id LIMIT most)) found
      JOIN ombud.users u USING (id)
     WHERE u.id <> person AND u.role = 'customer' AND u.merged_into_id IS NULL AND u.anonymised_at IS NULL
       AND NOT EXISTS (SELECT FROM ombud.distinct_people d
                        WHERE d.user_id = least(u.id, person) AND d.other_id = greatest(u.id, person))
     ORDER BY 2 DESC, 1 LIMIT most;
END $$;

ALTER FUNCTION ombud.people_like(person bigint, most integer) OWNER TO ombud_owner;

CREATE FUNCTION ombud.people_pairs(worth double precision, strangers text[], after double precision, after_one bigint, after_other bigint, most integer) RETURNS TABLE(user_id bigint, other_id bigint, alike real, score double precision)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
DECLARE
  above bigint;
BEGIN
  IF ombud.actor_kind() IS NULL OR ombud.actor_kind() = 'customer' THEN
    RETURN;
  END IF;
  above := coalesce((SELECT f.last_id FROM ombud.alike_finds f
                      WHERE f.kind = 'people' AND f.least <= worth AND ombud.is_lately(f.found_at, f.seconds)), 0);
  RETURN QUERY
    SELECT p.* FROM (
      (SELECT k.user_id, k.other_id, k.names::real, k.score FROM ombud.alike_people k
         JOIN ombud.users a ON a.id = k.user_id JOIN ombud.users b ON b.id = k.other_id
        WHERE k.other_id <= above AND k.score >= worth
          AND a.role = 'customer' AND a.merged_into_id IS NULL AND a.anonymised_at IS NULL
          AND b.role = 'customer' AND b.merged_into_id IS NULL AND b.anonymised_at IS NULL
          AND NOT EXISTS (SELECT FROM ombud.distinct_people d
                           WHERE d.user_id = k.user_id AND d.other_id = k.other_id)
          AND (people_pairs.after IS NULL
               OR (-k.score, k.user_id, k.other_id) > (people_pairs.after, after_one, after_other))
        ORDER BY k.score DESC, k.user_id, k.other_id LIMIT most)
      UNION ALL
      (SELECT n.user_id, n.other_id, n.alike::real, n.score
         FROM ombud.people_pairs_now(worth, strangers, above) n
        WHERE NOT EXISTS (SELECT FROM ombud.distinct_people d
                           WHERE d.user_id = n.user_id AND d.other_id = n.other_id)
          AND (people_pairs.after IS NULL
               OR (-n.score, n.user_id, n.other_id) > (people_pairs.after, after_one, after_other))
        ORDER BY n.score DESC, n.user_id, n.other_id LIMIT most)) p
     ORDER BY p.score DESC, p.user_id, p.other_id LIMIT most;
END $$;

ALTER FUNCTION ombud.people_pairs(worth double precision, strangers text[], after double precision, after_one bigint, after_other bigint, most integer) OWNER TO ombud_owner;

CREATE FUNCTION ombud.people_pairs_now(worth double precision, strangers text[], above bigint) RETURNS TABLE(user_id bigint, other_id bigint, alike double precision, score double precision)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog'
    SET enable_hashagg TO 'off'
    SET max_parallel_workers_per_gather TO '0'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
DECLARE
  firsts bigint[];
  seconds bigint[];
  inboxes text[];
  names text[];
BEGIN
  IF above > 0 THEN
    SELECT array_agg(DISTINCT ombud.address_key(u.email_norm)),
           array_agg(DISTINCT ombud.name_key(u.full_name)) FILTER (WHERE u.full_name <> '')
      INTO inboxes, names FROM ombud.users u
     WHERE u.id > above AND u.role = 'customer' AND u.merged_into_id IS NULL AND u.anonymised_at IS NULL;
    inboxes := coalesce(inboxes, '{}');
    names := coalesce(names, '{}');
  END IF;
  WITH groups AS (
    SELECT array_agg(u.id) AS ids FROM ombud.users u
     WHERE u.role = 'customer' AND u.merged_into_id IS NULL AND u.anonymised_at IS NULL
       AND (above = 0 OR ombud.address_key(u.email_norm) = ANY (inboxes))
     GROUP BY ombud.address_key(u.email_norm) HAVING count(*) BETWEEN 2 AND 20
     UNION ALL
    SELECT array_agg(u.id) FROM ombud.users u
     WHERE u.role = 'customer' AND u.merged_into_id IS NULL AND u.anonymised_at IS NULL AND u.full_name <> ''
       AND (above = 0 OR ombud.name_key(u.full_name) = ANY (names))
     GROUP BY ombud.name_key(u.full_name)
    HAVING count(*) BETWEEN 2 AND 20 AND ombud.name_key(u.full_name) LIKE '% %'),
  pairs AS (
    SELECT DISTINCT a.id AS first, b.id AS second
      FROM groups g CROSS JOIN LATERAL unnest(g.ids) a(id) CROSS JOIN LATERAL unnest(g.ids) b(id)
     WHERE a.id < b.id AND b.id > above)
  SELECT array_agg(p.first), array_agg(p.second) INTO firsts, seconds FROM pairs p;
  RETURN QUERY
    WITH compared AS (
      SELECT a AS one, b AS other,
             CASE WHEN a.full_name = '' OR b.full_name = '' THEN 0
                  ELSE ombud.similarity(a.full_name, b.full_name) END AS names
        FROM unnest(firsts, seconds) p(first, second)
       CROSS JOIN LATERAL (
              SELECT u.id, u.full_name, u.organization_id, k.inbox,
                     split_part(k.inbox, '@', 1) AS local, split_part(k.inbox, '@', 2) AS domain
                FROM ombud.users u CROSS JOIN LATERAL (SELECT ombud.address_key(u.email_norm) AS inbox OFFSET 0) k
               WHERE u.id = p.first) a
       CROSS JOIN LATERAL (
              SELECT u.id, u.full_name, u.organization_id, k.inbox,
                     split_part(k.inbox, '@', 1) AS local, split_part(k.inbox, '@', 2) AS domain
                FROM ombud.users u CROSS JOIN LATERAL (SELECT ombud.address_key(u.email_norm) AS inbox OFFSET 0) k
               WHERE u.id = p.second) b),
    weighed AS (
      SELECT (c.one).id AS first, (c.other).id AS second, c.names, round(least(1,
               CASE WHEN (c.one).inbox = (c.other).inbox THEN 0.9 ELSE 0 END
               + CASE WHEN c.names >= 0.99 THEN 0.5 WHEN c.names >= 0.5 THEN 0.4 * c.names::numeric ELSE 0 END
               + CASE WHEN (c.one).organization_id = (c.other).organization_id THEN 0.2 ELSE 0 END
               + CASE WHEN (c.one).domain = (c.other).domain AND (c.one).domain <> ALL (strangers)
                           AND (c.one).inbox <> (c.other).inbox THEN 0.15 ELSE 0 END
               + CASE WHEN (c.one).local = (c.other).local AND (c.one).domain <> (c.other).domain
                           AND length((c.one).local) >= 4 THEN 0.25 ELSE 0 END), 2)::double precision AS score
        FROM compared c)
    SELECT w.first, w.second, w.names::double precision, w.score FROM weighed w
     WHERE w.score >= people_pairs_now.worth;
END $$;

ALTER FUNCTION ombud.people_pairs_now(worth double precision, strangers text[], above bigint) OWNER TO ombud_owner;

CREATE FUNCTION ombud.principal(wanted bigint) RETURNS TABLE(user_id bigint, email text, full_name text, role text, sees_all_teams boolean, team_ids bigint[], shared_organization_id bigint, theme text, permissions text[], read_team_ids bigint[])
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT u.id, u.email, u.full_name, u.role, u.sees_all_teams,
         ARRAY(SELECT m.team_id FROM ombud.team_members m WHERE m.user_id = u.id),
         (SELECT o.id FROM ombud.organizations o WHERE o.id = u.organization_id AND o.shares_tickets), u.theme,
         (SELECT r.permissions FROM ombud.roles r WHERE r.id = u.custom_role_id),
         ARRAY(SELECT m.team_id FROM ombud.team_members m WHERE m.user_id = u.id AND m.reads_only)
    FROM ombud.users u WHERE u.id = wanted AND u.is_active
$$;

ALTER FUNCTION ombud.principal(wanted bigint) OWNER TO ombud_owner;

CREATE FUNCTION ombud.provider_labels() RETURNS TABLE(id bigint, slug text, label text, is_active boolean, for_staff boolean, for_customers boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT p.id, p.slug, p.label, p.is_active, p.for_staff, p.for_customers FROM ombud.identity_providers p
   ORDER BY lower(p.label), p.id
$$;

ALTER FUNCTION ombud.provider_labels() OWNER TO ombud_owner;

CREATE FUNCTION ombud.redacted(changes jsonb, columns text[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT coalesce(jsonb_object_agg(c.key, CASE WHEN c.key = ANY (columns) THEN jsonb_build_array(
           CASE WHEN c.value -> 0 <> 'null' THEN '[anonymised]' END,
           CASE WHEN c.value -> 1 <> 'null' THEN '[anonymised]' END) ELSE c.value END), '{}')
    FROM jsonb_each(changes) c
$$;

ALTER FUNCTION ombud.redacted(changes jsonb, columns text[]) OWNER TO ombud_owner;

CREATE FUNCTION ombud.require_curator() RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  IF ombud.actor_kind() IS NULL OR ombud.actor_kind() NOT IN ('admin', 'system') THEN
    RAISE EXCEPTION 'only an administrator merges and anonymises people'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_rights';
  END IF;
END $$;

ALTER FUNCTION ombud.require_curator() OWNER TO ombud_owner;

CREATE FUNCTION ombud.search_changed_comments() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  ids bigint[];
BEGIN
  IF TG_OP = 'UPDATE' THEN
    -- A comment that moved leaves one ticket's document and enters another's.
    ids := ARRAY(SELECT o.ticket_id FROM old_rows o UNION SELECT n.ticket_id FROM new_rows n);
  ELSE
    ids := ARRAY(SELECT DISTINCT o.ticket_id FROM old_rows o);
  END IF;
  IF ids <> '{}' THEN
    PERFORM ombud.write_documents(ids);
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.search_changed_comments() OWNER TO ombud_owner;

CREATE FUNCTION ombud.search_changed_tickets() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  ids bigint[] := ARRAY(
    SELECT n.id FROM new_rows n JOIN old_rows o ON o.id = n.id
     WHERE (n.title, n.description, n.requester_id, n.ticket_number)
           IS DISTINCT FROM (o.title, o.description, o.requester_id, o.ticket_number));
BEGIN
  IF ids <> '{}' THEN
    PERFORM ombud.write_documents(ids);
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.search_changed_tickets() OWNER TO ombud_owner;

CREATE FUNCTION ombud.search_changed_users() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  ids bigint[] := ARRAY(
    SELECT t.id FROM new_rows n JOIN old_rows o ON o.id = n.id JOIN ombud.tickets t ON t.requester_id = n.id
     WHERE (n.full_name, n.email) IS DISTINCT FROM (o.full_name, o.email));
BEGIN
  IF ids <> '{}' THEN
    PERFORM ombud.write_documents(ids);
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.search_changed_users() OWNER TO ombud_owner;

CREATE FUNCTION ombud.search_new_comments() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  UPDATE ombud.ticket_search s
     SET document = ombud.add_words(s.document, a.everything),
         public_document = ombud.add_words(s.public_document, coalesce(a.publicly, '')),
         is_indexed = false, changed_at = now()
    FROM (SELECT w.ticket_id, ombud.all_words(w.words) AS everything,
                 ombud.all_words(w.words) FILTER (WHERE NOT w.is_internal) AS publicly
            FROM (SELECT f.ticket_id, f.is_internal, ombud.words(f.content, 'D') AS words FROM fresh f OFFSET 0) w
           GROUP BY w.ticket_id) a
   WHERE s.ticket_id = a.ticket_id;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.search_new_comments() OWNER TO ombud_owner;

CREATE FUNCTION ombud.search_new_tickets() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  IF (SELECT count(*) FROM (SELECT FROM fresh LIMIT 201) seen) > 200 THEN
    INSERT INTO ombud.search_queue (ticket_id) SELECT f.id FROM fresh f;
    RETURN NULL;
  END IF;
  INSERT INTO ombud.ticket_search (ticket_id, document, public_document)
  SELECT f.id, words.d, words.d
    FROM fresh f
    JOIN ombud.users u ON u.id = f.requester_id
   CROSS JOIN LATERAL (SELECT ombud.words(f.ticket_number || ' ' || f.title, 'A')
                           || ombud.words(u.full_name || ' ' || u.email, 'B')
                           || ombud.words(f.description, 'C') AS d OFFSET 0) words;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.search_new_tickets() OWNER TO ombud_owner;

CREATE FUNCTION ombud.search_query(typed text) RETURNS tsquery
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    AS $_$
DECLARE
  parts text[] := string_to_array(left(typed, 500), '"');
  wanted text := '';
  parsed text;
BEGIN
  FOR n IN 1..coalesce(cardinality(parts), 0) LOOP
    wanted := wanted || CASE WHEN n % 2 = 0 THEN '"' || parts[n] || '"' ELSE
      regexp_replace(parts[n], '((?<!\S)-)?([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+)',
                     ' \1"\2" ', 'g') END;
  END LOOP;
  parsed := websearch_to_tsquery('ombud.plain', ombud.spaced(wanted))::text;
  IF parsed ~ '(^|[^!''])''([^'']|'''')+''$' AND typed !~ '["\s]$' THEN
    parsed := parsed || ':*';
  END IF;
  RETURN parsed::tsquery;
END $_$;

ALTER FUNCTION ombud.search_query(typed text) OWNER TO ombud_owner;

CREATE FUNCTION ombud.search_updated_comments() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  ids bigint[] := ARRAY(SELECT o.ticket_id FROM old_rows o UNION SELECT n.ticket_id FROM new_rows n);
BEGIN
  IF ids <> '{}' THEN
    PERFORM ombud.write_documents(ids);
  END IF;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.search_updated_comments() OWNER TO ombud_owner;

CREATE FUNCTION ombud.search_waiting() RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$ SELECT (SELECT count(*) FROM ombud.search_queue)
        + (SELECT count(*) FROM ombud.ticket_search s WHERE NOT s.is_indexed)
        + (SELECT count(*) FROM ombud.ticket_search s WHERE s.texts_missing AND s.is_indexed) $$;

ALTER FUNCTION ombud.search_waiting() OWNER TO ombud_owner;

CREATE FUNCTION ombud.search_weight(typed text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  wanted CONSTANT tsquery := ombud.search_query(typed);
  plan json;
  found bigint;
  everything CONSTANT real := (SELECT c.reltuples FROM pg_class c WHERE c.oid = 'ombud.ticket_search'::regclass);
BEGIN
  EXECUTE format('EXPLAIN (FORMAT JSON) SELECT FROM ombud.ticket_search s WHERE s.document @@ %L::tsquery',
                 wanted) INTO plan;
  found := (plan -> 0 -> 'Plan' ->> 'Plan Rows')::bigint;
  IF found > 1000 AND wanted::text ~ '<(-|\d+)>' THEN
    -- The plan knows how common each word is, not how often they stand side by side.
    found := least(found, (
      SELECT (count(*) FILTER (WHERE n.document @@ wanted) * everything / greatest(count(*), 1))::bigint
        FROM (SELECT s.document FROM ombud.ticket_search s ORDER BY s.ticket_id DESC LIMIT 200) n));
  END IF;
  RETURN CASE WHEN found <= everything / 900 THEN least(found, 1000) ELSE found END;
END $$;

ALTER FUNCTION ombud.search_weight(typed text) OWNER TO ombud_owner;

CREATE FUNCTION ombud.secure(target regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
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

ALTER FUNCTION ombud.secure(target regclass) OWNER TO ombud_owner;

CREATE FUNCTION ombud.secure_partition(target regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  EXECUTE format('CREATE POLICY backup_all ON %s FOR SELECT TO ombud_backup USING (true)', target);
END $$;

ALTER FUNCTION ombud.secure_partition(target regclass) OWNER TO ombud_owner;

CREATE FUNCTION ombud.settle_search_texts() RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$ SELECT gin_clean_pending_list('ombud.ix_ticket_search_document'::regclass)
        + gin_clean_pending_list('ombud.ix_ticket_texts_body'::regclass) $$;

ALTER FUNCTION ombud.settle_search_texts() OWNER TO ombud_owner;

CREATE FUNCTION ombud.similar_words(typed text[], kind text, actor bigint, organization bigint) RETURNS TABLE(place bigint, folded text, word text, seen bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50
    SET search_path TO 'pg_catalog'
    AS $_$
BEGIN
  IF kind IS NULL THEN
    RETURN;
  ELSIF kind = 'customer' THEN
    RETURN QUERY
      WITH own AS (
        SELECT t.id FROM ombud.tickets t WHERE t.requester_id = actor AND t.deleted_at IS NULL
         UNION SELECT t.id FROM ombud.tickets t WHERE t.organization_id = organization AND t.deleted_at IS NULL
         UNION SELECT p.ticket_id FROM ombud.ticket_participants p WHERE p.user_id = actor),
      newest AS (SELECT o.id FROM own o ORDER BY o.id DESC LIMIT 200),
      known AS MATERIALIZED (
        SELECT l.lexeme, count(*) AS tickets FROM newest n
          JOIN ombud.ticket_search s ON s.ticket_id = n.id CROSS JOIN LATERAL unnest(s.public_document) l
         WHERE l.lexeme ~ '^[[:alpha:]]{3,40}$' GROUP BY l.lexeme)
      SELECT q.place, q.folded, c.lexeme, c.tickets FROM ombud.folded_words(typed) q
       CROSS JOIN LATERAL (SELECT k.lexeme, k.tickets FROM known k WHERE ombud.alike(k.lexeme, q.folded) >= 0.25
                            ORDER BY ombud.alike(k.lexeme, q.folded) DESC, k.lexeme LIMIT 30) c;
  ELSE
    RETURN QUERY
      SELECT q.place, q.folded, c.word, c.seen FROM ombud.folded_words(typed) q
       CROSS JOIN LATERAL ombud.words_like(q.folded, 30) c;
  END IF;
END $_$;

ALTER FUNCTION ombud.similar_words(typed text[], kind text, actor bigint, organization bigint) OWNER TO ombud_search;

CREATE FUNCTION ombud.snippet(body text, typed text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT ts_headline('ombud.plain', left(translate(body, U&'\E000\E001', ''), 20000), ombud.search_query(typed),
                     U&'StartSel=\E000, StopSel=\E001, MaxFragments=1, MaxWords=24, MinWords=8')
$$;

ALTER FUNCTION ombud.snippet(body text, typed text) OWNER TO ombud_owner;

CREATE FUNCTION ombud.spaced(body text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT regexp_replace(
         CASE WHEN body ~ '[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]'
              THEN regexp_replace(body, '([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff])', ' \1 ', 'g')
              ELSE body END, '(\w)-(\d)', '\1 \2', 'g')
$$;

ALTER FUNCTION ombud.spaced(body text) OWNER TO ombud_owner;

CREATE FUNCTION ombud.stats_changed_tickets() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  INSERT INTO ombud.ticket_stats_delta
    (weight, created_at, status, priority, channel, team_id, assignee_id, response_ms, resolution_ms)
  SELECT sum(c.weight), c.created_at, c.status, c.priority, c.channel, coalesce(c.team_id, 0), c.assignee_id,
         (extract(epoch FROM c.first_response_at - c.created_at) * 1000)::bigint,
         (extract(epoch FROM c.resolved_at - c.created_at) * 1000)::bigint
    FROM (SELECT -1 AS weight, o.created_at, o.status, o.priority, o.channel, o.team_id, o.assignee_id,
                 o.first_response_at, o.resolved_at
            FROM old_rows o WHERE o.deleted_at IS NULL
          UNION ALL
          SELECT 1, n.created_at, n.status, n.priority, n.channel, n.team_id, n.assignee_id,
                 n.first_response_at, n.resolved_at
            FROM new_rows n WHERE n.deleted_at IS NULL) c
   GROUP BY c.created_at, c.status, c.priority, c.channel, c.team_id, c.assignee_id, c.first_response_at,
            c.resolved_at
  HAVING sum(c.weight) <> 0;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.stats_changed_tickets() OWNER TO ombud_owner;

CREATE FUNCTION ombud.stats_gone_tickets() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  INSERT INTO ombud.ticket_stats_delta
    (weight, created_at, status, priority, channel, team_id, assignee_id, response_ms, resolution_ms)
  SELECT -1, o.created_at, o.status, o.priority, o.channel, coalesce(o.team_id, 0), o.assignee_id,
         (extract(epoch FROM o.first_response_at - o.created_at) * 1000)::bigint,
         (extract(epoch FROM o.resolved_at - o.created_at) * 1000)::bigint
    FROM old_rows o
   WHERE o.deleted_at IS NULL;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.stats_gone_tickets() OWNER TO ombud_owner;

CREATE FUNCTION ombud.stats_new_tickets() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  INSERT INTO ombud.ticket_stats_delta
    (weight, created_at, status, priority, channel, team_id, assignee_id, response_ms, resolution_ms)
  SELECT 1, n.created_at, n.status, n.priority, n.channel, coalesce(n.team_id, 0), n.assignee_id,
         (extract(epoch FROM n.first_response_at - n.created_at) * 1000)::bigint,
         (extract(epoch FROM n.resolved_at - n.created_at) * 1000)::bigint
    FROM new_rows n
   WHERE n.deleted_at IS NULL;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.stats_new_tickets() OWNER TO ombud_owner;

CREATE FUNCTION ombud.stretch_start(grain text, day date) RETURNS date
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT CASE grain WHEN 'ever' THEN '0001-01-01'::date ELSE date_trunc(grain, day::timestamp)::date END
$$;

ALTER FUNCTION ombud.stretch_start(grain text, day date) OWNER TO ombud_owner;

CREATE FUNCTION ombud.take_turns(keys text[], bursts integer[], seconds integer[], known text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
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

ALTER FUNCTION ombud.take_turns(keys text[], bursts integer[], seconds integer[], known text) OWNER TO ombud_owner;

CREATE FUNCTION ombud.tell_of_webhook() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  INSERT INTO ombud.account_notices (user_id, kind, detail, by_other)
  SELECT u.id, 'webhook_off', left(substring(NEW.url FROM '^https?://(?:[^/?#@]*@)?([^/?#]*)'), 100), true
    FROM ombud.users u WHERE u.is_active AND (u.role = 'admin' OR u.id = NEW.owner_id)
   ORDER BY u.id;
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.tell_of_webhook() OWNER TO ombud_owner;

CREATE FUNCTION ombud.text_weight(part text) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT CASE WHEN part !~ '[[:alnum:]]{3}' THEN 2147483647
              ELSE (SELECT (count(*) FILTER (WHERE n.body ILIKE ombud.containing(part))
                            * (SELECT c.reltuples FROM pg_class c WHERE c.oid = 'ombud.ticket_texts'::regclass)
                            / greatest(count(*), 1))::bigint
                      FROM (SELECT x.body FROM ombud.ticket_texts x
                             ORDER BY x.ticket_id DESC, x.part DESC LIMIT 400) n) END
$$;

ALTER FUNCTION ombud.text_weight(part text) OWNER TO ombud_owner;

CREATE FUNCTION ombud.texts_with(part text, kind text, actor bigint, organization bigint) RETURNS TABLE(ticket_id bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 200
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  pattern text := ombud.containing(part);
BEGIN
  IF kind IS NULL THEN
    RETURN;
  ELSIF kind = 'customer' THEN
    RETURN QUERY
      WITH own AS MATERIALIZED (
        SELECT t.id FROM ombud.tickets t WHERE t.requester_id = actor
         UNION SELECT t.id FROM ombud.tickets t WHERE t.organization_id = organization
         UNION SELECT p.ticket_id FROM ombud.ticket_participants p WHERE p.user_id = actor)
      SELECT x.ticket_id FROM ombud.ticket_texts x
       WHERE x.body ILIKE pattern AND NOT x.is_internal AND x.ticket_id IN (SELECT o.id FROM own o)
      UNION ALL
      SELECT s.ticket_id FROM ombud.ticket_search s
       WHERE (NOT s.is_indexed OR s.texts_missing) AND s.ticket_id IN (SELECT o.id FROM own o);
  ELSE
    RETURN QUERY
      SELECT x.ticket_id FROM ombud.ticket_texts x WHERE x.body ILIKE pattern
      UNION ALL
      SELECT s.ticket_id FROM ombud.ticket_search s WHERE NOT s.is_indexed
      UNION ALL
      SELECT s.ticket_id FROM ombud.ticket_search s WHERE s.texts_missing;
  END IF;
END $$;

ALTER FUNCTION ombud.texts_with(part text, kind text, actor bigint, organization bigint) OWNER TO ombud_search;

CREATE FUNCTION ombud.ticket_pairs_now(days integer, since timestamp with time zone, worth double precision) RETURNS TABLE(ticket_id bigint, other_id bigint, titles double precision, texts double precision, hours double precision, score double precision)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
  WITH openers AS (
    SELECT t.requester_id FROM ombud.tickets t
     WHERE t.created_at >= since AND t.deleted_at IS NULL
       AND t.status IN ('open', 'in_progress', 'waiting_on_customer')),
  recent AS (
    SELECT t.id, t.created_at, t.status, array_agg(t.id) OVER (
             PARTITION BY t.requester_id ORDER BY t.created_at, t.id ROWS BETWEEN 20 PRECEDING AND 1 PRECEDING
           ) AS before
      FROM ombud.tickets t
     WHERE t.created_at >= since - make_interval(days => days) AND t.deleted_at IS NULL
       AND t.merged_into_id IS NULL AND t.requester_id IN (SELECT o.requester_id FROM openers o)),
  paired AS (
    SELECT f.id AS one, s.id AS other, f.description AS said, s.description AS said_again,
           extract(epoch FROM s.created_at - f.created_at)::double precision / 3600 AS hours,
           ombud.similarity(f.title, s.title)::double precision AS titles
      FROM recent r CROSS JOIN LATERAL unnest(r.before) b(id)
      JOIN ombud.tickets f ON f.id = b.id
      JOIN ombud.tickets s ON s.id = r.id
     WHERE r.created_at >= since AND r.status IN ('open', 'in_progress', 'waiting_on_customer')
       AND f.created_at >= s.created_at - make_interval(days => days)
    OFFSET 0),
  titled AS (
    SELECT p.*, CASE WHEN p.titles >= 0.99 THEN 0.5 WHEN p.titles >= 0.3 THEN 0.5 * p.titles ELSE 0 END AS by_title,
           CASE WHEN p.hours <= 24 THEN 0.1 ELSE 0 END AS by_day
      FROM paired p),
  compared AS (
    SELECT t.*, CASE WHEN t.by_title + 0.4 + t.by_day >= worth - 0.01
                     THEN ombud.similarity(left(t.said, 2000), left(t.said_again, 2000))::double precision
                     ELSE 0 END AS texts
      FROM titled t OFFSET 0),
  weighed AS (
    SELECT c.*, round(least(1.0, c.by_title
             + CASE WHEN c.texts >= 0.99 THEN 0.4 WHEN c.texts >= 0.3 THEN 0.4 * c.texts ELSE 0 END
             + CASE WHEN c.titles >= 0.3 OR c.texts >= 0.3 THEN c.by_day ELSE 0 END)::numeric, 2)::double precision
           AS score
      FROM compared c)
  SELECT w.one, w.other, w.titles, w.texts, w.hours, w.score FROM weighed w WHERE w.score >= worth
$$;

ALTER FUNCTION ombud.ticket_pairs_now(days integer, since timestamp with time zone, worth double precision) OWNER TO ombud_owner;

CREATE FUNCTION ombud.ticket_stat_keys(created_at timestamp with time zone, status text, priority text, channel text, assignee_id bigint, response_ms bigint, resolution_ms bigint) RETURNS TABLE(dimension text, key text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  SELECT k.dimension, k.key
    FROM (VALUES ('all', ''),
                 ('status', status),
                 ('priority', priority),
                 ('channel', channel),
                 ('assignee', coalesce(assignee_id::text, '')),
                 ('response', ombud.duration_bucket(response_ms)::text),
                 ('resolution', ombud.duration_bucket(resolution_ms)::text),
                 ('quarter', floor(extract(epoch FROM (created_at AT TIME ZONE 'UTC')::time) / 900)::text)
         ) k (dimension, key)
   WHERE k.key IS NOT NULL
$$;

ALTER FUNCTION ombud.ticket_stat_keys(created_at timestamp with time zone, status text, priority text, channel text, assignee_id bigint, response_ms bigint, resolution_ms bigint) OWNER TO ombud_owner;

CREATE FUNCTION ombud.tickets_changed(since text) RETURNS TABLE(moment text, ticket_ids bigint[])
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT pg_current_snapshot()::text,
         ARRAY(SELECT DISTINCT l.ticket_id FROM ombud.audit_logs l
                WHERE l.xid >= pg_snapshot_xmin(since::pg_snapshot)::text::bigint
                  AND NOT pg_visible_in_snapshot(l.xid::text::xid8, since::pg_snapshot)
                  AND l.ticket_id IS NOT NULL
                LIMIT 101)
$$;

ALTER FUNCTION ombud.tickets_changed(since text) OWNER TO ombud_owner;

CREATE FUNCTION ombud.token_stamp(wanted text) RETURNS bytea
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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

ALTER FUNCTION ombud.token_stamp(wanted text) OWNER TO ombud_owner;

CREATE FUNCTION ombud.touch() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  IF NOT ombud.is_curating() THEN
    NEW.updated_at := now();
  END IF;
  RETURN NEW;
END $$;

ALTER FUNCTION ombud.touch() OWNER TO ombud_owner;

CREATE FUNCTION ombud.turn_was_good(keys text[], seconds integer[], known text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  DELETE FROM ombud.login_attempts WHERE key = keys[1];
  UPDATE ombud.login_attempts a SET free_at = a.free_at - make_interval(secs => g.secs)
    FROM unnest(keys[2:], seconds[2:]) AS g (key, secs) WHERE a.key = g.key;
  INSERT INTO ombud.login_attempts AS a (key, free_at) VALUES (known, clock_timestamp() + interval '90 days')
  ON CONFLICT (key) DO UPDATE SET free_at = excluded.free_at;
$$;

ALTER FUNCTION ombud.turn_was_good(keys text[], seconds integer[], known text) OWNER TO ombud_owner;

CREATE FUNCTION ombud.unchanged_since(since text, OUT moment text, OUT holds boolean) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $_$
DECLARE
  started text := extract(epoch FROM pg_postmaster_start_time())::text;
  seen pg_snapshot;
BEGIN
  holds := false;
  IF pg_is_in_recovery() THEN
    RETURN;
  END IF;
  moment := started || '/' || pg_current_snapshot();
  IF split_part(since, '/', 1) = started AND split_part(since, '/', 2) ~ '^\d{1,19}:\d{1,19}:(\d{1,19}(,\d{1,19})*)?$' THEN
    seen := split_part(since, '/', 2)::pg_snapshot;
    holds := NOT EXISTS (SELECT FROM ombud.audit_logs l
                          WHERE l.xid >= pg_snapshot_xmin(seen)::text::bigint
                            AND NOT pg_visible_in_snapshot(l.xid::text::xid8, seen));
  END IF;
END
$_$;

ALTER FUNCTION ombud.unchanged_since(since text, OUT moment text, OUT holds boolean) OWNER TO ombud_owner;

CREATE FUNCTION ombud.unmentioned(changes jsonb, columns text[], said text[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT coalesce(jsonb_object_agg(c.key, CASE WHEN c.key = ANY (columns) THEN jsonb_build_array(
           ombud.without_mentions(c.value ->> 0, said), ombud.without_mentions(c.value ->> 1, said)) ELSE c.value END), '{}')
    FROM jsonb_each(changes) c
$$;

ALTER FUNCTION ombud.unmentioned(changes jsonb, columns text[], said text[]) OWNER TO ombud_owner;

CREATE FUNCTION ombud.unmerge_people(sources bigint[], target bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  PERFORM ombud.require_curator();
  DELETE FROM ombud.drafts t USING ombud.drafts s
   WHERE t.user_id = target AND s.user_id = ANY (sources)
     AND (t.ticket_id, t.is_internal, t.content, t.updated_at) = (s.ticket_id, s.is_internal, s.content, s.updated_at);
  DELETE FROM ombud.ticket_reads t USING ombud.ticket_reads s
   WHERE t.user_id = target AND s.user_id = ANY (sources) AND (t.ticket_id, t.seen_at) = (s.ticket_id, s.seen_at);
END $$;

ALTER FUNCTION ombud.unmerge_people(sources bigint[], target bigint) OWNER TO ombud_owner;

CREATE FUNCTION ombud.use_account_token(hash bytea, wanted text) RETURNS TABLE(user_id bigint, email text)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  DELETE FROM ombud.account_tokens t USING ombud.users u
   WHERE t.token_hash = hash AND t.purpose = wanted AND t.expires_at > now() AND t.user_id = ombud.actor_id()
     AND u.id = t.user_id AND u.is_active AND (t.purpose = 'verify' OR u.email_norm = lower(t.email))
  RETURNING t.user_id, t.email
$$;

ALTER FUNCTION ombud.use_account_token(hash bytea, wanted text) OWNER TO ombud_owner;

CREATE FUNCTION ombud.without_mentions(body text, said text[]) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  one text;
BEGIN
  FOREACH one IN ARRAY said LOOP
    one := regexp_replace(one, '([^[:alnum:][:space:]])', '\\\1', 'g');
    body := regexp_replace(body, regexp_replace(one, '\s+', '[\\s\\u00a0>]+', 'g'), '[anonymised]', 'gi');
  END LOOP;
  RETURN body;
END $$;

ALTER FUNCTION ombud.without_mentions(body text, said text[]) OWNER TO ombud_owner;

CREATE FUNCTION ombud.words(body text, weight "char") RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  IF octet_length(body) < 300000 THEN
    RETURN setweight(to_tsvector('ombud.plain', ombud.spaced(body)), weight);
  END IF;
  BEGIN
    RETURN setweight(to_tsvector('ombud.plain', ombud.spaced(left(body, 250000))), weight);
  EXCEPTION WHEN program_limit_exceeded THEN
    RETURN setweight(to_tsvector('ombud.plain', ombud.spaced(left(body, 50000))), weight);
  END;
END $$;

ALTER FUNCTION ombud.words(body text, weight "char") OWNER TO ombud_owner;

CREATE FUNCTION ombud.words_like(wanted text, most integer) RETURNS TABLE(word text, seen bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
    BEGIN
      PERFORM ombud.similarity('', '');
      PERFORM set_config('pg_trgm.similarity_threshold', '0.25', true);
      RETURN QUERY
        SELECT w.word::text, w.seen FROM ombud.search_words w WHERE w.word OPERATOR(ombud.%) wanted
         ORDER BY ombud.similarity(w.word, wanted) DESC, w.seen DESC, w.word LIMIT most;
    END $$;

ALTER FUNCTION ombud.words_like(wanted text, most integer) OWNER TO ombud_owner;

CREATE FUNCTION ombud.write_documents(ids bigint[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
  INSERT INTO ombud.ticket_search AS s (ticket_id, document, public_document)
  SELECT d.ticket_id, d.document, d.public_document FROM ombud.documents(ids) d
  ON CONFLICT (ticket_id) DO UPDATE
     SET document = excluded.document, public_document = excluded.public_document,
         is_indexed = false, changed_at = now()
$$;

ALTER FUNCTION ombud.write_documents(ids bigint[]) OWNER TO ombud_owner;

CREATE FUNCTION ombud.write_queued_documents(batch integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  ids bigint[] := ARRAY(
    SELECT q.ticket_id FROM ombud.search_queue q JOIN ombud.tickets t ON t.id = q.ticket_id
     ORDER BY q.ticket_id LIMIT batch FOR UPDATE SKIP LOCKED);
BEGIN
  IF ids <> '{}' THEN
    PERFORM ombud.write_documents(ids);
    DELETE FROM ombud.search_queue q WHERE q.ticket_id = ANY(ids);
  END IF;
  RETURN cardinality(ids);
END $$;

ALTER FUNCTION ombud.write_queued_documents(batch integer) OWNER TO ombud_owner;

CREATE FUNCTION ombud.write_texts(ids bigint[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $_$
  DELETE FROM ombud.ticket_texts x
   WHERE x.ticket_id = ANY(ids) AND x.part <> 0
     AND NOT EXISTS (SELECT FROM ombud.comments c WHERE c.id = x.part AND c.ticket_id = x.ticket_id);
  INSERT INTO ombud.ticket_texts AS x (ticket_id, part, is_internal, body)
  SELECT n.ticket_id, n.part, n.is_internal, n.body
    FROM (SELECT t.id AS ticket_id, 0::bigint AS part, false AS is_internal,
                 concat_ws(E'\n', t.ticket_number, t.title, t.description) AS body
            FROM ombud.tickets t WHERE t.id = ANY(ids)
          UNION ALL
          SELECT c.ticket_id, c.id, c.is_internal, c.content FROM ombud.comments c WHERE c.ticket_id = ANY(ids)) n
    LEFT JOIN ombud.ticket_texts k ON k.ticket_id = n.ticket_id AND k.part = n.part
   WHERE k.ticket_id IS NULL OR (k.is_internal, k.body) IS DISTINCT FROM (n.is_internal, n.body)
  ON CONFLICT (ticket_id, part) DO UPDATE SET is_internal = excluded.is_internal, body = excluded.body;
  -- Counted first: a batch has fifty thousand words, of which few are different.
  INSERT INTO ombud.search_words AS w (word, seen)
  SELECT l.lexeme, l.tickets
    FROM (SELECT u.lexeme, count(*) AS tickets FROM ombud.ticket_search s
           CROSS JOIN LATERAL unnest(tsvector_to_array(s.document)) u(lexeme)
           WHERE s.ticket_id = ANY(ids) GROUP BY u.lexeme OFFSET 0) l
   WHERE l.lexeme ~ '^[[:alpha:]]{3,40}$'
     AND NOT EXISTS (SELECT FROM ombud.search_words k WHERE k.word = l.lexeme AND k.seen >= 100)
   ORDER BY l.lexeme
  ON CONFLICT (word) DO UPDATE SET seen = w.seen + excluded.seen;
$_$;

ALTER FUNCTION ombud.write_texts(ids bigint[]) OWNER TO ombud_owner;

CREATE AGGREGATE ombud.all_words(tsvector) (
    SFUNC = ombud.add_words,
    STYPE = tsvector,
    INITCOND = ''
);

ALTER AGGREGATE ombud.all_words(tsvector) OWNER TO ombud_owner;

CREATE TEXT SEARCH CONFIGURATION ombud.plain (
    PARSER = pg_catalog."default" );

ALTER TEXT SEARCH CONFIGURATION ombud.plain
    ADD MAPPING FOR asciiword WITH simple;

ALTER TEXT SEARCH CONFIGURATION ombud.plain
    ADD MAPPING FOR word WITH ombud.unaccent, simple;

ALTER TEXT SEARCH CONFIGURATION ombud.plain
    ADD MAPPING FOR numword WITH simple;

ALTER TEXT SEARCH CONFIGURATION ombud.plain
    ADD MAPPING FOR email WITH simple;

ALTER TEXT SEARCH CONFIGURATION ombud.plain
    ADD MAPPING FOR url WITH simple;

ALTER TEXT SEARCH CONFIGURATION ombud.plain
    ADD MAPPING FOR host WITH simple;

ALTER TEXT SEARCH CONFIGURATION ombud.plain
    ADD MAPPING FOR sfloat WITH simple;

ALTER TEXT SEARCH CONFIGURATION ombud.plain
    ADD MAPPING FOR version WITH simple;

ALTER TEXT SEARCH CONFIGURATION ombud.plain
    ADD MAPPING FOR hword_numpart WITH simple;

ALTER TEXT SEARCH CONFIGURATION ombud.plain
    ADD MAPPING FOR hword_part WITH ombud.unaccent, simple;

ALTER TEXT SEARCH CONFIGURATION ombud.plain
    ADD MAPPING FOR hword_asciipart WITH simple;

ALTER TEXT SEARCH CONFIGURATION ombud.plain
    ADD MAPPING FOR numhword WITH simple;

ALTER TEXT SEARCH CONFIGURATION ombud.plain
    ADD MAPPING FOR asciihword WITH simple;

ALTER TEXT SEARCH CONFIGURATION ombud.plain
    ADD MAPPING FOR hword WITH ombud.unaccent, simple;

ALTER TEXT SEARCH CONFIGURATION ombud.plain
    ADD MAPPING FOR url_path WITH simple;

ALTER TEXT SEARCH CONFIGURATION ombud.plain
    ADD MAPPING FOR file WITH simple;

ALTER TEXT SEARCH CONFIGURATION ombud.plain
    ADD MAPPING FOR "float" WITH simple;

ALTER TEXT SEARCH CONFIGURATION ombud.plain
    ADD MAPPING FOR "int" WITH simple;

ALTER TEXT SEARCH CONFIGURATION ombud.plain
    ADD MAPPING FOR uint WITH simple;

ALTER TEXT SEARCH CONFIGURATION ombud.plain OWNER TO ombud_owner;

CREATE TABLE ombud.access_logs (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    principal character varying(100) NOT NULL,
    user_id bigint,
    kind text NOT NULL,
    object character varying(300) NOT NULL,
    request_id character varying(100) NOT NULL,
    CONSTRAINT ck_access_logs_kind CHECK ((kind = ANY (ARRAY['view'::text, 'list'::text, 'search'::text, 'download'::text, 'export'::text, 'impersonation'::text, 'denied'::text])))
)
PARTITION BY RANGE (at);

ALTER TABLE ONLY ombud.access_logs FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.access_logs OWNER TO ombud_owner;

ALTER TABLE ombud.access_logs ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.access_logs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.account_letters (
    mail_id bigint NOT NULL,
    user_id bigint,
    kind text NOT NULL,
    sealed bytea,
    from_ip character varying(45),
    from_browser character varying(100),
    caused_at timestamp with time zone,
    CONSTRAINT ck_account_letters_kind CHECK ((kind = ANY (ARRAY['invite'::text, 'reset'::text, 'verify'::text, 'sign_in'::text, 'password_changed'::text, 'address_changed'::text, 'totp_added'::text, 'totp_removed'::text, 'passkey_added'::text, 'passkey_removed'::text, 'codes_made'::text, 'code_used'::text, 'factors_reset'::text, 'identity_added'::text, 'identity_removed'::text, 'webhook_off'::text, 'new_browser'::text]))),
    CONSTRAINT ck_account_letters_times CHECK (((caused_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (caused_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.account_letters FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.account_letters OWNER TO ombud_owner;

CREATE TABLE ombud.account_notices (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    kind text NOT NULL,
    detail character varying(100) DEFAULT ''::character varying NOT NULL,
    by_other boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    read_at timestamp with time zone,
    CONSTRAINT ck_account_notices_kind CHECK ((kind = ANY (ARRAY['totp_added'::text, 'totp_removed'::text, 'passkey_added'::text, 'passkey_removed'::text, 'codes_made'::text, 'code_used'::text, 'factors_reset'::text, 'identity_added'::text, 'identity_removed'::text, 'password_changed'::text, 'address_changed'::text, 'webhook_off'::text, 'new_browser'::text]))),
    CONSTRAINT ck_account_notices_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (read_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (read_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.account_notices FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.account_notices OWNER TO ombud_owner;

ALTER TABLE ombud.account_notices ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.account_notices_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.account_requests (
    id bigint NOT NULL,
    kind text NOT NULL,
    email character varying(255) NOT NULL,
    user_id bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    from_ip character varying(45),
    from_browser character varying(100),
    CONSTRAINT ck_account_requests_kind CHECK ((kind = ANY (ARRAY['invite'::text, 'reset'::text, 'verify'::text, 'sign_in'::text, 'password_changed'::text, 'address_changed'::text, 'totp_added'::text, 'totp_removed'::text, 'passkey_added'::text, 'passkey_removed'::text, 'codes_made'::text, 'code_used'::text, 'factors_reset'::text, 'identity_added'::text, 'identity_removed'::text, 'webhook_off'::text, 'new_browser'::text]))),
    CONSTRAINT ck_account_requests_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.account_requests FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.account_requests OWNER TO ombud_owner;

ALTER TABLE ombud.account_requests ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.account_requests_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.account_tokens (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    purpose text NOT NULL,
    email character varying(255) NOT NULL,
    token_hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_account_tokens_purpose CHECK ((purpose = ANY (ARRAY['invite'::text, 'reset'::text, 'verify'::text, 'sign_in'::text]))),
    CONSTRAINT ck_account_tokens_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (expires_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (expires_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.account_tokens FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.account_tokens OWNER TO ombud_owner;

ALTER TABLE ombud.account_tokens ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.account_tokens_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.alembic_version (
    version_num character varying(32) NOT NULL
);

ALTER TABLE ombud.alembic_version OWNER TO ombud_owner;

CREATE TABLE ombud.alike_finds (
    kind text NOT NULL,
    found_at timestamp with time zone NOT NULL,
    seconds double precision NOT NULL,
    "least" double precision NOT NULL,
    last_id bigint NOT NULL,
    CONSTRAINT ck_alike_finds_kind CHECK ((kind = ANY (ARRAY['people'::text, 'tickets'::text]))),
    CONSTRAINT ck_alike_finds_times CHECK (((found_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (found_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.alike_finds FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.alike_finds OWNER TO ombud_owner;

CREATE TABLE ombud.alike_people (
    user_id bigint NOT NULL,
    other_id bigint NOT NULL,
    names double precision NOT NULL,
    score double precision NOT NULL,
    CONSTRAINT ck_alike_people_in_order CHECK ((user_id < other_id))
);

ALTER TABLE ONLY ombud.alike_people FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.alike_people OWNER TO ombud_owner;

CREATE TABLE ombud.alike_tickets (
    ticket_id bigint NOT NULL,
    other_id bigint NOT NULL,
    titles double precision NOT NULL,
    texts double precision NOT NULL,
    hours double precision NOT NULL,
    score double precision NOT NULL
);

ALTER TABLE ONLY ombud.alike_tickets FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.alike_tickets OWNER TO ombud_owner;

CREATE TABLE ombud.api_tokens (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    name character varying(100) NOT NULL,
    key_id character varying(22) NOT NULL,
    secret_hash bytea NOT NULL,
    scopes character varying(50)[] DEFAULT '{}'::character varying[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    confirmed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_api_tokens_name_not_blank CHECK (((name)::text ~ '\S'::text)),
    CONSTRAINT ck_api_tokens_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (expires_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (expires_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (last_used_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (last_used_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (revoked_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (revoked_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (confirmed_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (confirmed_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.api_tokens FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.api_tokens OWNER TO ombud_owner;

ALTER TABLE ombud.api_tokens ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.api_tokens_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.attachments (
    id bigint NOT NULL,
    ticket_id bigint NOT NULL,
    comment_id bigint,
    uploader_id bigint NOT NULL,
    file_name character varying(255) NOT NULL,
    content_type character varying(255) DEFAULT 'application/octet-stream'::character varying NOT NULL,
    size bigint NOT NULL,
    checksum character varying(64) NOT NULL,
    storage_key character varying(255) NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_attachments_checksum CHECK (((checksum)::text ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT ck_attachments_file_name_not_blank CHECK (((file_name)::text ~ '\S'::text)),
    CONSTRAINT ck_attachments_size CHECK ((size >= 0)),
    CONSTRAINT ck_attachments_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.attachments FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.attachments OWNER TO ombud_owner;

ALTER TABLE ombud.attachments ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.attachments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.audit_checkpoints (
    number bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    after_id bigint NOT NULL,
    xid_from bigint NOT NULL,
    xid_to bigint NOT NULL,
    first_id bigint NOT NULL,
    last_id bigint NOT NULL,
    row_count bigint NOT NULL,
    root bytea NOT NULL,
    previous bytea NOT NULL,
    key_id character varying(64) NOT NULL,
    signature bytea NOT NULL,
    CONSTRAINT ck_audit_checkpoints_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone))),
    CONSTRAINT ck_audit_checkpoints_window CHECK ((xid_to >= xid_from))
);

ALTER TABLE ONLY ombud.audit_checkpoints FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.audit_checkpoints OWNER TO ombud_owner;

ALTER TABLE ombud.audit_logs ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.audit_logs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.audit_redacted_rows (
    log_id bigint NOT NULL,
    redaction_id bigint NOT NULL,
    was bytea NOT NULL,
    is_now bytea NOT NULL
);

ALTER TABLE ONLY ombud.audit_redacted_rows FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.audit_redacted_rows OWNER TO ombud_owner;

CREATE TABLE ombud.audit_redactions (
    id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    subject_id bigint NOT NULL,
    request_id character varying(100) NOT NULL,
    row_count bigint NOT NULL,
    digest bytea NOT NULL,
    key_id character varying(64) NOT NULL,
    signature bytea NOT NULL,
    CONSTRAINT ck_audit_redactions_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.audit_redactions FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.audit_redactions OWNER TO ombud_owner;

ALTER TABLE ombud.audit_redactions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.audit_redactions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.automatic_mails (
    id bigint NOT NULL,
    address character varying(320) NOT NULL,
    kind text NOT NULL,
    ticket_id bigint,
    sent_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_automatic_mails_kind CHECK ((kind = ANY (ARRAY['acknowledgement'::text, 'sign_up'::text, 'password_reset'::text, 'verification'::text]))),
    CONSTRAINT ck_automatic_mails_times CHECK (((sent_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (sent_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.automatic_mails FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.automatic_mails OWNER TO ombud_owner;

ALTER TABLE ombud.automatic_mails ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.automatic_mails_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.bounced_addresses (
    email character varying(320) NOT NULL,
    bounced_at timestamp with time zone DEFAULT now() NOT NULL,
    status character varying(20) DEFAULT ''::character varying NOT NULL,
    diagnostic character varying(500) DEFAULT ''::character varying NOT NULL,
    ticket_id bigint,
    mail_id bigint,
    CONSTRAINT ck_bounced_addresses_times CHECK (((bounced_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (bounced_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.bounced_addresses FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.bounced_addresses OWNER TO ombud_owner;

CREATE TABLE ombud.comments (
    id bigint NOT NULL,
    content text NOT NULL,
    is_internal boolean DEFAULT false NOT NULL,
    ticket_id bigint NOT NULL,
    author_id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_comments_content_not_blank CHECK ((content ~ '\S'::text)),
    CONSTRAINT ck_comments_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (updated_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (updated_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.comments FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.comments OWNER TO ombud_owner;

ALTER TABLE ombud.comments ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.comments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.desk_settings (
    id bigint NOT NULL,
    name character varying(63) NOT NULL,
    value jsonb,
    version bigint DEFAULT '1'::bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_desk_settings_name CHECK (((name)::text ~ '^[a-z][a-z0-9_]*$'::text)),
    CONSTRAINT ck_desk_settings_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (updated_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (updated_at < '9999-12-31 00:00:00+00'::timestamp with time zone))),
    CONSTRAINT ck_desk_settings_value CHECK ((jsonb_typeof(value) = ANY (ARRAY['string'::text, 'number'::text, 'boolean'::text])))
);

ALTER TABLE ONLY ombud.desk_settings FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.desk_settings OWNER TO ombud_owner;

ALTER TABLE ombud.desk_settings ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.desk_settings_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.distinct_people (
    user_id bigint NOT NULL,
    other_id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_distinct_people_in_order CHECK ((user_id < other_id)),
    CONSTRAINT ck_distinct_people_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.distinct_people FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.distinct_people OWNER TO ombud_owner;

CREATE TABLE ombud.distinct_tickets (
    ticket_id bigint NOT NULL,
    other_id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_distinct_tickets_in_order CHECK ((ticket_id < other_id)),
    CONSTRAINT ck_distinct_tickets_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.distinct_tickets FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.distinct_tickets OWNER TO ombud_owner;

CREATE TABLE ombud.drafts (
    user_id bigint NOT NULL,
    ticket_id bigint NOT NULL,
    is_internal boolean NOT NULL,
    content text NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_drafts_times CHECK (((updated_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (updated_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.drafts FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.drafts OWNER TO ombud_owner;

CREATE TABLE ombud.external_refs (
    source character varying(100) NOT NULL,
    key character varying(255) NOT NULL,
    ticket_id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_external_refs_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.external_refs FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.external_refs OWNER TO ombud_owner;

CREATE TABLE ombud.identities (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    provider_id bigint NOT NULL,
    issuer character varying(500) NOT NULL,
    subject character varying(255) NOT NULL,
    email character varying(255) DEFAULT ''::character varying NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone,
    CONSTRAINT ck_identities_subject CHECK (((subject)::text <> ''::text)),
    CONSTRAINT ck_identities_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (last_used_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (last_used_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.identities FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.identities OWNER TO ombud_owner;

ALTER TABLE ombud.identities ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.identities_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.identity_providers (
    id bigint NOT NULL,
    slug character varying(40) NOT NULL,
    label character varying(100) NOT NULL,
    issuer character varying(500) NOT NULL,
    client_id character varying(255) NOT NULL,
    client_secret bytea,
    has_secret boolean GENERATED ALWAYS AS ((client_secret IS NOT NULL)) STORED NOT NULL,
    scopes character varying(100)[] DEFAULT '{openid,email,profile}'::character varying[] NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    for_staff boolean DEFAULT true NOT NULL,
    for_customers boolean DEFAULT true NOT NULL,
    domains character varying(255)[] DEFAULT '{}'::character varying[] NOT NULL,
    new_role text,
    asks_second_factor boolean DEFAULT false NOT NULL,
    ends_session boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_identity_providers_for_somebody CHECK ((for_staff OR for_customers)),
    CONSTRAINT ck_identity_providers_issuer CHECK (((issuer)::text ~ '^https?://[^[:space:]?#]+$'::text)),
    CONSTRAINT ck_identity_providers_label_not_blank CHECK (((label)::text ~ '\S'::text)),
    CONSTRAINT ck_identity_providers_new_role CHECK ((new_role = ANY (ARRAY['customer'::text, 'light_agent'::text, 'agent'::text]))),
    CONSTRAINT ck_identity_providers_new_role_let_in CHECK (((new_role IS NULL) OR
CASE
    WHEN (new_role = 'customer'::text) THEN for_customers
    ELSE (for_staff AND (cardinality(domains) > 0))
END)),
    CONSTRAINT ck_identity_providers_slug CHECK (((slug)::text ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'::text)),
    CONSTRAINT ck_identity_providers_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (updated_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (updated_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.identity_providers FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.identity_providers OWNER TO ombud_owner;

ALTER TABLE ombud.identity_providers ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.identity_providers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.inbound_mails (
    id bigint NOT NULL,
    mailbox_id bigint NOT NULL,
    source text NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    checksum character varying(64) NOT NULL,
    storage_key character varying(255) NOT NULL,
    size bigint NOT NULL,
    envelope_from character varying(320) DEFAULT ''::character varying NOT NULL,
    envelope_to character varying(320)[] DEFAULT '{}'::character varying[] NOT NULL,
    state text DEFAULT 'received'::text NOT NULL,
    attempts smallint DEFAULT '0'::smallint NOT NULL,
    message_id character varying(500) DEFAULT ''::character varying NOT NULL,
    body_hash character varying(64) DEFAULT ''::character varying NOT NULL,
    sender_email character varying(320) DEFAULT ''::character varying NOT NULL,
    sender_name character varying(255) DEFAULT ''::character varying NOT NULL,
    subject character varying(500) DEFAULT ''::character varying NOT NULL,
    classification character varying(20) DEFAULT ''::character varying NOT NULL,
    verified boolean,
    decision character varying(50) DEFAULT ''::character varying NOT NULL,
    steps jsonb DEFAULT '[]'::jsonb NOT NULL,
    decided_at timestamp with time zone,
    ticket_id bigint,
    comment_id bigint,
    CONSTRAINT ck_inbound_mails_checksum CHECK (((checksum)::text ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT ck_inbound_mails_decided CHECK (((state = 'received'::text) = (decided_at IS NULL))),
    CONSTRAINT ck_inbound_mails_source CHECK ((source = ANY (ARRAY['imap'::text, 'lmtp'::text, 'pipe'::text, 'http'::text]))),
    CONSTRAINT ck_inbound_mails_state CHECK ((state = ANY (ARRAY['received'::text, 'accepted'::text, 'quarantined'::text, 'ignored'::text]))),
    CONSTRAINT ck_inbound_mails_times CHECK (((received_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (received_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (decided_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (decided_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.inbound_mails FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.inbound_mails OWNER TO ombud_owner;

ALTER TABLE ombud.inbound_mails ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.inbound_mails_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.kept_answers (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    route character varying(200) NOT NULL,
    key character varying(255) NOT NULL,
    request_hash bytea NOT NULL,
    status smallint NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_kept_answers_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.kept_answers FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.kept_answers OWNER TO ombud_owner;

ALTER TABLE ombud.kept_answers ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.kept_answers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.known_browsers (
    user_id bigint NOT NULL,
    token_hash bytea NOT NULL,
    last_used_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_known_browsers_times CHECK (((last_used_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (last_used_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.known_browsers FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.known_browsers OWNER TO ombud_owner;

CREATE TABLE ombud.login_attempts (
    key character varying(300) NOT NULL,
    free_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_login_attempts_times CHECK (((free_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (free_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.login_attempts FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.login_attempts OWNER TO ombud_owner;

CREATE TABLE ombud.logout_tokens (
    token_hash bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_logout_tokens_times CHECK (((expires_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (expires_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.logout_tokens FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.logout_tokens OWNER TO ombud_owner;

CREATE TABLE ombud.mail_references (
    message_id character varying(500) NOT NULL,
    ticket_id bigint NOT NULL,
    comment_id bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_mail_references_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.mail_references FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.mail_references OWNER TO ombud_owner;

CREATE TABLE ombud.mail_rules (
    id bigint NOT NULL,
    name character varying(100) NOT NULL,
    "position" bigint DEFAULT '0'::bigint NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    field text NOT NULL,
    header character varying(100) DEFAULT ''::character varying NOT NULL,
    pattern character varying(300) NOT NULL,
    ignores boolean DEFAULT false NOT NULL,
    team_id bigint,
    tag character varying(100) DEFAULT ''::character varying NOT NULL,
    priority text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_mail_rules_field CHECK ((field = ANY (ARRAY['sender'::text, 'recipient'::text, 'subject'::text, 'header'::text]))),
    CONSTRAINT ck_mail_rules_header_named CHECK (((field = 'header'::text) = ((header)::text ~ '\S'::text))),
    CONSTRAINT ck_mail_rules_name_not_blank CHECK (((name)::text ~ '\S'::text)),
    CONSTRAINT ck_mail_rules_pattern_not_blank CHECK (((pattern)::text ~ '\S'::text)),
    CONSTRAINT ck_mail_rules_priority CHECK ((priority = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text, 'urgent'::text]))),
    CONSTRAINT ck_mail_rules_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (updated_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (updated_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.mail_rules FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.mail_rules OWNER TO ombud_owner;

ALTER TABLE ombud.mail_rules ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.mail_rules_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.mail_templates (
    id bigint NOT NULL,
    kind text NOT NULL,
    team_id bigint,
    body text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_mail_templates_body_size CHECK ((octet_length(body) <= 65536)),
    CONSTRAINT ck_mail_templates_kind CHECK ((kind = ANY (ARRAY['signature'::text, 'acknowledgement'::text]))),
    CONSTRAINT ck_mail_templates_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (updated_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (updated_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.mail_templates FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.mail_templates OWNER TO ombud_owner;

ALTER TABLE ombud.mail_templates ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.mail_templates_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.mailbox_positions (
    mailbox_id bigint NOT NULL,
    uid_validity bigint DEFAULT '0'::bigint NOT NULL,
    last_uid bigint DEFAULT '0'::bigint NOT NULL,
    fetched_at timestamp with time zone,
    problem text DEFAULT ''::text NOT NULL,
    settled_uid bigint DEFAULT '0'::bigint NOT NULL,
    CONSTRAINT ck_mailbox_positions_times CHECK (((fetched_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (fetched_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.mailbox_positions FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.mailbox_positions OWNER TO ombud_owner;

CREATE TABLE ombud.mailbox_sending (
    mailbox_id bigint NOT NULL,
    is_paused boolean DEFAULT false NOT NULL,
    quotes_history boolean DEFAULT false NOT NULL,
    link_over bigint DEFAULT '10485760'::bigint NOT NULL,
    dkim_selector character varying(63) DEFAULT ''::character varying NOT NULL,
    dkim_key bytea,
    CONSTRAINT ck_mailbox_sending_dkim_selector CHECK (((dkim_selector)::text ~ '^[a-z0-9_-]*$'::text)),
    CONSTRAINT ck_mailbox_sending_link_over CHECK (((link_over >= 0) AND (link_over <= 52428800)))
);

ALTER TABLE ONLY ombud.mailbox_sending FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.mailbox_sending OWNER TO ombud_owner;

CREATE TABLE ombud.mailboxes (
    id bigint NOT NULL,
    name character varying(100) NOT NULL,
    address character varying(255) NOT NULL,
    team_id bigint,
    is_active boolean DEFAULT true NOT NULL,
    acknowledges boolean DEFAULT true NOT NULL,
    adds_followers boolean DEFAULT true NOT NULL,
    reopen_days smallint DEFAULT '14'::smallint NOT NULL,
    trusted_authserv character varying(255) DEFAULT ''::character varying NOT NULL,
    signature text DEFAULT ''::text NOT NULL,
    imap_host character varying(255) DEFAULT ''::character varying NOT NULL,
    imap_port bigint DEFAULT '993'::bigint NOT NULL,
    imap_security text DEFAULT 'tls'::text NOT NULL,
    imap_user character varying(255) DEFAULT ''::character varying NOT NULL,
    imap_secret bytea,
    imap_folder character varying(255) DEFAULT 'INBOX'::character varying NOT NULL,
    imap_moves_to character varying(255) DEFAULT ''::character varying NOT NULL,
    smtp_host character varying(255) DEFAULT ''::character varying NOT NULL,
    smtp_port bigint DEFAULT '587'::bigint NOT NULL,
    smtp_security text DEFAULT 'starttls'::text NOT NULL,
    smtp_user character varying(255) DEFAULT ''::character varying NOT NULL,
    smtp_secret bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    joins_copies boolean DEFAULT true NOT NULL,
    imap_skips_old boolean DEFAULT false NOT NULL,
    auth text DEFAULT 'password'::text NOT NULL,
    oauth_token_url character varying(500) DEFAULT ''::character varying NOT NULL,
    oauth_client_id character varying(255) DEFAULT ''::character varying NOT NULL,
    oauth_scope character varying(500) DEFAULT ''::character varying NOT NULL,
    oauth_secret bytea,
    has_imap_secret boolean GENERATED ALWAYS AS ((imap_secret IS NOT NULL)) STORED NOT NULL,
    has_smtp_secret boolean GENERATED ALWAYS AS ((smtp_secret IS NOT NULL)) STORED NOT NULL,
    has_oauth_secret boolean GENERATED ALWAYS AS ((oauth_secret IS NOT NULL)) STORED NOT NULL,
    CONSTRAINT ck_mailboxes_address_form CHECK ((((address)::text = lower((address)::text)) AND ((address)::text ~ '^[^@\s]+@[^@\s]+$'::text))),
    CONSTRAINT ck_mailboxes_auth CHECK ((auth = ANY (ARRAY['password'::text, 'oauth'::text]))),
    CONSTRAINT ck_mailboxes_imap_port CHECK (((imap_port >= 1) AND (imap_port <= 65535))),
    CONSTRAINT ck_mailboxes_imap_security CHECK ((imap_security = ANY (ARRAY['tls'::text, 'starttls'::text, 'plain'::text]))),
    CONSTRAINT ck_mailboxes_name_not_blank CHECK (((name)::text ~ '\S'::text)),
    CONSTRAINT ck_mailboxes_reopen_days CHECK (((reopen_days >= 0) AND (reopen_days <= 3650))),
    CONSTRAINT ck_mailboxes_smtp_port CHECK (((smtp_port >= 1) AND (smtp_port <= 65535))),
    CONSTRAINT ck_mailboxes_smtp_security CHECK ((smtp_security = ANY (ARRAY['tls'::text, 'starttls'::text, 'plain'::text]))),
    CONSTRAINT ck_mailboxes_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (updated_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (updated_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.mailboxes FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.mailboxes OWNER TO ombud_owner;

ALTER TABLE ombud.mailboxes ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.mailboxes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.message_moves (
    id bigint NOT NULL,
    mail_id bigint,
    from_ticket_id bigint NOT NULL,
    to_ticket_id bigint NOT NULL,
    moved_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_message_moves_elsewhere CHECK ((from_ticket_id <> to_ticket_id)),
    CONSTRAINT ck_message_moves_times CHECK (((moved_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (moved_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.message_moves FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.message_moves OWNER TO ombud_owner;

ALTER TABLE ombud.message_moves ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.message_moves_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.notification_settings (
    user_id bigint NOT NULL,
    kind text NOT NULL,
    in_page boolean DEFAULT true NOT NULL,
    by_mail boolean DEFAULT true NOT NULL,
    CONSTRAINT ck_notification_settings_kind CHECK ((kind = ANY (ARRAY['assigned'::text, 'replied'::text, 'mentioned'::text])))
);

ALTER TABLE ONLY ombud.notification_settings FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.notification_settings OWNER TO ombud_owner;

CREATE TABLE ombud.notifications (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    kind text NOT NULL,
    ticket_id bigint NOT NULL,
    comment_id bigint,
    cause_id bigint,
    in_page boolean DEFAULT true NOT NULL,
    by_mail boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    read_at timestamp with time zone,
    mailed_at timestamp with time zone,
    CONSTRAINT ck_notifications_kind CHECK ((kind = ANY (ARRAY['assigned'::text, 'replied'::text, 'mentioned'::text]))),
    CONSTRAINT ck_notifications_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (read_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (read_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (mailed_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (mailed_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.notifications FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.notifications OWNER TO ombud_owner;

ALTER TABLE ombud.notifications ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.notifications_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.organization_domains (
    domain character varying(255) NOT NULL,
    organization_id bigint NOT NULL,
    CONSTRAINT ck_organization_domains_domain_form CHECK ((((domain)::text = lower((domain)::text)) AND ((domain)::text ~~ '%_._%'::text)))
);

ALTER TABLE ONLY ombud.organization_domains FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.organization_domains OWNER TO ombud_owner;

CREATE TABLE ombud.organizations (
    id bigint NOT NULL,
    name character varying(255) NOT NULL,
    notes text DEFAULT ''::text NOT NULL,
    shares_tickets boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_organizations_name_not_blank CHECK (((name)::text ~ '\S'::text)),
    CONSTRAINT ck_organizations_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (updated_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (updated_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.organizations FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.organizations OWNER TO ombud_owner;

ALTER TABLE ombud.organizations ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.organizations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.outbound_mails (
    id bigint NOT NULL,
    kind text NOT NULL,
    mailbox_id bigint,
    ticket_id bigint,
    comment_id bigint,
    notification_id bigint,
    message_id character varying(500) NOT NULL,
    in_reply_to character varying(500) DEFAULT ''::character varying NOT NULL,
    thread character varying(500)[] DEFAULT '{}'::character varying[] NOT NULL,
    subject character varying(600) DEFAULT ''::character varying NOT NULL,
    state text DEFAULT 'queued'::text NOT NULL,
    problem character varying(500) DEFAULT ''::character varying NOT NULL,
    queued_at timestamp with time zone DEFAULT now() NOT NULL,
    sends_at timestamp with time zone DEFAULT now() NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    sent_at timestamp with time zone,
    attempts smallint DEFAULT '0'::smallint NOT NULL,
    unknowns smallint DEFAULT '0'::smallint NOT NULL,
    attempt character varying(32) DEFAULT ''::character varying NOT NULL,
    lease_until timestamp with time zone,
    size bigint,
    storage_key character varying(255),
    CONSTRAINT ck_outbound_mails_from_a_mailbox CHECK (((mailbox_id IS NOT NULL) OR (state = ANY (ARRAY['skipped'::text, 'canceled'::text])))),
    CONSTRAINT ck_outbound_mails_kind CHECK ((kind = ANY (ARRAY['reply'::text, 'acknowledgement'::text, 'notification'::text, 'account'::text]))),
    CONSTRAINT ck_outbound_mails_leased CHECK (((state = 'sending'::text) = (lease_until IS NOT NULL))),
    CONSTRAINT ck_outbound_mails_state CHECK ((state = ANY (ARRAY['queued'::text, 'sending'::text, 'unknown'::text, 'sent'::text, 'bounced'::text, 'failed'::text, 'paused'::text, 'canceled'::text, 'skipped'::text]))),
    CONSTRAINT ck_outbound_mails_times CHECK (((queued_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (queued_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (sends_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (sends_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (due_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (due_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (sent_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (sent_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (lease_until >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (lease_until < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.outbound_mails FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.outbound_mails OWNER TO ombud_owner;

ALTER TABLE ombud.outbound_mails ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.outbound_mails_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.outbound_recipients (
    id bigint NOT NULL,
    mail_id bigint NOT NULL,
    user_id bigint,
    kind text DEFAULT 'to'::text NOT NULL,
    email character varying(320) NOT NULL,
    name character varying(255) DEFAULT ''::character varying NOT NULL,
    state text DEFAULT 'pending'::text NOT NULL,
    answer character varying(500) DEFAULT ''::character varying NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT ck_outbound_recipients_kind CHECK ((kind = ANY (ARRAY['to'::text, 'cc'::text]))),
    CONSTRAINT ck_outbound_recipients_state CHECK ((state = ANY (ARRAY['pending'::text, 'accepted'::text, 'deferred'::text, 'refused'::text, 'unknown'::text, 'bounced'::text]))),
    CONSTRAINT ck_outbound_recipients_times CHECK (((settled_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (settled_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.outbound_recipients FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.outbound_recipients OWNER TO ombud_owner;

ALTER TABLE ombud.outbound_recipients ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.outbound_recipients_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.passkeys (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    name character varying(100) NOT NULL,
    credential_id bytea NOT NULL,
    public_key bytea NOT NULL,
    sign_count bigint DEFAULT '0'::bigint NOT NULL,
    transports character varying(20)[] DEFAULT '{}'::character varying[] NOT NULL,
    is_synced boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone,
    CONSTRAINT ck_passkeys_name_not_blank CHECK (((name)::text ~ '\S'::text)),
    CONSTRAINT ck_passkeys_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (last_used_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (last_used_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.passkeys FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.passkeys OWNER TO ombud_owner;

ALTER TABLE ombud.passkeys ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.passkeys_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.recovery_codes (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    code_hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT ck_recovery_codes_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (used_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (used_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.recovery_codes FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.recovery_codes OWNER TO ombud_owner;

ALTER TABLE ombud.recovery_codes ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.recovery_codes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.roles (
    id bigint NOT NULL,
    name character varying(100) NOT NULL,
    description character varying(500) DEFAULT ''::character varying NOT NULL,
    permissions text[] DEFAULT '{}'::text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_roles_name_not_blank CHECK (((name)::text ~ '\S'::text)),
    CONSTRAINT ck_roles_permissions CHECK ((permissions <@ ARRAY['tickets.open'::text, 'tickets.reply'::text, 'tickets.change'::text, 'tickets.delete'::text, 'notes.write'::text, 'tags.keep'::text, 'people.keep'::text, 'exports.make'::text, 'imports.make'::text, 'webhooks.keep'::text, 'roles.keep'::text])),
    CONSTRAINT ck_roles_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (updated_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (updated_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.roles FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.roles OWNER TO ombud_owner;

ALTER TABLE ombud.roles ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.roles_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.search_queue (
    ticket_id bigint NOT NULL
);

ALTER TABLE ONLY ombud.search_queue FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.search_queue OWNER TO ombud_owner;

CREATE TABLE ombud.search_words (
    word character varying(40) NOT NULL,
    seen bigint DEFAULT '1'::bigint NOT NULL,
    checked_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_search_words_times CHECK (((checked_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (checked_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.search_words FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.search_words OWNER TO ombud_owner;

CREATE TABLE ombud.sign_in_flows (
    state_hash bytea NOT NULL,
    kind text NOT NULL,
    provider_id bigint NOT NULL,
    bound_to bytea NOT NULL,
    nonce character varying(64) NOT NULL,
    verifier character varying(128) NOT NULL,
    redirect_uri character varying(2000) NOT NULL,
    next_href character varying(2000) DEFAULT '/'::character varying NOT NULL,
    session_id bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_sign_in_flows_kind CHECK ((kind = ANY (ARRAY['sign_in'::text, 'link'::text, 'confirmation'::text]))),
    CONSTRAINT ck_sign_in_flows_session CHECK (((kind = 'sign_in'::text) = (session_id IS NULL))),
    CONSTRAINT ck_sign_in_flows_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (expires_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (expires_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.sign_in_flows FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.sign_in_flows OWNER TO ombud_owner;

CREATE TABLE ombud.sign_in_steps (
    token_hash bytea NOT NULL,
    kind text NOT NULL,
    bound_to bytea,
    user_id bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    identity_id bigint,
    provider_sid character varying(255),
    id_token bytea,
    CONSTRAINT ck_sign_in_steps_kind CHECK ((kind = ANY (ARRAY['code'::text, 'passkey'::text, 'new_passkey'::text, 'confirmation'::text]))),
    CONSTRAINT ck_sign_in_steps_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (expires_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (expires_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.sign_in_steps FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.sign_in_steps OWNER TO ombud_owner;

CREATE TABLE ombud.stale_files (
    storage_key character varying(255) NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_stale_files_times CHECK (((since >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (since < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.stale_files FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.stale_files OWNER TO ombud_owner;

CREATE TABLE ombud.tags (
    id bigint NOT NULL,
    name character varying(100) NOT NULL,
    color character varying(7) DEFAULT '#7a7a72'::character varying NOT NULL,
    description character varying(500) DEFAULT ''::character varying NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_tags_color_form CHECK (((color)::text ~ '^#[0-9A-Fa-f]{6}$'::text)),
    CONSTRAINT ck_tags_name_not_blank CHECK (((name)::text ~ '\S'::text)),
    CONSTRAINT ck_tags_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.tags FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.tags OWNER TO ombud_owner;

ALTER TABLE ombud.tags ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.tags_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.team_members (
    team_id bigint NOT NULL,
    user_id bigint NOT NULL,
    reads_only boolean DEFAULT false NOT NULL
);

ALTER TABLE ONLY ombud.team_members FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.team_members OWNER TO ombud_owner;

CREATE TABLE ombud.teams (
    id bigint NOT NULL,
    name character varying(100) NOT NULL,
    description character varying(500) DEFAULT ''::character varying NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_teams_name_not_blank CHECK (((name)::text ~ '\S'::text)),
    CONSTRAINT ck_teams_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (updated_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (updated_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.teams FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.teams OWNER TO ombud_owner;

ALTER TABLE ombud.teams ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.teams_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.ticket_links (
    ticket_id bigint NOT NULL,
    follows_id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_ticket_links_not_itself CHECK ((ticket_id <> follows_id)),
    CONSTRAINT ck_ticket_links_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.ticket_links FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.ticket_links OWNER TO ombud_owner;

CREATE SEQUENCE ombud.ticket_number_seq
    START WITH 1001
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE ombud.ticket_number_seq OWNER TO ombud_owner;

CREATE TABLE ombud.ticket_participants (
    ticket_id bigint NOT NULL,
    user_id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_ticket_participants_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.ticket_participants FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.ticket_participants OWNER TO ombud_owner;

CREATE TABLE ombud.ticket_reads (
    user_id bigint NOT NULL,
    ticket_id bigint NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_ticket_reads_times CHECK (((seen_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (seen_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.ticket_reads FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.ticket_reads OWNER TO ombud_owner;

CREATE TABLE ombud.ticket_search (
    ticket_id bigint NOT NULL,
    document tsvector NOT NULL,
    public_document tsvector NOT NULL,
    is_indexed boolean DEFAULT false NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    texts_missing boolean DEFAULT false NOT NULL,
    CONSTRAINT ck_ticket_search_times CHECK (((changed_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (changed_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.ticket_search FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.ticket_search OWNER TO ombud_owner;

CREATE TABLE ombud.ticket_stats (
    grain text NOT NULL,
    dimension text NOT NULL,
    starts_on date NOT NULL,
    team_id bigint NOT NULL,
    key text NOT NULL,
    tickets bigint NOT NULL,
    responded bigint NOT NULL,
    response_ms bigint NOT NULL,
    resolved bigint NOT NULL,
    resolution_ms bigint NOT NULL,
    CONSTRAINT ck_ticket_stats_dimension CHECK ((dimension = ANY (ARRAY['all'::text, 'status'::text, 'priority'::text, 'channel'::text, 'assignee'::text, 'response'::text, 'resolution'::text, 'quarter'::text]))),
    CONSTRAINT ck_ticket_stats_grain CHECK ((grain = ANY (ARRAY['day'::text, 'month'::text, 'year'::text, 'ever'::text])))
)
WITH (fillfactor='80');

ALTER TABLE ONLY ombud.ticket_stats FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.ticket_stats OWNER TO ombud_owner;

CREATE TABLE ombud.ticket_stats_delta (
    id bigint NOT NULL,
    weight bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    status text NOT NULL,
    priority text NOT NULL,
    channel text NOT NULL,
    team_id bigint NOT NULL,
    assignee_id bigint,
    response_ms bigint,
    resolution_ms bigint,
    CONSTRAINT ck_ticket_stats_delta_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='5000');

ALTER TABLE ONLY ombud.ticket_stats_delta FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.ticket_stats_delta OWNER TO ombud_owner;

ALTER TABLE ombud.ticket_stats_delta ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.ticket_stats_delta_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.ticket_tags (
    ticket_id bigint NOT NULL,
    tag_id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_ticket_tags_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.ticket_tags FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.ticket_tags OWNER TO ombud_owner;

CREATE TABLE ombud.ticket_texts (
    ticket_id bigint NOT NULL,
    part bigint NOT NULL,
    is_internal boolean DEFAULT false NOT NULL,
    body text NOT NULL
);

ALTER TABLE ONLY ombud.ticket_texts FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.ticket_texts OWNER TO ombud_owner;

CREATE TABLE ombud.tickets (
    id bigint NOT NULL,
    ticket_number character varying(50) DEFAULT ombud.next_ticket_number() NOT NULL,
    title character varying(500) NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    status text DEFAULT 'open'::text NOT NULL,
    priority text DEFAULT 'medium'::text NOT NULL,
    priority_rank smallint GENERATED ALWAYS AS (
CASE priority
    WHEN 'low'::text THEN 1
    WHEN 'medium'::text THEN 2
    WHEN 'high'::text THEN 3
    ELSE 4
END) STORED NOT NULL,
    channel text DEFAULT 'web'::text NOT NULL,
    requester_id bigint NOT NULL,
    creator_id bigint NOT NULL,
    assignee_id bigint,
    team_id bigint,
    organization_id bigint,
    version bigint DEFAULT '1'::bigint NOT NULL,
    last_activity_at timestamp with time zone DEFAULT now() NOT NULL,
    first_response_at timestamp with time zone,
    resolved_at timestamp with time zone,
    deleted_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    merged_into_id bigint,
    CONSTRAINT ck_tickets_channel CHECK ((channel = ANY (ARRAY['web'::text, 'email'::text, 'api'::text, 'phone'::text, 'chat'::text, 'social'::text]))),
    CONSTRAINT ck_tickets_merged_is_closed CHECK (((merged_into_id IS NULL) OR ((status = 'closed'::text) AND (merged_into_id <> id)))),
    CONSTRAINT ck_tickets_number_not_blank CHECK (((ticket_number)::text ~ '\S'::text)),
    CONSTRAINT ck_tickets_priority CHECK ((priority = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text, 'urgent'::text]))),
    CONSTRAINT ck_tickets_resolved_at CHECK (((status = ANY (ARRAY['resolved'::text, 'closed'::text])) = (resolved_at IS NOT NULL))),
    CONSTRAINT ck_tickets_status CHECK ((status = ANY (ARRAY['open'::text, 'in_progress'::text, 'waiting_on_customer'::text, 'resolved'::text, 'closed'::text]))),
    CONSTRAINT ck_tickets_times CHECK (((last_activity_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (last_activity_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (first_response_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (first_response_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (resolved_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (resolved_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (deleted_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (deleted_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (updated_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (updated_at < '9999-12-31 00:00:00+00'::timestamp with time zone))),
    CONSTRAINT ck_tickets_title_not_blank CHECK (((title)::text ~ '\S'::text))
);

ALTER TABLE ONLY ombud.tickets FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.tickets OWNER TO ombud_owner;

ALTER TABLE ombud.tickets ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.tickets_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.totp_factors (
    user_id bigint NOT NULL,
    secret bytea NOT NULL,
    last_step bigint DEFAULT '0'::bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    confirmed_at timestamp with time zone,
    CONSTRAINT ck_totp_factors_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (confirmed_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (confirmed_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.totp_factors FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.totp_factors OWNER TO ombud_owner;

CREATE TABLE ombud.transfer_jobs (
    id bigint NOT NULL,
    kind text NOT NULL,
    format text NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    owner_id bigint NOT NULL,
    includes_files boolean DEFAULT false NOT NULL,
    dry_run boolean DEFAULT false NOT NULL,
    mapping text DEFAULT ''::text NOT NULL,
    file_name character varying(255) DEFAULT ''::character varying NOT NULL,
    storage_key character varying(255),
    checksum character varying(64) DEFAULT ''::character varying NOT NULL,
    size bigint,
    sight character varying(64) DEFAULT ''::character varying NOT NULL,
    done bigint DEFAULT '0'::bigint NOT NULL,
    total bigint,
    read bigint DEFAULT '0'::bigint NOT NULL,
    tickets bigint DEFAULT '0'::bigint NOT NULL,
    comments bigint DEFAULT '0'::bigint NOT NULL,
    people bigint DEFAULT '0'::bigint NOT NULL,
    known bigint DEFAULT '0'::bigint NOT NULL,
    left_out bigint DEFAULT '0'::bigint NOT NULL,
    problem character varying(1000) DEFAULT ''::character varying NOT NULL,
    attempts smallint DEFAULT '0'::smallint NOT NULL,
    attempt character varying(32) DEFAULT ''::character varying NOT NULL,
    lease_until timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    settled_at timestamp with time zone,
    CONSTRAINT ck_transfer_jobs_format CHECK ((format = ANY (ARRAY['jsonl'::text, 'csv'::text]))),
    CONSTRAINT ck_transfer_jobs_kind CHECK ((kind = ANY (ARRAY['export'::text, 'import'::text]))),
    CONSTRAINT ck_transfer_jobs_leased CHECK (((state = 'running'::text) = (lease_until IS NOT NULL))),
    CONSTRAINT ck_transfer_jobs_settled CHECK (((state = ANY (ARRAY['waiting'::text, 'running'::text])) = (settled_at IS NULL))),
    CONSTRAINT ck_transfer_jobs_state CHECK ((state = ANY (ARRAY['waiting'::text, 'running'::text, 'done'::text, 'failed'::text, 'canceled'::text]))),
    CONSTRAINT ck_transfer_jobs_times CHECK (((lease_until >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (lease_until < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (started_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (started_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (settled_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (settled_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.transfer_jobs FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.transfer_jobs OWNER TO ombud_owner;

ALTER TABLE ombud.transfer_jobs ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.transfer_jobs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.transfer_problems (
    id bigint NOT NULL,
    job_id bigint NOT NULL,
    line bigint NOT NULL,
    key character varying(255) DEFAULT ''::character varying NOT NULL,
    problems jsonb DEFAULT '{}'::jsonb NOT NULL
);

ALTER TABLE ONLY ombud.transfer_problems FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.transfer_problems OWNER TO ombud_owner;

ALTER TABLE ombud.transfer_problems ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.transfer_problems_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.users (
    id bigint NOT NULL,
    email character varying(255) NOT NULL,
    full_name character varying(255) DEFAULT ''::character varying NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    is_staff boolean DEFAULT false NOT NULL,
    role text DEFAULT 'customer'::text NOT NULL,
    sees_all_teams boolean DEFAULT true NOT NULL,
    organization_id bigint,
    password_hash character varying(255),
    theme character varying(10) DEFAULT 'system'::character varying NOT NULL,
    last_login timestamp with time zone,
    email_norm character varying(255) GENERATED ALWAYS AS (lower((email)::text)) STORED NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    merged_into_id bigint,
    anonymised_at timestamp with time zone,
    custom_role_id bigint,
    new_browser_letters boolean DEFAULT true NOT NULL,
    CONSTRAINT ck_users_anonymised_is_inactive CHECK (((anonymised_at IS NULL) OR (NOT is_active))),
    CONSTRAINT ck_users_custom_role_of_agents CHECK (((custom_role_id IS NULL) OR (role = 'agent'::text))),
    CONSTRAINT ck_users_email_form CHECK (((email)::text ~ '^[^@\s]+@[^@\s]+$'::text)),
    CONSTRAINT ck_users_merged_is_inactive CHECK (((merged_into_id IS NULL) OR ((NOT is_active) AND (merged_into_id <> id)))),
    CONSTRAINT ck_users_role CHECK ((role = ANY (ARRAY['admin'::text, 'agent'::text, 'light_agent'::text, 'customer'::text]))),
    CONSTRAINT ck_users_staff_role CHECK ((is_staff = (role <> 'customer'::text))),
    CONSTRAINT ck_users_theme CHECK (((theme)::text = ANY ((ARRAY['system'::character varying, 'light'::character varying, 'dark'::character varying])::text[]))),
    CONSTRAINT ck_users_times CHECK (((last_login >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (last_login < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (anonymised_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (anonymised_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (updated_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (updated_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.users FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.users OWNER TO ombud_owner;

ALTER TABLE ombud.users ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.users_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.web_sessions (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    token_hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ip character varying(45) DEFAULT ''::character varying NOT NULL,
    user_agent character varying(300) DEFAULT ''::character varying NOT NULL,
    confirmed_at timestamp with time zone DEFAULT now() NOT NULL,
    idle_seconds bigint DEFAULT 43200 NOT NULL,
    identity_id bigint,
    provider_sid character varying(255),
    id_token bytea,
    CONSTRAINT ck_web_sessions_idle_seconds CHECK ((idle_seconds > 0)),
    CONSTRAINT ck_web_sessions_times CHECK (((created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (last_seen_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (last_seen_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (expires_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (expires_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (confirmed_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (confirmed_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.web_sessions FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.web_sessions OWNER TO ombud_owner;

ALTER TABLE ombud.web_sessions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.web_sessions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.webhook_deliveries (
    id bigint NOT NULL,
    endpoint_id bigint NOT NULL,
    message_id character varying(64) DEFAULT ('msg_'::text || replace((gen_random_uuid())::text, '-'::text, ''::text)) NOT NULL,
    event text NOT NULL,
    ticket_id bigint,
    comment_id bigint,
    changes jsonb DEFAULT '{}'::jsonb NOT NULL,
    actor character varying(100) DEFAULT ''::character varying NOT NULL,
    happened_at timestamp with time zone DEFAULT now() NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    attempts smallint DEFAULT '0'::smallint NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    attempt character varying(32) DEFAULT ''::character varying NOT NULL,
    lease_until timestamp with time zone,
    settled_at timestamp with time zone,
    log jsonb DEFAULT '[]'::jsonb NOT NULL,
    CONSTRAINT ck_webhook_deliveries_event CHECK ((event = ANY (ARRAY['ticket.created'::text, 'ticket.updated'::text, 'ticket.status_changed'::text, 'ticket.assigned'::text, 'ticket.commented'::text, 'ticket.deleted'::text, 'webhook.test'::text]))),
    CONSTRAINT ck_webhook_deliveries_leased CHECK (((state = 'sending'::text) = (lease_until IS NOT NULL))),
    CONSTRAINT ck_webhook_deliveries_state CHECK ((state = ANY (ARRAY['waiting'::text, 'sending'::text, 'delivered'::text, 'failed'::text, 'skipped'::text]))),
    CONSTRAINT ck_webhook_deliveries_times CHECK (((happened_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (happened_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (due_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (due_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (lease_until >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (lease_until < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (settled_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (settled_at < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY ombud.webhook_deliveries FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.webhook_deliveries OWNER TO ombud_owner;

ALTER TABLE ombud.webhook_deliveries ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.webhook_deliveries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.webhook_endpoints (
    id bigint NOT NULL,
    owner_id bigint NOT NULL,
    url character varying(2000) NOT NULL,
    description character varying(200) DEFAULT ''::character varying NOT NULL,
    events character varying(40)[] DEFAULT '{}'::character varying[] NOT NULL,
    includes_notes boolean DEFAULT false NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    secret bytea,
    old_secret bytea,
    old_secret_until timestamp with time zone,
    held_until timestamp with time zone,
    failing_since timestamp with time zone,
    problem character varying(200) DEFAULT ''::character varying NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_webhook_endpoints_times CHECK (((old_secret_until >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (old_secret_until < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (held_until >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (held_until < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (failing_since >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (failing_since < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (created_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (created_at < '9999-12-31 00:00:00+00'::timestamp with time zone) AND (updated_at >= '0001-01-02 00:00:00+00'::timestamp with time zone) AND (updated_at < '9999-12-31 00:00:00+00'::timestamp with time zone))),
    CONSTRAINT ck_webhook_endpoints_url CHECK (((url)::text ~ '^https?://[^[:space:]]+$'::text))
);

ALTER TABLE ONLY ombud.webhook_endpoints FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.webhook_endpoints OWNER TO ombud_owner;

ALTER TABLE ombud.webhook_endpoints ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME ombud.webhook_endpoints_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ombud.webhook_position (
    id bigint NOT NULL,
    since text NOT NULL,
    until text,
    after_id bigint DEFAULT '0'::bigint NOT NULL,
    CONSTRAINT ck_webhook_position_one CHECK ((id = 1))
);

ALTER TABLE ONLY ombud.webhook_position FORCE ROW LEVEL SECURITY;

ALTER TABLE ombud.webhook_position OWNER TO ombud_owner;

ALTER TABLE ONLY ombud.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY ombud.access_logs
    ADD CONSTRAINT pk_access_logs PRIMARY KEY (id, at);

ALTER TABLE ONLY ombud.account_letters
    ADD CONSTRAINT pk_account_letters PRIMARY KEY (mail_id);

ALTER TABLE ONLY ombud.account_notices
    ADD CONSTRAINT pk_account_notices PRIMARY KEY (id);

ALTER TABLE ONLY ombud.account_requests
    ADD CONSTRAINT pk_account_requests PRIMARY KEY (id);

ALTER TABLE ONLY ombud.account_tokens
    ADD CONSTRAINT pk_account_tokens PRIMARY KEY (id);

ALTER TABLE ONLY ombud.alike_finds
    ADD CONSTRAINT pk_alike_finds PRIMARY KEY (kind);

ALTER TABLE ONLY ombud.alike_people
    ADD CONSTRAINT pk_alike_people PRIMARY KEY (user_id, other_id);

ALTER TABLE ONLY ombud.alike_tickets
    ADD CONSTRAINT pk_alike_tickets PRIMARY KEY (ticket_id, other_id);

ALTER TABLE ONLY ombud.api_tokens
    ADD CONSTRAINT pk_api_tokens PRIMARY KEY (id);

ALTER TABLE ONLY ombud.attachments
    ADD CONSTRAINT pk_attachments PRIMARY KEY (id);

ALTER TABLE ONLY ombud.audit_checkpoints
    ADD CONSTRAINT pk_audit_checkpoints PRIMARY KEY (number);

ALTER TABLE ONLY ombud.audit_logs
    ADD CONSTRAINT pk_audit_logs PRIMARY KEY (id, created_at);

ALTER TABLE ONLY ombud.audit_redacted_rows
    ADD CONSTRAINT pk_audit_redacted_rows PRIMARY KEY (log_id, redaction_id);

ALTER TABLE ONLY ombud.audit_redactions
    ADD CONSTRAINT pk_audit_redactions PRIMARY KEY (id);

ALTER TABLE ONLY ombud.automatic_mails
    ADD CONSTRAINT pk_automatic_mails PRIMARY KEY (id);

ALTER TABLE ONLY ombud.bounced_addresses
    ADD CONSTRAINT pk_bounced_addresses PRIMARY KEY (email);

ALTER TABLE ONLY ombud.comments
    ADD CONSTRAINT pk_comments PRIMARY KEY (id);

ALTER TABLE ONLY ombud.desk_settings
    ADD CONSTRAINT pk_desk_settings PRIMARY KEY (id);

ALTER TABLE ONLY ombud.distinct_people
    ADD CONSTRAINT pk_distinct_people PRIMARY KEY (user_id, other_id);

ALTER TABLE ONLY ombud.distinct_tickets
    ADD CONSTRAINT pk_distinct_tickets PRIMARY KEY (ticket_id, other_id);

ALTER TABLE ONLY ombud.drafts
    ADD CONSTRAINT pk_drafts PRIMARY KEY (user_id, ticket_id, is_internal);

ALTER TABLE ONLY ombud.external_refs
    ADD CONSTRAINT pk_external_refs PRIMARY KEY (source, key);

ALTER TABLE ONLY ombud.identities
    ADD CONSTRAINT pk_identities PRIMARY KEY (id);

ALTER TABLE ONLY ombud.identity_providers
    ADD CONSTRAINT pk_identity_providers PRIMARY KEY (id);

ALTER TABLE ONLY ombud.inbound_mails
    ADD CONSTRAINT pk_inbound_mails PRIMARY KEY (id);

ALTER TABLE ONLY ombud.kept_answers
    ADD CONSTRAINT pk_kept_answers PRIMARY KEY (id);

ALTER TABLE ONLY ombud.known_browsers
    ADD CONSTRAINT pk_known_browsers PRIMARY KEY (user_id, token_hash);

ALTER TABLE ONLY ombud.login_attempts
    ADD CONSTRAINT pk_login_attempts PRIMARY KEY (key);

ALTER TABLE ONLY ombud.logout_tokens
    ADD CONSTRAINT pk_logout_tokens PRIMARY KEY (token_hash);

ALTER TABLE ONLY ombud.mail_references
    ADD CONSTRAINT pk_mail_references PRIMARY KEY (message_id, ticket_id);

ALTER TABLE ONLY ombud.mail_rules
    ADD CONSTRAINT pk_mail_rules PRIMARY KEY (id);

ALTER TABLE ONLY ombud.mail_templates
    ADD CONSTRAINT pk_mail_templates PRIMARY KEY (id);

ALTER TABLE ONLY ombud.mailbox_positions
    ADD CONSTRAINT pk_mailbox_positions PRIMARY KEY (mailbox_id);

ALTER TABLE ONLY ombud.mailbox_sending
    ADD CONSTRAINT pk_mailbox_sending PRIMARY KEY (mailbox_id);

ALTER TABLE ONLY ombud.mailboxes
    ADD CONSTRAINT pk_mailboxes PRIMARY KEY (id);

ALTER TABLE ONLY ombud.message_moves
    ADD CONSTRAINT pk_message_moves PRIMARY KEY (id);

ALTER TABLE ONLY ombud.notification_settings
    ADD CONSTRAINT pk_notification_settings PRIMARY KEY (user_id, kind);

ALTER TABLE ONLY ombud.notifications
    ADD CONSTRAINT pk_notifications PRIMARY KEY (id);

ALTER TABLE ONLY ombud.organization_domains
    ADD CONSTRAINT pk_organization_domains PRIMARY KEY (domain);

ALTER TABLE ONLY ombud.organizations
    ADD CONSTRAINT pk_organizations PRIMARY KEY (id);

ALTER TABLE ONLY ombud.outbound_mails
    ADD CONSTRAINT pk_outbound_mails PRIMARY KEY (id);

ALTER TABLE ONLY ombud.outbound_recipients
    ADD CONSTRAINT pk_outbound_recipients PRIMARY KEY (id);

ALTER TABLE ONLY ombud.passkeys
    ADD CONSTRAINT pk_passkeys PRIMARY KEY (id);

ALTER TABLE ONLY ombud.recovery_codes
    ADD CONSTRAINT pk_recovery_codes PRIMARY KEY (id);

ALTER TABLE ONLY ombud.roles
    ADD CONSTRAINT pk_roles PRIMARY KEY (id);

ALTER TABLE ONLY ombud.search_queue
    ADD CONSTRAINT pk_search_queue PRIMARY KEY (ticket_id);

ALTER TABLE ONLY ombud.search_words
    ADD CONSTRAINT pk_search_words PRIMARY KEY (word);

ALTER TABLE ONLY ombud.sign_in_flows
    ADD CONSTRAINT pk_sign_in_flows PRIMARY KEY (state_hash);

ALTER TABLE ONLY ombud.sign_in_steps
    ADD CONSTRAINT pk_sign_in_steps PRIMARY KEY (token_hash);

ALTER TABLE ONLY ombud.stale_files
    ADD CONSTRAINT pk_stale_files PRIMARY KEY (storage_key);

ALTER TABLE ONLY ombud.tags
    ADD CONSTRAINT pk_tags PRIMARY KEY (id);

ALTER TABLE ONLY ombud.team_members
    ADD CONSTRAINT pk_team_members PRIMARY KEY (team_id, user_id);

ALTER TABLE ONLY ombud.teams
    ADD CONSTRAINT pk_teams PRIMARY KEY (id);

ALTER TABLE ONLY ombud.ticket_links
    ADD CONSTRAINT pk_ticket_links PRIMARY KEY (ticket_id, follows_id);

ALTER TABLE ONLY ombud.ticket_participants
    ADD CONSTRAINT pk_ticket_participants PRIMARY KEY (ticket_id, user_id);

ALTER TABLE ONLY ombud.ticket_reads
    ADD CONSTRAINT pk_ticket_reads PRIMARY KEY (user_id, ticket_id);

ALTER TABLE ONLY ombud.ticket_search
    ADD CONSTRAINT pk_ticket_search PRIMARY KEY (ticket_id);

ALTER TABLE ONLY ombud.ticket_stats
    ADD CONSTRAINT pk_ticket_stats PRIMARY KEY (grain, dimension, starts_on, team_id, key);

ALTER TABLE ONLY ombud.ticket_stats_delta
    ADD CONSTRAINT pk_ticket_stats_delta PRIMARY KEY (id);

ALTER TABLE ONLY ombud.ticket_tags
    ADD CONSTRAINT pk_ticket_tags PRIMARY KEY (ticket_id, tag_id);

ALTER TABLE ONLY ombud.ticket_texts
    ADD CONSTRAINT pk_ticket_texts PRIMARY KEY (ticket_id, part);

ALTER TABLE ONLY ombud.tickets
    ADD CONSTRAINT pk_tickets PRIMARY KEY (id);

ALTER TABLE ONLY ombud.totp_factors
    ADD CONSTRAINT pk_totp_factors PRIMARY KEY (user_id);

ALTER TABLE ONLY ombud.transfer_jobs
    ADD CONSTRAINT pk_transfer_jobs PRIMARY KEY (id);

ALTER TABLE ONLY ombud.transfer_problems
    ADD CONSTRAINT pk_transfer_problems PRIMARY KEY (id);

ALTER TABLE ONLY ombud.users
    ADD CONSTRAINT pk_users PRIMARY KEY (id);

ALTER TABLE ONLY ombud.web_sessions
    ADD CONSTRAINT pk_web_sessions PRIMARY KEY (id);

ALTER TABLE ONLY ombud.webhook_deliveries
    ADD CONSTRAINT pk_webhook_deliveries PRIMARY KEY (id);

ALTER TABLE ONLY ombud.webhook_endpoints
    ADD CONSTRAINT pk_webhook_endpoints PRIMARY KEY (id);

ALTER TABLE ONLY ombud.webhook_position
    ADD CONSTRAINT pk_webhook_position PRIMARY KEY (id);

ALTER TABLE ONLY ombud.account_tokens
    ADD CONSTRAINT uq_account_tokens_token_hash UNIQUE (token_hash);

ALTER TABLE ONLY ombud.api_tokens
    ADD CONSTRAINT uq_api_tokens_key_id UNIQUE (key_id);

ALTER TABLE ONLY ombud.desk_settings
    ADD CONSTRAINT uq_desk_settings_name UNIQUE (name);

ALTER TABLE ONLY ombud.identities
    ADD CONSTRAINT uq_identities_issuer_subject UNIQUE (issuer, subject);

ALTER TABLE ONLY ombud.identity_providers
    ADD CONSTRAINT uq_identity_providers_issuer UNIQUE (issuer);

ALTER TABLE ONLY ombud.identity_providers
    ADD CONSTRAINT uq_identity_providers_slug UNIQUE (slug);

ALTER TABLE ONLY ombud.kept_answers
    ADD CONSTRAINT uq_kept_answers_user_id_route_key UNIQUE (user_id, route, key);

ALTER TABLE ONLY ombud.outbound_mails
    ADD CONSTRAINT uq_outbound_mails_message_id UNIQUE (message_id);

ALTER TABLE ONLY ombud.passkeys
    ADD CONSTRAINT uq_passkeys_credential_id UNIQUE (credential_id);

ALTER TABLE ONLY ombud.recovery_codes
    ADD CONSTRAINT uq_recovery_codes_user_id_code_hash UNIQUE (user_id, code_hash);

ALTER TABLE ONLY ombud.tickets
    ADD CONSTRAINT uq_tickets_ticket_number UNIQUE (ticket_number);

ALTER TABLE ONLY ombud.web_sessions
    ADD CONSTRAINT uq_web_sessions_token_hash UNIQUE (token_hash);

ALTER TABLE ONLY ombud.webhook_deliveries
    ADD CONSTRAINT uq_webhook_deliveries_message_id UNIQUE (message_id);

CREATE INDEX ix_access_logs_at ON ONLY ombud.access_logs USING brin (at);

CREATE INDEX ix_access_logs_object ON ONLY ombud.access_logs USING btree (object, id);

CREATE INDEX ix_access_logs_user_id ON ONLY ombud.access_logs USING btree (user_id, id) WHERE (user_id IS NOT NULL);

CREATE INDEX ix_account_letters_user_id ON ombud.account_letters USING btree (user_id, mail_id) WHERE (user_id IS NOT NULL);

CREATE INDEX ix_account_notices_unread ON ombud.account_notices USING btree (user_id) WHERE (read_at IS NULL);

CREATE INDEX ix_account_notices_user_id ON ombud.account_notices USING btree (user_id, id);

CREATE INDEX ix_account_requests_user_id ON ombud.account_requests USING btree (user_id) WHERE (user_id IS NOT NULL);

CREATE INDEX ix_account_tokens_expires_at ON ombud.account_tokens USING btree (expires_at);

CREATE INDEX ix_alike_people_score ON ombud.alike_people USING btree (score DESC, user_id, other_id);

CREATE INDEX ix_alike_tickets_score ON ombud.alike_tickets USING btree (score DESC, ticket_id, other_id);

CREATE INDEX ix_api_tokens_user_id ON ombud.api_tokens USING btree (user_id);

CREATE INDEX ix_attachments_checksum ON ombud.attachments USING btree (checksum);

CREATE INDEX ix_attachments_comment_id ON ombud.attachments USING btree (comment_id) WHERE (comment_id IS NOT NULL);

CREATE INDEX ix_attachments_ticket_id ON ombud.attachments USING btree (ticket_id, id);

CREATE INDEX ix_attachments_uploader_id ON ombud.attachments USING btree (uploader_id);

CREATE INDEX ix_audit_logs_created_at ON ONLY ombud.audit_logs USING brin (created_at);

CREATE INDEX ix_audit_logs_deleted ON ONLY ombud.audit_logs USING btree (table_name, id) WHERE (action = 'DELETE'::text);

CREATE INDEX ix_audit_logs_record ON ONLY ombud.audit_logs USING btree (table_name, record_id, id) WHERE (ticket_id IS NULL);

CREATE INDEX ix_audit_logs_request_id ON ONLY ombud.audit_logs USING btree (request_id);

CREATE INDEX ix_audit_logs_ticket_id ON ONLY ombud.audit_logs USING btree (ticket_id, id) WHERE (ticket_id IS NOT NULL);

CREATE INDEX ix_audit_logs_user_id ON ONLY ombud.audit_logs USING btree (user_id, id) WHERE (user_id IS NOT NULL);

CREATE INDEX ix_audit_logs_xid ON ONLY ombud.audit_logs USING btree (xid);

CREATE INDEX ix_audit_redacted_rows_redaction_id ON ombud.audit_redacted_rows USING btree (redaction_id);

CREATE INDEX ix_automatic_mails_address ON ombud.automatic_mails USING btree (address, sent_at);

CREATE INDEX ix_automatic_mails_sent_at ON ombud.automatic_mails USING btree (sent_at);

CREATE INDEX ix_automatic_mails_ticket_id ON ombud.automatic_mails USING btree (ticket_id) WHERE (ticket_id IS NOT NULL);

CREATE INDEX ix_bounced_addresses_mail_id ON ombud.bounced_addresses USING btree (mail_id) WHERE (mail_id IS NOT NULL);

CREATE INDEX ix_bounced_addresses_ticket_id ON ombud.bounced_addresses USING btree (ticket_id) WHERE (ticket_id IS NOT NULL);

CREATE INDEX ix_comments_author_id ON ombud.comments USING btree (author_id, id);

CREATE INDEX ix_comments_ticket_id ON ombud.comments USING btree (ticket_id, created_at, id);

CREATE INDEX ix_distinct_people_other_id ON ombud.distinct_people USING btree (other_id);

CREATE INDEX ix_distinct_tickets_other_id ON ombud.distinct_tickets USING btree (other_id);

CREATE INDEX ix_drafts_ticket_id ON ombud.drafts USING btree (ticket_id);

CREATE INDEX ix_external_refs_ticket_id ON ombud.external_refs USING btree (ticket_id);

CREATE INDEX ix_identities_provider_id ON ombud.identities USING btree (provider_id);

CREATE INDEX ix_identities_user_id ON ombud.identities USING btree (user_id);

CREATE INDEX ix_inbound_mails_comment_id ON ombud.inbound_mails USING btree (comment_id) WHERE (comment_id IS NOT NULL);

CREATE INDEX ix_inbound_mails_mailbox_id ON ombud.inbound_mails USING btree (mailbox_id, id);

CREATE INDEX ix_inbound_mails_message_id ON ombud.inbound_mails USING btree (message_id, body_hash) WHERE ((message_id)::text <> ''::text);

CREATE INDEX ix_inbound_mails_quarantine ON ombud.inbound_mails USING btree (id) WHERE (state = 'quarantined'::text);

CREATE INDEX ix_inbound_mails_ticket_id ON ombud.inbound_mails USING btree (ticket_id) WHERE (ticket_id IS NOT NULL);

CREATE INDEX ix_inbound_mails_waiting ON ombud.inbound_mails USING btree (id) WHERE (state = 'received'::text);

CREATE INDEX ix_kept_answers_created_at ON ombud.kept_answers USING btree (created_at);

CREATE INDEX ix_login_attempts_free_at ON ombud.login_attempts USING btree (free_at);

CREATE INDEX ix_logout_tokens_expires_at ON ombud.logout_tokens USING btree (expires_at);

CREATE INDEX ix_mail_references_comment_id ON ombud.mail_references USING btree (comment_id) WHERE (comment_id IS NOT NULL);

CREATE INDEX ix_mail_references_ticket_id ON ombud.mail_references USING btree (ticket_id);

CREATE INDEX ix_mail_rules_team_id ON ombud.mail_rules USING btree (team_id);

CREATE INDEX ix_mail_templates_team_id ON ombud.mail_templates USING btree (team_id);

CREATE INDEX ix_mailboxes_team_id ON ombud.mailboxes USING btree (team_id);

CREATE INDEX ix_message_moves_from_ticket_id ON ombud.message_moves USING btree (from_ticket_id);

CREATE INDEX ix_message_moves_mail_id ON ombud.message_moves USING btree (mail_id) WHERE (mail_id IS NOT NULL);

CREATE INDEX ix_message_moves_to_ticket_id ON ombud.message_moves USING btree (to_ticket_id);

CREATE INDEX ix_notifications_cause_id ON ombud.notifications USING btree (cause_id) WHERE (cause_id IS NOT NULL);

CREATE INDEX ix_notifications_comment_id ON ombud.notifications USING btree (comment_id) WHERE (comment_id IS NOT NULL);

CREATE INDEX ix_notifications_ticket_id ON ombud.notifications USING btree (ticket_id, user_id);

CREATE INDEX ix_notifications_unmailed ON ombud.notifications USING btree (id) WHERE (by_mail AND (mailed_at IS NULL));

CREATE INDEX ix_notifications_unread ON ombud.notifications USING btree (user_id) WHERE ((read_at IS NULL) AND in_page);

CREATE INDEX ix_notifications_user_id ON ombud.notifications USING btree (user_id, id);

CREATE INDEX ix_organization_domains_organization_id ON ombud.organization_domains USING btree (organization_id);

CREATE INDEX ix_outbound_mails_comment_id ON ombud.outbound_mails USING btree (comment_id) WHERE (comment_id IS NOT NULL);

CREATE INDEX ix_outbound_mails_due ON ombud.outbound_mails USING btree (due_at, id) WHERE (state = ANY (ARRAY['queued'::text, 'unknown'::text]));

CREATE INDEX ix_outbound_mails_leased ON ombud.outbound_mails USING btree (lease_until) WHERE (state = 'sending'::text);

CREATE INDEX ix_outbound_mails_mailbox_id ON ombud.outbound_mails USING btree (mailbox_id, id);

CREATE INDEX ix_outbound_mails_notification_id ON ombud.outbound_mails USING btree (notification_id) WHERE (notification_id IS NOT NULL);

CREATE INDEX ix_outbound_mails_ticket_id ON ombud.outbound_mails USING btree (ticket_id, id) WHERE (ticket_id IS NOT NULL);

CREATE INDEX ix_outbound_mails_trouble ON ombud.outbound_mails USING btree (id) WHERE (state = ANY (ARRAY['failed'::text, 'bounced'::text]));

CREATE INDEX ix_outbound_recipients_user_id ON ombud.outbound_recipients USING btree (user_id) WHERE (user_id IS NOT NULL);

CREATE INDEX ix_passkeys_user_id ON ombud.passkeys USING btree (user_id);

CREATE INDEX ix_search_words_checked_at ON ombud.search_words USING btree (checked_at);

CREATE INDEX ix_search_words_word ON ombud.search_words USING gin (word ombud.gin_trgm_ops);

CREATE INDEX ix_sign_in_flows_expires_at ON ombud.sign_in_flows USING btree (expires_at);

CREATE INDEX ix_sign_in_flows_provider_id ON ombud.sign_in_flows USING btree (provider_id);

CREATE INDEX ix_sign_in_flows_session_id ON ombud.sign_in_flows USING btree (session_id);

CREATE INDEX ix_sign_in_steps_expires_at ON ombud.sign_in_steps USING btree (expires_at);

CREATE INDEX ix_sign_in_steps_identity_id ON ombud.sign_in_steps USING btree (identity_id) WHERE (identity_id IS NOT NULL);

CREATE INDEX ix_sign_in_steps_user_id ON ombud.sign_in_steps USING btree (user_id) WHERE (user_id IS NOT NULL);

CREATE INDEX ix_stale_files_since ON ombud.stale_files USING btree (since);

CREATE INDEX ix_team_members_user_id ON ombud.team_members USING btree (user_id);

CREATE INDEX ix_ticket_links_follows_id ON ombud.ticket_links USING btree (follows_id);

CREATE INDEX ix_ticket_participants_user_id ON ombud.ticket_participants USING btree (user_id);

CREATE INDEX ix_ticket_reads_ticket_id ON ombud.ticket_reads USING btree (ticket_id);

CREATE INDEX ix_ticket_search_document ON ombud.ticket_search USING gin (document) WITH (fastupdate='on', gin_pending_list_limit='65536') WHERE is_indexed;

CREATE INDEX ix_ticket_search_tail ON ombud.ticket_search USING btree (ticket_id) WHERE (NOT is_indexed);

CREATE INDEX ix_ticket_search_texts_missing ON ombud.ticket_search USING btree (ticket_id) WHERE texts_missing;

CREATE INDEX ix_ticket_tags_tag_id ON ombud.ticket_tags USING btree (tag_id, ticket_id);

CREATE INDEX ix_ticket_texts_body ON ombud.ticket_texts USING gin (body ombud.gin_trgm_ops) WITH (fastupdate='on', gin_pending_list_limit='65536');

CREATE INDEX ix_tickets_assignee_id ON ombud.tickets USING btree (assignee_id);

CREATE INDEX ix_tickets_assignee_undone ON ombud.tickets USING btree (assignee_id, last_activity_at, id) INCLUDE (status, created_at, team_id, requester_id, organization_id, deleted_at) WHERE ((deleted_at IS NULL) AND (status = ANY (ARRAY['open'::text, 'in_progress'::text, 'waiting_on_customer'::text])));

CREATE INDEX ix_tickets_created_at ON ombud.tickets USING btree (created_at, id) WHERE (deleted_at IS NULL);

CREATE INDEX ix_tickets_creator_id ON ombud.tickets USING btree (creator_id);

CREATE INDEX ix_tickets_deleted_at ON ombud.tickets USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);

CREATE INDEX ix_tickets_live ON ombud.tickets USING btree (last_activity_at, id) WHERE (deleted_at IS NULL);

CREATE INDEX ix_tickets_merged_into_id ON ombud.tickets USING btree (merged_into_id) WHERE (merged_into_id IS NOT NULL);

CREATE INDEX ix_tickets_organization_id ON ombud.tickets USING btree (organization_id) WHERE (organization_id IS NOT NULL);

CREATE INDEX ix_tickets_priority_undone ON ombud.tickets USING btree (priority_rank, last_activity_at, id) WHERE ((deleted_at IS NULL) AND (status = ANY (ARRAY['open'::text, 'in_progress'::text, 'waiting_on_customer'::text])));

CREATE INDEX ix_tickets_requester_id ON ombud.tickets USING btree (requester_id, id);

CREATE INDEX ix_tickets_status ON ombud.tickets USING btree (status, last_activity_at, id) WHERE (deleted_at IS NULL);

CREATE INDEX ix_tickets_team_id ON ombud.tickets USING btree (team_id);

CREATE INDEX ix_tickets_team_undone ON ombud.tickets USING btree (team_id, last_activity_at, id) WHERE ((deleted_at IS NULL) AND (status = ANY (ARRAY['open'::text, 'in_progress'::text, 'waiting_on_customer'::text])));

CREATE INDEX ix_tickets_unassigned_undone ON ombud.tickets USING btree (last_activity_at, id) INCLUDE (status, created_at, assignee_id, team_id, requester_id, organization_id, deleted_at) WHERE ((deleted_at IS NULL) AND (status = ANY (ARRAY['open'::text, 'in_progress'::text, 'waiting_on_customer'::text])) AND (assignee_id IS NULL));

CREATE INDEX ix_tickets_undone ON ombud.tickets USING btree (last_activity_at, id) WHERE ((deleted_at IS NULL) AND (status = ANY (ARRAY['open'::text, 'in_progress'::text, 'waiting_on_customer'::text])));

CREATE INDEX ix_transfer_jobs_kind ON ombud.transfer_jobs USING btree (kind, id);

CREATE INDEX ix_transfer_jobs_open ON ombud.transfer_jobs USING btree (id) WHERE (state = ANY (ARRAY['waiting'::text, 'running'::text]));

CREATE INDEX ix_transfer_jobs_owner_id ON ombud.transfer_jobs USING btree (owner_id, kind, id);

CREATE INDEX ix_transfer_jobs_settled_at ON ombud.transfer_jobs USING btree (settled_at) WHERE (settled_at IS NOT NULL);

CREATE INDEX ix_transfer_jobs_storage_key ON ombud.transfer_jobs USING btree (storage_key) WHERE (storage_key IS NOT NULL);

CREATE INDEX ix_transfer_problems_job_id ON ombud.transfer_problems USING btree (job_id, id);

CREATE INDEX ix_users_address_key ON ombud.users USING btree (ombud.address_key((email_norm)::text)) INCLUDE (id, email_norm) WHERE ((role = 'customer'::text) AND (merged_into_id IS NULL) AND (anonymised_at IS NULL));

CREATE INDEX ix_users_custom_role_id ON ombud.users USING btree (custom_role_id) WHERE (custom_role_id IS NOT NULL);

CREATE INDEX ix_users_full_name_trgm ON ombud.users USING gin (full_name ombud.gin_trgm_ops) WHERE ((role = 'customer'::text) AND (merged_into_id IS NULL));

CREATE INDEX ix_users_local_part ON ombud.users USING btree (split_part(ombud.address_key((email_norm)::text), '@'::text, 1)) WHERE ((role = 'customer'::text) AND (merged_into_id IS NULL) AND (anonymised_at IS NULL) AND ((full_name)::text <> ''::text));

CREATE INDEX ix_users_merged_into_id ON ombud.users USING btree (merged_into_id) WHERE (merged_into_id IS NOT NULL);

CREATE INDEX ix_users_name_key ON ombud.users USING btree (ombud.name_key((full_name)::text)) INCLUDE (id, full_name) WHERE ((role = 'customer'::text) AND (merged_into_id IS NULL) AND (anonymised_at IS NULL) AND ((full_name)::text <> ''::text));

CREATE INDEX ix_users_organization_id ON ombud.users USING btree (organization_id);

CREATE INDEX ix_users_staff ON ombud.users USING btree (full_name, id) WHERE (is_staff AND is_active);

CREATE INDEX ix_web_sessions_expires_at ON ombud.web_sessions USING btree (expires_at);

CREATE INDEX ix_web_sessions_identity_id ON ombud.web_sessions USING btree (identity_id) WHERE (identity_id IS NOT NULL);

CREATE INDEX ix_web_sessions_provider_sid ON ombud.web_sessions USING btree (provider_sid) WHERE (provider_sid IS NOT NULL);

CREATE INDEX ix_web_sessions_user_id ON ombud.web_sessions USING btree (user_id);

CREATE INDEX ix_webhook_deliveries_due ON ombud.webhook_deliveries USING btree (endpoint_id, due_at, id) WHERE (state = 'waiting'::text);

CREATE INDEX ix_webhook_deliveries_endpoint_id ON ombud.webhook_deliveries USING btree (endpoint_id, id);

CREATE INDEX ix_webhook_deliveries_leased ON ombud.webhook_deliveries USING btree (lease_until) WHERE (state = 'sending'::text);

CREATE INDEX ix_webhook_deliveries_settled_at ON ombud.webhook_deliveries USING btree (settled_at) WHERE (settled_at IS NOT NULL);

CREATE INDEX ix_webhook_endpoints_owner_id ON ombud.webhook_endpoints USING btree (owner_id);

CREATE UNIQUE INDEX uq_account_tokens_purpose ON ombud.account_tokens USING btree (user_id, purpose);

CREATE UNIQUE INDEX uq_inbound_mails_checksum ON ombud.inbound_mails USING btree (mailbox_id, checksum);

CREATE UNIQUE INDEX uq_mail_templates_team ON ombud.mail_templates USING btree (kind, COALESCE(team_id, (0)::bigint));

CREATE UNIQUE INDEX uq_mailboxes_address ON ombud.mailboxes USING btree (address);

CREATE UNIQUE INDEX uq_organizations_name ON ombud.organizations USING btree (lower((name)::text));

CREATE UNIQUE INDEX uq_outbound_recipients_email ON ombud.outbound_recipients USING btree (mail_id, email);

CREATE UNIQUE INDEX uq_roles_name ON ombud.roles USING btree (lower((name)::text));

CREATE UNIQUE INDEX uq_tags_name ON ombud.tags USING btree (lower((name)::text));

CREATE UNIQUE INDEX uq_teams_name ON ombud.teams USING btree (lower((name)::text));

CREATE UNIQUE INDEX uq_transfer_jobs_owner_id ON ombud.transfer_jobs USING btree (owner_id) WHERE (state = ANY (ARRAY['waiting'::text, 'running'::text]));

CREATE UNIQUE INDEX uq_users_email_norm ON ombud.users USING btree (email_norm);

CREATE TRIGGER a_keep AFTER INSERT ON ombud.comments REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ombud.after_comments();

CREATE TRIGGER cut_account_letter AFTER UPDATE OF state ON ombud.outbound_mails FOR EACH ROW WHEN (((new.kind = 'account'::text) AND (new.state = ANY (ARRAY['sent'::text, 'bounced'::text, 'failed'::text, 'canceled'::text, 'skipped'::text])))) EXECUTE FUNCTION ombud.cut_account_letter();

CREATE TRIGGER drop_factors AFTER UPDATE OF merged_into_id, anonymised_at ON ombud.users FOR EACH ROW WHEN ((((new.merged_into_id IS NOT NULL) AND (old.merged_into_id IS NULL)) OR ((new.anonymised_at IS NOT NULL) AND (old.anonymised_at IS NULL)))) EXECUTE FUNCTION ombud.drop_factors();

CREATE TRIGGER drop_identities AFTER UPDATE OF merged_into_id, anonymised_at ON ombud.users FOR EACH ROW WHEN ((((new.merged_into_id IS NOT NULL) AND (old.merged_into_id IS NULL)) OR ((new.anonymised_at IS NOT NULL) AND (old.anonymised_at IS NULL)))) EXECUTE FUNCTION ombud.drop_identities();

CREATE TRIGGER drop_steps AFTER UPDATE OF password_hash, is_active ON ombud.users FOR EACH ROW WHEN ((((new.password_hash)::text IS DISTINCT FROM (old.password_hash)::text) OR (new.is_active <> old.is_active))) EXECUTE FUNCTION ombud.drop_steps();

CREATE TRIGGER f_stale AFTER DELETE ON ombud.attachments REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.note_stale_files();

CREATE TRIGGER f_stale AFTER DELETE ON ombud.inbound_mails REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.note_stale_files();

CREATE TRIGGER f_stale AFTER DELETE OR UPDATE OF storage_key ON ombud.transfer_jobs FOR EACH ROW WHEN ((old.storage_key IS NOT NULL)) EXECUTE FUNCTION ombud.note_stale_transfer();

CREATE TRIGGER follow_credentials AFTER UPDATE OF email, password_hash, is_active ON ombud.users FOR EACH ROW WHEN ((((old.email)::text IS DISTINCT FROM (new.email)::text) OR ((old.password_hash)::text IS DISTINCT FROM (new.password_hash)::text) OR (old.is_active IS DISTINCT FROM new.is_active))) EXECUTE FUNCTION ombud.follow_credentials();

CREATE TRIGGER forget_browsers AFTER UPDATE OF anonymised_at, merged_into_id ON ombud.users FOR EACH ROW WHEN (((new.anonymised_at IS NOT NULL) OR (new.merged_into_id IS NOT NULL))) EXECUTE FUNCTION ombud.forget_browsers();

CREATE TRIGGER keep BEFORE UPDATE ON ombud.desk_settings FOR EACH ROW EXECUTE FUNCTION ombud.keep_setting();

CREATE TRIGGER keep BEFORE UPDATE ON ombud.tickets FOR EACH ROW EXECUTE FUNCTION ombud.keep_ticket();

CREATE TRIGGER keep BEFORE INSERT OR UPDATE OF is_staff, role, is_active, sees_all_teams, organization_id, custom_role_id ON ombud.users FOR EACH ROW EXECUTE FUNCTION ombud.keep_user();

CREATE TRIGGER keep BEFORE UPDATE ON ombud.webhook_endpoints FOR EACH ROW WHEN ((((((((new.owner_id IS DISTINCT FROM old.owner_id) OR ((new.url)::text IS DISTINCT FROM (old.url)::text)) OR (new.events IS DISTINCT FROM old.events)) OR (new.includes_notes IS DISTINCT FROM old.includes_notes)) OR (new.secret IS DISTINCT FROM old.secret)) OR (new.old_secret IS DISTINCT FROM old.old_secret)) OR (new.old_secret_until IS DISTINCT FROM old.old_secret_until))) EXECUTE FUNCTION ombud.keep_endpoint();

CREATE TRIGGER keep_new BEFORE INSERT ON ombud.tickets FOR EACH ROW EXECUTE FUNCTION ombud.keep_new_ticket();

CREATE TRIGGER keep_old_secret BEFORE UPDATE ON ombud.webhook_endpoints FOR EACH ROW WHEN (((new.secret IS DISTINCT FROM old.secret) AND (new.old_secret_until IS DISTINCT FROM old.old_secret_until))) EXECUTE FUNCTION ombud.keep_old_secret();

CREATE TRIGGER keep_sight BEFORE INSERT OR UPDATE OF shares_tickets ON ombud.organizations FOR EACH ROW WHEN (((ombud.actor_kind() = 'agent'::text) AND (current_setting('ombud.scope'::text, true) <> 'all'::text))) EXECUTE FUNCTION ombud.keep_sight_of_organization();

CREATE TRIGGER keep_sight BEFORE INSERT OR UPDATE OF email, organization_id, password_hash ON ombud.users FOR EACH ROW WHEN ((ombud.actor_kind() = 'agent'::text)) EXECUTE FUNCTION ombud.keep_sight_of_user();

CREATE TRIGGER mail_notice AFTER INSERT ON ombud.account_notices FOR EACH ROW WHEN ((new.kind <> ALL (ARRAY['password_changed'::text, 'address_changed'::text]))) EXECUTE FUNCTION ombud.mail_notice();

CREATE TRIGGER moved AFTER UPDATE OF ticket_id, comment_id ON ombud.inbound_mails FOR EACH ROW WHEN (((old.state <> 'received'::text) AND ((new.message_id)::text <> ''::text) AND ((old.classification)::text <> 'bounce'::text) AND ((old.ticket_id IS DISTINCT FROM new.ticket_id) OR (old.comment_id IS DISTINCT FROM new.comment_id)))) EXECUTE FUNCTION ombud.moved_mail();

CREATE TRIGGER note_whence BEFORE INSERT ON ombud.account_requests FOR EACH ROW EXECUTE FUNCTION ombud.note_whence();

CREATE TRIGGER s_search_delete AFTER DELETE ON ombud.comments REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.search_changed_comments();

CREATE TRIGGER s_search_insert AFTER INSERT ON ombud.comments REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ombud.search_new_comments();

CREATE TRIGGER s_search_insert AFTER INSERT ON ombud.tickets REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ombud.search_new_tickets();

CREATE TRIGGER s_search_update AFTER UPDATE ON ombud.comments REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.search_updated_comments();

CREATE TRIGGER s_search_update AFTER UPDATE ON ombud.tickets REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.search_changed_tickets();

CREATE TRIGGER s_search_update AFTER UPDATE ON ombud.users REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.search_changed_users();

CREATE TRIGGER s_stats_delete AFTER DELETE ON ombud.tickets REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.stats_gone_tickets();

CREATE TRIGGER s_stats_insert AFTER INSERT ON ombud.tickets REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.stats_new_tickets();

CREATE TRIGGER s_stats_update AFTER UPDATE ON ombud.tickets REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.stats_changed_tickets();

CREATE TRIGGER tell_of_webhook AFTER UPDATE OF is_active ON ombud.webhook_endpoints FOR EACH ROW WHEN ((old.is_active AND (NOT new.is_active) AND ((new.problem)::text <> ''::text) AND ((new.problem)::text <> (old.problem)::text))) EXECUTE FUNCTION ombud.tell_of_webhook();

CREATE TRIGGER touch BEFORE UPDATE ON ombud.comments FOR EACH ROW EXECUTE FUNCTION ombud.touch();

CREATE TRIGGER touch BEFORE UPDATE ON ombud.identity_providers FOR EACH ROW EXECUTE FUNCTION ombud.touch();

CREATE TRIGGER touch BEFORE UPDATE ON ombud.mail_rules FOR EACH ROW EXECUTE FUNCTION ombud.touch();

CREATE TRIGGER touch BEFORE UPDATE ON ombud.mail_templates FOR EACH ROW EXECUTE FUNCTION ombud.touch();

CREATE TRIGGER touch BEFORE UPDATE ON ombud.mailboxes FOR EACH ROW EXECUTE FUNCTION ombud.touch();

CREATE TRIGGER touch BEFORE UPDATE ON ombud.organizations FOR EACH ROW EXECUTE FUNCTION ombud.touch();

CREATE TRIGGER touch BEFORE UPDATE ON ombud.roles FOR EACH ROW EXECUTE FUNCTION ombud.touch();

CREATE TRIGGER touch BEFORE UPDATE ON ombud.teams FOR EACH ROW EXECUTE FUNCTION ombud.touch();

CREATE TRIGGER touch BEFORE UPDATE ON ombud.users FOR EACH ROW EXECUTE FUNCTION ombud.touch();

CREATE TRIGGER touch BEFORE UPDATE ON ombud.webhook_endpoints FOR EACH ROW EXECUTE FUNCTION ombud.touch();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.account_tokens REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_account_tokens();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.api_tokens REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_api_tokens();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.attachments REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_attachments();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.audit_redactions REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_audit_redactions();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.bounced_addresses REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_bounced_addresses();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.comments REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_comments();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.desk_settings REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_desk_settings();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.distinct_people REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_distinct_people();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.distinct_tickets REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_distinct_tickets();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.identities REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_identities();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.identity_providers REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_identity_providers();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.inbound_mails REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_inbound_mails();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.mail_rules REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_mail_rules();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.mail_templates REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_mail_templates();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.mailbox_sending REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_mailbox_sending();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.mailboxes REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_mailboxes();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.message_moves REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_message_moves();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.organization_domains REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_organization_domains();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.organizations REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_organizations();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.outbound_mails REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_outbound_mails();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.passkeys REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_passkeys();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.recovery_codes REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_recovery_codes();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.roles REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_roles();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.tags REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_tags();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.team_members REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_team_members();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.teams REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_teams();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.ticket_links REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_ticket_links();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.ticket_participants REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_ticket_participants();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.ticket_tags REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_ticket_tags();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.tickets REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_tickets();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.totp_factors REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_totp_factors();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.transfer_jobs REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_transfer_jobs();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.users REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_users();

CREATE TRIGGER z_audit_delete AFTER DELETE ON ombud.webhook_endpoints REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_webhook_endpoints();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.account_tokens REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_account_tokens();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.api_tokens REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_api_tokens();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.attachments REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_attachments();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.audit_redactions REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_audit_redactions();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.bounced_addresses REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_bounced_addresses();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.comments REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_comments();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.desk_settings REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_desk_settings();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.distinct_people REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_distinct_people();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.distinct_tickets REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_distinct_tickets();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.identities REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_identities();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.identity_providers REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_identity_providers();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.inbound_mails REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_inbound_mails();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.mail_rules REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_mail_rules();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.mail_templates REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_mail_templates();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.mailbox_sending REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_mailbox_sending();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.mailboxes REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_mailboxes();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.message_moves REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_message_moves();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.organization_domains REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_organization_domains();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.organizations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_organizations();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.outbound_mails REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_outbound_mails();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.passkeys REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_passkeys();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.recovery_codes REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_recovery_codes();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.roles REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_roles();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.tags REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_tags();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.team_members REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_team_members();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.teams REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_teams();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.ticket_links REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_ticket_links();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.ticket_participants REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_ticket_participants();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.ticket_tags REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_ticket_tags();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.tickets REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_tickets();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.totp_factors REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_totp_factors();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.transfer_jobs REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_transfer_jobs();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.users REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_users();

CREATE TRIGGER z_audit_insert AFTER INSERT ON ombud.webhook_endpoints REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_webhook_endpoints();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.account_tokens REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_account_tokens();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.api_tokens REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_api_tokens();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.attachments REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_attachments();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.audit_redactions REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_audit_redactions();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.bounced_addresses REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_bounced_addresses();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.comments REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_comments();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.desk_settings REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_desk_settings();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.distinct_people REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_distinct_people();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.distinct_tickets REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_distinct_tickets();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.identities REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_identities();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.identity_providers REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_identity_providers();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.inbound_mails REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_inbound_mails();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.mail_rules REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_mail_rules();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.mail_templates REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_mail_templates();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.mailbox_sending REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_mailbox_sending();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.mailboxes REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_mailboxes();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.message_moves REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_message_moves();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.organization_domains REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_organization_domains();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.organizations REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_organizations();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.outbound_mails REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_outbound_mails();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.passkeys REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_passkeys();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.recovery_codes REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_recovery_codes();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.roles REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_roles();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.tags REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_tags();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.team_members REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_team_members();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.teams REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_teams();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.ticket_links REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_ticket_links();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.ticket_participants REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_ticket_participants();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.ticket_tags REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_ticket_tags();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.tickets REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_tickets();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.totp_factors REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_totp_factors();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.transfer_jobs REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_transfer_jobs();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.users REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_users();

CREATE TRIGGER z_audit_update AFTER UPDATE ON ombud.webhook_endpoints REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit_of_webhook_endpoints();

ALTER TABLE ONLY ombud.account_letters
    ADD CONSTRAINT fk_account_letters_mail_id FOREIGN KEY (mail_id) REFERENCES ombud.outbound_mails(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.account_letters
    ADD CONSTRAINT fk_account_letters_user_id FOREIGN KEY (user_id) REFERENCES ombud.users(id) ON DELETE SET NULL;

ALTER TABLE ONLY ombud.account_notices
    ADD CONSTRAINT fk_account_notices_user_id FOREIGN KEY (user_id) REFERENCES ombud.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.account_requests
    ADD CONSTRAINT fk_account_requests_user_id FOREIGN KEY (user_id) REFERENCES ombud.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.account_tokens
    ADD CONSTRAINT fk_account_tokens_user_id FOREIGN KEY (user_id) REFERENCES ombud.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.api_tokens
    ADD CONSTRAINT fk_api_tokens_user_id FOREIGN KEY (user_id) REFERENCES ombud.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.attachments
    ADD CONSTRAINT fk_attachments_comment_id FOREIGN KEY (comment_id) REFERENCES ombud.comments(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.attachments
    ADD CONSTRAINT fk_attachments_ticket_id FOREIGN KEY (ticket_id) REFERENCES ombud.tickets(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.attachments
    ADD CONSTRAINT fk_attachments_uploader_id FOREIGN KEY (uploader_id) REFERENCES ombud.users(id) ON DELETE RESTRICT;

ALTER TABLE ONLY ombud.audit_redacted_rows
    ADD CONSTRAINT fk_audit_redacted_rows_redaction_id FOREIGN KEY (redaction_id) REFERENCES ombud.audit_redactions(id) ON DELETE RESTRICT;

ALTER TABLE ONLY ombud.automatic_mails
    ADD CONSTRAINT fk_automatic_mails_ticket_id FOREIGN KEY (ticket_id) REFERENCES ombud.tickets(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.bounced_addresses
    ADD CONSTRAINT fk_bounced_addresses_mail_id FOREIGN KEY (mail_id) REFERENCES ombud.inbound_mails(id) ON DELETE SET NULL;

ALTER TABLE ONLY ombud.bounced_addresses
    ADD CONSTRAINT fk_bounced_addresses_ticket_id FOREIGN KEY (ticket_id) REFERENCES ombud.tickets(id) ON DELETE SET NULL;

ALTER TABLE ONLY ombud.comments
    ADD CONSTRAINT fk_comments_author_id FOREIGN KEY (author_id) REFERENCES ombud.users(id) ON DELETE RESTRICT;

ALTER TABLE ONLY ombud.comments
    ADD CONSTRAINT fk_comments_ticket_id FOREIGN KEY (ticket_id) REFERENCES ombud.tickets(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.distinct_people
    ADD CONSTRAINT fk_distinct_people_other_id FOREIGN KEY (other_id) REFERENCES ombud.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.distinct_people
    ADD CONSTRAINT fk_distinct_people_user_id FOREIGN KEY (user_id) REFERENCES ombud.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.distinct_tickets
    ADD CONSTRAINT fk_distinct_tickets_other_id FOREIGN KEY (other_id) REFERENCES ombud.tickets(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.distinct_tickets
    ADD CONSTRAINT fk_distinct_tickets_ticket_id FOREIGN KEY (ticket_id) REFERENCES ombud.tickets(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.drafts
    ADD CONSTRAINT fk_drafts_ticket_id FOREIGN KEY (ticket_id) REFERENCES ombud.tickets(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.drafts
    ADD CONSTRAINT fk_drafts_user_id FOREIGN KEY (user_id) REFERENCES ombud.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.external_refs
    ADD CONSTRAINT fk_external_refs_ticket_id FOREIGN KEY (ticket_id) REFERENCES ombud.tickets(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.identities
    ADD CONSTRAINT fk_identities_provider_id FOREIGN KEY (provider_id) REFERENCES ombud.identity_providers(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.identities
    ADD CONSTRAINT fk_identities_user_id FOREIGN KEY (user_id) REFERENCES ombud.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.inbound_mails
    ADD CONSTRAINT fk_inbound_mails_comment_id FOREIGN KEY (comment_id) REFERENCES ombud.comments(id) ON DELETE SET NULL;

ALTER TABLE ONLY ombud.inbound_mails
    ADD CONSTRAINT fk_inbound_mails_mailbox_id FOREIGN KEY (mailbox_id) REFERENCES ombud.mailboxes(id) ON DELETE RESTRICT;

ALTER TABLE ONLY ombud.inbound_mails
    ADD CONSTRAINT fk_inbound_mails_ticket_id FOREIGN KEY (ticket_id) REFERENCES ombud.tickets(id) ON DELETE SET NULL;

ALTER TABLE ONLY ombud.kept_answers
    ADD CONSTRAINT fk_kept_answers_user_id FOREIGN KEY (user_id) REFERENCES ombud.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.known_browsers
    ADD CONSTRAINT fk_known_browsers_user_id FOREIGN KEY (user_id) REFERENCES ombud.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.mail_references
    ADD CONSTRAINT fk_mail_references_comment_id FOREIGN KEY (comment_id) REFERENCES ombud.comments(id) ON DELETE SET NULL;

ALTER TABLE ONLY ombud.mail_references
    ADD CONSTRAINT fk_mail_references_ticket_id FOREIGN KEY (ticket_id) REFERENCES ombud.tickets(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.mail_rules
    ADD CONSTRAINT fk_mail_rules_team_id FOREIGN KEY (team_id) REFERENCES ombud.teams(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.mail_templates
    ADD CONSTRAINT fk_mail_templates_team_id FOREIGN KEY (team_id) REFERENCES ombud.teams(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.mailbox_positions
    ADD CONSTRAINT fk_mailbox_positions_mailbox_id FOREIGN KEY (mailbox_id) REFERENCES ombud.mailboxes(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.mailbox_sending
    ADD CONSTRAINT fk_mailbox_sending_mailbox_id FOREIGN KEY (mailbox_id) REFERENCES ombud.mailboxes(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.mailboxes
    ADD CONSTRAINT fk_mailboxes_team_id FOREIGN KEY (team_id) REFERENCES ombud.teams(id) ON DELETE SET NULL;

ALTER TABLE ONLY ombud.message_moves
    ADD CONSTRAINT fk_message_moves_from_ticket_id FOREIGN KEY (from_ticket_id) REFERENCES ombud.tickets(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.message_moves
    ADD CONSTRAINT fk_message_moves_mail_id FOREIGN KEY (mail_id) REFERENCES ombud.inbound_mails(id) ON DELETE SET NULL;

ALTER TABLE ONLY ombud.message_moves
    ADD CONSTRAINT fk_message_moves_to_ticket_id FOREIGN KEY (to_ticket_id) REFERENCES ombud.tickets(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.notification_settings
    ADD CONSTRAINT fk_notification_settings_user_id FOREIGN KEY (user_id) REFERENCES ombud.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.notifications
    ADD CONSTRAINT fk_notifications_cause_id FOREIGN KEY (cause_id) REFERENCES ombud.users(id) ON DELETE SET NULL;

ALTER TABLE ONLY ombud.notifications
    ADD CONSTRAINT fk_notifications_comment_id FOREIGN KEY (comment_id) REFERENCES ombud.comments(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.notifications
    ADD CONSTRAINT fk_notifications_ticket_id FOREIGN KEY (ticket_id) REFERENCES ombud.tickets(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.notifications
    ADD CONSTRAINT fk_notifications_user_id FOREIGN KEY (user_id) REFERENCES ombud.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.organization_domains
    ADD CONSTRAINT fk_organization_domains_organization_id FOREIGN KEY (organization_id) REFERENCES ombud.organizations(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.outbound_mails
    ADD CONSTRAINT fk_outbound_mails_comment_id FOREIGN KEY (comment_id) REFERENCES ombud.comments(id) ON DELETE SET NULL;

ALTER TABLE ONLY ombud.outbound_mails
    ADD CONSTRAINT fk_outbound_mails_mailbox_id FOREIGN KEY (mailbox_id) REFERENCES ombud.mailboxes(id) ON DELETE RESTRICT;

ALTER TABLE ONLY ombud.outbound_mails
    ADD CONSTRAINT fk_outbound_mails_notification_id FOREIGN KEY (notification_id) REFERENCES ombud.notifications(id) ON DELETE SET NULL;

ALTER TABLE ONLY ombud.outbound_mails
    ADD CONSTRAINT fk_outbound_mails_ticket_id FOREIGN KEY (ticket_id) REFERENCES ombud.tickets(id) ON DELETE SET NULL;

ALTER TABLE ONLY ombud.outbound_recipients
    ADD CONSTRAINT fk_outbound_recipients_mail_id FOREIGN KEY (mail_id) REFERENCES ombud.outbound_mails(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.outbound_recipients
    ADD CONSTRAINT fk_outbound_recipients_user_id FOREIGN KEY (user_id) REFERENCES ombud.users(id) ON DELETE SET NULL;

ALTER TABLE ONLY ombud.passkeys
    ADD CONSTRAINT fk_passkeys_user_id FOREIGN KEY (user_id) REFERENCES ombud.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.recovery_codes
    ADD CONSTRAINT fk_recovery_codes_user_id FOREIGN KEY (user_id) REFERENCES ombud.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.search_queue
    ADD CONSTRAINT fk_search_queue_ticket_id FOREIGN KEY (ticket_id) REFERENCES ombud.tickets(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.sign_in_flows
    ADD CONSTRAINT fk_sign_in_flows_provider_id FOREIGN KEY (provider_id) REFERENCES ombud.identity_providers(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.sign_in_flows
    ADD CONSTRAINT fk_sign_in_flows_session_id FOREIGN KEY (session_id) REFERENCES ombud.web_sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.sign_in_steps
    ADD CONSTRAINT fk_sign_in_steps_identity_id FOREIGN KEY (identity_id) REFERENCES ombud.identities(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.sign_in_steps
    ADD CONSTRAINT fk_sign_in_steps_user_id FOREIGN KEY (user_id) REFERENCES ombud.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.team_members
    ADD CONSTRAINT fk_team_members_team_id FOREIGN KEY (team_id) REFERENCES ombud.teams(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.team_members
    ADD CONSTRAINT fk_team_members_user_id FOREIGN KEY (user_id) REFERENCES ombud.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.ticket_links
    ADD CONSTRAINT fk_ticket_links_follows_id FOREIGN KEY (follows_id) REFERENCES ombud.tickets(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.ticket_links
    ADD CONSTRAINT fk_ticket_links_ticket_id FOREIGN KEY (ticket_id) REFERENCES ombud.tickets(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.ticket_participants
    ADD CONSTRAINT fk_ticket_participants_ticket_id FOREIGN KEY (ticket_id) REFERENCES ombud.tickets(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.ticket_participants
    ADD CONSTRAINT fk_ticket_participants_user_id FOREIGN KEY (user_id) REFERENCES ombud.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.ticket_reads
    ADD CONSTRAINT fk_ticket_reads_ticket_id FOREIGN KEY (ticket_id) REFERENCES ombud.tickets(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.ticket_reads
    ADD CONSTRAINT fk_ticket_reads_user_id FOREIGN KEY (user_id) REFERENCES ombud.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.ticket_search
    ADD CONSTRAINT fk_ticket_search_ticket_id FOREIGN KEY (ticket_id) REFERENCES ombud.tickets(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.ticket_tags
    ADD CONSTRAINT fk_ticket_tags_tag_id FOREIGN KEY (tag_id) REFERENCES ombud.tags(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.ticket_tags
    ADD CONSTRAINT fk_ticket_tags_ticket_id FOREIGN KEY (ticket_id) REFERENCES ombud.tickets(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.ticket_texts
    ADD CONSTRAINT fk_ticket_texts_ticket_id FOREIGN KEY (ticket_id) REFERENCES ombud.ticket_search(ticket_id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.tickets
    ADD CONSTRAINT fk_tickets_assignee_id FOREIGN KEY (assignee_id) REFERENCES ombud.users(id) ON DELETE RESTRICT;

ALTER TABLE ONLY ombud.tickets
    ADD CONSTRAINT fk_tickets_creator_id FOREIGN KEY (creator_id) REFERENCES ombud.users(id) ON DELETE RESTRICT;

ALTER TABLE ONLY ombud.tickets
    ADD CONSTRAINT fk_tickets_merged_into_id FOREIGN KEY (merged_into_id) REFERENCES ombud.tickets(id) ON DELETE SET NULL;

ALTER TABLE ONLY ombud.tickets
    ADD CONSTRAINT fk_tickets_organization_id FOREIGN KEY (organization_id) REFERENCES ombud.organizations(id) ON DELETE SET NULL;

ALTER TABLE ONLY ombud.tickets
    ADD CONSTRAINT fk_tickets_requester_id FOREIGN KEY (requester_id) REFERENCES ombud.users(id) ON DELETE RESTRICT;

ALTER TABLE ONLY ombud.tickets
    ADD CONSTRAINT fk_tickets_team_id FOREIGN KEY (team_id) REFERENCES ombud.teams(id) ON DELETE RESTRICT;

ALTER TABLE ONLY ombud.totp_factors
    ADD CONSTRAINT fk_totp_factors_user_id FOREIGN KEY (user_id) REFERENCES ombud.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.transfer_jobs
    ADD CONSTRAINT fk_transfer_jobs_owner_id FOREIGN KEY (owner_id) REFERENCES ombud.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.transfer_problems
    ADD CONSTRAINT fk_transfer_problems_job_id FOREIGN KEY (job_id) REFERENCES ombud.transfer_jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.users
    ADD CONSTRAINT fk_users_custom_role_id FOREIGN KEY (custom_role_id) REFERENCES ombud.roles(id) ON DELETE RESTRICT;

ALTER TABLE ONLY ombud.users
    ADD CONSTRAINT fk_users_merged_into_id FOREIGN KEY (merged_into_id) REFERENCES ombud.users(id) ON DELETE RESTRICT;

ALTER TABLE ONLY ombud.users
    ADD CONSTRAINT fk_users_organization_id FOREIGN KEY (organization_id) REFERENCES ombud.organizations(id) ON DELETE SET NULL;

ALTER TABLE ONLY ombud.web_sessions
    ADD CONSTRAINT fk_web_sessions_identity_id FOREIGN KEY (identity_id) REFERENCES ombud.identities(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.web_sessions
    ADD CONSTRAINT fk_web_sessions_user_id FOREIGN KEY (user_id) REFERENCES ombud.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.webhook_deliveries
    ADD CONSTRAINT fk_webhook_deliveries_endpoint_id FOREIGN KEY (endpoint_id) REFERENCES ombud.webhook_endpoints(id) ON DELETE CASCADE;

ALTER TABLE ONLY ombud.webhook_endpoints
    ADD CONSTRAINT fk_webhook_endpoints_owner_id FOREIGN KEY (owner_id) REFERENCES ombud.users(id) ON DELETE CASCADE;

ALTER TABLE ombud.access_logs ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.account_letters ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.account_notices ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.account_requests ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.account_tokens ENABLE ROW LEVEL SECURITY;

CREATE POLICY admin_add ON ombud.audit_redacted_rows FOR INSERT TO ombud_web WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'admin'::text)));

CREATE POLICY admin_add ON ombud.audit_redactions FOR INSERT TO ombud_web WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'admin'::text)));

CREATE POLICY admin_all ON ombud.desk_settings TO ombud_web USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'admin'::text));

CREATE POLICY admin_all ON ombud.identity_providers TO ombud_web USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'admin'::text));

CREATE POLICY admin_all ON ombud.mail_rules TO ombud_web USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'admin'::text)));

CREATE POLICY admin_all ON ombud.mail_templates TO ombud_web USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'admin'::text)));

CREATE POLICY admin_all ON ombud.mailbox_sending TO ombud_web USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'admin'::text)));

CREATE POLICY admin_all ON ombud.mailboxes TO ombud_web USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'admin'::text)));

CREATE POLICY admin_all ON ombud.roles TO ombud_web USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'admin'::text)));

CREATE POLICY admin_all ON ombud.team_members TO ombud_web USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'admin'::text)));

CREATE POLICY admin_all ON ombud.teams TO ombud_web USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'admin'::text)));

CREATE POLICY admin_read ON ombud.access_logs FOR SELECT TO ombud_web USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'admin'::text)));

CREATE POLICY admin_read ON ombud.audit_checkpoints FOR SELECT TO ombud_web USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'admin'::text)));

CREATE POLICY admin_read ON ombud.audit_redacted_rows FOR SELECT TO ombud_web USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'admin'::text)));

CREATE POLICY admin_read ON ombud.audit_redactions FOR SELECT TO ombud_web USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'admin'::text)));

ALTER TABLE ombud.alike_finds ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.alike_people ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.alike_tickets ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.api_tokens ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.attachments ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.audit_checkpoints ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.audit_logs ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.audit_redacted_rows ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.audit_redactions ENABLE ROW LEVEL SECURITY;

CREATE POLICY author_takes_back ON ombud.comments FOR DELETE TO ombud_web USING (((author_id = ( SELECT (NULLIF(current_setting('ombud.user_id'::text, true), ''::text))::bigint AS actor_id)) AND ( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)) AND (EXISTS ( SELECT
   FROM ombud.outbound_mails m
  WHERE ((m.comment_id = comments.id) AND (m.state = 'canceled'::text) AND (m.attempts = 0))))));

ALTER TABLE ombud.automatic_mails ENABLE ROW LEVEL SECURITY;

CREATE POLICY backup_all ON ombud.access_logs FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.account_letters FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.account_notices FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.account_requests FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.account_tokens FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.alike_finds FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.alike_people FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.alike_tickets FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.api_tokens FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.attachments FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.audit_checkpoints FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.audit_logs FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.audit_redacted_rows FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.audit_redactions FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.automatic_mails FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.bounced_addresses FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.comments FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.desk_settings FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.distinct_people FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.distinct_tickets FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.drafts FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.external_refs FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.identities FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.identity_providers FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.inbound_mails FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.kept_answers FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.known_browsers FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.login_attempts FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.logout_tokens FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.mail_references FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.mail_rules FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.mail_templates FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.mailbox_positions FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.mailbox_sending FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.mailboxes FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.message_moves FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.notification_settings FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.notifications FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.organization_domains FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.organizations FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.outbound_mails FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.outbound_recipients FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.passkeys FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.recovery_codes FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.roles FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.search_queue FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.search_words FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.sign_in_flows FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.sign_in_steps FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.stale_files FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.tags FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.team_members FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.teams FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.ticket_links FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.ticket_participants FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.ticket_reads FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.ticket_search FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.ticket_stats FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.ticket_stats_delta FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.ticket_tags FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.ticket_texts FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.tickets FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.totp_factors FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.transfer_jobs FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.transfer_problems FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.users FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.web_sessions FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.webhook_deliveries FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.webhook_endpoints FOR SELECT TO ombud_backup USING (true);

CREATE POLICY backup_all ON ombud.webhook_position FOR SELECT TO ombud_backup USING (true);

ALTER TABLE ombud.bounced_addresses ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.comments ENABLE ROW LEVEL SECURITY;

CREATE POLICY context ON ombud.access_logs AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.account_letters AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.account_notices AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.account_requests AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.account_tokens AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.alike_finds AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.alike_people AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.alike_tickets AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.api_tokens AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.attachments AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.audit_checkpoints AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.audit_logs AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.audit_redacted_rows AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.audit_redactions AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.automatic_mails AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.bounced_addresses AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.comments AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.desk_settings AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.distinct_people AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.distinct_tickets AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.drafts AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.external_refs AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.identities AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.identity_providers AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.inbound_mails AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.kept_answers AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.known_browsers AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.login_attempts AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.logout_tokens AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.mail_references AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.mail_rules AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.mail_templates AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.mailbox_positions AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.mailbox_sending AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.mailboxes AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.message_moves AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.notification_settings AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.notifications AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.organization_domains AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.organizations AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.outbound_mails AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.outbound_recipients AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.passkeys AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.recovery_codes AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.roles AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.search_queue AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.search_words AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.sign_in_flows AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.sign_in_steps AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.stale_files AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.tags AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.team_members AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.teams AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.ticket_links AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.ticket_participants AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.ticket_reads AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.ticket_search AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.ticket_stats AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.ticket_stats_delta AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.ticket_tags AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.ticket_texts AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.tickets AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.totp_factors AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.transfer_jobs AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.transfer_problems AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.users AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.web_sessions AS RESTRICTIVE TO ombud_app USING ((( SELECT NULLIF(current_setting('ombud.kind'::text, true), ''::text) AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.webhook_deliveries AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.webhook_endpoints AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

CREATE POLICY context ON ombud.webhook_position AS RESTRICTIVE TO ombud_app USING ((( SELECT ombud.actor_kind() AS actor_kind) IS NOT NULL));

ALTER TABLE ombud.desk_settings ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.distinct_people ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.distinct_tickets ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.drafts ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.external_refs ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.identities ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.identity_providers ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.inbound_mails ENABLE ROW LEVEL SECURITY;

CREATE POLICY keepers ON ombud.account_letters FOR SELECT TO ombud_web USING (ombud.keeps_account(user_id));

CREATE POLICY keepers ON ombud.account_requests TO ombud_web USING (ombud.keeps_account(user_id));

CREATE POLICY keepers ON ombud.account_tokens TO ombud_web USING (ombud.keeps_account(user_id));

CREATE POLICY keepers_add ON ombud.roles FOR INSERT TO ombud_web WITH CHECK (ombud.actor_keeps_role(permissions));

CREATE POLICY keepers_change ON ombud.roles FOR UPDATE TO ombud_web USING (ombud.actor_keeps_role(permissions)) WITH CHECK (ombud.actor_keeps_role(permissions));

CREATE POLICY keepers_remove ON ombud.roles FOR DELETE TO ombud_web USING (ombud.actor_keeps_role(permissions));

ALTER TABLE ombud.kept_answers ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.known_browsers ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.login_attempts ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.logout_tokens ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.mail_references ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.mail_rules ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.mail_templates ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.mailbox_positions ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.mailbox_sending ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.mailboxes ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.message_moves ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.notification_settings ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.notifications ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.organization_domains ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.organizations ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.outbound_mails ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.outbound_recipients ENABLE ROW LEVEL SECURITY;

CREATE POLICY own ON ombud.account_notices TO ombud_web USING (((user_id = ( SELECT ombud.actor_id() AS actor_id)) OR (( SELECT ombud.actor_kind() AS actor_kind) = 'admin'::text)));

CREATE POLICY own ON ombud.api_tokens TO ombud_web USING (((user_id = ( SELECT (NULLIF(current_setting('ombud.user_id'::text, true), ''::text))::bigint AS actor_id)) OR ( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'admin'::text))));

CREATE POLICY own ON ombud.drafts TO ombud_web USING ((user_id = ( SELECT (NULLIF(current_setting('ombud.user_id'::text, true), ''::text))::bigint AS actor_id))) WITH CHECK (((user_id = ( SELECT (NULLIF(current_setting('ombud.user_id'::text, true), ''::text))::bigint AS actor_id)) AND (EXISTS ( SELECT
   FROM ombud.tickets t
  WHERE (t.id = drafts.ticket_id)))));

CREATE POLICY own ON ombud.identities TO ombud_web USING (((user_id = ( SELECT ombud.actor_id() AS actor_id)) OR (( SELECT ombud.actor_kind() AS actor_kind) = 'admin'::text))) WITH CHECK ((user_id = ( SELECT ombud.actor_id() AS actor_id)));

CREATE POLICY own ON ombud.kept_answers TO ombud_web USING ((user_id = ( SELECT (NULLIF(current_setting('ombud.user_id'::text, true), ''::text))::bigint AS actor_id)));

CREATE POLICY own ON ombud.notification_settings TO ombud_web USING (((user_id = ( SELECT (NULLIF(current_setting('ombud.user_id'::text, true), ''::text))::bigint AS actor_id)) AND ( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text))));

CREATE POLICY own ON ombud.notifications TO ombud_web USING ((user_id = ( SELECT (NULLIF(current_setting('ombud.user_id'::text, true), ''::text))::bigint AS actor_id)));

CREATE POLICY own ON ombud.passkeys TO ombud_web USING (((user_id = ( SELECT ombud.actor_id() AS actor_id)) OR (( SELECT ombud.actor_kind() AS actor_kind) = 'admin'::text))) WITH CHECK ((user_id = ( SELECT ombud.actor_id() AS actor_id)));

CREATE POLICY own ON ombud.recovery_codes TO ombud_web USING (((user_id = ( SELECT ombud.actor_id() AS actor_id)) OR (( SELECT ombud.actor_kind() AS actor_kind) = 'admin'::text))) WITH CHECK ((user_id = ( SELECT ombud.actor_id() AS actor_id)));

CREATE POLICY own ON ombud.ticket_reads TO ombud_web USING ((user_id = ( SELECT (NULLIF(current_setting('ombud.user_id'::text, true), ''::text))::bigint AS actor_id))) WITH CHECK (((user_id = ( SELECT (NULLIF(current_setting('ombud.user_id'::text, true), ''::text))::bigint AS actor_id)) AND (EXISTS ( SELECT
   FROM ombud.tickets t
  WHERE (t.id = ticket_reads.ticket_id)))));

CREATE POLICY own ON ombud.totp_factors TO ombud_web USING (((user_id = ( SELECT ombud.actor_id() AS actor_id)) OR (( SELECT ombud.actor_kind() AS actor_kind) = 'admin'::text))) WITH CHECK ((user_id = ( SELECT ombud.actor_id() AS actor_id)));

CREATE POLICY own ON ombud.transfer_jobs TO ombud_web USING (((( SELECT ombud.actor_kind() AS actor_kind) <> 'customer'::text) AND ((( SELECT ombud.actor_kind() AS actor_kind) = 'admin'::text) OR (owner_id = ( SELECT ombud.actor_id() AS actor_id)))));

CREATE POLICY own ON ombud.transfer_problems FOR SELECT TO ombud_web USING ((EXISTS ( SELECT
   FROM ombud.transfer_jobs j
  WHERE (j.id = transfer_problems.job_id))));

CREATE POLICY own ON ombud.web_sessions TO ombud_web USING (((user_id = ( SELECT (NULLIF(current_setting('ombud.user_id'::text, true), ''::text))::bigint AS actor_id)) OR ( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'admin'::text))));

CREATE POLICY own ON ombud.webhook_deliveries TO ombud_web USING (((EXISTS ( SELECT
   FROM ombud.webhook_endpoints e
  WHERE (e.id = webhook_deliveries.endpoint_id))) AND ((( SELECT ombud.actor_scope() AS actor_scope) = 'all'::text) OR (ticket_id IS NULL) OR (EXISTS ( SELECT
   FROM ombud.tickets t
  WHERE (t.id = webhook_deliveries.ticket_id))))));

CREATE POLICY own ON ombud.webhook_endpoints TO ombud_web USING (((( SELECT ombud.actor_kind() AS actor_kind) <> 'customer'::text) AND ((( SELECT ombud.actor_kind() AS actor_kind) = 'admin'::text) OR (owner_id = ( SELECT ombud.actor_id() AS actor_id)) OR ((( SELECT ombud.actor_kind() AS actor_kind) = 'agent'::text) AND ( SELECT ombud.actor_may(VARIADIC ARRAY['webhooks.keep'::text]) AS actor_may)))));

CREATE POLICY own_only ON ombud.webhook_endpoints AS RESTRICTIVE FOR INSERT TO ombud_web WITH CHECK (((( SELECT ombud.actor_kind() AS actor_kind) = 'admin'::text) OR (owner_id = ( SELECT ombud.actor_id() AS actor_id))));

CREATE POLICY own_reading ON ombud.account_notices AS RESTRICTIVE FOR UPDATE TO ombud_web USING ((user_id = ( SELECT ombud.actor_id() AS actor_id)));

CREATE POLICY own_trace ON ombud.access_logs FOR INSERT TO ombud_web WITH CHECK (((principal)::text = ( SELECT current_setting('ombud.actor'::text, true) AS current_setting)));

CREATE POLICY owner_all ON ombud.access_logs TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.account_letters TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.account_notices TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.account_requests TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.account_tokens TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.alike_finds TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.alike_people TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.alike_tickets TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.api_tokens TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.attachments TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.audit_checkpoints TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.audit_logs TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.audit_redacted_rows TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.audit_redactions TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.automatic_mails TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.bounced_addresses TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.comments TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.desk_settings TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.distinct_people TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.distinct_tickets TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.drafts TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.external_refs TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.identities TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.identity_providers TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.inbound_mails TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.kept_answers TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.known_browsers TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.login_attempts TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.logout_tokens TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.mail_references TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.mail_rules TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.mail_templates TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.mailbox_positions TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.mailbox_sending TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.mailboxes TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.message_moves TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.notification_settings TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.notifications TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.organization_domains TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.organizations TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.outbound_mails TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.outbound_recipients TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.passkeys TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.recovery_codes TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.roles TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.search_queue TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.search_words TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.sign_in_flows TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.sign_in_steps TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.stale_files TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.tags TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.team_members TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.teams TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.ticket_links TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.ticket_participants TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.ticket_reads TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.ticket_search TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.ticket_stats TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.ticket_stats_delta TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.ticket_tags TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.ticket_texts TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.tickets TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.totp_factors TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.transfer_jobs TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.transfer_problems TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.users TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.web_sessions TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.webhook_deliveries TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.webhook_endpoints TO ombud_owner USING (true) WITH CHECK (true);

CREATE POLICY owner_all ON ombud.webhook_position TO ombud_owner USING (true) WITH CHECK (true);

ALTER TABLE ombud.passkeys ENABLE ROW LEVEL SECURITY;

CREATE POLICY people ON ombud.ticket_tags TO ombud_web USING ((( SELECT (NULLIF(current_setting('ombud.scope'::text, true), ''::text) = 'all'::text)) OR (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)) AND (EXISTS ( SELECT
   FROM ombud.tickets t
  WHERE (t.id = ticket_tags.ticket_id))))));

CREATE POLICY people ON ombud.tickets TO ombud_web USING ((( SELECT (NULLIF(current_setting('ombud.scope'::text, true), ''::text) = 'all'::text)) OR (( SELECT (NULLIF(current_setting('ombud.scope'::text, true), ''::text) = 'teams'::text)) AND ((team_id IS NULL) OR (team_id = ANY (( SELECT (COALESCE(NULLIF(current_setting('ombud.teams'::text, true), ''::text), '{}'::text))::bigint[] AS actor_teams)::bigint[])) OR (assignee_id = ( SELECT (NULLIF(current_setting('ombud.user_id'::text, true), ''::text))::bigint AS actor_id)) OR (id = ANY (( SELECT ombud.followed_tickets() AS followed_tickets)::bigint[])))) OR (( SELECT (NULLIF(current_setting('ombud.scope'::text, true), ''::text) = 'own'::text)) AND (deleted_at IS NULL) AND ((requester_id = ( SELECT (NULLIF(current_setting('ombud.user_id'::text, true), ''::text))::bigint AS actor_id)) OR (organization_id = ( SELECT (NULLIF(current_setting('ombud.organization_id'::text, true), ''::text))::bigint AS actor_organization)) OR (id = ANY (( SELECT ombud.followed_tickets() AS followed_tickets)::bigint[]))))));

CREATE POLICY people_add ON ombud.comments FOR INSERT TO ombud_web WITH CHECK (((author_id = ( SELECT (NULLIF(current_setting('ombud.user_id'::text, true), ''::text))::bigint AS actor_id)) AND ((NOT is_internal) OR ( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text))) AND (( SELECT (NULLIF(current_setting('ombud.scope'::text, true), ''::text) = 'all'::text)) OR (EXISTS ( SELECT
   FROM ombud.tickets t
  WHERE (t.id = comments.ticket_id))))));

CREATE POLICY people_add ON ombud.users FOR INSERT TO ombud_web WITH CHECK ((( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'admin'::text)) OR (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'agent'::text)) AND (role = 'customer'::text))));

CREATE POLICY people_change ON ombud.attachments TO ombud_web USING (((( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)) OR (uploader_id = ( SELECT (NULLIF(current_setting('ombud.user_id'::text, true), ''::text))::bigint AS actor_id))) AND (( SELECT (NULLIF(current_setting('ombud.scope'::text, true), ''::text) = 'all'::text)) OR ((EXISTS ( SELECT
   FROM ombud.tickets t
  WHERE (t.id = attachments.ticket_id))) AND ((comment_id IS NULL) OR (EXISTS ( SELECT
   FROM ombud.comments c
  WHERE (c.id = attachments.comment_id))))))));

CREATE POLICY people_change ON ombud.comments FOR UPDATE TO ombud_web USING (((( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)) OR ((author_id = ( SELECT (NULLIF(current_setting('ombud.user_id'::text, true), ''::text))::bigint AS actor_id)) AND (NOT is_internal))) AND (( SELECT (NULLIF(current_setting('ombud.scope'::text, true), ''::text) = 'all'::text)) OR (EXISTS ( SELECT
   FROM ombud.tickets t
  WHERE (t.id = comments.ticket_id))))));

CREATE POLICY people_change ON ombud.users FOR UPDATE TO ombud_web USING ((( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'admin'::text)) OR (id = ( SELECT (NULLIF(current_setting('ombud.user_id'::text, true), ''::text))::bigint AS actor_id)) OR (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'agent'::text)) AND (role = 'customer'::text))));

CREATE POLICY people_read ON ombud.attachments FOR SELECT TO ombud_web USING ((( SELECT (NULLIF(current_setting('ombud.scope'::text, true), ''::text) = 'all'::text)) OR ((EXISTS ( SELECT
   FROM ombud.tickets t
  WHERE (t.id = attachments.ticket_id))) AND ((comment_id IS NULL) OR (EXISTS ( SELECT
   FROM ombud.comments c
  WHERE (c.id = attachments.comment_id)))))));

CREATE POLICY people_read ON ombud.comments FOR SELECT TO ombud_web USING ((((NOT is_internal) OR ( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text))) AND (( SELECT (NULLIF(current_setting('ombud.scope'::text, true), ''::text) = 'all'::text)) OR (EXISTS ( SELECT
   FROM ombud.tickets t
  WHERE (t.id = comments.ticket_id))))));

CREATE POLICY people_read ON ombud.organizations FOR SELECT TO ombud_web USING ((( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)) OR (id = ( SELECT u.organization_id
   FROM ombud.users u
  WHERE (u.id = (NULLIF(current_setting('ombud.user_id'::text, true), ''::text))::bigint)))));

CREATE POLICY people_read ON ombud.ticket_participants FOR SELECT TO ombud_web USING ((( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)) OR (user_id = ( SELECT (NULLIF(current_setting('ombud.user_id'::text, true), ''::text))::bigint AS actor_id))));

CREATE POLICY people_read ON ombud.users FOR SELECT TO ombud_web USING ((( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)) OR (id = ( SELECT (NULLIF(current_setting('ombud.user_id'::text, true), ''::text))::bigint AS actor_id)) OR is_staff OR (organization_id = ( SELECT (NULLIF(current_setting('ombud.organization_id'::text, true), ''::text))::bigint AS actor_organization)) OR ombud.is_met(id)));

CREATE POLICY read_log ON ombud.audit_logs FOR SELECT TO ombud_web USING ((( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'admin'::text)) OR (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'agent'::text)) AND ((table_name)::text = 'tags'::text)) OR (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'agent'::text)) AND (ticket_id IS NOT NULL) AND (( SELECT (NULLIF(current_setting('ombud.scope'::text, true), ''::text) = 'all'::text)) OR (EXISTS ( SELECT
   FROM ombud.tickets t
  WHERE (t.id = audit_logs.ticket_id)))))));

ALTER TABLE ombud.recovery_codes ENABLE ROW LEVEL SECURITY;

CREATE POLICY rights_add ON ombud.attachments AS RESTRICTIVE FOR INSERT TO ombud_web WITH CHECK (
CASE
    WHEN (comment_id IS NULL) THEN ( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text]) AS actor_may)
    ELSE ( SELECT ombud.actor_may(VARIADIC ARRAY['notes.write'::text, 'tickets.reply'::text]) AS actor_may)
END);

CREATE POLICY rights_add ON ombud.bounced_addresses AS RESTRICTIVE FOR INSERT TO ombud_web WITH CHECK (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text]) AS actor_may));

CREATE POLICY rights_add ON ombud.comments AS RESTRICTIVE FOR INSERT TO ombud_web WITH CHECK (
CASE
    WHEN is_internal THEN ( SELECT ombud.actor_may(VARIADIC ARRAY['notes.write'::text]) AS actor_may)
    ELSE (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.reply'::text]) AS actor_may) AND (NOT ombud.actor_only_reads_ticket(ticket_id)))
END);

CREATE POLICY rights_add ON ombud.distinct_people AS RESTRICTIVE FOR INSERT TO ombud_web WITH CHECK (( SELECT ombud.actor_may(VARIADIC ARRAY['people.keep'::text]) AS actor_may));

CREATE POLICY rights_add ON ombud.distinct_tickets AS RESTRICTIVE FOR INSERT TO ombud_web WITH CHECK (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text]) AS actor_may));

CREATE POLICY rights_add ON ombud.external_refs AS RESTRICTIVE FOR INSERT TO ombud_web WITH CHECK (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text]) AS actor_may));

CREATE POLICY rights_add ON ombud.inbound_mails AS RESTRICTIVE FOR INSERT TO ombud_web WITH CHECK (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text]) AS actor_may));

CREATE POLICY rights_add ON ombud.mail_references AS RESTRICTIVE FOR INSERT TO ombud_web WITH CHECK (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text, 'tickets.reply'::text]) AS actor_may));

CREATE POLICY rights_add ON ombud.organization_domains AS RESTRICTIVE FOR INSERT TO ombud_web WITH CHECK (( SELECT ombud.actor_may(VARIADIC ARRAY['people.keep'::text]) AS actor_may));

CREATE POLICY rights_add ON ombud.organizations AS RESTRICTIVE FOR INSERT TO ombud_web WITH CHECK (( SELECT ombud.actor_may(VARIADIC ARRAY['people.keep'::text]) AS actor_may));

CREATE POLICY rights_add ON ombud.outbound_mails AS RESTRICTIVE FOR INSERT TO ombud_web WITH CHECK (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text, 'tickets.reply'::text]) AS actor_may));

CREATE POLICY rights_add ON ombud.outbound_recipients AS RESTRICTIVE FOR INSERT TO ombud_web WITH CHECK (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text, 'tickets.reply'::text]) AS actor_may));

CREATE POLICY rights_add ON ombud.tags AS RESTRICTIVE FOR INSERT TO ombud_web WITH CHECK (( SELECT ombud.actor_may(VARIADIC ARRAY['tags.keep'::text]) AS actor_may));

CREATE POLICY rights_add ON ombud.ticket_links AS RESTRICTIVE FOR INSERT TO ombud_web WITH CHECK (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text]) AS actor_may));

CREATE POLICY rights_add ON ombud.ticket_participants AS RESTRICTIVE FOR INSERT TO ombud_web WITH CHECK ((( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text, 'tickets.open'::text, 'tickets.reply'::text]) AS actor_may) AND (( SELECT (NULLIF(current_setting('ombud.scope'::text, true), ''::text) = 'all'::text)) OR (EXISTS ( SELECT
   FROM ombud.tickets t
  WHERE (t.id = ticket_participants.ticket_id))))));

CREATE POLICY rights_add ON ombud.ticket_tags AS RESTRICTIVE FOR INSERT TO ombud_web WITH CHECK ((( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text]) AS actor_may) AND (NOT ombud.actor_only_reads_ticket(ticket_id))));

CREATE POLICY rights_add ON ombud.tickets AS RESTRICTIVE FOR INSERT TO ombud_web WITH CHECK ((( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.open'::text]) AS actor_may) AND (NOT ombud.actor_reads_only(team_id)) AND (((assignee_id IS NULL) AND (team_id IS NULL)) OR ( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text]) AS actor_may))));

CREATE POLICY rights_add ON ombud.transfer_jobs AS RESTRICTIVE FOR INSERT TO ombud_web WITH CHECK (((state = 'waiting'::text) AND (owner_id = ( SELECT ombud.actor_id() AS actor_id)) AND
CASE kind
    WHEN 'export'::text THEN ((storage_key IS NULL) AND ( SELECT ombud.actor_may(VARIADIC ARRAY['exports.make'::text]) AS actor_may))
    ELSE (( SELECT ombud.actor_may(VARIADIC ARRAY['imports.make'::text]) AS actor_may) AND ((format <> 'jsonl'::text) OR (( SELECT ombud.actor_kind() AS actor_kind) = 'admin'::text)))
END));

CREATE POLICY rights_add ON ombud.users AS RESTRICTIVE FOR INSERT TO ombud_web WITH CHECK (( SELECT ombud.actor_may(VARIADIC ARRAY['people.keep'::text]) AS actor_may));

CREATE POLICY rights_change ON ombud.attachments AS RESTRICTIVE FOR UPDATE TO ombud_web USING (true) WITH CHECK ((( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text]) AS actor_may) AND (NOT ombud.actor_only_reads_ticket(ticket_id))));

CREATE POLICY rights_change ON ombud.bounced_addresses AS RESTRICTIVE FOR UPDATE TO ombud_web USING (true) WITH CHECK (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text]) AS actor_may));

CREATE POLICY rights_change ON ombud.comments AS RESTRICTIVE FOR UPDATE TO ombud_web USING (true) WITH CHECK (((( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text]) AS actor_may) AND (NOT ombud.actor_only_reads_ticket(ticket_id))) OR ((author_id = ( SELECT (NULLIF(current_setting('ombud.user_id'::text, true), ''::text))::bigint AS "nullif")) AND
CASE
    WHEN is_internal THEN ( SELECT ombud.actor_may(VARIADIC ARRAY['notes.write'::text]) AS actor_may)
    ELSE (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.reply'::text]) AS actor_may) AND (NOT ombud.actor_only_reads_ticket(ticket_id)))
END)));

CREATE POLICY rights_change ON ombud.external_refs AS RESTRICTIVE FOR UPDATE TO ombud_web USING (true) WITH CHECK (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text]) AS actor_may));

CREATE POLICY rights_change ON ombud.inbound_mails AS RESTRICTIVE FOR UPDATE TO ombud_web USING (true) WITH CHECK (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text]) AS actor_may));

CREATE POLICY rights_change ON ombud.mail_references AS RESTRICTIVE FOR UPDATE TO ombud_web USING (true) WITH CHECK (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text, 'tickets.reply'::text]) AS actor_may));

CREATE POLICY rights_change ON ombud.organization_domains AS RESTRICTIVE FOR UPDATE TO ombud_web USING (true) WITH CHECK (( SELECT ombud.actor_may(VARIADIC ARRAY['people.keep'::text]) AS actor_may));

CREATE POLICY rights_change ON ombud.organizations AS RESTRICTIVE FOR UPDATE TO ombud_web USING (true) WITH CHECK (( SELECT ombud.actor_may(VARIADIC ARRAY['people.keep'::text]) AS actor_may));

CREATE POLICY rights_change ON ombud.outbound_mails AS RESTRICTIVE FOR UPDATE TO ombud_web USING (true) WITH CHECK (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text, 'tickets.reply'::text]) AS actor_may));

CREATE POLICY rights_change ON ombud.outbound_recipients AS RESTRICTIVE FOR UPDATE TO ombud_web USING (true) WITH CHECK (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text, 'tickets.reply'::text]) AS actor_may));

CREATE POLICY rights_change ON ombud.tags AS RESTRICTIVE FOR UPDATE TO ombud_web USING (true) WITH CHECK (( SELECT ombud.actor_may(VARIADIC ARRAY['tags.keep'::text]) AS actor_may));

CREATE POLICY rights_change ON ombud.ticket_links AS RESTRICTIVE FOR UPDATE TO ombud_web USING (true) WITH CHECK (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text]) AS actor_may));

CREATE POLICY rights_change ON ombud.ticket_participants AS RESTRICTIVE FOR UPDATE TO ombud_web USING (true) WITH CHECK (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text]) AS actor_may));

CREATE POLICY rights_change ON ombud.transfer_jobs AS RESTRICTIVE FOR UPDATE TO ombud_web USING (true) WITH CHECK ((state = 'canceled'::text));

CREATE POLICY rights_change ON ombud.users AS RESTRICTIVE FOR UPDATE TO ombud_web USING (true) WITH CHECK (((id = ( SELECT (NULLIF(current_setting('ombud.user_id'::text, true), ''::text))::bigint AS "nullif")) OR ( SELECT ombud.actor_may(VARIADIC ARRAY['people.keep'::text]) AS actor_may)));

CREATE POLICY rights_remove ON ombud.attachments AS RESTRICTIVE FOR DELETE TO ombud_web USING (((( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text]) AS actor_may) AND (NOT ombud.actor_only_reads_ticket(ticket_id))) OR (uploader_id = ( SELECT (NULLIF(current_setting('ombud.user_id'::text, true), ''::text))::bigint AS "nullif"))));

CREATE POLICY rights_remove ON ombud.bounced_addresses AS RESTRICTIVE FOR DELETE TO ombud_web USING (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text]) AS actor_may));

CREATE POLICY rights_remove ON ombud.distinct_people AS RESTRICTIVE FOR DELETE TO ombud_web USING (( SELECT ombud.actor_may(VARIADIC ARRAY['people.keep'::text]) AS actor_may));

CREATE POLICY rights_remove ON ombud.distinct_tickets AS RESTRICTIVE FOR DELETE TO ombud_web USING (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text]) AS actor_may));

CREATE POLICY rights_remove ON ombud.external_refs AS RESTRICTIVE FOR DELETE TO ombud_web USING (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text]) AS actor_may));

CREATE POLICY rights_remove ON ombud.inbound_mails AS RESTRICTIVE FOR DELETE TO ombud_web USING (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text]) AS actor_may));

CREATE POLICY rights_remove ON ombud.mail_references AS RESTRICTIVE FOR DELETE TO ombud_web USING (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text, 'tickets.reply'::text]) AS actor_may));

CREATE POLICY rights_remove ON ombud.organization_domains AS RESTRICTIVE FOR DELETE TO ombud_web USING (( SELECT ombud.actor_may(VARIADIC ARRAY['people.keep'::text]) AS actor_may));

CREATE POLICY rights_remove ON ombud.organizations AS RESTRICTIVE FOR DELETE TO ombud_web USING (( SELECT ombud.actor_may(VARIADIC ARRAY['people.keep'::text]) AS actor_may));

CREATE POLICY rights_remove ON ombud.outbound_mails AS RESTRICTIVE FOR DELETE TO ombud_web USING (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text, 'tickets.reply'::text]) AS actor_may));

CREATE POLICY rights_remove ON ombud.outbound_recipients AS RESTRICTIVE FOR DELETE TO ombud_web USING (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text, 'tickets.reply'::text]) AS actor_may));

CREATE POLICY rights_remove ON ombud.tags AS RESTRICTIVE FOR DELETE TO ombud_web USING (( SELECT ombud.actor_may(VARIADIC ARRAY['tags.keep'::text]) AS actor_may));

CREATE POLICY rights_remove ON ombud.ticket_links AS RESTRICTIVE FOR DELETE TO ombud_web USING (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text]) AS actor_may));

CREATE POLICY rights_remove ON ombud.ticket_participants AS RESTRICTIVE FOR DELETE TO ombud_web USING (( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text]) AS actor_may));

CREATE POLICY rights_remove ON ombud.ticket_tags AS RESTRICTIVE FOR DELETE TO ombud_web USING ((( SELECT ombud.actor_may(VARIADIC ARRAY['tickets.change'::text]) AS actor_may) AND (NOT ombud.actor_only_reads_ticket(ticket_id))));

ALTER TABLE ombud.roles ENABLE ROW LEVEL SECURITY;

CREATE POLICY search ON ombud.search_words FOR SELECT TO ombud_search USING (true);

CREATE POLICY search ON ombud.ticket_participants FOR SELECT TO ombud_search USING (true);

CREATE POLICY search ON ombud.ticket_search FOR SELECT TO ombud_search USING (true);

CREATE POLICY search ON ombud.ticket_texts FOR SELECT TO ombud_search USING (true);

CREATE POLICY search ON ombud.tickets FOR SELECT TO ombud_search USING (true);

ALTER TABLE ombud.search_queue ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.search_words ENABLE ROW LEVEL SECURITY;

CREATE POLICY sight_add ON ombud.organization_domains AS RESTRICTIVE FOR INSERT TO ombud_web WITH CHECK (( SELECT (NULLIF(current_setting('ombud.scope'::text, true), ''::text) = 'all'::text)));

CREATE POLICY sight_change ON ombud.organization_domains AS RESTRICTIVE FOR UPDATE TO ombud_web USING (true) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.scope'::text, true), ''::text) = 'all'::text)));

CREATE POLICY sight_remove ON ombud.organization_domains AS RESTRICTIVE FOR DELETE TO ombud_web USING (( SELECT (NULLIF(current_setting('ombud.scope'::text, true), ''::text) = 'all'::text)));

ALTER TABLE ombud.sign_in_flows ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.sign_in_steps ENABLE ROW LEVEL SECURITY;

CREATE POLICY staff ON ombud.alike_finds FOR SELECT TO ombud_web USING ((( SELECT ombud.actor_kind() AS actor_kind) <> 'customer'::text));

CREATE POLICY staff ON ombud.alike_people FOR SELECT TO ombud_web USING ((( SELECT ombud.actor_kind() AS actor_kind) <> 'customer'::text));

CREATE POLICY staff ON ombud.alike_tickets FOR SELECT TO ombud_web USING (((( SELECT ombud.actor_kind() AS actor_kind) <> 'customer'::text) AND ((( SELECT ombud.actor_scope() AS actor_scope) = 'all'::text) OR ((EXISTS ( SELECT
   FROM ombud.tickets t
  WHERE (t.id = alike_tickets.ticket_id))) AND (EXISTS ( SELECT
   FROM ombud.tickets t
  WHERE (t.id = alike_tickets.other_id)))))));

CREATE POLICY staff ON ombud.distinct_people TO ombud_web USING ((( SELECT ombud.actor_kind() AS actor_kind) <> 'customer'::text));

CREATE POLICY staff ON ombud.distinct_tickets TO ombud_web USING (((( SELECT ombud.actor_kind() AS actor_kind) <> 'customer'::text) AND ((( SELECT ombud.actor_scope() AS actor_scope) = 'all'::text) OR ((EXISTS ( SELECT
   FROM ombud.tickets t
  WHERE (t.id = distinct_tickets.ticket_id))) AND (EXISTS ( SELECT
   FROM ombud.tickets t
  WHERE (t.id = distinct_tickets.other_id)))))));

CREATE POLICY staff ON ombud.external_refs TO ombud_web USING ((( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)) AND (( SELECT (NULLIF(current_setting('ombud.scope'::text, true), ''::text) = 'all'::text)) OR (EXISTS ( SELECT
   FROM ombud.tickets t
  WHERE (t.id = external_refs.ticket_id))))));

CREATE POLICY staff ON ombud.inbound_mails TO ombud_web USING ((( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)) AND (( SELECT (NULLIF(current_setting('ombud.scope'::text, true), ''::text) = 'all'::text)) OR
CASE
    WHEN (ticket_id IS NOT NULL) THEN (EXISTS ( SELECT
       FROM ombud.tickets t
      WHERE (t.id = inbound_mails.ticket_id)))
    ELSE (EXISTS ( SELECT
       FROM ombud.mailboxes m
      WHERE ((m.id = inbound_mails.mailbox_id) AND (m.team_id = ANY (( SELECT (COALESCE(NULLIF(current_setting('ombud.teams'::text, true), ''::text), '{}'::text))::bigint[] AS actor_teams)::bigint[])))))
END)));

CREATE POLICY staff ON ombud.mail_references TO ombud_web USING ((( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)) AND (( SELECT (NULLIF(current_setting('ombud.scope'::text, true), ''::text) = 'all'::text)) OR (EXISTS ( SELECT
   FROM ombud.tickets t
  WHERE (t.id = mail_references.ticket_id))))));

CREATE POLICY staff ON ombud.organization_domains TO ombud_web USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)));

CREATE POLICY staff ON ombud.outbound_mails TO ombud_web USING ((( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)) AND (( SELECT (NULLIF(current_setting('ombud.scope'::text, true), ''::text) = 'all'::text)) OR (EXISTS ( SELECT
   FROM ombud.tickets t
  WHERE (t.id = outbound_mails.ticket_id))))));

CREATE POLICY staff ON ombud.outbound_recipients TO ombud_web USING ((( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)) AND (( SELECT (NULLIF(current_setting('ombud.scope'::text, true), ''::text) = 'all'::text)) OR (EXISTS ( SELECT
   FROM ombud.outbound_mails m
  WHERE (m.id = outbound_recipients.mail_id))))));

CREATE POLICY staff ON ombud.tags TO ombud_web USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)));

CREATE POLICY staff ON ombud.ticket_links TO ombud_web USING ((( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)) AND (( SELECT (NULLIF(current_setting('ombud.scope'::text, true), ''::text) = 'all'::text)) OR ((EXISTS ( SELECT
   FROM ombud.tickets t
  WHERE (t.id = ticket_links.ticket_id))) AND (EXISTS ( SELECT
   FROM ombud.tickets t
  WHERE (t.id = ticket_links.follows_id)))))));

CREATE POLICY staff ON ombud.ticket_search FOR SELECT TO ombud_web USING ((( SELECT (NULLIF(current_setting('ombud.scope'::text, true), ''::text) = 'all'::text)) OR (( SELECT (NULLIF(current_setting('ombud.scope'::text, true), ''::text) = 'teams'::text)) AND (EXISTS ( SELECT
   FROM ombud.tickets t
  WHERE (t.id = ticket_search.ticket_id))))));

CREATE POLICY staff ON ombud.ticket_stats FOR SELECT TO ombud_web USING ((( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)) AND (( SELECT (NULLIF(current_setting('ombud.scope'::text, true), ''::text) = 'all'::text)) OR (team_id = 0) OR (team_id = ANY (( SELECT (COALESCE(NULLIF(current_setting('ombud.teams'::text, true), ''::text), '{}'::text))::bigint[] AS actor_teams)::bigint[])))));

CREATE POLICY staff ON ombud.ticket_stats_delta FOR SELECT TO ombud_web USING ((( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)) AND (( SELECT (NULLIF(current_setting('ombud.scope'::text, true), ''::text) = 'all'::text)) OR (team_id = 0) OR (team_id = ANY (( SELECT (COALESCE(NULLIF(current_setting('ombud.teams'::text, true), ''::text), '{}'::text))::bigint[] AS actor_teams)::bigint[])))));

CREATE POLICY staff_add ON ombud.organizations FOR INSERT TO ombud_web WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)));

CREATE POLICY staff_change ON ombud.organizations FOR UPDATE TO ombud_web USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)));

CREATE POLICY staff_change ON ombud.ticket_participants TO ombud_web USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)));

CREATE POLICY staff_clear ON ombud.bounced_addresses FOR DELETE TO ombud_web USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)));

CREATE POLICY staff_read ON ombud.bounced_addresses FOR SELECT TO ombud_web USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)));

CREATE POLICY staff_read ON ombud.mail_templates FOR SELECT TO ombud_web USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)));

CREATE POLICY staff_read ON ombud.mailbox_positions FOR SELECT TO ombud_web USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)));

CREATE POLICY staff_read ON ombud.mailbox_sending FOR SELECT TO ombud_web USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)));

CREATE POLICY staff_read ON ombud.mailboxes FOR SELECT TO ombud_web USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)));

CREATE POLICY staff_read ON ombud.message_moves FOR SELECT TO ombud_web USING ((( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)) AND (( SELECT (NULLIF(current_setting('ombud.scope'::text, true), ''::text) = 'all'::text)) OR (EXISTS ( SELECT
   FROM ombud.tickets t
  WHERE (t.id = message_moves.from_ticket_id))))));

CREATE POLICY staff_read ON ombud.roles FOR SELECT TO ombud_web USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)));

CREATE POLICY staff_read ON ombud.team_members FOR SELECT TO ombud_web USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)));

CREATE POLICY staff_read ON ombud.teams FOR SELECT TO ombud_web USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) <> 'customer'::text)));

ALTER TABLE ombud.stale_files ENABLE ROW LEVEL SECURITY;

CREATE POLICY system_all ON ombud.access_logs TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.account_letters TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

CREATE POLICY system_all ON ombud.account_notices TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

CREATE POLICY system_all ON ombud.account_requests TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

CREATE POLICY system_all ON ombud.account_tokens TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

CREATE POLICY system_all ON ombud.alike_finds TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

CREATE POLICY system_all ON ombud.alike_people TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

CREATE POLICY system_all ON ombud.alike_tickets TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

CREATE POLICY system_all ON ombud.api_tokens TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.attachments TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.audit_checkpoints TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.audit_logs TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.audit_redacted_rows TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.audit_redactions TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.automatic_mails TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.bounced_addresses TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.comments TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.desk_settings TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

CREATE POLICY system_all ON ombud.distinct_people TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

CREATE POLICY system_all ON ombud.distinct_tickets TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

CREATE POLICY system_all ON ombud.drafts TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.external_refs TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.identities TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

CREATE POLICY system_all ON ombud.identity_providers TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

CREATE POLICY system_all ON ombud.inbound_mails TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.kept_answers TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.known_browsers TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

CREATE POLICY system_all ON ombud.login_attempts TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.logout_tokens TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

CREATE POLICY system_all ON ombud.mail_references TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.mail_rules TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.mail_templates TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.mailbox_positions TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.mailbox_sending TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.mailboxes TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.message_moves TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.notification_settings TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.notifications TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.organization_domains TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.organizations TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.outbound_mails TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.outbound_recipients TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.passkeys TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

CREATE POLICY system_all ON ombud.recovery_codes TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

CREATE POLICY system_all ON ombud.roles TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

CREATE POLICY system_all ON ombud.search_queue TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

CREATE POLICY system_all ON ombud.search_words TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.sign_in_flows TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

CREATE POLICY system_all ON ombud.sign_in_steps TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

CREATE POLICY system_all ON ombud.stale_files TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.tags TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.team_members TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.teams TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.ticket_links TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.ticket_participants TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.ticket_reads TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.ticket_search TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.ticket_stats TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.ticket_stats_delta TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.ticket_tags TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.ticket_texts TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.tickets TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.totp_factors TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

CREATE POLICY system_all ON ombud.transfer_jobs TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

CREATE POLICY system_all ON ombud.transfer_problems TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

CREATE POLICY system_all ON ombud.users TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.web_sessions TO ombud_worker USING (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text))) WITH CHECK (( SELECT (NULLIF(current_setting('ombud.kind'::text, true), ''::text) = 'system'::text)));

CREATE POLICY system_all ON ombud.webhook_deliveries TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

CREATE POLICY system_all ON ombud.webhook_endpoints TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

CREATE POLICY system_all ON ombud.webhook_position TO ombud_worker USING ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text)) WITH CHECK ((( SELECT ombud.actor_kind() AS actor_kind) = 'system'::text));

ALTER TABLE ombud.tags ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.team_members ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.teams ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.ticket_links ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.ticket_participants ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.ticket_reads ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.ticket_search ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.ticket_stats ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.ticket_stats_delta ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.ticket_tags ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.ticket_texts ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.tickets ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.totp_factors ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.transfer_jobs ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.transfer_problems ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.users ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.web_sessions ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.webhook_deliveries ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.webhook_endpoints ENABLE ROW LEVEL SECURITY;

ALTER TABLE ombud.webhook_position ENABLE ROW LEVEL SECURITY;

GRANT USAGE ON SCHEMA ombud TO ombud_app;
GRANT USAGE ON SCHEMA ombud TO ombud_backup;
GRANT USAGE ON SCHEMA ombud TO ombud_search;

REVOKE ALL ON FUNCTION ombud.act(settings text[], steps text[], given text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.act(settings text[], steps text[], given text[]) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.actor_id() FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.actor_id() TO ombud_app;

REVOKE ALL ON FUNCTION ombud.actor_keeps_role(rights text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.actor_keeps_role(rights text[]) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.actor_kind() FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.actor_kind() TO ombud_app;

REVOKE ALL ON FUNCTION ombud.actor_may(VARIADIC wanted text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.actor_may(VARIADIC wanted text[]) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.actor_only_reads_ticket(ticket bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.actor_only_reads_ticket(ticket bigint) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.actor_organization() FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.actor_organization() TO ombud_app;

REVOKE ALL ON FUNCTION ombud.actor_reads_only(team bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.actor_reads_only(team bigint) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.actor_scope() FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.actor_scope() TO ombud_app;

REVOKE ALL ON FUNCTION ombud.actor_teams() FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.actor_teams() TO ombud_app;

REVOKE ALL ON FUNCTION ombud.add_words(document tsvector, more tsvector) FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.address_key(address text) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.address_key(address text) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.after_comments() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.alike(one text, other text) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.alike(one text, other text) TO ombud_search;

REVOKE ALL ON FUNCTION ombud.anonymise_person(person bigint, with_texts boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.anonymise_person(person bigint, with_texts boolean) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.answer(key_id text, stamp bytea, settings text[], steps text[], given text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.answer(key_id text, stamp bytea, settings text[], steps text[], given text[]) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.audit_actor() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_head(xid bigint, moment timestamp with time zone, table_name text, action text, actor text, user_id bigint, request text) FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_insert(action text, record_id text, record_key text, ticket_id text, changes text, source text) FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_leaf(head text, id bigint, record_id bigint, ticket_id bigint, record_key jsonb, changes jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_account_tokens() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_api_tokens() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_attachments() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_audit_redactions() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_bounced_addresses() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_comments() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_desk_settings() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_distinct_people() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_distinct_tickets() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_identities() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_identity_providers() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_inbound_mails() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_mail_rules() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_mail_templates() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_mailbox_sending() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_mailboxes() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_message_moves() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_organization_domains() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_organizations() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_outbound_mails() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_passkeys() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_recovery_codes() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_roles() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_tags() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_team_members() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_teams() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_ticket_links() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_ticket_participants() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_ticket_tags() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_tickets() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_totp_factors() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_transfer_jobs() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_users() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_of_webhook_endpoints() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.audit_table(target regclass, keys text[], ticket_column text, secrets text[], omitted text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.check_search_words(batch integer, older interval) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.check_search_words(batch integer, older interval) TO ombud_worker;

REVOKE ALL ON FUNCTION ombud.chosen_settings() FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.chosen_settings() TO ombud_app;

REVOKE ALL ON FUNCTION ombud.containing(part text) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.containing(part text) TO ombud_search;

REVOKE ALL ON FUNCTION ombud.conversations(begun bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.count_request_changes(request text) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.count_request_changes(request text) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.count_webhooks() FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.count_webhooks() TO ombud_app;

REVOKE ALL ON FUNCTION ombud.credentials(address text) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.credentials(address text) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.cut_account_letter() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.documents(ids bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.drop_factors() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.drop_identities() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.drop_steps() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.duration_bucket(milliseconds bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.duration_bucket(milliseconds bigint) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.ensure_audit_partitions(months_ahead integer) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.ensure_audit_partitions(months_ahead integer) TO ombud_worker;

REVOKE ALL ON FUNCTION ombud.find_account_token(hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.find_account_token(hash bytea) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.find_session(hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.find_session(hash bytea) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.find_token(wanted text) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.find_token(wanted text) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.fold_statistics(batch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.fold_statistics(batch integer) TO ombud_worker;

REVOKE ALL ON FUNCTION ombud.folded_words(typed text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.folded_words(typed text[]) TO ombud_search;

REVOKE ALL ON FUNCTION ombud.follow_credentials() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.followed_tickets() FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.followed_tickets() TO ombud_app;

REVOKE ALL ON FUNCTION ombud.forget_browsers() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.forget_letters(people bigint[], addresses text[], said text[], message_ids text[], met_tickets bigint[], with_texts boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.forget_turns() FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.forget_turns() TO ombud_worker;

REVOKE ALL ON FUNCTION ombud.found_texts(part text, kind text, most bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.found_texts(part text, kind text, most bigint) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.found_tickets(typed text, kind text, actor bigint, organization bigint, most bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.found_tickets(typed text, kind text, actor bigint, organization bigint, most bigint) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.has_administrator() FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.has_administrator() TO ombud_app;

REVOKE ALL ON FUNCTION ombud.has_files(ticket bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.has_files(ticket bigint) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.has_other_way_in(person bigint, but bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.has_other_way_in(person bigint, but bigint) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.has_second_factor(wanted bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.has_second_factor(wanted bigint) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.has_words(body text, wanted tsquery) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.has_words(body text, wanted tsquery) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.index_search_documents(batch integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.index_search_tail(batch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.index_search_tail(batch integer) TO ombud_worker;

REVOKE ALL ON FUNCTION ombud.is_curating() FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.is_curating() TO ombud_app;

REVOKE ALL ON FUNCTION ombud.is_lately(found_at timestamp with time zone, seconds double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.is_lately(found_at timestamp with time zone, seconds double precision) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.is_met(person bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.is_met(person bigint) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.is_status_move(old_status text, new_status text) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.is_status_move(old_status text, new_status text) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.keep_alike(worth double precision, strangers text[], days integer, within integer) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.keep_alike(worth double precision, strangers text[], days integer, within integer) TO ombud_worker;

REVOKE ALL ON FUNCTION ombud.keep_endpoint() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.keep_new_ticket() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.keep_numbers_above(number bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.keep_numbers_above(number bigint) TO ombud_worker;
GRANT ALL ON FUNCTION ombud.keep_numbers_above(number bigint) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.keep_old_secret() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.keep_setting() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.keep_sight_of_organization() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.keep_sight_of_user() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.keep_ticket() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.keep_user() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.keeps_account(person bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.keeps_account(person bigint) TO ombud_app;

GRANT SELECT ON TABLE ombud.audit_logs TO ombud_backup;
GRANT SELECT ON TABLE ombud.audit_logs TO ombud_app;

REVOKE ALL ON FUNCTION ombud.logged_between(since text, until text, after_id bigint, batch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.logged_between(since text, until text, after_id bigint, batch integer) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.mail_notice() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.match_tickets(typed text, kind text, actor bigint, organization bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.match_tickets(typed text, kind text, actor bigint, organization bigint) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.meet_browser(hash bytea, ip text, named text) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.meet_browser(hash bytea, ip text, named text) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.merge_people(sources bigint[], target bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.merge_people(sources bigint[], target bigint) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.merge_people_portion(sources bigint[], target bigint, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.merge_people_portion(sources bigint[], target bigint, most integer) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.moved_mail() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.name_key(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.name_key(name text) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.next_ticket_number() FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.next_ticket_number() TO ombud_app;

REVOKE ALL ON FUNCTION ombud.note_stale_files() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.note_stale_transfer() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.note_whence() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.notify_staff(told_kind text, tickets bigint[], comment bigint, people bigint[], quietly boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.notify_staff(told_kind text, tickets bigint[], comment bigint, people bigint[], quietly boolean) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.part_snippet(body text, part text) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.part_snippet(body text, part text) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.people_like(person bigint, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.people_like(person bigint, most integer) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.people_pairs(worth double precision, strangers text[], after double precision, after_one bigint, after_other bigint, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.people_pairs(worth double precision, strangers text[], after double precision, after_one bigint, after_other bigint, most integer) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.people_pairs_now(worth double precision, strangers text[], above bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.principal(wanted bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.principal(wanted bigint) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.provider_labels() FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.provider_labels() TO ombud_app;

REVOKE ALL ON FUNCTION ombud.redacted(changes jsonb, columns text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.require_curator() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.search_changed_comments() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.search_changed_tickets() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.search_changed_users() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.search_new_comments() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.search_new_tickets() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.search_query(typed text) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.search_query(typed text) TO ombud_app;
GRANT ALL ON FUNCTION ombud.search_query(typed text) TO ombud_search;

REVOKE ALL ON FUNCTION ombud.search_updated_comments() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.search_waiting() FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.search_waiting() TO ombud_worker;

REVOKE ALL ON FUNCTION ombud.search_weight(typed text) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.search_weight(typed text) TO ombud_app;
GRANT ALL ON FUNCTION ombud.search_weight(typed text) TO ombud_search;

REVOKE ALL ON FUNCTION ombud.secure(target regclass) FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.secure_partition(target regclass) FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.settle_search_texts() FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.settle_search_texts() TO ombud_worker;

REVOKE ALL ON FUNCTION ombud.similar_words(typed text[], kind text, actor bigint, organization bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.similar_words(typed text[], kind text, actor bigint, organization bigint) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.snippet(body text, typed text) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.snippet(body text, typed text) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.spaced(body text) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.spaced(body text) TO ombud_search;
GRANT ALL ON FUNCTION ombud.spaced(body text) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.stats_changed_tickets() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.stats_gone_tickets() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.stats_new_tickets() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.stretch_start(grain text, day date) FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.take_turns(keys text[], bursts integer[], seconds integer[], known text) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.take_turns(keys text[], bursts integer[], seconds integer[], known text) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.tell_of_webhook() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.text_weight(part text) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.text_weight(part text) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.texts_with(part text, kind text, actor bigint, organization bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.texts_with(part text, kind text, actor bigint, organization bigint) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.ticket_pairs_now(days integer, since timestamp with time zone, worth double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.ticket_pairs_now(days integer, since timestamp with time zone, worth double precision) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.ticket_stat_keys(created_at timestamp with time zone, status text, priority text, channel text, assignee_id bigint, response_ms bigint, resolution_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.ticket_stat_keys(created_at timestamp with time zone, status text, priority text, channel text, assignee_id bigint, response_ms bigint, resolution_ms bigint) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.tickets_changed(since text) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.tickets_changed(since text) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.token_stamp(wanted text) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.token_stamp(wanted text) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.touch() FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.turn_was_good(keys text[], seconds integer[], known text) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.turn_was_good(keys text[], seconds integer[], known text) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.unchanged_since(since text, OUT moment text, OUT holds boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.unchanged_since(since text, OUT moment text, OUT holds boolean) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.unmentioned(changes jsonb, columns text[], said text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.unmerge_people(sources bigint[], target bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.unmerge_people(sources bigint[], target bigint) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.use_account_token(hash bytea, wanted text) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.use_account_token(hash bytea, wanted text) TO ombud_app;

REVOKE ALL ON FUNCTION ombud.without_mentions(body text, said text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.words(body text, weight "char") FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.words(body text, weight "char") TO ombud_app;

REVOKE ALL ON FUNCTION ombud.words_like(wanted text, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION ombud.words_like(wanted text, most integer) TO ombud_search;

REVOKE ALL ON FUNCTION ombud.write_documents(ids bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.write_queued_documents(batch integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.write_texts(ids bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION ombud.all_words(tsvector) FROM PUBLIC;

GRANT SELECT ON TABLE ombud.access_logs TO ombud_backup;
GRANT SELECT,INSERT ON TABLE ombud.access_logs TO ombud_app;

GRANT SELECT ON SEQUENCE ombud.access_logs_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.account_letters TO ombud_backup;
GRANT SELECT,INSERT,UPDATE ON TABLE ombud.account_letters TO ombud_worker;

GRANT SELECT(mail_id) ON TABLE ombud.account_letters TO ombud_app;

GRANT SELECT(user_id) ON TABLE ombud.account_letters TO ombud_app;

GRANT SELECT(kind) ON TABLE ombud.account_letters TO ombud_app;

GRANT SELECT ON TABLE ombud.account_notices TO ombud_backup;
GRANT SELECT,INSERT ON TABLE ombud.account_notices TO ombud_app;

GRANT UPDATE(read_at) ON TABLE ombud.account_notices TO ombud_app;

GRANT SELECT ON SEQUENCE ombud.account_notices_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.account_requests TO ombud_backup;
GRANT SELECT,INSERT,DELETE ON TABLE ombud.account_requests TO ombud_app;
GRANT UPDATE ON TABLE ombud.account_requests TO ombud_worker;

GRANT SELECT ON SEQUENCE ombud.account_requests_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.account_tokens TO ombud_backup;
GRANT DELETE ON TABLE ombud.account_tokens TO ombud_app;
GRANT INSERT,UPDATE ON TABLE ombud.account_tokens TO ombud_worker;

GRANT SELECT(id) ON TABLE ombud.account_tokens TO ombud_app;

GRANT SELECT(user_id) ON TABLE ombud.account_tokens TO ombud_app;

GRANT SELECT(purpose) ON TABLE ombud.account_tokens TO ombud_app;

GRANT SELECT(email) ON TABLE ombud.account_tokens TO ombud_app;

GRANT SELECT(created_at) ON TABLE ombud.account_tokens TO ombud_app;

GRANT SELECT(expires_at) ON TABLE ombud.account_tokens TO ombud_app;

GRANT SELECT ON SEQUENCE ombud.account_tokens_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.alembic_version TO ombud_app;
GRANT SELECT ON TABLE ombud.alembic_version TO ombud_backup;

GRANT SELECT ON TABLE ombud.alike_finds TO ombud_backup;
GRANT SELECT ON TABLE ombud.alike_finds TO ombud_app;

GRANT SELECT ON TABLE ombud.alike_people TO ombud_backup;
GRANT SELECT ON TABLE ombud.alike_people TO ombud_app;

GRANT SELECT ON TABLE ombud.alike_tickets TO ombud_backup;
GRANT SELECT ON TABLE ombud.alike_tickets TO ombud_app;

GRANT SELECT ON TABLE ombud.api_tokens TO ombud_backup;
GRANT INSERT,UPDATE ON TABLE ombud.api_tokens TO ombud_app;

GRANT SELECT(id) ON TABLE ombud.api_tokens TO ombud_app;

GRANT SELECT(user_id) ON TABLE ombud.api_tokens TO ombud_app;

GRANT SELECT(name) ON TABLE ombud.api_tokens TO ombud_app;

GRANT SELECT(key_id) ON TABLE ombud.api_tokens TO ombud_app;

GRANT SELECT(scopes) ON TABLE ombud.api_tokens TO ombud_app;

GRANT SELECT(created_at) ON TABLE ombud.api_tokens TO ombud_app;

GRANT SELECT(expires_at) ON TABLE ombud.api_tokens TO ombud_app;

GRANT SELECT(last_used_at) ON TABLE ombud.api_tokens TO ombud_app;

GRANT SELECT(revoked_at) ON TABLE ombud.api_tokens TO ombud_app;

GRANT SELECT(confirmed_at) ON TABLE ombud.api_tokens TO ombud_app;

GRANT SELECT ON SEQUENCE ombud.api_tokens_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.attachments TO ombud_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ombud.attachments TO ombud_app;

GRANT SELECT ON SEQUENCE ombud.attachments_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.audit_checkpoints TO ombud_backup;
GRANT SELECT ON TABLE ombud.audit_checkpoints TO ombud_app;
GRANT INSERT ON TABLE ombud.audit_checkpoints TO ombud_worker;

GRANT SELECT ON SEQUENCE ombud.audit_logs_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.audit_redacted_rows TO ombud_backup;
GRANT SELECT,INSERT ON TABLE ombud.audit_redacted_rows TO ombud_app;

GRANT SELECT ON TABLE ombud.audit_redactions TO ombud_backup;
GRANT SELECT,INSERT ON TABLE ombud.audit_redactions TO ombud_app;

GRANT SELECT ON SEQUENCE ombud.audit_redactions_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.automatic_mails TO ombud_backup;
GRANT SELECT,INSERT,DELETE ON TABLE ombud.automatic_mails TO ombud_worker;

GRANT SELECT ON SEQUENCE ombud.automatic_mails_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.bounced_addresses TO ombud_backup;
GRANT SELECT,DELETE ON TABLE ombud.bounced_addresses TO ombud_app;
GRANT INSERT,UPDATE ON TABLE ombud.bounced_addresses TO ombud_worker;

GRANT SELECT ON TABLE ombud.comments TO ombud_backup;
GRANT SELECT,INSERT,UPDATE ON TABLE ombud.comments TO ombud_app;
GRANT DELETE ON TABLE ombud.comments TO ombud_worker;
GRANT DELETE ON TABLE ombud.comments TO ombud_web;

GRANT SELECT ON SEQUENCE ombud.comments_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.desk_settings TO ombud_backup;
GRANT SELECT,INSERT,UPDATE ON TABLE ombud.desk_settings TO ombud_app;

GRANT SELECT ON SEQUENCE ombud.desk_settings_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.distinct_people TO ombud_backup;
GRANT SELECT,INSERT,DELETE ON TABLE ombud.distinct_people TO ombud_app;

GRANT SELECT ON TABLE ombud.distinct_tickets TO ombud_backup;
GRANT SELECT,INSERT,DELETE ON TABLE ombud.distinct_tickets TO ombud_app;

GRANT SELECT ON TABLE ombud.drafts TO ombud_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ombud.drafts TO ombud_app;

GRANT SELECT ON TABLE ombud.external_refs TO ombud_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ombud.external_refs TO ombud_app;

GRANT SELECT ON TABLE ombud.identities TO ombud_backup;
GRANT SELECT,INSERT,DELETE ON TABLE ombud.identities TO ombud_app;
GRANT UPDATE ON TABLE ombud.identities TO ombud_worker;

GRANT SELECT ON SEQUENCE ombud.identities_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.identity_providers TO ombud_backup;
GRANT INSERT,DELETE,UPDATE ON TABLE ombud.identity_providers TO ombud_app;

GRANT SELECT(id) ON TABLE ombud.identity_providers TO ombud_app;

GRANT SELECT(slug) ON TABLE ombud.identity_providers TO ombud_app;

GRANT SELECT(label) ON TABLE ombud.identity_providers TO ombud_app;

GRANT SELECT(issuer) ON TABLE ombud.identity_providers TO ombud_app;

GRANT SELECT(client_id) ON TABLE ombud.identity_providers TO ombud_app;

GRANT SELECT(client_secret) ON TABLE ombud.identity_providers TO ombud_worker;

GRANT SELECT(has_secret) ON TABLE ombud.identity_providers TO ombud_app;

GRANT SELECT(scopes) ON TABLE ombud.identity_providers TO ombud_app;

GRANT SELECT(is_active) ON TABLE ombud.identity_providers TO ombud_app;

GRANT SELECT(for_staff) ON TABLE ombud.identity_providers TO ombud_app;

GRANT SELECT(for_customers) ON TABLE ombud.identity_providers TO ombud_app;

GRANT SELECT(domains) ON TABLE ombud.identity_providers TO ombud_app;

GRANT SELECT(new_role) ON TABLE ombud.identity_providers TO ombud_app;

GRANT SELECT(asks_second_factor) ON TABLE ombud.identity_providers TO ombud_app;

GRANT SELECT(ends_session) ON TABLE ombud.identity_providers TO ombud_app;

GRANT SELECT(created_at) ON TABLE ombud.identity_providers TO ombud_app;

GRANT SELECT(updated_at) ON TABLE ombud.identity_providers TO ombud_app;

GRANT SELECT ON SEQUENCE ombud.identity_providers_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.inbound_mails TO ombud_backup;
GRANT SELECT,INSERT,UPDATE ON TABLE ombud.inbound_mails TO ombud_app;
GRANT DELETE ON TABLE ombud.inbound_mails TO ombud_worker;

GRANT SELECT ON SEQUENCE ombud.inbound_mails_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.kept_answers TO ombud_backup;
GRANT SELECT,INSERT,UPDATE ON TABLE ombud.kept_answers TO ombud_app;
GRANT DELETE ON TABLE ombud.kept_answers TO ombud_worker;

GRANT SELECT ON SEQUENCE ombud.kept_answers_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.known_browsers TO ombud_backup;

GRANT SELECT ON TABLE ombud.login_attempts TO ombud_backup;

GRANT SELECT ON TABLE ombud.logout_tokens TO ombud_backup;
GRANT SELECT,INSERT,DELETE ON TABLE ombud.logout_tokens TO ombud_worker;

GRANT SELECT ON TABLE ombud.mail_references TO ombud_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ombud.mail_references TO ombud_app;

GRANT SELECT ON TABLE ombud.mail_rules TO ombud_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ombud.mail_rules TO ombud_app;

GRANT SELECT ON SEQUENCE ombud.mail_rules_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.mail_templates TO ombud_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ombud.mail_templates TO ombud_app;

GRANT SELECT ON SEQUENCE ombud.mail_templates_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.mailbox_positions TO ombud_backup;
GRANT SELECT,INSERT,UPDATE ON TABLE ombud.mailbox_positions TO ombud_worker;
GRANT SELECT ON TABLE ombud.mailbox_positions TO ombud_app;

GRANT SELECT ON TABLE ombud.mailbox_sending TO ombud_backup;
GRANT INSERT,DELETE,UPDATE ON TABLE ombud.mailbox_sending TO ombud_app;

GRANT SELECT(mailbox_id) ON TABLE ombud.mailbox_sending TO ombud_app;

GRANT SELECT(is_paused) ON TABLE ombud.mailbox_sending TO ombud_app;

GRANT SELECT(quotes_history) ON TABLE ombud.mailbox_sending TO ombud_app;

GRANT SELECT(link_over) ON TABLE ombud.mailbox_sending TO ombud_app;

GRANT SELECT(dkim_selector) ON TABLE ombud.mailbox_sending TO ombud_app;

GRANT SELECT(dkim_key) ON TABLE ombud.mailbox_sending TO ombud_worker;

GRANT SELECT ON TABLE ombud.mailboxes TO ombud_backup;
GRANT INSERT,DELETE,UPDATE ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(id) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(name) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(address) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(team_id) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(is_active) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(acknowledges) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(adds_followers) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(reopen_days) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(trusted_authserv) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(signature) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(imap_host) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(imap_port) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(imap_security) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(imap_user) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(imap_secret) ON TABLE ombud.mailboxes TO ombud_worker;

GRANT SELECT(imap_folder) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(imap_moves_to) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(smtp_host) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(smtp_port) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(smtp_security) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(smtp_user) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(smtp_secret) ON TABLE ombud.mailboxes TO ombud_worker;

GRANT SELECT(created_at) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(updated_at) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(joins_copies) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(imap_skips_old) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(auth) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(oauth_token_url) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(oauth_client_id) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(oauth_scope) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(oauth_secret) ON TABLE ombud.mailboxes TO ombud_worker;

GRANT SELECT(has_imap_secret) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(has_smtp_secret) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT(has_oauth_secret) ON TABLE ombud.mailboxes TO ombud_app;

GRANT SELECT ON SEQUENCE ombud.mailboxes_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.message_moves TO ombud_backup;
GRANT SELECT ON TABLE ombud.message_moves TO ombud_app;
GRANT INSERT,DELETE ON TABLE ombud.message_moves TO ombud_worker;

GRANT SELECT ON SEQUENCE ombud.message_moves_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.notification_settings TO ombud_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ombud.notification_settings TO ombud_app;

GRANT SELECT ON TABLE ombud.notifications TO ombud_backup;
GRANT SELECT,UPDATE ON TABLE ombud.notifications TO ombud_app;

GRANT SELECT ON SEQUENCE ombud.notifications_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.organization_domains TO ombud_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ombud.organization_domains TO ombud_app;

GRANT SELECT ON TABLE ombud.organizations TO ombud_backup;
GRANT SELECT,INSERT,UPDATE ON TABLE ombud.organizations TO ombud_app;
GRANT DELETE ON TABLE ombud.organizations TO ombud_worker;

GRANT SELECT ON SEQUENCE ombud.organizations_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.outbound_mails TO ombud_backup;
GRANT SELECT,INSERT,UPDATE ON TABLE ombud.outbound_mails TO ombud_app;

GRANT SELECT ON SEQUENCE ombud.outbound_mails_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.outbound_recipients TO ombud_backup;
GRANT SELECT,INSERT,UPDATE ON TABLE ombud.outbound_recipients TO ombud_app;

GRANT SELECT ON SEQUENCE ombud.outbound_recipients_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.passkeys TO ombud_backup;
GRANT INSERT,DELETE,UPDATE ON TABLE ombud.passkeys TO ombud_app;

GRANT SELECT(id) ON TABLE ombud.passkeys TO ombud_app;

GRANT SELECT(user_id) ON TABLE ombud.passkeys TO ombud_app;

GRANT SELECT(name) ON TABLE ombud.passkeys TO ombud_app;

GRANT SELECT(credential_id) ON TABLE ombud.passkeys TO ombud_app;

GRANT SELECT(public_key) ON TABLE ombud.passkeys TO ombud_worker;

GRANT SELECT(sign_count) ON TABLE ombud.passkeys TO ombud_app;

GRANT SELECT(transports) ON TABLE ombud.passkeys TO ombud_app;

GRANT SELECT(is_synced) ON TABLE ombud.passkeys TO ombud_app;

GRANT SELECT(created_at) ON TABLE ombud.passkeys TO ombud_app;

GRANT SELECT(last_used_at) ON TABLE ombud.passkeys TO ombud_app;

GRANT SELECT ON SEQUENCE ombud.passkeys_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.recovery_codes TO ombud_backup;
GRANT INSERT,DELETE,UPDATE ON TABLE ombud.recovery_codes TO ombud_app;

GRANT SELECT(id) ON TABLE ombud.recovery_codes TO ombud_app;

GRANT SELECT(user_id) ON TABLE ombud.recovery_codes TO ombud_app;

GRANT SELECT(code_hash) ON TABLE ombud.recovery_codes TO ombud_worker;

GRANT SELECT(created_at) ON TABLE ombud.recovery_codes TO ombud_app;

GRANT SELECT(used_at) ON TABLE ombud.recovery_codes TO ombud_app;

GRANT SELECT ON SEQUENCE ombud.recovery_codes_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.roles TO ombud_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ombud.roles TO ombud_app;

GRANT SELECT ON SEQUENCE ombud.roles_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.search_queue TO ombud_backup;
GRANT SELECT ON TABLE ombud.search_queue TO ombud_worker;

GRANT SELECT ON TABLE ombud.search_words TO ombud_backup;
GRANT SELECT ON TABLE ombud.search_words TO ombud_search;

GRANT SELECT ON TABLE ombud.sign_in_flows TO ombud_backup;
GRANT SELECT,INSERT,DELETE ON TABLE ombud.sign_in_flows TO ombud_worker;

GRANT SELECT ON TABLE ombud.sign_in_steps TO ombud_backup;
GRANT SELECT,INSERT,DELETE ON TABLE ombud.sign_in_steps TO ombud_worker;

GRANT UPDATE(id_token) ON TABLE ombud.sign_in_steps TO ombud_worker;

GRANT SELECT ON TABLE ombud.stale_files TO ombud_backup;
GRANT SELECT,INSERT,DELETE ON TABLE ombud.stale_files TO ombud_worker;

GRANT SELECT ON TABLE ombud.tags TO ombud_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ombud.tags TO ombud_app;

GRANT SELECT ON SEQUENCE ombud.tags_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.team_members TO ombud_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ombud.team_members TO ombud_app;

GRANT SELECT ON TABLE ombud.teams TO ombud_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ombud.teams TO ombud_app;

GRANT SELECT ON SEQUENCE ombud.teams_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.ticket_links TO ombud_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ombud.ticket_links TO ombud_app;

GRANT SELECT ON SEQUENCE ombud.ticket_number_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.ticket_participants TO ombud_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ombud.ticket_participants TO ombud_app;
GRANT SELECT ON TABLE ombud.ticket_participants TO ombud_search;

GRANT SELECT ON TABLE ombud.ticket_reads TO ombud_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ombud.ticket_reads TO ombud_app;

GRANT SELECT ON TABLE ombud.ticket_search TO ombud_backup;
GRANT SELECT ON TABLE ombud.ticket_search TO ombud_search;

GRANT SELECT(ticket_id) ON TABLE ombud.ticket_search TO ombud_app;

GRANT SELECT(document) ON TABLE ombud.ticket_search TO ombud_app;

GRANT SELECT(is_indexed) ON TABLE ombud.ticket_search TO ombud_app;

GRANT SELECT(changed_at) ON TABLE ombud.ticket_search TO ombud_app;

GRANT SELECT ON TABLE ombud.ticket_stats TO ombud_backup;
GRANT SELECT ON TABLE ombud.ticket_stats TO ombud_app;

GRANT SELECT ON TABLE ombud.ticket_stats_delta TO ombud_backup;
GRANT SELECT ON TABLE ombud.ticket_stats_delta TO ombud_app;

GRANT SELECT ON SEQUENCE ombud.ticket_stats_delta_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.ticket_tags TO ombud_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ombud.ticket_tags TO ombud_app;

GRANT SELECT ON TABLE ombud.ticket_texts TO ombud_backup;
GRANT SELECT ON TABLE ombud.ticket_texts TO ombud_search;

GRANT SELECT ON TABLE ombud.tickets TO ombud_backup;
GRANT SELECT,INSERT,UPDATE ON TABLE ombud.tickets TO ombud_app;
GRANT DELETE ON TABLE ombud.tickets TO ombud_worker;
GRANT SELECT ON TABLE ombud.tickets TO ombud_search;

GRANT SELECT ON SEQUENCE ombud.tickets_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.totp_factors TO ombud_backup;
GRANT INSERT,DELETE,UPDATE ON TABLE ombud.totp_factors TO ombud_app;

GRANT SELECT(user_id) ON TABLE ombud.totp_factors TO ombud_app;

GRANT SELECT(secret) ON TABLE ombud.totp_factors TO ombud_worker;

GRANT SELECT(last_step) ON TABLE ombud.totp_factors TO ombud_app;

GRANT SELECT(created_at) ON TABLE ombud.totp_factors TO ombud_app;

GRANT SELECT(confirmed_at) ON TABLE ombud.totp_factors TO ombud_app;

GRANT SELECT ON TABLE ombud.transfer_jobs TO ombud_backup;
GRANT SELECT,INSERT,DELETE ON TABLE ombud.transfer_jobs TO ombud_app;
GRANT UPDATE ON TABLE ombud.transfer_jobs TO ombud_worker;

GRANT UPDATE(state) ON TABLE ombud.transfer_jobs TO ombud_app;

GRANT UPDATE(lease_until) ON TABLE ombud.transfer_jobs TO ombud_app;

GRANT UPDATE(settled_at) ON TABLE ombud.transfer_jobs TO ombud_app;

GRANT SELECT ON SEQUENCE ombud.transfer_jobs_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.transfer_problems TO ombud_backup;
GRANT SELECT ON TABLE ombud.transfer_problems TO ombud_app;
GRANT INSERT,DELETE ON TABLE ombud.transfer_problems TO ombud_worker;

GRANT SELECT ON SEQUENCE ombud.transfer_problems_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.users TO ombud_backup;
GRANT DELETE ON TABLE ombud.users TO ombud_worker;
GRANT INSERT,UPDATE ON TABLE ombud.users TO ombud_app;

GRANT SELECT(id) ON TABLE ombud.users TO ombud_app;

GRANT SELECT(email) ON TABLE ombud.users TO ombud_app;

GRANT SELECT(full_name) ON TABLE ombud.users TO ombud_app;

GRANT SELECT(is_active) ON TABLE ombud.users TO ombud_app;

GRANT SELECT(is_staff) ON TABLE ombud.users TO ombud_app;

GRANT SELECT(role) ON TABLE ombud.users TO ombud_app;

GRANT SELECT(sees_all_teams) ON TABLE ombud.users TO ombud_app;

GRANT SELECT(organization_id) ON TABLE ombud.users TO ombud_app;

GRANT SELECT(theme) ON TABLE ombud.users TO ombud_app;

GRANT SELECT(last_login) ON TABLE ombud.users TO ombud_app;

GRANT SELECT(email_norm) ON TABLE ombud.users TO ombud_app;

GRANT SELECT(created_at) ON TABLE ombud.users TO ombud_app;

GRANT SELECT(updated_at) ON TABLE ombud.users TO ombud_app;

GRANT SELECT(merged_into_id) ON TABLE ombud.users TO ombud_app;

GRANT SELECT(anonymised_at) ON TABLE ombud.users TO ombud_app;

GRANT SELECT(custom_role_id) ON TABLE ombud.users TO ombud_app;

GRANT SELECT(new_browser_letters) ON TABLE ombud.users TO ombud_app;

GRANT SELECT ON SEQUENCE ombud.users_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.web_sessions TO ombud_backup;
GRANT INSERT,DELETE,UPDATE ON TABLE ombud.web_sessions TO ombud_app;

GRANT SELECT(id) ON TABLE ombud.web_sessions TO ombud_app;

GRANT SELECT(user_id) ON TABLE ombud.web_sessions TO ombud_app;

GRANT SELECT(created_at) ON TABLE ombud.web_sessions TO ombud_app;

GRANT SELECT(last_seen_at) ON TABLE ombud.web_sessions TO ombud_app;

GRANT SELECT(expires_at) ON TABLE ombud.web_sessions TO ombud_app;

GRANT SELECT(ip) ON TABLE ombud.web_sessions TO ombud_app;

GRANT SELECT(user_agent) ON TABLE ombud.web_sessions TO ombud_app;

GRANT SELECT(confirmed_at) ON TABLE ombud.web_sessions TO ombud_app;

GRANT SELECT(idle_seconds) ON TABLE ombud.web_sessions TO ombud_app;

GRANT SELECT(identity_id) ON TABLE ombud.web_sessions TO ombud_app;

GRANT SELECT(provider_sid) ON TABLE ombud.web_sessions TO ombud_worker;

GRANT SELECT(id_token) ON TABLE ombud.web_sessions TO ombud_worker;

GRANT SELECT ON SEQUENCE ombud.web_sessions_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.webhook_deliveries TO ombud_backup;
GRANT SELECT,INSERT,UPDATE ON TABLE ombud.webhook_deliveries TO ombud_app;
GRANT DELETE ON TABLE ombud.webhook_deliveries TO ombud_worker;

GRANT SELECT ON SEQUENCE ombud.webhook_deliveries_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.webhook_endpoints TO ombud_backup;
GRANT INSERT,DELETE,UPDATE ON TABLE ombud.webhook_endpoints TO ombud_app;

GRANT SELECT(id) ON TABLE ombud.webhook_endpoints TO ombud_app;

GRANT SELECT(owner_id) ON TABLE ombud.webhook_endpoints TO ombud_app;

GRANT SELECT(url) ON TABLE ombud.webhook_endpoints TO ombud_app;

GRANT SELECT(description) ON TABLE ombud.webhook_endpoints TO ombud_app;

GRANT SELECT(events) ON TABLE ombud.webhook_endpoints TO ombud_app;

GRANT SELECT(includes_notes) ON TABLE ombud.webhook_endpoints TO ombud_app;

GRANT SELECT(is_active) ON TABLE ombud.webhook_endpoints TO ombud_app;

GRANT SELECT(secret) ON TABLE ombud.webhook_endpoints TO ombud_worker;

GRANT SELECT(old_secret) ON TABLE ombud.webhook_endpoints TO ombud_worker;

GRANT SELECT(old_secret_until) ON TABLE ombud.webhook_endpoints TO ombud_app;

GRANT SELECT(held_until) ON TABLE ombud.webhook_endpoints TO ombud_app;

GRANT SELECT(failing_since) ON TABLE ombud.webhook_endpoints TO ombud_app;

GRANT SELECT(problem) ON TABLE ombud.webhook_endpoints TO ombud_app;

GRANT SELECT(created_at) ON TABLE ombud.webhook_endpoints TO ombud_app;

GRANT SELECT(updated_at) ON TABLE ombud.webhook_endpoints TO ombud_app;

GRANT SELECT ON SEQUENCE ombud.webhook_endpoints_id_seq TO ombud_backup;

GRANT SELECT ON TABLE ombud.webhook_position TO ombud_backup;
GRANT SELECT,INSERT,UPDATE ON TABLE ombud.webhook_position TO ombud_worker;

ALTER DEFAULT PRIVILEGES FOR ROLE ombud_owner IN SCHEMA ombud GRANT SELECT ON SEQUENCES TO ombud_backup;

ALTER DEFAULT PRIVILEGES FOR ROLE ombud_owner IN SCHEMA ombud GRANT SELECT ON TABLES TO ombud_backup;

-- Forget people as before 0106, when what had moved, was purged or given away was not known to it.

CREATE OR REPLACE FUNCTION ombud.anonymise_person(person bigint, with_texts boolean)
RETURNS TABLE (log_id bigint, was bytea, is_now bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
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
  letters bigint[];
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
  own_tickets := ARRAY(SELECT t.id FROM ombud.tickets t WHERE t.requester_id = ANY (people)
                        UNION SELECT l.record_id FROM ombud.audit_logs l
                               WHERE l.table_name = 'tickets' AND l.action = 'DELETE'
                                 AND l.changes -> 'requester_id' -> 0 = ANY (SELECT to_jsonb(p) FROM unnest(people) p));
  met_tickets := ARRAY(SELECT unnest(own_tickets)
                        UNION SELECT c.ticket_id FROM ombud.comments c WHERE c.author_id = ANY (people)
                        UNION SELECT a.ticket_id FROM ombud.attachments a WHERE a.uploader_id = ANY (people)
                        UNION SELECT p.ticket_id FROM ombud.ticket_participants p WHERE p.user_id = ANY (people)
                        UNION SELECT l.ticket_id FROM ombud.audit_logs l
                               WHERE l.table_name = 'comments' AND l.action = 'DELETE'
                                 AND l.changes -> 'author_id' -> 0 = ANY (SELECT to_jsonb(p) FROM unnest(people) p));
  gone_comments := ARRAY(SELECT l.record_id FROM ombud.audit_logs l
                          WHERE l.table_name = 'comments' AND l.action = 'DELETE'
                            AND l.changes -> 'author_id' -> 0 = ANY (SELECT to_jsonb(p) FROM unnest(people) p));

  SELECT coalesce(array_agg(m.id), '{}'), coalesce(array_agg(DISTINCT m.ticket_id), '{}'), coalesce(array_agg(m.message_id), '{}')
    INTO mails, mail_tickets, message_ids
    FROM ombud.inbound_mails m
   WHERE lower(m.sender_email) = ANY (addresses) OR lower(m.envelope_from) = ANY (addresses);
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
    DELETE FROM ombud.attachments a WHERE a.uploader_id = ANY (people);
    DELETE FROM ombud.drafts d WHERE d.ticket_id = ANY (met_tickets) AND d.content <> ombud.without_mentions(d.content, said);
  END IF;

  -- What search keeps beside the documents follows from the worker; until then it would still know.
  DELETE FROM ombud.ticket_texts
   WHERE ticket_id = ANY (own_tickets)
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
      SELECT l.id, l.created_at, l.changes AS before,
             ombud.redacted(l.changes, CASE l.table_name
               WHEN 'users' THEN '{email,full_name}'::text[]
               WHEN 'api_tokens' THEN '{name}'
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
          OR (l.ticket_id IS NULL AND l.table_name = 'inbound_mails' AND l.record_id = ANY (mails))
          OR (l.ticket_id = ANY (mail_tickets) AND l.table_name = 'inbound_mails' AND l.record_id = ANY (mails))
          OR (l.table_name = 'outbound_mails' AND l.record_id = ANY (letters)
              AND (l.ticket_id IS NULL OR l.ticket_id IN (
                     SELECT m.ticket_id FROM ombud.outbound_mails m WHERE m.id = ANY (letters))))
          OR (with_texts AND l.ticket_id = ANY (own_tickets) AND l.table_name = 'tickets')
          OR (with_texts AND l.ticket_id = ANY (met_tickets) AND l.table_name = 'comments'
              AND (l.record_id = ANY (own_comments || other_comments || gone_comments)
                   OR l.changes -> 'author_id' -> 0 = ANY (SELECT to_jsonb(p) FROM unnest(people) p)
                   OR l.changes -> 'author_id' -> 1 = ANY (SELECT to_jsonb(p) FROM unnest(people) p)))
          OR (with_texts AND l.ticket_id = ANY (met_tickets) AND l.table_name = 'attachments'
              AND (l.changes -> 'uploader_id' -> 0 = ANY (SELECT to_jsonb(p) FROM unnest(people) p)
                   OR l.changes -> 'uploader_id' -> 1 = ANY (SELECT to_jsonb(p) FROM unnest(people) p)))),
    changed AS (
      UPDATE ombud.audit_logs l SET changes = p.after FROM personal p
       WHERE l.id = p.id AND l.created_at = p.created_at AND p.after <> p.before
      RETURNING l.id, p.before, p.after)
    SELECT c.id, sha256(convert_to(c.before::text, 'UTF8')), sha256(convert_to(c.after::text, 'UTF8'))
      FROM changed c ORDER BY c.id;
  PERFORM set_config('ombud.curating', '', true);
END $$;

CREATE OR REPLACE FUNCTION ombud.without_mentions(body text, said text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog AS $$
DECLARE
  one text;
BEGIN
  FOREACH one IN ARRAY said LOOP
    body := regexp_replace(body, regexp_replace(one, '([^[:alnum:][:space:]])', '\\\1', 'g'), '[anonymised]', 'gi');
  END LOOP;
  RETURN body;
END $$;

DROP FUNCTION ombud.conversations(bigint[]), ombud.unmentioned(jsonb, text[], text[]);

-- Merging people. Functions of the owner, because all that refers to a person moves, whoever sees it.

CREATE FUNCTION ombud.require_curator() RETURNS void LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
BEGIN
  IF ombud.actor_kind() IS NULL OR ombud.actor_kind() NOT IN ('admin', 'system') THEN
    RAISE EXCEPTION 'only an administrator merges and anonymises people'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_rights';
  END IF;
END $$;

-- What belongs to `sources` becomes `target`'s; they stay as stubs that point to it. Drafts and marks of what was
-- read are copied: the log does not know them, so what the stubs keep is what an undo finds.
CREATE FUNCTION ombud.merge_people(sources bigint[], target bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  PERFORM ombud.require_curator();
  PERFORM set_config('ombud.curating', 'on', true);
  UPDATE ombud.tickets
     SET requester_id = CASE WHEN requester_id = ANY (sources) THEN target ELSE requester_id END,
         creator_id = CASE WHEN creator_id = ANY (sources) THEN target ELSE creator_id END
   WHERE requester_id = ANY (sources) OR creator_id = ANY (sources);
  UPDATE ombud.comments SET author_id = target WHERE author_id = ANY (sources);
  UPDATE ombud.attachments SET uploader_id = target WHERE uploader_id = ANY (sources);
  INSERT INTO ombud.ticket_participants (ticket_id, user_id, created_at)
  SELECT p.ticket_id, target, min(p.created_at) FROM ombud.ticket_participants p
   WHERE p.user_id = ANY (sources) GROUP BY p.ticket_id
  ON CONFLICT DO NOTHING;
  DELETE FROM ombud.ticket_participants WHERE user_id = ANY (sources);
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

-- What `merge_people` copied and the log does not know goes again, where it is still as it was copied.
CREATE FUNCTION ombud.unmerge_people(sources bigint[], target bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  PERFORM ombud.require_curator();
  DELETE FROM ombud.drafts t USING ombud.drafts s
   WHERE t.user_id = target AND s.user_id = ANY (sources)
     AND (t.ticket_id, t.is_internal, t.content, t.updated_at) = (s.ticket_id, s.is_internal, s.content, s.updated_at);
  DELETE FROM ombud.ticket_reads t USING ombud.ticket_reads s
   WHERE t.user_id = target AND s.user_id = ANY (sources) AND (t.ticket_id, t.seen_at) = (s.ticket_id, s.seen_at);
END $$;

CREATE INDEX ix_users_address_key ON ombud.users (ombud.address_key(email_norm));
CREATE INDEX ix_users_name_key ON ombud.users (ombud.name_key(full_name)) WHERE full_name <> '';
CREATE INDEX ix_users_full_name_trgm ON ombud.users USING gin (full_name ombud.gin_trgm_ops)
  WHERE role = 'customer' AND merged_into_id IS NULL;

-- Customers who may be `person`, from indexes: the same inbox, the same name, a similar name.
CREATE FUNCTION ombud.people_like(person bigint, most int) RETURNS TABLE (user_id bigint, alike real)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  known ombud.users := (SELECT u FROM ombud.users u WHERE u.id = person);
BEGIN
  IF ombud.actor_kind() IS NULL OR ombud.actor_kind() = 'customer' OR known.id IS NULL THEN
    RETURN;
  END IF;
  PERFORM set_config('pg_trgm.similarity_threshold', '0.5', true);
  RETURN QUERY
    SELECT u.id, CASE WHEN known.full_name = '' THEN 0 ELSE ombud.similarity(u.full_name, known.full_name) END
      FROM (SELECT k.id FROM ombud.users k WHERE ombud.address_key(k.email_norm) = ombud.address_key(known.email_norm)
             UNION (SELECT k.id FROM ombud.users k
                     WHERE k.full_name <> '' AND ombud.name_key(k.full_name) = ombud.name_key(known.full_name)
                     LIMIT most)
             UNION (SELECT k.id FROM ombud.users k
                     WHERE k.role = 'customer' AND k.merged_into_id IS NULL
                       AND k.full_name OPERATOR(ombud.%) known.full_name
                     LIMIT most)) found
      JOIN ombud.users u USING (id)
     WHERE u.id <> person AND u.role = 'customer' AND u.merged_into_id IS NULL AND u.anonymised_at IS NULL
     ORDER BY 2 DESC, 1 LIMIT most;
END $$;

-- Pairs of customers who may be one person, over the whole desk: the same inbox first, then the same name.
-- A name that more than 20 people have says nothing about any two of them.
CREATE FUNCTION ombud.people_alike(most int) RETURNS TABLE (user_id bigint, other_id bigint, alike real)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF ombud.actor_kind() IS NULL OR ombud.actor_kind() = 'customer' THEN
    RETURN;
  END IF;
  RETURN QUERY
    WITH customers AS (
      SELECT u.id, u.email_norm, u.full_name FROM ombud.users u
       WHERE u.role = 'customer' AND u.merged_into_id IS NULL AND u.anonymised_at IS NULL),
    inboxes AS (
      SELECT array_agg(c.id ORDER BY c.id) AS ids FROM customers c GROUP BY ombud.address_key(c.email_norm)
      HAVING count(*) BETWEEN 2 AND 20 LIMIT most),
    names AS (
      SELECT array_agg(c.id ORDER BY c.id) AS ids FROM customers c
       WHERE ombud.name_key(c.full_name) LIKE '% %' GROUP BY ombud.name_key(c.full_name)
      HAVING count(*) BETWEEN 2 AND 20 LIMIT most),
    pairs AS (
      SELECT DISTINCT a.id AS first, b.id AS second
        FROM (TABLE inboxes UNION ALL TABLE names) g
       CROSS JOIN LATERAL unnest(g.ids) a(id)
       CROSS JOIN LATERAL unnest(g.ids) b(id)
       WHERE a.id < b.id)
    SELECT p.first, p.second,
           CASE WHEN a.full_name = '' OR b.full_name = '' THEN 0 ELSE ombud.similarity(a.full_name, b.full_name) END
      FROM pairs p JOIN ombud.users a ON a.id = p.first JOIN ombud.users b ON b.id = p.second
     ORDER BY (ombud.address_key(a.email_norm) = ombud.address_key(b.email_norm)) DESC, 3 DESC, 1, 2 LIMIT most;
END $$;

-- An import that brings numbers of its own: new tickets get higher ones.
CREATE FUNCTION ombud.keep_numbers_above(number bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT setval('ombud.ticket_number_seq', number)
    FROM ombud.ticket_number_seq s WHERE s.last_value < number
$$;

REVOKE ALL ON FUNCTION ombud.require_curator(), ombud.merge_people(bigint[], bigint),
  ombud.unmerge_people(bigint[], bigint), ombud.address_key(text), ombud.name_key(text),
  ombud.people_like(bigint, int), ombud.people_alike(int), ombud.keep_numbers_above(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ombud.merge_people(bigint[], bigint), ombud.unmerge_people(bigint[], bigint),
  ombud.address_key(text), ombud.name_key(text), ombud.people_like(bigint, int), ombud.people_alike(int)
  TO ombud_app;
GRANT EXECUTE ON FUNCTION ombud.keep_numbers_above(bigint) TO ombud_worker;

-- Full-text search. Documents live in a table of their own; writers never touch its GIN index.

DO $$
DECLARE
  home text := (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
                 WHERE e.extname = 'unaccent');
BEGIN
  CREATE TEXT SEARCH CONFIGURATION ombud.plain (COPY = pg_catalog.simple);
  EXECUTE format('ALTER TEXT SEARCH CONFIGURATION ombud.plain ALTER MAPPING FOR '
                 'hword, hword_part, word WITH %I.unaccent, pg_catalog.simple', home);
END $$;

-- Chinese and Japanese write no spaces: each of their characters counts as a word, and a query asks for them in
-- a row, so that any part of a sentence is found. PostgreSQL reads the number in "order-2557" as minus 2557:
-- it is set apart, so that it is found without its prefix.
CREATE FUNCTION ombud.spaced(body text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
  SELECT regexp_replace(
         CASE WHEN body ~ '[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]'
              THEN regexp_replace(body, '([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff])', ' \1 ', 'g')
              ELSE body END, '(\w)-(\d)', '\1 \2', 'g')
$$;

-- One text's words. A text too rich for a tsvector (1 MiB) is found by its beginning.
CREATE FUNCTION ombud.words(body text, weight "char") RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
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

CREATE FUNCTION ombud.add_words(document tsvector, more tsvector) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
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

CREATE AGGREGATE ombud.all_words(tsvector) (SFUNC = ombud.add_words, STYPE = tsvector, INITCOND = '');

-- The documents of some tickets, from scratch.
CREATE FUNCTION ombud.documents(ids bigint[])
RETURNS TABLE (ticket_id bigint, document tsvector, public_document tsvector)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT t.id,
         ombud.add_words(head.words, coalesce(said.everything, '')),
         ombud.add_words(head.words, coalesce(said.publicly, ''))
    FROM ombud.tickets t
    JOIN ombud.users u ON u.id = t.requester_id
   CROSS JOIN LATERAL (SELECT ombud.words(t.ticket_number || ' ' || t.title, 'A')
                           || ombud.words(u.full_name || ' ' || u.email, 'B')
                           || ombud.words(t.description, 'C') AS words) head
    LEFT JOIN LATERAL (SELECT ombud.all_words(ombud.words(c.content, 'D') ORDER BY c.id) AS everything,
                              ombud.all_words(ombud.words(c.content, 'D') ORDER BY c.id)
                                FILTER (WHERE NOT c.is_internal) AS publicly
                         FROM ombud.comments c WHERE c.ticket_id = t.id) said ON true
   WHERE t.id = ANY(ids)
$$;

CREATE FUNCTION ombud.write_documents(ids bigint[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  INSERT INTO ombud.ticket_search AS s (ticket_id, document, public_document)
  SELECT d.ticket_id, d.document, d.public_document FROM ombud.documents(ids) d
  ON CONFLICT (ticket_id) DO UPDATE
     SET document = excluded.document, public_document = excluded.public_document,
         is_indexed = false, changed_at = now()
$$;

CREATE FUNCTION ombud.search_new_tickets() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO ombud.ticket_search (ticket_id, document, public_document)
  SELECT f.id, words.d, words.d
    FROM fresh f
    JOIN ombud.users u ON u.id = f.requester_id
   CROSS JOIN LATERAL (SELECT ombud.words(f.ticket_number || ' ' || f.title, 'A')
                           || ombud.words(u.full_name || ' ' || u.email, 'B')
                           || ombud.words(f.description, 'C') AS d) words;
  RETURN NULL;
END $$;

CREATE TRIGGER s_search_insert AFTER INSERT ON ombud.tickets
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ombud.search_new_tickets();

CREATE FUNCTION ombud.search_changed_tickets() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
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

CREATE TRIGGER s_search_update AFTER UPDATE ON ombud.tickets
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION ombud.search_changed_tickets();

-- A new comment adds its words; anything else about comments writes the document afresh.
CREATE FUNCTION ombud.search_new_comments() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  UPDATE ombud.ticket_search s
     SET document = ombud.add_words(s.document, a.everything),
         public_document = ombud.add_words(s.public_document, coalesce(a.publicly, '')),
         is_indexed = false, changed_at = now()
    FROM (SELECT w.ticket_id, ombud.all_words(w.words) AS everything,
                 ombud.all_words(w.words) FILTER (WHERE NOT w.is_internal) AS publicly
            FROM (SELECT f.ticket_id, f.is_internal, ombud.words(f.content, 'D') AS words FROM fresh f) w
           GROUP BY w.ticket_id) a
   WHERE s.ticket_id = a.ticket_id;
  RETURN NULL;
END $$;

CREATE TRIGGER s_search_insert AFTER INSERT ON ombud.comments
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ombud.search_new_comments();

CREATE FUNCTION ombud.search_changed_comments() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  ids bigint[] := ARRAY(SELECT DISTINCT o.ticket_id FROM old_rows o);
BEGIN
  IF ids <> '{}' THEN
    PERFORM ombud.write_documents(ids);
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER s_search_update AFTER UPDATE ON ombud.comments
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.search_changed_comments();
CREATE TRIGGER s_search_delete AFTER DELETE ON ombud.comments
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.search_changed_comments();

CREATE FUNCTION ombud.search_changed_users() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
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

CREATE TRIGGER s_search_update AFTER UPDATE ON ombud.users
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION ombud.search_changed_users();

-- Move fresh documents into the GIN index; the worker calls it until it returns 0.
CREATE FUNCTION ombud.index_search_tail(batch int DEFAULT 1000) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  moved int;
BEGIN
  WITH tail AS (
    SELECT s.ticket_id FROM ombud.ticket_search s WHERE NOT s.is_indexed
     ORDER BY s.ticket_id LIMIT batch FOR UPDATE SKIP LOCKED)
  UPDATE ombud.ticket_search s SET is_indexed = true FROM tail WHERE s.ticket_id = tail.ticket_id;
  GET DIAGNOSTICS moved = ROW_COUNT;
  RETURN moved;
END $$;

-- What people type, as a tsquery: web syntax ("a phrase", or, -not); the last word may be unfinished.
-- Operators of tsquery itself have no meaning in web syntax, so they are literal.
CREATE FUNCTION ombud.search_query(typed text) RETURNS tsquery
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
DECLARE
  wanted text := left(typed, 500);
  parsed text;
BEGIN
  IF wanted !~ '"' THEN
    wanted := regexp_replace(wanted, '([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+)', ' "\1" ', 'g');
  END IF;
  parsed := websearch_to_tsquery('ombud.plain', ombud.spaced(wanted))::text;
  IF parsed ~ '''$' AND typed !~ '["\s]$' THEN
    parsed := parsed || ':*';
  END IF;
  RETURN parsed::tsquery;
END $$;

-- About how many tickets have these words, from the planner's statistics: no row is read. (VOLATILE only because
-- EXPLAIN asks for it.)
CREATE FUNCTION ombud.search_weight(typed text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE format('EXPLAIN (FORMAT JSON) SELECT FROM ombud.ticket_search s WHERE s.document @@ %L::tsquery',
                 ombud.search_query(typed)) INTO plan;
  RETURN (plan -> 0 -> 'Plan' ->> 'Plan Rows')::bigint;
END $$;

-- Whether a text itself says what was looked for; safe for texts of any length.
CREATE FUNCTION ombud.has_words(body text, wanted tsquery) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS
$$ SELECT ombud.words(body, 'D') @@ wanted $$;

-- The way to the documents. It takes the scope explicitly and returns ids; rows are then read under row
-- security. Customers find by what is public, and only among tickets that they may see.
CREATE FUNCTION ombud.match_tickets(typed text, kind text, actor bigint, organization bigint)
RETURNS TABLE (ticket_id bigint, rank real)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog ROWS 200 AS $$
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

-- A readable piece of a ticket around what was found, with markers that no text contains (U+E000, U+E001).
CREATE FUNCTION ombud.snippet(body text, typed text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
  SELECT ts_headline('ombud.plain', left(translate(body, U&'\E000\E001', ''), 20000), ombud.search_query(typed),
                     U&'StartSel=\E000, StopSel=\E001, MaxFragments=1, MaxWords=24, MinWords=8')
$$;

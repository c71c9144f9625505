-- Exact parts of texts, and words to suggest. Both are filled by whoever empties the tail of fresh documents
-- (ombud.index_search_tail); no other writer touches them.

-- One row for each text of a ticket: part 0 is its number, title and description, any other one a comment, by
-- its id. The key is that of the document, whose row the worker has locked already: no ticket is touched.
CREATE TABLE ombud.ticket_texts (
  ticket_id BIGINT NOT NULL,
  part BIGINT NOT NULL,
  is_internal BOOLEAN DEFAULT false NOT NULL,
  body TEXT NOT NULL,
  CONSTRAINT pk_ticket_texts PRIMARY KEY (ticket_id, part),
  CONSTRAINT fk_ticket_texts_ticket_id FOREIGN KEY(ticket_id) REFERENCES ombud.ticket_search (ticket_id) ON DELETE CASCADE
);

-- Documents from before this table was made lack their texts. A default of old rows costs nothing to add; the worker
-- takes them in batches, as a second tail, and until then their texts are read from the tickets.
ALTER TABLE ombud.ticket_search ADD COLUMN texts_missing BOOLEAN DEFAULT true NOT NULL;
ALTER TABLE ombud.ticket_search ALTER COLUMN texts_missing SET DEFAULT false;
CREATE INDEX ix_ticket_search_texts_missing ON ombud.ticket_search (ticket_id) WHERE texts_missing;

-- Words of documents, for suggestions. `seen` stops at about a hundred, so that common words are left alone.
CREATE TABLE ombud.search_words (
  word VARCHAR(40) NOT NULL,
  seen BIGINT DEFAULT '1' NOT NULL,
  checked_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT pk_search_words PRIMARY KEY (word)
);

CREATE INDEX ix_search_words_checked_at ON ombud.search_words (checked_at);

-- Both indexes have a pending list, because only the worker adds to them, and empties it where nobody waits.
ALTER INDEX ombud.ix_ticket_search_document SET (fastupdate = on, gin_pending_list_limit = 65536);
DO $$
DECLARE
  home text := (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
                 WHERE e.extname = 'pg_trgm');
BEGIN
  EXECUTE format('CREATE INDEX ix_ticket_texts_body ON ombud.ticket_texts USING gin (body %I.gin_trgm_ops) '
                 'WITH (fastupdate = on, gin_pending_list_limit = 65536)', home);
  EXECUTE format('CREATE INDEX ix_search_words_word ON ombud.search_words USING gin (word %I.gin_trgm_ops)', home);
  -- A function's own copy of the operators, wherever the extension lives.
  -- The threshold is set when the function runs: who restores a backup may not name a setting of a library that
  -- nothing has loaded yet, and calling the operator's function loads it.
  EXECUTE format($f$
    CREATE FUNCTION ombud.words_like(wanted text, most int) RETURNS TABLE (word text, seen bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $g$
    BEGIN
      PERFORM %1$I.similarity('', '');
      PERFORM set_config('pg_trgm.similarity_threshold', '0.25', true);
      RETURN QUERY
        SELECT w.word::text, w.seen FROM ombud.search_words w WHERE w.word OPERATOR(%1$I.%%) wanted
         ORDER BY %1$I.similarity(w.word, wanted) DESC, w.seen DESC, w.word LIMIT most;
    END $g$ $f$, home);
  EXECUTE format($f$
    CREATE FUNCTION ombud.alike(one text, other text) RETURNS real
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS 'SELECT %I.similarity(one, other)'
    $f$, home);
END $$;

-- What people type, as a tsquery: web syntax ("a phrase", or, -not); the last word may be unfinished, unless it is
-- one that must not occur. Chinese and Japanese outside quotes are phrases of their characters. Operators of
-- tsquery itself have no meaning in web syntax, so they are literal.
CREATE OR REPLACE FUNCTION ombud.search_query(typed text) RETURNS tsquery
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
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
END $$;

-- Fill both for some tickets, whose rows in ticket_search the caller has locked. What has not changed is not
-- written again.
CREATE FUNCTION ombud.write_texts(ids bigint[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
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
$$;

-- Move fresh documents into the indexes; the worker calls it until it returns 0. Locked first and read in a
-- statement of its own, so that what was committed in between is read.
CREATE OR REPLACE FUNCTION ombud.index_search_tail(batch int DEFAULT 1000) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
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

-- Put what the last batches added where it belongs in the indexes; returns how many pages that was. Not in the
-- transaction of a batch: that one has rows locked.
CREATE FUNCTION ombud.settle_search_texts() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS
$$ SELECT gin_clean_pending_list('ombud.ix_ticket_search_document'::regclass)
        + gin_clean_pending_list('ombud.ix_ticket_texts_body'::regclass) $$;

-- How many documents are not in the indexes yet. (They are found all the same.)
CREATE FUNCTION ombud.search_waiting() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS
$$ SELECT (SELECT count(*) FROM ombud.ticket_search s WHERE NOT s.is_indexed)
        + (SELECT count(*) FROM ombud.ticket_search s WHERE s.texts_missing AND s.is_indexed) $$;

-- Forget words that no document has any more, among those looked at longest ago; returns how many were looked at.
CREATE FUNCTION ombud.check_search_words(batch int, older interval DEFAULT '1 day') RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
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

CREATE FUNCTION ombud.containing(part text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS
$$ SELECT '%' || replace(replace(replace(part, '\', '\\'), '%', '\%'), '_', '\_') || '%' $$;

-- A readable piece of a text around the first place where it has a part, with the markers of ombud.snippet.
CREATE FUNCTION ombud.part_snippet(body text, part text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
  SELECT CASE WHEN at = 0 THEN left(clean, 240)
              ELSE CASE WHEN at > 61 THEN '…' ELSE '' END || substr(clean, greatest(at - 60, 1), least(at - 1, 60))
                   || U&'\E000' || substr(clean, at, length(part)) || U&'\E001'
                   || substr(clean, at + length(part), 160) END
    FROM (SELECT translate(body, U&'\E000\E001', '') AS clean) c,
         LATERAL (SELECT strpos(lower(clean), lower(part)) AS at) p
$$;

-- About how many texts have this part, by the newest 400. (Not from the planner's statistics: under row security
-- it may not look at them for ILIKE, which is not leakproof, and guesses.) Where a part has no three letters or
-- digits in a row, the trigram index cannot tell and would be read whole: that counts as everywhere.
CREATE FUNCTION ombud.text_weight(part text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT CASE WHEN part !~ '[[:alnum:]]{3}' THEN 2147483647
              ELSE (SELECT (count(*) FILTER (WHERE n.body ILIKE ombud.containing(part))
                            * (SELECT c.reltuples FROM pg_class c WHERE c.oid = 'ombud.ticket_texts'::regclass)
                            / greatest(count(*), 1))::bigint
                      FROM (SELECT x.body FROM ombud.ticket_texts x
                             ORDER BY x.ticket_id DESC, x.part DESC LIMIT 400) n) END
$$;

-- Tickets that may have this part in one of their texts: those of which the index says so, and all fresh ones.
-- Whether they have it is for the caller to see, in the texts that row security shows.
CREATE FUNCTION ombud.texts_with(part text, kind text, actor bigint, organization bigint)
RETURNS TABLE (ticket_id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog ROWS 200 AS $$
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

-- For each of the words typed, words like it: for staff of all documents, for customers of what is public in the
-- newest of the tickets that they may see. Whether a word leads to anything is for the caller to find out, as the
-- person who asks.
CREATE FUNCTION ombud.similar_words(typed text[], kind text, actor bigint, organization bigint)
RETURNS TABLE (place bigint, folded text, word text, seen bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog ROWS 50 AS $$
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
END $$;

-- Words as documents have them: without accents, in lower case. Only those that could be mistyped.
CREATE FUNCTION ombud.folded_words(typed text[]) RETURNS TABLE (place bigint, folded text)
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog ROWS 5 AS $$
  SELECT q.place, l.lexeme FROM unnest(typed) WITH ORDINALITY q(word, place)
   CROSS JOIN LATERAL unnest(to_tsvector('ombud.plain', ombud.spaced(left(q.word, 40)))) l
   WHERE l.lexeme ~ '^[[:alpha:]]{3,40}$'
$$;

SELECT ombud.secure(t) FROM unnest(ARRAY['ombud.ticket_texts', 'ombud.search_words']::regclass[]) t;

-- No application role reads either table: the ways to them are functions of the role that searches.
REVOKE ALL ON FUNCTION ombud.words_like(text, int), ombud.alike(text, text), ombud.write_texts(bigint[]),
  ombud.index_search_tail(int), ombud.settle_search_texts(), ombud.search_waiting(),
  ombud.check_search_words(int, interval), ombud.containing(text), ombud.text_weight(text),
  ombud.part_snippet(text, text),
  ombud.texts_with(text, text, bigint, bigint), ombud.similar_words(text[], text, bigint, bigint),
  ombud.folded_words(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ombud.text_weight(text), ombud.part_snippet(text, text), ombud.texts_with(text, text, bigint, bigint),
  ombud.similar_words(text[], text, bigint, bigint) TO ombud_app;
GRANT EXECUTE ON FUNCTION ombud.index_search_tail(int), ombud.settle_search_texts(), ombud.search_waiting(),
  ombud.check_search_words(int, interval) TO ombud_worker;
GRANT SELECT ON ombud.ticket_texts, ombud.search_words TO ombud_search;
GRANT EXECUTE ON FUNCTION ombud.words_like(text, int), ombud.alike(text, text), ombud.containing(text),
  ombud.folded_words(text[]) TO ombud_search;
CREATE POLICY search ON ombud.ticket_texts FOR SELECT TO ombud_search USING (true);
CREATE POLICY search ON ombud.search_words FOR SELECT TO ombud_search USING (true);
GRANT CREATE ON SCHEMA ombud TO ombud_search;
ALTER FUNCTION ombud.texts_with(text, text, bigint, bigint) OWNER TO ombud_search;
ALTER FUNCTION ombud.similar_words(text[], text, bigint, bigint) OWNER TO ombud_search;
REVOKE CREATE ON SCHEMA ombud FROM ombud_search;

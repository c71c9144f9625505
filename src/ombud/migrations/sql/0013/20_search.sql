-- Search documents of many tickets at once are written afterwards, in batches: their words take three times as long
-- as all the rest of a bulk load. What is written one by one is found as soon as it is committed, as before.

CREATE TABLE ombud.search_queue (
  ticket_id BIGINT NOT NULL,
  CONSTRAINT pk_search_queue PRIMARY KEY (ticket_id),
  CONSTRAINT fk_search_queue_ticket_id FOREIGN KEY(ticket_id) REFERENCES ombud.tickets (id) ON DELETE CASCADE
);
SELECT ombud.secure('ombud.search_queue');
GRANT SELECT ON ombud.search_queue TO ombud_worker;

-- Offset 0 keeps PostgreSQL from working the words out once for each of the two documents.
CREATE OR REPLACE FUNCTION ombud.search_new_tickets() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
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

CREATE OR REPLACE FUNCTION ombud.search_new_comments() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
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

CREATE OR REPLACE FUNCTION ombud.documents(ids bigint[])
RETURNS TABLE (ticket_id bigint, document tsvector, public_document tsvector)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
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

-- Write documents that wait; returns how many. The tickets are locked first and read in a statement of its own, so
-- that a comment that is being written is either seen, or finds the document to add its words to.
CREATE FUNCTION ombud.write_queued_documents(batch int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
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

-- Whoever empties the tail of fresh documents writes those first that nobody has written yet.
ALTER FUNCTION ombud.index_search_tail(int) RENAME TO index_search_documents;
CREATE FUNCTION ombud.index_search_tail(batch int DEFAULT 1000) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  written CONSTANT int := ombud.write_queued_documents(batch);
BEGIN
  RETURN CASE WHEN written > 0 THEN written ELSE ombud.index_search_documents(batch) END;
END $$;

CREATE OR REPLACE FUNCTION ombud.search_waiting() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS
$$ SELECT (SELECT count(*) FROM ombud.search_queue)
        + (SELECT count(*) FROM ombud.ticket_search s WHERE NOT s.is_indexed)
        + (SELECT count(*) FROM ombud.ticket_search s WHERE s.texts_missing AND s.is_indexed) $$;

REVOKE ALL ON FUNCTION ombud.write_queued_documents(int), ombud.index_search_documents(int),
  ombud.index_search_tail(int) FROM PUBLIC;
REVOKE ALL ON FUNCTION ombud.index_search_documents(int) FROM ombud_worker;
GRANT EXECUTE ON FUNCTION ombud.index_search_tail(int) TO ombud_worker;

-- Documents stay, and go into their index alone, as before.
DROP FUNCTION ombud.similar_words(text[], text, bigint, bigint), ombud.texts_with(text, text, bigint, bigint),
  ombud.text_weight(text), ombud.part_snippet(text, text), ombud.containing(text), ombud.check_search_words(int, interval), ombud.search_waiting(),
  ombud.settle_search_texts(), ombud.folded_words(text[]), ombud.alike(text, text), ombud.words_like(text, int);
CREATE OR REPLACE FUNCTION ombud.index_search_tail(batch int DEFAULT 1000) RETURNS int
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
DROP FUNCTION ombud.write_texts(bigint[]);
DROP TABLE ombud.ticket_texts, ombud.search_words;
DROP INDEX ombud.ix_ticket_search_texts_missing;
ALTER TABLE ombud.ticket_search DROP COLUMN texts_missing;
ALTER INDEX ombud.ix_ticket_search_document RESET (gin_pending_list_limit);
ALTER INDEX ombud.ix_ticket_search_document SET (fastupdate = off);
CREATE OR REPLACE FUNCTION ombud.search_query(typed text) RETURNS tsquery
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

-- Tickets that bring numbers of their own push the sequence above these, whoever brings them: the numbers that it
-- gives afterwards are free. Beyond fifteen digits it is left alone. It never comes there, and at the end of bigint
-- no ticket could be opened any more.
CREATE OR REPLACE FUNCTION ombud.keep_numbers_above(number bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT setval('ombud.ticket_number_seq', number)
    FROM ombud.ticket_number_seq s WHERE s.last_value < number AND number < 1000000000000000
$$;

GRANT EXECUTE ON FUNCTION ombud.keep_numbers_above(bigint) TO ombud_app;

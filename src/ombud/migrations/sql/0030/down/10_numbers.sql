CREATE OR REPLACE FUNCTION ombud.keep_numbers_above(number bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT setval('ombud.ticket_number_seq', number)
    FROM ombud.ticket_number_seq s WHERE s.last_value < number
$$;

REVOKE EXECUTE ON FUNCTION ombud.keep_numbers_above(bigint) FROM ombud_app;

-- How many webhooks the desk has, those that the actor does not see among them. Whoever asks is about to add one: others
-- wait until it is there, so that no two are the last.
CREATE FUNCTION ombud.count_webhooks() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('ombud.webhook_endpoints', 0));
  RETURN (SELECT count(*) FROM ombud.webhook_endpoints);
END $$;
ALTER FUNCTION ombud.count_webhooks() OWNER TO ombud_owner;
REVOKE ALL ON FUNCTION ombud.count_webhooks() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ombud.count_webhooks() TO ombud_app;

-- What happens once it is known who acts stands in ombud.act only (0064). The call between costs nothing that can be
-- measured (docs/performance.md). Whoever may execute the one may execute the other.
CREATE OR REPLACE FUNCTION ombud.answer(key_id text, stamp bytea, settings text[], steps text[], given text[]) RETURNS text[]
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  IF ombud.token_stamp(key_id) IS DISTINCT FROM stamp THEN
    RETURN NULL;
  END IF;
  RETURN ombud.act(settings, steps, given);
END $$;

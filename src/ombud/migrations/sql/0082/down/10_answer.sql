-- As 0038 has it.
CREATE OR REPLACE FUNCTION ombud.answer(key_id text, stamp bytea, settings text[], steps text[], given text[]) RETURNS text[]
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  step text;
  answer text[] := given;
BEGIN
  IF ombud.token_stamp(key_id) IS DISTINCT FROM stamp THEN
    RETURN NULL;
  END IF;
  PERFORM set_config('ombud.actor', settings[1], true), set_config('ombud.user_id', settings[2], true),
    set_config('ombud.kind', settings[3], true), set_config('ombud.scope', settings[4], true),
    set_config('ombud.teams', settings[5], true), set_config('ombud.organization_id', settings[6], true),
    set_config('ombud.request_id', settings[7], true), set_config('role', settings[8], true),
    set_config('ombud.permissions', settings[9], true), set_config('ombud.read_teams', settings[10], true),
    set_config('transaction_read_only', settings[11], true);
  FOREACH step IN ARRAY steps LOOP
    EXECUTE format('EXECUTE %I(%L)', step, answer) INTO answer;
    IF answer IS NULL AND settings[11] = 'off' THEN
      RAISE no_data_found USING MESSAGE = 'a step of what writes has no answer';
    END IF;
    EXIT WHEN answer IS NULL;
  END LOOP;
  RETURN answer;
END $$;

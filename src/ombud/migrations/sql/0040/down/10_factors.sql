-- Whoever is merged into another, or made nameless, signs in no more: nothing of theirs that opens is kept.
CREATE OR REPLACE FUNCTION ombud.drop_factors() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  DELETE FROM ombud.totp_factors WHERE user_id = NEW.id;
  DELETE FROM ombud.recovery_codes WHERE user_id = NEW.id;
  DELETE FROM ombud.passkeys WHERE user_id = NEW.id;
  DELETE FROM ombud.sign_in_steps WHERE user_id = NEW.id;
  DELETE FROM ombud.account_notices WHERE user_id = NEW.id;
  RETURN NULL;
END $$;

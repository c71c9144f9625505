-- Whoever is made nameless signs in no more: nothing of theirs that opens is kept. Who is merged into another is
-- inactive, so nothing of theirs opens anything; but it stays, since undo lets them in again, and then a password
-- must not open alone what was opened by two factors.
CREATE OR REPLACE FUNCTION ombud.drop_factors() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  DELETE FROM ombud.sign_in_steps WHERE user_id = NEW.id;
  IF NEW.anonymised_at IS NOT NULL THEN
    DELETE FROM ombud.totp_factors WHERE user_id = NEW.id;
    DELETE FROM ombud.recovery_codes WHERE user_id = NEW.id;
    DELETE FROM ombud.passkeys WHERE user_id = NEW.id;
    DELETE FROM ombud.account_notices WHERE user_id = NEW.id;
  END IF;
  RETURN NULL;
END $$;

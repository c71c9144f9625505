DROP TRIGGER tell_of_webhook ON ombud.webhook_endpoints;
DROP TRIGGER mail_notice ON ombud.account_notices;
DROP FUNCTION ombud.tell_of_webhook(), ombud.mail_notice();
CREATE OR REPLACE FUNCTION ombud.follow_credentials() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF current_setting('ombud.rehash', true) = 'on' THEN
    RETURN NULL;
  END IF;
  DELETE FROM ombud.account_tokens WHERE user_id = NEW.id;
  DELETE FROM ombud.account_requests WHERE user_id = NEW.id AND kind IN ('invite', 'verify');
  IF NEW.is_active AND OLD.password_hash IS NOT NULL THEN
    IF NEW.password_hash IS DISTINCT FROM OLD.password_hash THEN
      INSERT INTO ombud.account_requests (kind, email, user_id) VALUES ('password_changed', NEW.email, NEW.id);
    END IF;
    IF NEW.email IS DISTINCT FROM OLD.email THEN
      INSERT INTO ombud.account_requests (kind, email, user_id) VALUES ('address_changed', OLD.email, NEW.id);
    END IF;
  END IF;
  RETURN NULL;
END $$;
DELETE FROM ombud.account_notices WHERE kind IN ('password_changed', 'address_changed', 'webhook_off');
ALTER TABLE ombud.account_notices DROP CONSTRAINT ck_account_notices_kind;
ALTER TABLE ombud.account_notices ADD CONSTRAINT ck_account_notices_kind CHECK (kind IN ('totp_added', 'totp_removed',
  'passkey_added', 'passkey_removed', 'codes_made', 'code_used', 'factors_reset', 'identity_added', 'identity_removed'));
DELETE FROM ombud.account_requests WHERE kind NOT IN ('invite', 'reset', 'verify', 'sign_in', 'password_changed',
  'address_changed');
ALTER TABLE ombud.account_requests DROP CONSTRAINT ck_account_requests_kind;
ALTER TABLE ombud.account_requests ADD CONSTRAINT ck_account_requests_kind CHECK (kind IN ('invite', 'reset', 'verify',
  'sign_in', 'password_changed', 'address_changed'));
-- The messages stay, with what they said; what they were about is of a kind that there is not any more.
DELETE FROM ombud.account_letters WHERE kind NOT IN ('invite', 'reset', 'verify', 'sign_in', 'password_changed',
  'address_changed');
ALTER TABLE ombud.account_letters DROP CONSTRAINT ck_account_letters_kind;
ALTER TABLE ombud.account_letters ADD CONSTRAINT ck_account_letters_kind CHECK (kind IN ('invite', 'reset', 'verify',
  'sign_in', 'password_changed', 'address_changed'));
DROP POLICY own_reading ON ombud.account_notices;
ALTER TABLE ombud.account_notices DROP COLUMN read_at;

-- What happens to an account is told by the bell and by mail, whatever program did it; and administrators are told of a
-- webhook that the desk switched off.

ALTER TABLE ombud.account_notices ADD COLUMN read_at TIMESTAMP WITH TIME ZONE;
UPDATE ombud.account_notices SET read_at = created_at;  -- they stood on the page Security all the time
CREATE INDEX ix_account_notices_unread ON ombud.account_notices (user_id) WHERE read_at IS NULL;
GRANT UPDATE (read_at) ON ombud.account_notices TO ombud_app;
-- Administrators leave notices for others, and read none of them away.
CREATE POLICY own_reading ON ombud.account_notices AS RESTRICTIVE FOR UPDATE TO ombud_web
  USING (user_id = (SELECT ombud.actor_id()));

ALTER TABLE ombud.account_notices DROP CONSTRAINT ck_account_notices_kind;
ALTER TABLE ombud.account_notices ADD CONSTRAINT ck_account_notices_kind CHECK (kind IN ('totp_added', 'totp_removed',
  'passkey_added', 'passkey_removed', 'codes_made', 'code_used', 'factors_reset', 'identity_added', 'identity_removed',
  'password_changed', 'address_changed', 'webhook_off'));
ALTER TABLE ombud.account_requests DROP CONSTRAINT ck_account_requests_kind;
ALTER TABLE ombud.account_requests ADD CONSTRAINT ck_account_requests_kind CHECK (kind IN ('invite', 'reset', 'verify',
  'sign_in', 'password_changed', 'address_changed', 'totp_added', 'totp_removed', 'passkey_added', 'passkey_removed',
  'codes_made', 'code_used', 'factors_reset', 'identity_added', 'identity_removed', 'webhook_off'));
ALTER TABLE ombud.account_letters DROP CONSTRAINT ck_account_letters_kind;
ALTER TABLE ombud.account_letters ADD CONSTRAINT ck_account_letters_kind CHECK (kind IN ('invite', 'reset', 'verify',
  'sign_in', 'password_changed', 'address_changed', 'totp_added', 'totp_removed', 'passkey_added', 'passkey_removed',
  'codes_made', 'code_used', 'factors_reset', 'identity_added', 'identity_removed', 'webhook_off'));

-- A letter goes with each notice. Of a password or an address it is asked for below: to the address that was.
CREATE FUNCTION ombud.mail_notice() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO ombud.account_requests (kind, email, user_id)
  SELECT NEW.kind, u.email, u.id FROM ombud.users u WHERE u.id = NEW.user_id AND u.is_active;
  RETURN NULL;
END $$;
CREATE TRIGGER mail_notice AFTER INSERT ON ombud.account_notices FOR EACH ROW
  WHEN (NEW.kind NOT IN ('password_changed', 'address_changed'))
  EXECUTE FUNCTION ombud.mail_notice();

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
      INSERT INTO ombud.account_notices (user_id, kind, by_other)
      VALUES (NEW.id, 'password_changed', ombud.actor_id() IS DISTINCT FROM NEW.id);
    END IF;
    IF NEW.email IS DISTINCT FROM OLD.email THEN
      INSERT INTO ombud.account_requests (kind, email, user_id) VALUES ('address_changed', OLD.email, NEW.id);
      INSERT INTO ombud.account_notices (user_id, kind, by_other)
      VALUES (NEW.id, 'address_changed', ombud.actor_id() IS DISTINCT FROM NEW.id);
    END IF;
  END IF;
  RETURN NULL;
END $$;

-- `problem` is why the desk switched a webhook off; who switches one off by hand gives no reason. The host alone is
-- said: an address may hold a secret.
CREATE FUNCTION ombud.tell_of_webhook() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO ombud.account_notices (user_id, kind, detail, by_other)
  SELECT u.id, 'webhook_off', left(substring(NEW.url FROM '^https?://(?:[^/?#@]*@)?([^/?#]*)'), 100), true
    FROM ombud.users u WHERE u.is_active AND (u.role = 'admin' OR u.id = NEW.owner_id)
   ORDER BY u.id;
  RETURN NULL;
END $$;
CREATE TRIGGER tell_of_webhook AFTER UPDATE OF is_active ON ombud.webhook_endpoints FOR EACH ROW
  WHEN (OLD.is_active AND NOT NEW.is_active AND NEW.problem <> '' AND NEW.problem <> OLD.problem)
  EXECUTE FUNCTION ombud.tell_of_webhook();

ALTER FUNCTION ombud.mail_notice() OWNER TO ombud_owner;
ALTER FUNCTION ombud.tell_of_webhook() OWNER TO ombud_owner;
REVOKE ALL ON FUNCTION ombud.mail_notice(), ombud.tell_of_webhook() FROM PUBLIC;

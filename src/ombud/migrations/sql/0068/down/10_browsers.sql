DROP TRIGGER forget_browsers ON ombud.users;
DROP FUNCTION ombud.meet_browser(bytea, text, text), ombud.forget_browsers();
CREATE OR REPLACE FUNCTION ombud.mail_notice() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO ombud.account_requests (kind, email, user_id)
  SELECT NEW.kind, u.email, u.id FROM ombud.users u WHERE u.id = NEW.user_id AND u.is_active;
  RETURN NULL;
END $$;
DROP TABLE ombud.known_browsers;
ALTER TABLE ombud.users DROP COLUMN new_browser_letters;
SELECT ombud.audit_table('ombud.users', '{id}', secrets => '{password_hash}', omitted => '{updated_at,email_norm}');
DELETE FROM ombud.account_notices WHERE kind = 'new_browser';
DELETE FROM ombud.account_requests WHERE kind = 'new_browser';
DELETE FROM ombud.account_letters WHERE kind = 'new_browser';
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

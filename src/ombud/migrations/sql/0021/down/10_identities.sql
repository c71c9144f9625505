DROP TRIGGER drop_identities ON ombud.users;
DROP FUNCTION ombud.drop_identities(), ombud.has_other_way_in(bigint, bigint), ombud.provider_labels();
DELETE FROM ombud.account_notices WHERE kind IN ('identity_added', 'identity_removed');
ALTER TABLE ombud.account_notices DROP CONSTRAINT ck_account_notices_kind;
ALTER TABLE ombud.account_notices ADD CONSTRAINT ck_account_notices_kind CHECK (kind IN ('totp_added', 'totp_removed',
  'passkey_added', 'passkey_removed', 'codes_made', 'code_used', 'factors_reset'));
ALTER TABLE ombud.sign_in_steps DROP COLUMN identity_id;
ALTER TABLE ombud.web_sessions DROP COLUMN identity_id;
DROP TABLE ombud.sign_in_flows, ombud.identities, ombud.identity_providers;
DROP FUNCTION ombud.audit_of_identity_providers(), ombud.audit_of_identities();

DROP TRIGGER drop_factors ON ombud.users;
DROP TRIGGER drop_steps ON ombud.users;
DROP FUNCTION ombud.drop_factors(), ombud.drop_steps(), ombud.has_second_factor(bigint);
DROP TABLE ombud.account_notices, ombud.sign_in_steps, ombud.passkeys, ombud.recovery_codes, ombud.totp_factors;
DROP FUNCTION ombud.audit_of_totp_factors(), ombud.audit_of_recovery_codes(), ombud.audit_of_passkeys();

DROP TABLE ombud.logout_tokens;
ALTER TABLE ombud.sign_in_steps DROP COLUMN provider_sid, DROP COLUMN id_token;
ALTER TABLE ombud.web_sessions DROP COLUMN provider_sid, DROP COLUMN id_token;

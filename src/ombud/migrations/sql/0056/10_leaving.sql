-- What a provider calls the session by whose word one began here (`sid`), and its ID token for the way out, sealed for
-- the link and kept only where signing out goes on to the provider.
ALTER TABLE ombud.web_sessions
  ADD COLUMN provider_sid VARCHAR(255),
  ADD COLUMN id_token BYTEA;
ALTER TABLE ombud.sign_in_steps
  ADD COLUMN provider_sid VARCHAR(255),
  ADD COLUMN id_token BYTEA;
CREATE INDEX ix_web_sessions_provider_sid ON ombud.web_sessions (provider_sid) WHERE provider_sid IS NOT NULL;
GRANT SELECT (provider_sid, id_token) ON ombud.web_sessions TO ombud_worker;
GRANT UPDATE (id_token) ON ombud.sign_in_steps TO ombud_worker;

-- Logout tokens that were taken, for as long as they could be believed again.
CREATE TABLE ombud.logout_tokens (
  token_hash BYTEA NOT NULL,
  expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_logout_tokens PRIMARY KEY (token_hash)
);
CREATE INDEX ix_logout_tokens_expires_at ON ombud.logout_tokens (expires_at);
SELECT ombud.secure('ombud.logout_tokens');
-- The door's alone: no policy for people.
GRANT SELECT, INSERT, DELETE ON ombud.logout_tokens TO ombud_worker;

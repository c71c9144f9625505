-- A letter, when somebody signs in from a browser that they have not used before. A browser is known by a cookie of its
-- own, hashed together with whose it is: what is stored neither opens anything nor shows who shares a browser.

ALTER TABLE ombud.users ADD COLUMN new_browser_letters BOOLEAN DEFAULT true NOT NULL;
SELECT ombud.audit_table('ombud.users', '{id}', secrets => '{password_hash}', omitted => '{updated_at,email_norm}');
GRANT SELECT (new_browser_letters) ON ombud.users TO ombud_app;

CREATE TABLE ombud.known_browsers (
  user_id BIGINT NOT NULL,
  token_hash BYTEA NOT NULL,
  last_used_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT pk_known_browsers PRIMARY KEY (user_id, token_hash),
  CONSTRAINT fk_known_browsers_user_id FOREIGN KEY (user_id) REFERENCES ombud.users (id) ON DELETE CASCADE
);
SELECT ombud.secure('ombud.known_browsers');
-- Nobody's to read or write but by the function below: no policy, no grants.

ALTER TABLE ombud.account_notices DROP CONSTRAINT ck_account_notices_kind;
ALTER TABLE ombud.account_notices ADD CONSTRAINT ck_account_notices_kind CHECK (kind IN ('totp_added', 'totp_removed',
  'passkey_added', 'passkey_removed', 'codes_made', 'code_used', 'factors_reset', 'identity_added', 'identity_removed',
  'password_changed', 'address_changed', 'webhook_off', 'new_browser'));
ALTER TABLE ombud.account_requests DROP CONSTRAINT ck_account_requests_kind;
ALTER TABLE ombud.account_requests ADD CONSTRAINT ck_account_requests_kind CHECK (kind IN ('invite', 'reset', 'verify',
  'sign_in', 'password_changed', 'address_changed', 'totp_added', 'totp_removed', 'passkey_added', 'passkey_removed',
  'codes_made', 'code_used', 'factors_reset', 'identity_added', 'identity_removed', 'webhook_off', 'new_browser'));
ALTER TABLE ombud.account_letters DROP CONSTRAINT ck_account_letters_kind;
ALTER TABLE ombud.account_letters ADD CONSTRAINT ck_account_letters_kind CHECK (kind IN ('invite', 'reset', 'verify',
  'sign_in', 'password_changed', 'address_changed', 'totp_added', 'totp_removed', 'passkey_added', 'passkey_removed',
  'codes_made', 'code_used', 'factors_reset', 'identity_added', 'identity_removed', 'webhook_off', 'new_browser'));

-- Remember the browser with which the actor signs in. True when it is new and they have others: then there is a notice,
-- and mostly a letter. The first one ever is no news, nor is the first one after this was added. Each person has 20.
CREATE FUNCTION ombud.meet_browser(hash bytea, ip text, named text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  person bigint := ombud.actor_id();
  has_others boolean;
BEGIN
  has_others := EXISTS (SELECT FROM ombud.known_browsers WHERE user_id = person);
  INSERT INTO ombud.known_browsers (user_id, token_hash) VALUES (person, hash) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    UPDATE ombud.known_browsers SET last_used_at = now() WHERE user_id = person AND token_hash = hash;
    RETURN false;
  END IF;
  DELETE FROM ombud.known_browsers k WHERE k.user_id = person AND k.token_hash <> hash AND k.token_hash IN (
    SELECT o.token_hash FROM ombud.known_browsers o WHERE o.user_id = person AND o.token_hash <> hash
     ORDER BY o.last_used_at DESC, o.token_hash OFFSET 19);
  IF has_others THEN
    PERFORM set_config('ombud.from_ip', ip, true), set_config('ombud.from_browser', named, true);
    INSERT INTO ombud.account_notices (user_id, kind, detail) VALUES (person, 'new_browser', left(named, 100));
  END IF;
  RETURN has_others;
END $$;
ALTER FUNCTION ombud.meet_browser(bytea, text, text) OWNER TO ombud_owner;
REVOKE ALL ON FUNCTION ombud.meet_browser(bytea, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ombud.meet_browser(bytea, text, text) TO ombud_app;

-- Who is forgotten, or turned out to be somebody else, signs in no more.
CREATE FUNCTION ombud.forget_browsers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  DELETE FROM ombud.known_browsers WHERE user_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER forget_browsers AFTER UPDATE OF anonymised_at, merged_into_id ON ombud.users FOR EACH ROW
  WHEN (NEW.anonymised_at IS NOT NULL OR NEW.merged_into_id IS NOT NULL) EXECUTE FUNCTION ombud.forget_browsers();
ALTER FUNCTION ombud.forget_browsers() OWNER TO ombud_owner;
REVOKE ALL ON FUNCTION ombud.forget_browsers() FROM PUBLIC;

-- Of new browsers a letter goes to who wants one, and not to who had three within a day: a browser that forgets its
-- cookies is new each time.
CREATE OR REPLACE FUNCTION ombud.mail_notice() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO ombud.account_requests (kind, email, user_id)
  SELECT NEW.kind, u.email, u.id FROM ombud.users u
   WHERE u.id = NEW.user_id AND u.is_active
     AND (NEW.kind <> 'new_browser' OR u.new_browser_letters AND 3 >= (
            SELECT count(*) FROM ombud.account_notices n
             WHERE n.user_id = NEW.user_id AND n.kind = 'new_browser' AND n.created_at > now() - interval '1 day'));
  RETURN NULL;
END $$;

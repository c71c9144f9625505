-- From where came what a letter tells of: the address, and the browser in words. Kept until the letter is settled, and
-- not where somebody else did it: who that was is not the person's to know.
ALTER TABLE ombud.account_requests
  ADD COLUMN from_ip VARCHAR(45),
  ADD COLUMN from_browser VARCHAR(100);
ALTER TABLE ombud.account_letters
  ADD COLUMN from_ip VARCHAR(45),
  ADD COLUMN from_browser VARCHAR(100),
  ADD COLUMN caused_at TIMESTAMP WITH TIME ZONE;

CREATE FUNCTION ombud.note_whence() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  NEW.from_ip := NULL;
  NEW.from_browser := NULL;
  IF ombud.actor_kind() = 'system' OR NEW.user_id = ombud.actor_id() THEN
    NEW.from_ip := left(nullif(current_setting('ombud.from_ip', true), ''), 45);
    NEW.from_browser := left(nullif(current_setting('ombud.from_browser', true), ''), 100);
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER note_whence BEFORE INSERT ON ombud.account_requests FOR EACH ROW EXECUTE FUNCTION ombud.note_whence();

CREATE OR REPLACE FUNCTION ombud.cut_account_letter() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  UPDATE ombud.account_letters SET sealed = NULL, from_ip = NULL, from_browser = NULL
   WHERE mail_id = NEW.id AND (sealed IS NOT NULL OR from_ip IS NOT NULL OR from_browser IS NOT NULL);
  RETURN NULL;
END $$;

ALTER FUNCTION ombud.note_whence() OWNER TO ombud_owner;
REVOKE ALL ON FUNCTION ombud.note_whence() FROM PUBLIC;

DROP TRIGGER note_whence ON ombud.account_requests;
DROP FUNCTION ombud.note_whence();
CREATE OR REPLACE FUNCTION ombud.cut_account_letter() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  UPDATE ombud.account_letters SET sealed = NULL WHERE mail_id = NEW.id AND sealed IS NOT NULL;
  RETURN NULL;
END $$;
ALTER TABLE ombud.account_letters DROP COLUMN from_ip, DROP COLUMN from_browser, DROP COLUMN caused_at;
ALTER TABLE ombud.account_requests DROP COLUMN from_ip, DROP COLUMN from_browser;

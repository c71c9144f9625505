-- As 0005 has it.
CREATE OR REPLACE FUNCTION ombud.note_stale_files() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO ombud.stale_files (storage_key) SELECT DISTINCT o.storage_key FROM old_rows o ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;

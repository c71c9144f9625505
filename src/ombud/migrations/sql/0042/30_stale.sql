-- A file is kept for an hour after the last of its rows went, not after the first: taking it off goes back that long.
CREATE OR REPLACE FUNCTION ombud.note_stale_files() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO ombud.stale_files (storage_key) SELECT DISTINCT o.storage_key FROM old_rows o ORDER BY 1
  ON CONFLICT (storage_key) DO UPDATE SET since = now();
  RETURN NULL;
END $$;

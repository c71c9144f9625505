CREATE INDEX CONCURRENTLY ix_users_name_key_new ON ombud.users (ombud.name_key(full_name))
INCLUDE (id, full_name)
WHERE role = 'customer' AND merged_into_id IS NULL AND anonymised_at IS NULL AND full_name <> '';

CREATE INDEX CONCURRENTLY ix_users_name_key_new ON ombud.users (ombud.name_key(full_name)) WHERE full_name <> '';

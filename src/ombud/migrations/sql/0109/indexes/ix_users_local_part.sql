CREATE INDEX CONCURRENTLY ix_users_local_part ON ombud.users (split_part(ombud.address_key(email_norm), '@', 1))
WHERE role = 'customer' AND merged_into_id IS NULL AND anonymised_at IS NULL AND full_name <> '';

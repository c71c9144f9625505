CREATE INDEX CONCURRENTLY ix_users_address_key_new ON ombud.users (ombud.address_key(email_norm))
INCLUDE (id, email_norm)
WHERE role = 'customer' AND merged_into_id IS NULL AND anonymised_at IS NULL;

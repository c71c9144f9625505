CREATE INDEX CONCURRENTLY ix_users_address_key_new ON ombud.users (ombud.address_key(email_norm));

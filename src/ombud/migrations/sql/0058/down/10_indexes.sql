-- As 0005 has them.
DROP INDEX ombud.ix_users_address_key;
ALTER INDEX ombud.ix_users_address_key_new RENAME TO ix_users_address_key;
DROP INDEX ombud.ix_users_name_key;
ALTER INDEX ombud.ix_users_name_key_new RENAME TO ix_users_name_key;

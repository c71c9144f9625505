ALTER TABLE ombud.users DROP COLUMN merged_into_id, DROP COLUMN anonymised_at;
ALTER TABLE ombud.tickets DROP COLUMN merged_into_id;
DROP INDEX ombud.ix_tickets_deleted_at;
SELECT ombud.audit_table('ombud.users', '{id}', secrets => '{password_hash}', omitted => '{updated_at,email_norm}');
SELECT ombud.audit_table('ombud.tickets', '{id}', 'id', omitted => '{updated_at,version,priority_rank}');

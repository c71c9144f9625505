DROP TRIGGER f_stale ON ombud.attachments;
DROP TRIGGER f_stale ON ombud.inbound_mails;
DROP FUNCTION ombud.note_stale_files(), ombud.anonymise_person(bigint, boolean), ombud.redacted(jsonb, text[]),
  ombud.without_mentions(text, text[]), ombud.merge_people(bigint[], bigint), ombud.unmerge_people(bigint[], bigint),
  ombud.people_like(bigint, int), ombud.people_alike(int), ombud.keep_numbers_above(bigint), ombud.require_curator();
DROP INDEX ombud.ix_users_address_key, ombud.ix_users_name_key, ombud.ix_users_full_name_trgm, ombud.ix_audit_logs_deleted;
DROP FUNCTION ombud.address_key(text), ombud.name_key(text);
DROP TABLE ombud.audit_redacted_rows, ombud.audit_redactions, ombud.stale_files;
DROP FUNCTION ombud.audit_of_audit_redactions();

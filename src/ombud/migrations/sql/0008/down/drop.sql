CREATE OR REPLACE TRIGGER s_search_update AFTER UPDATE ON ombud.comments
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.search_changed_comments();
DROP FUNCTION ombud.search_updated_comments();
DROP TRIGGER moved ON ombud.inbound_mails;
DROP FUNCTION ombud.moved_mail();
DROP TABLE ombud.message_moves, ombud.bounced_addresses, ombud.automatic_mails;
DROP FUNCTION ombud.audit_of_message_moves(), ombud.audit_of_bounced_addresses();
ALTER TABLE ombud.mailbox_positions DROP COLUMN settled_uid;
ALTER TABLE ombud.mailboxes
  DROP COLUMN has_oauth_secret, DROP COLUMN has_smtp_secret, DROP COLUMN has_imap_secret, DROP COLUMN oauth_secret,
  DROP COLUMN oauth_scope, DROP COLUMN oauth_client_id, DROP COLUMN oauth_token_url, DROP COLUMN auth,
  DROP COLUMN imap_skips_old, DROP COLUMN joins_copies;
SELECT ombud.audit_table('ombud.mailboxes', '{id}', secrets => '{imap_secret,smtp_secret}', omitted => '{updated_at}');

-- Mail goes as a whole; tickets that came by it stay.
DROP TABLE ombud.ticket_links, ombud.mail_rules, ombud.mail_references, ombud.inbound_mails, ombud.mailbox_positions,
  ombud.mailboxes;
DROP FUNCTION ombud.audit_of_mailboxes(), ombud.audit_of_inbound_mails(), ombud.audit_of_mail_rules(),
  ombud.audit_of_ticket_links();

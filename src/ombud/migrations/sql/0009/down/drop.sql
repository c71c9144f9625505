-- The outbox and notifications go as a whole.
REVOKE DELETE ON ombud.comments FROM ombud_web;
DROP POLICY author_takes_back ON ombud.comments;
DROP TABLE ombud.mail_templates, ombud.outbound_recipients, ombud.outbound_mails, ombud.mailbox_sending,
  ombud.notification_settings, ombud.notifications;
DROP FUNCTION ombud.notify_staff(text, bigint[], bigint, bigint[], boolean), ombud.audit_of_outbound_mails(),
  ombud.audit_of_mailbox_sending(), ombud.audit_of_mail_templates();

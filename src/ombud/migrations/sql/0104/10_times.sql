-- Python ends with the year 9999, and so would each list with such a row; a day less, for zones on either side.
-- Rows that are there are looked at in the version after this one: nobody waits for that.
ALTER TABLE ombud.account_letters ADD CONSTRAINT ck_account_letters_times CHECK (
  caused_at >= '0001-01-02 00:00:00+00' AND caused_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.account_notices ADD CONSTRAINT ck_account_notices_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00'
  AND read_at >= '0001-01-02 00:00:00+00' AND read_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.account_requests ADD CONSTRAINT ck_account_requests_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.account_tokens ADD CONSTRAINT ck_account_tokens_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00'
  AND expires_at >= '0001-01-02 00:00:00+00' AND expires_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.api_tokens ADD CONSTRAINT ck_api_tokens_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00'
  AND expires_at >= '0001-01-02 00:00:00+00' AND expires_at < '9999-12-31 00:00:00+00'
  AND last_used_at >= '0001-01-02 00:00:00+00' AND last_used_at < '9999-12-31 00:00:00+00'
  AND revoked_at >= '0001-01-02 00:00:00+00' AND revoked_at < '9999-12-31 00:00:00+00'
  AND confirmed_at >= '0001-01-02 00:00:00+00' AND confirmed_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.attachments ADD CONSTRAINT ck_attachments_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.audit_checkpoints ADD CONSTRAINT ck_audit_checkpoints_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.audit_redactions ADD CONSTRAINT ck_audit_redactions_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.automatic_mails ADD CONSTRAINT ck_automatic_mails_times CHECK (
  sent_at >= '0001-01-02 00:00:00+00' AND sent_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.bounced_addresses ADD CONSTRAINT ck_bounced_addresses_times CHECK (
  bounced_at >= '0001-01-02 00:00:00+00' AND bounced_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.comments ADD CONSTRAINT ck_comments_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00'
  AND updated_at >= '0001-01-02 00:00:00+00' AND updated_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.desk_settings ADD CONSTRAINT ck_desk_settings_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00'
  AND updated_at >= '0001-01-02 00:00:00+00' AND updated_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.distinct_people ADD CONSTRAINT ck_distinct_people_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.distinct_tickets ADD CONSTRAINT ck_distinct_tickets_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.drafts ADD CONSTRAINT ck_drafts_times CHECK (
  updated_at >= '0001-01-02 00:00:00+00' AND updated_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.external_refs ADD CONSTRAINT ck_external_refs_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.identities ADD CONSTRAINT ck_identities_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00'
  AND last_used_at >= '0001-01-02 00:00:00+00' AND last_used_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.identity_providers ADD CONSTRAINT ck_identity_providers_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00'
  AND updated_at >= '0001-01-02 00:00:00+00' AND updated_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.inbound_mails ADD CONSTRAINT ck_inbound_mails_times CHECK (
  received_at >= '0001-01-02 00:00:00+00' AND received_at < '9999-12-31 00:00:00+00'
  AND decided_at >= '0001-01-02 00:00:00+00' AND decided_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.kept_answers ADD CONSTRAINT ck_kept_answers_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.known_browsers ADD CONSTRAINT ck_known_browsers_times CHECK (
  last_used_at >= '0001-01-02 00:00:00+00' AND last_used_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.login_attempts ADD CONSTRAINT ck_login_attempts_times CHECK (
  free_at >= '0001-01-02 00:00:00+00' AND free_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.logout_tokens ADD CONSTRAINT ck_logout_tokens_times CHECK (
  expires_at >= '0001-01-02 00:00:00+00' AND expires_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.mail_references ADD CONSTRAINT ck_mail_references_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.mail_rules ADD CONSTRAINT ck_mail_rules_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00'
  AND updated_at >= '0001-01-02 00:00:00+00' AND updated_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.mail_templates ADD CONSTRAINT ck_mail_templates_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00'
  AND updated_at >= '0001-01-02 00:00:00+00' AND updated_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.mailbox_positions ADD CONSTRAINT ck_mailbox_positions_times CHECK (
  fetched_at >= '0001-01-02 00:00:00+00' AND fetched_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.mailboxes ADD CONSTRAINT ck_mailboxes_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00'
  AND updated_at >= '0001-01-02 00:00:00+00' AND updated_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.message_moves ADD CONSTRAINT ck_message_moves_times CHECK (
  moved_at >= '0001-01-02 00:00:00+00' AND moved_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.notifications ADD CONSTRAINT ck_notifications_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00'
  AND read_at >= '0001-01-02 00:00:00+00' AND read_at < '9999-12-31 00:00:00+00'
  AND mailed_at >= '0001-01-02 00:00:00+00' AND mailed_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.organizations ADD CONSTRAINT ck_organizations_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00'
  AND updated_at >= '0001-01-02 00:00:00+00' AND updated_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.outbound_mails ADD CONSTRAINT ck_outbound_mails_times CHECK (
  queued_at >= '0001-01-02 00:00:00+00' AND queued_at < '9999-12-31 00:00:00+00'
  AND sends_at >= '0001-01-02 00:00:00+00' AND sends_at < '9999-12-31 00:00:00+00'
  AND due_at >= '0001-01-02 00:00:00+00' AND due_at < '9999-12-31 00:00:00+00'
  AND sent_at >= '0001-01-02 00:00:00+00' AND sent_at < '9999-12-31 00:00:00+00'
  AND lease_until >= '0001-01-02 00:00:00+00' AND lease_until < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.outbound_recipients ADD CONSTRAINT ck_outbound_recipients_times CHECK (
  settled_at >= '0001-01-02 00:00:00+00' AND settled_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.passkeys ADD CONSTRAINT ck_passkeys_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00'
  AND last_used_at >= '0001-01-02 00:00:00+00' AND last_used_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.recovery_codes ADD CONSTRAINT ck_recovery_codes_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00'
  AND used_at >= '0001-01-02 00:00:00+00' AND used_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.roles ADD CONSTRAINT ck_roles_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00'
  AND updated_at >= '0001-01-02 00:00:00+00' AND updated_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.search_words ADD CONSTRAINT ck_search_words_times CHECK (
  checked_at >= '0001-01-02 00:00:00+00' AND checked_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.sign_in_flows ADD CONSTRAINT ck_sign_in_flows_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00'
  AND expires_at >= '0001-01-02 00:00:00+00' AND expires_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.sign_in_steps ADD CONSTRAINT ck_sign_in_steps_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00'
  AND expires_at >= '0001-01-02 00:00:00+00' AND expires_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.stale_files ADD CONSTRAINT ck_stale_files_times CHECK (
  since >= '0001-01-02 00:00:00+00' AND since < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.tags ADD CONSTRAINT ck_tags_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.teams ADD CONSTRAINT ck_teams_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00'
  AND updated_at >= '0001-01-02 00:00:00+00' AND updated_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.ticket_links ADD CONSTRAINT ck_ticket_links_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.ticket_participants ADD CONSTRAINT ck_ticket_participants_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.ticket_reads ADD CONSTRAINT ck_ticket_reads_times CHECK (
  seen_at >= '0001-01-02 00:00:00+00' AND seen_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.ticket_search ADD CONSTRAINT ck_ticket_search_times CHECK (
  changed_at >= '0001-01-02 00:00:00+00' AND changed_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.ticket_stats_delta ADD CONSTRAINT ck_ticket_stats_delta_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.ticket_tags ADD CONSTRAINT ck_ticket_tags_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.tickets ADD CONSTRAINT ck_tickets_times CHECK (
  last_activity_at >= '0001-01-02 00:00:00+00' AND last_activity_at < '9999-12-31 00:00:00+00'
  AND first_response_at >= '0001-01-02 00:00:00+00' AND first_response_at < '9999-12-31 00:00:00+00'
  AND resolved_at >= '0001-01-02 00:00:00+00' AND resolved_at < '9999-12-31 00:00:00+00'
  AND deleted_at >= '0001-01-02 00:00:00+00' AND deleted_at < '9999-12-31 00:00:00+00'
  AND created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00'
  AND updated_at >= '0001-01-02 00:00:00+00' AND updated_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.totp_factors ADD CONSTRAINT ck_totp_factors_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00'
  AND confirmed_at >= '0001-01-02 00:00:00+00' AND confirmed_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.transfer_jobs ADD CONSTRAINT ck_transfer_jobs_times CHECK (
  lease_until >= '0001-01-02 00:00:00+00' AND lease_until < '9999-12-31 00:00:00+00'
  AND created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00'
  AND started_at >= '0001-01-02 00:00:00+00' AND started_at < '9999-12-31 00:00:00+00'
  AND settled_at >= '0001-01-02 00:00:00+00' AND settled_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.users ADD CONSTRAINT ck_users_times CHECK (
  last_login >= '0001-01-02 00:00:00+00' AND last_login < '9999-12-31 00:00:00+00'
  AND anonymised_at >= '0001-01-02 00:00:00+00' AND anonymised_at < '9999-12-31 00:00:00+00'
  AND created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00'
  AND updated_at >= '0001-01-02 00:00:00+00' AND updated_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.web_sessions ADD CONSTRAINT ck_web_sessions_times CHECK (
  created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00'
  AND last_seen_at >= '0001-01-02 00:00:00+00' AND last_seen_at < '9999-12-31 00:00:00+00'
  AND expires_at >= '0001-01-02 00:00:00+00' AND expires_at < '9999-12-31 00:00:00+00'
  AND confirmed_at >= '0001-01-02 00:00:00+00' AND confirmed_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.webhook_deliveries ADD CONSTRAINT ck_webhook_deliveries_times CHECK (
  happened_at >= '0001-01-02 00:00:00+00' AND happened_at < '9999-12-31 00:00:00+00'
  AND due_at >= '0001-01-02 00:00:00+00' AND due_at < '9999-12-31 00:00:00+00'
  AND lease_until >= '0001-01-02 00:00:00+00' AND lease_until < '9999-12-31 00:00:00+00'
  AND settled_at >= '0001-01-02 00:00:00+00' AND settled_at < '9999-12-31 00:00:00+00') NOT VALID;
ALTER TABLE ombud.webhook_endpoints ADD CONSTRAINT ck_webhook_endpoints_times CHECK (
  old_secret_until >= '0001-01-02 00:00:00+00' AND old_secret_until < '9999-12-31 00:00:00+00'
  AND held_until >= '0001-01-02 00:00:00+00' AND held_until < '9999-12-31 00:00:00+00'
  AND failing_since >= '0001-01-02 00:00:00+00' AND failing_since < '9999-12-31 00:00:00+00'
  AND created_at >= '0001-01-02 00:00:00+00' AND created_at < '9999-12-31 00:00:00+00'
  AND updated_at >= '0001-01-02 00:00:00+00' AND updated_at < '9999-12-31 00:00:00+00') NOT VALID;

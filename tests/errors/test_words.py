"""The words of constraints belong to constraints that exist, and every rule of the database has a name."""

from typing import Any

from sqlalchemy import text

from ombud import Actor, Desk
from ombud.db.base import Base
from ombud.db.translate import _TRIGGER_RULES


def _names_in(desk: Desk) -> set[str]:
    with desk.read(Actor.system("test")) as session:
        constraints = session.scalars(
            text("SELECT conname FROM pg_constraint WHERE connamespace = 'ombud'::regnamespace")
        )
        indexes = session.scalars(
            text(
                "SELECT indexname FROM pg_indexes WHERE schemaname = 'ombud' AND indexdef LIKE 'CREATE UNIQUE%'"
            )
        )
        return {*constraints, *indexes}


def test_what_has_words_exists(desk: Desk) -> None:
    things: list[Any] = [
        thing
        for table in Base.metadata.tables.values()
        for thing in (*table.constraints, *table.indexes)
        if "rule" in thing.info
    ]
    assert things
    assert {str(thing.name) for thing in things} - _names_in(desk) == set()


def test_what_people_can_run_into_has_words() -> None:
    """Unique indexes and CHECKs on what people enter; the rest is kept by the database itself or by types."""
    silent = {
        "ck_access_logs_kind",
        "ck_alike_finds_kind",
        "ck_alike_people_in_order",
        "ck_audit_checkpoints_window",
        "ck_audit_logs_action",
        "ck_automatic_mails_kind",
        "ck_distinct_people_in_order",  # the action puts them in order
        "ck_distinct_tickets_in_order",
        "ck_inbound_mails_checksum",
        "ck_inbound_mails_decided",
        "ck_inbound_mails_source",
        "ck_inbound_mails_state",
        "ck_mail_rules_field",
        "ck_mail_rules_priority",
        "ck_mail_templates_kind",
        "ck_mailboxes_auth",
        "ck_mailboxes_imap_security",
        "ck_mailboxes_smtp_security",
        "ck_message_moves_elsewhere",
        "ck_notification_settings_kind",
        "ck_notifications_kind",
        "ck_outbound_mails_from_a_mailbox",
        "ck_outbound_mails_kind",
        "ck_outbound_mails_leased",
        "ck_outbound_mails_state",
        "ck_outbound_recipients_kind",
        "ck_outbound_recipients_state",
        "ck_ticket_links_not_itself",
        "ck_ticket_stats_dimension",
        "ck_ticket_stats_grain",
        "ck_users_staff_role",
        "ck_users_theme",
        "ck_attachments_checksum",
        "uq_inbound_mails_checksum",
        "uq_kept_answers_user_id_route_key",
        "uq_outbound_mails_message_id",
        "uq_outbound_recipients_email",
        "uq_tickets_ticket_number",
        "ck_account_letters_kind",
        "ck_account_requests_kind",
        "ck_account_tokens_purpose",
        "uq_account_tokens_purpose",
        "uq_account_tokens_token_hash",
        "uq_api_tokens_key_id",
        "uq_web_sessions_token_hash",
        "ck_account_notices_kind",
        "ck_sign_in_steps_kind",
        "ck_identities_subject",  # the door says more, and before
        "ck_identity_providers_for_somebody",  # the action says more, and before
        "ck_identity_providers_issuer",  # the action says more, and before
        "ck_sign_in_flows_kind",
        "ck_sign_in_flows_session",
        "uq_passkeys_credential_id",
        "uq_recovery_codes_user_id_code_hash",
        "uq_webhook_deliveries_message_id",
        "ck_web_sessions_idle_seconds",
        "ck_webhook_deliveries_event",
        "ck_webhook_deliveries_leased",
        "ck_webhook_deliveries_state",
        "ck_webhook_endpoints_url",  # the action says more, and before
        "ck_webhook_position_one",
        "ck_transfer_jobs_format",
        "ck_transfer_jobs_kind",
        "ck_transfer_jobs_leased",
        "ck_transfer_jobs_settled",
        "ck_transfer_jobs_state",
    }
    every: list[Any] = [
        thing for table in Base.metadata.tables.values() for thing in (*table.constraints, *table.indexes)
    ]
    found = {
        str(thing.name)
        for thing in every
        if str(thing.name).startswith(("ck_", "uq_")) and "rule" not in thing.info
    }
    assert found == silent


def test_rules_of_triggers_are_raised_by_triggers(desk: Desk) -> None:
    with desk.read(Actor.system("test")) as session:
        sources = " ".join(
            session.scalars(text("SELECT prosrc FROM pg_proc WHERE pronamespace = 'ombud'::regnamespace"))
        )
    for name in (*_TRIGGER_RULES, "ombud_actor_required"):
        assert f"'{name}'" in sources

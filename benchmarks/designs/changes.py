"""What designs change in the copy: triggers, indexes, keys, the log."""

from __future__ import annotations

import re
from typing import Any

LISTS = (
    "ix_tickets_assignee_undone", "ix_tickets_live", "ix_tickets_priority_undone", "ix_tickets_status",
    "ix_tickets_team_undone", "ix_tickets_unassigned_undone", "ix_tickets_undone",
)  # fmt: skip
"""The indexes of tickets that hold what every change changes: status, or the last activity."""

NO_LOG = (
    "ALTER TABLE ombud.tickets DISABLE TRIGGER z_audit_insert",
    "ALTER TABLE ombud.tickets DISABLE TRIGGER z_audit_update",
    "ALTER TABLE ombud.comments DISABLE TRIGGER z_audit_insert",
)
NO_SEARCH = (
    "ALTER TABLE ombud.tickets DISABLE TRIGGER s_search_insert",
    "ALTER TABLE ombud.tickets DISABLE TRIGGER s_search_update",
    "ALTER TABLE ombud.comments DISABLE TRIGGER s_search_insert",
)
NO_TRIGGERS = (
    "ALTER TABLE ombud.tickets DISABLE TRIGGER ALL",
    "ALTER TABLE ombud.comments DISABLE TRIGGER ALL",
)
ROOM = ("ALTER TABLE ombud.tickets SET (fillfactor = 70)", "CLUSTER ombud.tickets USING pk_tickets")
"""A third of each page is left free, so that a new version finds room beside the old one."""
NO_LISTS = tuple(f"DROP INDEX ombud.{name}" for name in LISTS)
NO_HASH = (
    "CREATE OR REPLACE FUNCTION ombud.audit_leaf(head text, id bigint, record_id bigint, ticket_id bigint,"
    " record_key jsonb, changes jsonb) RETURNS bytea LANGUAGE sql STABLE AS $$ SELECT ''::bytea $$",
)
SLIM_LOG = (
    "DROP INDEX ombud.ix_audit_logs_request_id",
    "DROP INDEX ombud.ix_audit_logs_user_id",
    "DROP INDEX ombud.ix_audit_logs_xid",
)
NO_QUEUE_KEY = ("ALTER TABLE ombud.search_queue DROP CONSTRAINT fk_search_queue_ticket_id",)
NO_CHECKS = (
    "ALTER TABLE ombud.tickets DROP CONSTRAINT ck_tickets_channel, DROP CONSTRAINT ck_tickets_merged_is_closed,"
    " DROP CONSTRAINT ck_tickets_number_not_blank, DROP CONSTRAINT ck_tickets_priority,"
    " DROP CONSTRAINT ck_tickets_resolved_at, DROP CONSTRAINT ck_tickets_status,"
    " DROP CONSTRAINT ck_tickets_title_not_blank",
    "ALTER TABLE ombud.comments DROP CONSTRAINT ck_comments_content_not_blank",
    "ALTER TABLE ombud.audit_logs DROP CONSTRAINT ck_audit_logs_action",
)
"""Each is read from the catalogue, planned and set up anew by every statement."""
XID_BY_RANGE = (
    "DROP INDEX ombud.ix_audit_logs_xid",
    "CREATE INDEX ON ombud.audit_logs USING brin (xid)",
)
ONE_HASH = (
    "CREATE OR REPLACE FUNCTION ombud.audit_leaf(head text, id bigint, record_id bigint, ticket_id bigint,"
    " record_key jsonb, changes jsonb) RETURNS bytea LANGUAGE sql STABLE AS $$ SELECT sha256(convert_to("
    "concat_ws(E'\\n', head, id, coalesce(record_id::text, ''), coalesce(ticket_id::text, ''), record_key, changes),"
    " 'UTF8')) $$",
)
"""In place of one of the differences, and one of that and the rest."""
# People's rows are locked once each, and not once for each ticket; PostgreSQL no longer knows of the keys.
KEYS_BY_SET = (
    "ALTER TABLE ombud.tickets DROP CONSTRAINT fk_tickets_requester_id, DROP CONSTRAINT fk_tickets_creator_id,"
    " DROP CONSTRAINT fk_tickets_assignee_id",
    """
CREATE FUNCTION ombud.people_exist() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  PERFORM FROM (SELECT u.id FROM ombud.users u
                 WHERE u.id IN (SELECT f.requester_id FROM fresh f UNION SELECT f.creator_id FROM fresh f
                                UNION SELECT f.assignee_id FROM fresh f)
                 ORDER BY u.id FOR KEY SHARE) locked;
  IF EXISTS (SELECT FROM (SELECT f.requester_id AS id FROM fresh f UNION SELECT f.creator_id FROM fresh f
                          UNION SELECT f.assignee_id FROM fresh f) w
              WHERE w.id IS NOT NULL AND NOT EXISTS (SELECT FROM ombud.users u WHERE u.id = w.id)) THEN
    RAISE foreign_key_violation;
  END IF;
  RETURN NULL;
END $$
""",
    "CREATE TRIGGER k_people AFTER INSERT ON ombud.tickets REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT"
    " EXECUTE FUNCTION ombud.people_exist()",
)
_COUNTED = """  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;"""
_HEAD = re.compile(
    r"ombud\.audit_head\(transaction_id, moment, TG_TABLE_NAME,\s*(CASE.*?END), actor, person, request\)"
)
_DIFFERENCES = re.compile(r"\('\{' \|\| substr\(concat\(.*?\), 2\) \|\| '\}'\)::jsonb AS changes")


def no_differences(connection: Any) -> tuple[str, ...]:
    """Return the change after which the log says that something happened, and not what."""
    (text,) = connection.execute(
        "SELECT pg_get_functiondef('ombud.audit_of_tickets()'::regprocedure)"
    ).fetchone()
    changed, times = _DIFFERENCES.subn("'{}'::jsonb AS changes", text)
    assert times, "the log's function is written otherwise now"
    return (changed,)


def fewer_calls(connection: Any) -> tuple[str, ...]:
    """Return the changes after which the log writes its head itself, and does not look whether a row was added."""
    (text,) = connection.execute("SELECT pg_get_functiondef('ombud.audit_table'::regproc)").fetchone()
    head = (
        r"concat_ws(E'\\n', 'ombud-audit-1', transaction_id, (extract(epoch FROM moment) * 1000000)::bigint,"
        r" TG_TABLE_NAME, \1, coalesce(person::text, ''), length(actor), actor, length(request), request)"
    )
    changed, times = _HEAD.subn(head, text)
    assert times, "the log's generator is written otherwise now"
    assert _COUNTED in changed, "the log's generator is written otherwise now"
    return (
        changed.replace(_COUNTED, _COUNTED.replace("ELSE", "ELSIF TG_OP = 'UPDATE' THEN")),
        "SELECT ombud.audit_table('ombud.tickets', '{id}', 'id', omitted => '{updated_at,version,priority_rank}')",
        "SELECT ombud.audit_table('ombud.comments', '{id}', 'ticket_id', omitted => '{updated_at}')",
    )

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
_DIFFERENCES = re.compile(r"\('\{' \|\| substr\(concat\(.*?\), 2\) \|\| '\}'\)::jsonb AS changes")


def no_differences(connection: Any) -> tuple[str, ...]:
    """Return the change after which the log says that something happened, and not what."""
    (text,) = connection.execute(
        "SELECT pg_get_functiondef('ombud.audit_of_tickets()'::regprocedure)"
    ).fetchone()
    changed, times = _DIFFERENCES.subn("'{}'::jsonb AS changes", text)
    assert times, "the log's function is written otherwise now"
    return (changed,)

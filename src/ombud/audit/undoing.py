"""What taking a request back would mean: the net effect of its rows, and what it cannot undo. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ombud.models import AuditAction, AuditLog

FIELDS = (
    "title",
    "description",
    "status",
    "priority",
    "channel",
    "requester_id",
    "organization_id",
    "assignee_id",
    "team_id",
    "deleted_at",
    "creator_id",
    "merged_into_id",
)
"""What people change about a ticket; the rest follows by itself."""
LINKS = {"ticket_tags": "tag_id", "ticket_participants": "user_id"}
STAYS = {
    "comments": "What was said on tickets is not unsaid.",
    "attachments": "Files stay where they are.",
    "tags": "Tags that were made stay.",
    "api_tokens": "Tokens that were revoked stay so.",
}
RECORDS: Mapping[str, tuple[str, ...]] = {
    "comments": ("ticket_id", "author_id"),
    "attachments": ("ticket_id", "uploader_id"),
    "inbound_mails": ("ticket_id",),
    "users": ("merged_into_id", "is_active"),
    "tags": ("name", "color", "description"),
}
"""What merging moves, and what is edited about tags. Other changes of these tables stay (see `_is_moved`)."""


BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Change:
    """A value before the request and after it."""

    before: Any
    after: Any


@dataclass(slots=True)
class Plan:
    """The net effect of a request.

    `tickets` maps ids to fields; `links` maps (table, ticket, tag or person) to when the link was made, before
    and after, None where there was none. `resolved_at` is what it was before, for those whose status moves.
    """

    tickets: dict[int, dict[str, Change]] = field(default_factory=dict)
    resolved_at: dict[int, Any] = field(default_factory=dict)
    links: dict[tuple[str, int, int], Change] = field(default_factory=dict)
    records: dict[tuple[str, int], dict[str, Change]] = field(default_factory=dict)
    tags: dict[int, dict[str, Any]] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    at: datetime = BEGINNING

    @property
    def is_empty(self) -> bool:
        """True when nothing would be done."""
        return not (self.tickets or self.links or self.records or self.tags)

    @property
    def is_curation(self) -> bool:
        """True when something was merged: taking it back moves no times, as merging moved none."""
        return bool(self.records or self.tags)


def plan_of(rows: Iterable[AuditLog]) -> Plan:
    """Return the plan for a request's rows, which must be oldest first."""
    plan, new = Plan(), set()
    for number, row in enumerate(rows):
        if number == 0:
            plan.at = row.created_at
        if row.table_name == "tickets" and row.action is AuditAction.CREATE:
            new.add(row.ticket_id)
            _skip(plan, "A ticket that was opened stays; delete it instead.")
        elif row.table_name == "tickets" and row.action is AuditAction.DELETE:
            _skip(plan, "A ticket that was purged is gone.")
        elif row.ticket_id is not None and row.ticket_id in new:
            continue
        elif row.table_name == "tickets":
            _add_ticket(plan, row)
        elif row.table_name in LINKS:
            _add_link(plan, row)
        elif _is_moved(row):
            _add_record(plan, row)
        elif row.table_name == "tags" and row.action is AuditAction.DELETE:
            plan.tags[row.record_key["id"]] = {name: before for name, (before, _) in row.changes.items()}
        else:
            _skip(
                plan, STAYS.get(row.table_name, f"Changes of {row.table_name} are not taken back this way.")
            )
    _drop_round_trips(plan)
    return plan


def _add_ticket(plan: Plan, row: AuditLog) -> None:
    ticket = row.record_key["id"]
    fields = plan.tickets.setdefault(ticket, {})
    for name, (before, after) in row.changes.items():
        if name in FIELDS:
            fields.setdefault(name, Change(before, after)).after = after
    if "resolved_at" in row.changes:
        plan.resolved_at.setdefault(ticket, row.changes["resolved_at"][0])


def _add_link(plan: Plan, row: AuditLog) -> None:
    ticket, other = row.record_key["ticket_id"], row.record_key[LINKS[row.table_name]]
    before, after = row.changes.get("created_at", [None, None])
    plan.links.setdefault((row.table_name, ticket, other), Change(before, after)).after = after


def _is_moved(row: AuditLog) -> bool:
    """True for what undo handles of the other tables: changes of place, not of words or rights."""
    if row.action is not AuditAction.UPDATE or not set(RECORDS.get(row.table_name, ())) & set(row.changes):
        return False
    match row.table_name:
        case "users":
            return "merged_into_id" in row.changes
        case "inbound_mails":
            return None not in row.changes["ticket_id"]  # that would be the decision about a message
    return True


def _add_record(plan: Plan, row: AuditLog) -> None:
    fields = plan.records.setdefault((row.table_name, row.record_key["id"]), {})
    for name, (before, after) in row.changes.items():
        if name in RECORDS[row.table_name]:
            fields.setdefault(name, Change(before, after)).after = after


def _drop_round_trips(plan: Plan) -> None:
    for fields in [*plan.tickets.values(), *plan.records.values()]:
        for name in [name for name, change in fields.items() if change.before == change.after]:
            del fields[name]
    plan.tickets = {ticket: fields for ticket, fields in plan.tickets.items() if fields}
    plan.records = {
        key: fields
        for key, fields in plan.records.items()
        if fields and not (key[0] == "tags" and key[1] in plan.tags)
    }
    plan.links = {
        link: change
        for link, change in plan.links.items()
        if (change.before is None) != (change.after is None)
    }


def _skip(plan: Plan, reason: str) -> None:
    if reason not in plan.skipped:
        plan.skipped.append(reason)

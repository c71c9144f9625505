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
MOVES = {
    "comments": ("ticket_id",),
    "attachments": ("ticket_id", "comment_id"),
    "inbound_mails": ("ticket_id", "comment_id", "state", "decision", "decided_at"),
}
"""What changes when a message is put elsewhere, in the order in which it is put back."""
STAYS = {
    "comments": "What was said on tickets is not unsaid.",
    "attachments": "Files stay where they are.",
    "tags": "Tags that were made stay.",
    "api_tokens": "Tokens that were revoked stay so.",
    "team_members": "Members of teams are put in, or taken out, by hand.",
    "mailboxes": "Mailboxes stay with their team.",
    "mail_rules": "Rules for mail stay as they are.",
    "desk_settings": "Settings are changed back on their own page, by who proves who they are.",
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
    and after, None where there was none. `moves` maps (table, id) to fields of what belongs to a message, `written`
    are comments that the request wrote for a message it put elsewhere. `resolved_at` is what it was before, for
    those whose status moves.
    """

    tickets: dict[int, dict[str, Change]] = field(default_factory=dict)
    resolved_at: dict[int, Any] = field(default_factory=dict)
    links: dict[tuple[str, int, int], Change] = field(default_factory=dict)
    moves: dict[tuple[str, int], dict[str, Change]] = field(default_factory=dict)
    written: set[int] = field(default_factory=set)
    records: dict[tuple[str, int], dict[str, Change]] = field(default_factory=dict)
    tags: dict[int, dict[str, Any]] = field(default_factory=dict)
    teams: dict[int, dict[str, Any]] = field(default_factory=dict)
    files: dict[int, dict[str, Any]] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    at: datetime = BEGINNING

    @property
    def is_empty(self) -> bool:
        """True when nothing would be done."""
        return not (
            self.tickets or self.links or self.moves or self.records or self.tags or self.teams or self.files
        )

    @property
    def is_curation(self) -> bool:
        """True when something was merged: taking it back moves no times, as merging moved none."""
        return bool(self.records or self.tags or self.teams)


def plan_of(rows: Iterable[AuditLog]) -> Plan:
    """Return the plan for a request's rows, which must be oldest first."""
    rows = list(rows)
    at = rows[0].created_at if rows else BEGINNING
    if all((row.table_name, row.action) == ("attachments", AuditAction.DELETE) for row in rows):
        return Plan(files={row.record_key["id"]: _before(row) for row in rows}, at=at)
    plan = Plan(at=at)
    _add_all(plan, rows)
    _drop_round_trips(plan)
    return plan


def _add_all(plan: Plan, rows: list[AuditLog]) -> None:
    new = set()
    for row in _take_moves(plan, rows):
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
        elif row.table_name in ("tags", "teams") and row.action is AuditAction.DELETE:
            lost = plan.tags if row.table_name == "tags" else plan.teams
            lost[row.record_key["id"]] = _before(row)
        else:
            _skip(
                plan, STAYS.get(row.table_name, f"Changes of {row.table_name} are not taken back this way.")
            )


def _before(row: AuditLog) -> dict[str, Any]:
    return {name: before for name, (before, _after) in row.changes.items()}


def _take_moves(plan: Plan, rows: list[AuditLog]) -> list[AuditLog]:
    """Plan to put messages back, and return the rows that have nothing to do with that."""
    moved = [row for row in rows if row.table_name == "inbound_mails" and row.action is AuditAction.UPDATE]
    if not moved or any("merged_into_id" in row.changes for row in rows):
        return rows
    opened = {
        row.record_id for row in rows if row.table_name == "tickets" and row.action is AuditAction.CREATE
    }
    targets = {row.changes["ticket_id"][1] for row in moved if "ticket_id" in row.changes}
    filed = {row.changes["comment_id"][1] for row in moved if "comment_id" in row.changes}
    if any(row.table_name == "comments" and row.action is AuditAction.DELETE for row in rows):
        _skip(plan, "A message that was put back is not moved again this way; move it anew.")
        return []
    rest = []
    for row in rows:
        key = row.record_id or 0
        if row.table_name == "comments" and row.action is AuditAction.CREATE and key in filed:
            plan.written.add(key)
        elif row.action is AuditAction.UPDATE and row.table_name in MOVES:
            _add_move(plan, row.table_name, key, row)
        elif (
            row.table_name == "tickets"
            and row.record_id in opened & targets
            and row.action is AuditAction.CREATE
        ):
            # a ticket that was opened for the message goes into the bin with its links
            plan.tickets[key] = {"deleted_at": Change(row.created_at.isoformat(), None)}
        elif row.ticket_id in opened & targets or _follows(row, filed):
            continue
        else:
            rest.append(row)
    return rest


def _follows(row: AuditLog, filed: set[Any]) -> bool:
    """True for what goes with a message by itself: its record of having moved, the files written with it."""
    is_file = row.table_name == "attachments" and row.action is AuditAction.CREATE
    return row.table_name == "message_moves" or (
        is_file and row.changes.get("comment_id", [None, None])[1] in filed
    )


def _add_move(plan: Plan, table: str, key: int, row: AuditLog) -> None:
    fields = plan.moves.setdefault((table, key), {})
    for name, (before, after) in row.changes.items():
        if name in MOVES[table]:
            fields.setdefault(name, Change(before, after)).after = after


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
    for moved in plan.moves.values():
        for name in [name for name, change in moved.items() if change.before == change.after]:
            del moved[name]
    plan.moves = {key: moved for key, moved in plan.moves.items() if moved}
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

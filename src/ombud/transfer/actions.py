"""Write a batch of records: people, tickets, comments, tags, files and their keys, all or nothing.

Every statement has many rows, so that the triggers (audit, search, derived columns) run once for each
statement. What a ticket's history says of itself (times) is given, not derived from the time of the import.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ombud.errors import Conflict
from ombud.models import (
    Attachment,
    Comment,
    ExternalRef,
    Tag,
    Ticket,
    TicketChannel,
    TicketStatus,
    TicketTag,
    User,
)
from ombud.tickets import StoredFile
from ombud.transfer import queries
from ombud.transfer.records import CommentRecord, LeftOut, MessageRecord, PersonRecord, TicketRecord

# Without this, rows are grouped by which of their values are null, and each group is a statement.
WHOLE_ROWS = {"render_nulls": True}


@dataclass(slots=True)
class Loaded:
    """What became of a batch. `known` rows were there before and stay as they are."""

    tickets: int = 0
    comments: int = 0
    people: int = 0
    known: int = 0
    left_out: list[LeftOut] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at the desk, as far as the loader has to know."""

    id: int
    is_staff: bool


def load_tickets(session: Session, source: str, records: Sequence[TicketRecord], since: datetime) -> Loaded:
    """Add those of `records` whose keys `source` has not brought yet.

    `since` is when this run began, by the database's clock: a key that came in after that stands twice in
    the file, and its second row is left out. Raises nothing for a bad record: it is in `left_out`.
    """
    loaded = Loaded()
    session.execute(queries.hold_source(source))
    _add_tickets(session, source, _fresh(session, source, records, since, loaded), loaded)
    return loaded


def check_tickets(session: Session, source: str, records: Sequence[TicketRecord], since: datetime) -> Loaded:
    """Tell what `load_tickets` would do, and write nothing; new people are not counted."""
    loaded = Loaded()
    kept = _placeable(session, _fresh(session, source, records, since, loaded), loaded)
    loaded.tickets = len(kept)
    loaded.comments = sum(len(record.comments) for record in kept)
    return loaded


def load_messages(
    session: Session,
    source: str,
    messages: Sequence[MessageRecord],
    status: TicketStatus = TicketStatus.OPEN,
) -> Loaded:
    """Add mails: one that answers a mail which `source` brought joins its ticket, another opens one.

    New tickets get `status`. A mail that came in already, in this batch or before, is known.
    """
    loaded = Loaded()
    session.execute(queries.hold_source(source))
    named = {key for message in messages for key in (message.key, *message.references)}
    tickets = {key: ticket for key, ticket, _at in session.execute(queries.known_keys(source, named))}
    deleted = set(session.scalars(queries.deleted_among(set(tickets.values()))))
    opened: dict[str, TicketRecord] = {}
    home: dict[str, str] = {}
    answers: list[tuple[int, MessageRecord]] = []
    for message in messages:
        if message.key in tickets or message.key in home:
            loaded.known += 1
            continue
        parent = next((ref for ref in reversed(message.references) if ref in home or ref in tickets), None)
        if parent is None:
            opened[message.key] = _opening(message, status)
            home[message.key] = message.key
        elif parent in home:
            first = home[message.key] = home[parent]
            opened[first] = _joined(opened[first], message)
        elif tickets[parent] in deleted:
            loaded.left_out.append(LeftOut(message.line, message.key, {"ticket": "is deleted."}))
        else:
            answers.append((tickets[parent], message))
            tickets[message.key] = tickets[parent]
    _add_tickets(session, source, list(opened.values()), loaded)
    _add_answers(session, source, answers, loaded)
    return loaded


def ensure_people(session: Session, people: Iterable[PersonRecord]) -> dict[str, Person]:
    """Return the people by address as given; who is new is added, and joins their organization."""
    wanted = {person.email: person for person in people}
    found = _people(session, wanted)
    missing = [person for address, person in wanted.items() if address not in found]
    if missing:
        domains = {_domain(person) for person in missing}
        homes = dict(session.execute(queries.organizations_by_domain(domains)).all())
        rows = [
            {
                "email": person.email,
                "full_name": person.full_name,
                "role": person.role,
                "is_active": person.is_active,
                "organization_id": homes.get(_domain(person)),
            }
            for person in missing
        ]
        # Two of them may be one person, whose address is written in two ways.
        added = upsert(User).on_conflict_do_nothing().returning(User.id)
        session.execute(added, rows, execution_options=WHOLE_ROWS)
        found |= _people(session, [person.email for person in missing])
    return found


def ensure_tags(session: Session, names: Iterable[str]) -> dict[str, int]:
    """Return the tags by name as given; new ones are added."""
    wanted = set(names)
    if not wanted:
        return {}
    found = _tag_ids(session, wanted)
    missing = [{"name": name} for name in sorted(wanted) if name not in found]
    if missing:
        session.execute(upsert(Tag).on_conflict_do_nothing().returning(Tag.id), missing)
        found = _tag_ids(session, wanted)
    return found


def _domain(person: PersonRecord) -> str:
    return person.email.rpartition("@")[2].lower()


def _tag_ids(session: Session, names: Iterable[str]) -> dict[str, int]:
    return dict(session.execute(queries.tags_by_name(list(names))).all())


def _people(session: Session, emails: Iterable[str]) -> dict[str, Person]:
    rows = session.execute(queries.people_by_email(list(emails)))
    return {email: Person(key, is_staff) for email, key, is_staff in rows}


def _fresh(
    session: Session, source: str, records: Sequence[TicketRecord], since: datetime, loaded: Loaded
) -> list[TicketRecord]:
    """Return the records that `source` has not brought yet; count and note the others."""
    known = {
        key: at for key, _id, at in session.execute(queries.known_keys(source, [r.key for r in records]))
    }
    fresh: dict[str, TicketRecord] = {}
    for record in records:
        if record.key in fresh or known.get(record.key, since) > since:
            loaded.left_out.append(LeftOut(record.line, record.key, {"key": "stands in the file twice."}))
        elif record.key in known:
            loaded.known += 1
        else:
            fresh[record.key] = record
    return list(fresh.values())


def _add_tickets(session: Session, source: str, records: list[TicketRecord], loaded: Loaded) -> None:
    records = _placeable(session, records, loaded)
    if not records:
        return
    authors = [comment.author for record in records for comment in record.comments]
    emails = [PersonRecord(record.assignee) for record in records if record.assignee]
    people = _counted_people(session, [*(record.requester for record in records), *authors, *emails], loaded)
    teams = dict(session.execute(queries.teams_by_name([r.team for r in records if r.team])).all())
    rows = [_ticket_row(record, people, teams) for record in records]
    ids = list(
        session.scalars(
            insert(Ticket).returning(Ticket.id, sort_by_parameter_order=True),
            rows,
            execution_options=WHOLE_ROWS,
        )
    )
    pairs = list(zip(ids, records, strict=True))
    _add_tags(session, pairs)
    _add_comments(session, [(key, comment) for key, record in pairs for comment in record.comments], people)
    _add_files(
        session,
        [
            (key, None, people[record.requester.email].id, record.created_at, file)
            for key, record in pairs
            for file in record.files
        ],
    )
    _add_keys(
        session, source, [(name, key) for key, record in pairs for name in (record.key, *record.aliases)]
    )
    loaded.tickets += len(records)
    loaded.comments += sum(len(record.comments) for record in records)


def _placeable(session: Session, records: list[TicketRecord], loaded: Loaded) -> list[TicketRecord]:
    """Return the records whose team and assignee the desk has; note the others."""
    names = {record.team for record in records if record.team}
    emails = {record.assignee for record in records if record.assignee}
    teams = {name for name, _id in session.execute(queries.teams_by_name(names))} if names else set()
    staff = (
        {email for email, person in _people(session, emails).items() if person.is_staff} if emails else set()
    )
    kept = []
    for record in records:
        problems = {}
        if record.team and record.team not in teams:
            problems["team"] = f"there is no team {record.team!r} here."
        if record.assignee and record.assignee not in staff:
            problems["assignee"] = f"no member of staff has the address {record.assignee!r}."
        if problems:
            loaded.left_out.append(LeftOut(record.line, record.key, problems))
        else:
            kept.append(record)
    return kept


def _counted_people(session: Session, people: list[PersonRecord], loaded: Loaded) -> dict[str, Person]:
    before = {person.id for person in _people(session, {person.email for person in people}).values()}
    found = ensure_people(session, people)
    loaded.people += len({person.id for person in found.values()} - before)
    return found


def _ticket_row(record: TicketRecord, people: dict[str, Person], teams: dict[str, int]) -> dict[str, Any]:
    requester = people[record.requester.email].id
    return {
        "title": record.title,
        "description": record.description,
        "status": record.status,
        "priority": record.priority,
        "channel": record.channel,
        "requester_id": requester,
        "creator_id": requester,
        "assignee_id": people[record.assignee].id if record.assignee else None,
        "team_id": teams[record.team] if record.team else None,
        "created_at": record.created_at,
        "updated_at": record.activity_at,
        "first_response_at": record.first_response_at or _first_reply(record, people),
        "resolved_at": record.resolved_at,
        "last_activity_at": record.activity_at,
    }


def _first_reply(record: TicketRecord, people: dict[str, Person]) -> datetime | None:
    requester = people[record.requester.email]
    authors = (
        (comment, people[comment.author.email]) for comment in record.comments if not comment.is_internal
    )
    replies = (comment.at for comment, author in authors if author.is_staff and author.id != requester.id)
    return min(replies, default=None)


def _add_tags(session: Session, pairs: list[tuple[int, TicketRecord]]) -> None:
    tags = ensure_tags(session, [name for _key, record in pairs for name in record.tags])
    rows = [
        {"ticket_id": key, "tag_id": tag, "created_at": record.created_at}
        for key, record in pairs
        for tag in dict.fromkeys(tags[name] for name in record.tags)
    ]
    if rows:
        session.execute(insert(TicketTag).returning(TicketTag.tag_id), rows)


def _add_comments(
    session: Session, comments: list[tuple[int, CommentRecord]], people: dict[str, Person]
) -> None:
    if not comments:
        return
    rows: list[dict[str, Any]] = [
        {
            "ticket_id": ticket,
            "author_id": people[comment.author.email].id,
            "content": comment.body,
            "is_internal": comment.is_internal,
            "created_at": comment.at,
            "updated_at": comment.at,
        }
        for ticket, comment in comments
    ]
    ids = session.scalars(
        insert(Comment).returning(Comment.id, sort_by_parameter_order=True),
        rows,
        execution_options=WHOLE_ROWS,
    )
    _add_files(
        session,
        [
            (ticket, key, row["author_id"], comment.at, file)
            for key, (ticket, comment), row in zip(ids, comments, rows, strict=True)
            for file in comment.files
        ],
    )


def _add_files(session: Session, files: list[tuple[int, int | None, int, datetime, StoredFile]]) -> None:
    rows = [
        {
            "ticket_id": ticket,
            "comment_id": comment,
            "uploader_id": uploader,
            "created_at": at,
            "file_name": file.file_name,
            "content_type": file.content_type,
            "size": file.size,
            "checksum": file.checksum,
            "storage_key": file.storage_key,
        }
        for ticket, comment, uploader, at, file in files
    ]
    if rows:
        session.execute(insert(Attachment).returning(Attachment.id), rows, execution_options=WHOLE_ROWS)


def _add_keys(session: Session, source: str, keys: list[tuple[str, int]]) -> None:
    rows = [{"source": source, "key": key, "ticket_id": ticket} for key, ticket in keys]
    added = session.scalars(
        upsert(ExternalRef).on_conflict_do_nothing().returning(ExternalRef.key), rows
    ).all()
    if len(added) != len(rows):
        # The source's lock keeps others away, so two rows of this batch claim one key.
        raise Conflict("Another import of the same source is running. Let it end, then run this one again.")


def _add_answers(
    session: Session, source: str, answers: list[tuple[int, MessageRecord]], loaded: Loaded
) -> None:
    if not answers:
        return
    people = _counted_people(session, [message.sender for _ticket, message in answers], loaded)
    _add_comments(session, [(ticket, _comment(message)) for ticket, message in answers], people)
    _add_keys(session, source, [(message.key, ticket) for ticket, message in answers])
    loaded.comments += len(answers)


def _opening(message: MessageRecord, status: TicketStatus) -> TicketRecord:
    return TicketRecord(
        key=message.key,
        line=message.line,
        title=message.subject,
        description=message.body,
        requester=message.sender,
        created_at=message.at,
        status=status,
        channel=TicketChannel.EMAIL,
        resolved_at=message.at if status.is_done else None,
        files=message.files,
    )


def _joined(record: TicketRecord, message: MessageRecord) -> TicketRecord:
    resolved_at = max(record.resolved_at, message.at) if record.resolved_at else None
    return replace(
        record,
        resolved_at=resolved_at,
        comments=(*record.comments, _comment(message)),
        aliases=(*record.aliases, message.key),
    )


def _comment(message: MessageRecord) -> CommentRecord:
    return CommentRecord(message.sender, message.body, message.at, files=message.files)

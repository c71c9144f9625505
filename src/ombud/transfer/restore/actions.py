"""Write a batch of an export's records, with their numbers, times and states; what is there already stays as it is."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ombud.db.actor import ActorKind
from ombud.db.context import actor_of
from ombud.errors import Forbidden
from ombud.models import (
    Attachment,
    Comment,
    CustomRole,
    DistinctPeople,
    DistinctTickets,
    ExternalRef,
    Organization,
    OrganizationDomain,
    Tag,
    Team,
    TeamMember,
    Ticket,
    TicketLink,
    TicketParticipant,
    TicketTag,
    User,
)
from ombud.tickets.actions.bulk.numbers import keep_free
from ombud.transfer.actions import WHOLE_ROWS, Loaded
from ombud.transfer.records import LeftOut
from ombud.transfer.restore import queries
from ombud.transfer.restore.names import Names
from ombud.transfer.restore.records import (
    DistinctPeopleLine,
    DistinctTicketsLine,
    FilePart,
    LinkLine,
    Loadable,
    OrganizationLine,
    RoleLine,
    TagLine,
    TeamLine,
    TicketLine,
    UserLine,
)

Numbered = tuple[int, Any]


def load_export(session: Session, records: Sequence[tuple[int, Loadable]]) -> Loaded:
    """Add the records (each with its line), in their order; for the system.

    People are known by address, organizations, teams and tags by name, tickets by number: one with the same number
    and time of creation came in before, one with another time is left out. Staff need a new password.
    """
    if actor_of(session).kind is not ActorKind.SYSTEM:
        raise Forbidden("Only an import brings an export back in.")
    session.execute(queries.set_curating())
    loaded = Loaded()
    for kind, group in groupby(records, key=lambda entry: type(entry[1])):
        _LOADERS[kind](session, list(group), loaded)
    return loaded


def _organizations(session: Session, lines: list[Numbered], loaded: Loaded) -> None:
    known = Names.look_up(session, queries.organizations, [line.name for _, line in lines])
    for _, line in lines:
        if line.name in known:
            loaded.known += 1
            continue
        organization = Organization(
            name=line.name,
            notes=line.notes,
            shares_tickets=line.shares_tickets,
            created_at=line.created_at,
            updated_at=line.updated_at,
        )
        session.add(organization)
        session.flush()
        known.add(line.name, organization.id)
        domains = [{"domain": domain, "organization_id": organization.id} for domain in line.domains]
        if domains:
            session.execute(upsert(OrganizationDomain).values(domains).on_conflict_do_nothing())


def _named(builder: Any, model: Any) -> Callable[[Session, list[Numbered], Loaded], None]:
    """Return the loader of what is known by its name and refers to nothing."""

    def load(session: Session, lines: list[Numbered], loaded: Loaded) -> None:
        known = Names.look_up(session, builder, [line.name for _, line in lines])
        fresh = known.once(lines, "name")
        loaded.known += len(lines) - len(fresh)
        _insert(
            session,
            model,
            {name: line.model_dump(exclude={"type"}) for name, line in fresh.items()},
            model.id,
        )

    return load


def _users(session: Session, lines: list[Numbered], loaded: Loaded) -> None:
    homes = Names.look_up(session, queries.organizations, [line.organization for _, line in lines])
    roles = Names.look_up(session, queries.roles, [line.custom_role for _, line in lines])
    mentioned = [email for _, line in lines for email in (line.email, line.merged_into)]
    known = Names.look_up(session, queries.users, mentioned)
    # Those who were merged come last and name people of this batch or an earlier one.
    for _, group in groupby(lines, key=lambda entry: entry[1].merged_into is not None):
        members = list(group)
        numbers = {line.email: number for number, line in members}
        fresh = known.once(members, "email")
        loaded.known += len(members) - len(fresh)
        rows: dict[str, dict[str, Any]] = {}
        for email, line in fresh.items():
            wanted = {
                "merged_into": known.get(line.merged_into),
                "organization": homes.get(line.organization),
                "custom_role": roles.get(line.custom_role),
            }
            # Without its role an agent would be one who may do all that agents do.
            missing = [name for name, key in wanted.items() if getattr(line, name) and key is None]
            if missing:
                problems = dict.fromkeys(missing, "is not here.")
                loaded.left_out.append(LeftOut(numbers[email], email, problems))
                continue
            rows[email] = line.model_dump(exclude={"type", *wanted}) | {
                f"{name}_id": key for name, key in wanted.items()
            }
        for email, key in _insert(session, User, rows, User.id).items():
            known.add(email, key)
        loaded.people += len(rows)


def _teams(session: Session, lines: list[Numbered], loaded: Loaded) -> None:
    known = Names.look_up(session, queries.teams, [line.name for _, line in lines])
    mentioned = [email for _, line in lines for email in (*line.members, *line.readers)]
    people = Names.look_up(session, queries.users, mentioned)
    for number, line in lines:
        if line.name in known:
            loaded.known += 1
            continue
        team = Team(
            name=line.name,
            description=line.description,
            created_at=line.created_at,
            updated_at=line.updated_at,
        )
        session.add(team)
        session.flush()
        known.add(line.name, team.id)
        # Whoever is named twice only reads.
        places = dict.fromkeys(line.members, False) | dict.fromkeys(line.readers, True)
        missing = [email for email in places if email not in people]
        if missing:
            loaded.left_out.append(LeftOut(number, line.name, {"members": f"{missing[0]} is not here."}))
        members = [
            {"team_id": team.id, "user_id": people[email], "reads_only": reads_only}
            for email, reads_only in places.items()
            if email in people
        ]
        if members:
            session.execute(upsert(TeamMember).values(members).on_conflict_do_nothing())


def _tickets(session: Session, lines: list[Numbered], loaded: Loaded) -> None:
    # One that was merged names a ticket of an earlier line.
    for _, group in groupby(lines, key=lambda entry: entry[1].merged_into is not None):
        _add_tickets(session, list(group), loaded)


def _add_tickets(session: Session, lines: list[Numbered], loaded: Loaded) -> None:
    numbers = {name for _, line in lines for name in (line.number, line.merged_into) if name}
    there = {number: (key, at) for number, key, at in session.execute(queries.tickets(numbers))}
    people = Names.look_up(session, queries.users, [email for _, line in lines for email in _people_of(line)])
    teams = Names.look_up(session, queries.teams, [line.team for _, line in lines])
    homes = Names.look_up(session, queries.organizations, [line.organization for _, line in lines])
    tags = Names.look_up(session, queries.tags, [tag.name for _, line in lines for tag in line.tags])
    rows: dict[str, dict[str, Any]] = {}
    fresh: dict[str, TicketLine] = {}
    for number, line in lines:
        if line.number in there and there[line.number][1] == line.created_at:
            loaded.known += 1
            continue
        problems = _problems(line, people, teams, homes, tags)
        if line.number in there or line.number in rows:
            problems["number"] = "is another ticket's here."
        if line.merged_into is not None and line.merged_into not in there:
            problems["merged_into"] = "is not here."
        if problems:
            loaded.left_out.append(LeftOut(number, line.number, problems))
            continue
        fresh[line.number] = line
        rows[line.number] = _ticket_row(line, people, teams, homes) | {
            "merged_into_id": there[line.merged_into][0] if line.merged_into else None
        }
    if not rows:
        return
    ids = _insert(session, Ticket, rows, Ticket.id)
    for name, line in fresh.items():
        line_id = ids[name]
        _insert_all(
            session, TicketTag, [_dated(t, ticket_id=line_id, tag_id=tags[t.name]) for t in line.tags]
        )
        _insert_all(
            session,
            TicketParticipant,
            [_dated(p, ticket_id=line_id, user_id=people[p.email]) for p in line.participants],
        )
        references = [_dated(r, ticket_id=line_id, source=r.source, key=r.key) for r in line.references]
        if references:
            session.execute(upsert(ExternalRef).values(references).on_conflict_do_nothing())
    comments = _add_comments(session, [(ids[name], line) for name, line in fresh.items()], people)
    loaded.tickets += len(rows)
    loaded.comments += comments
    keep_free(session, rows)


def _add_comments(session: Session, tickets: list[tuple[int, TicketLine]], people: Names) -> int:
    said = [(ticket, comment) for ticket, line in tickets for comment in line.comments]
    rows = [
        {
            "ticket_id": ticket,
            "author_id": people[comment.author],
            **comment.model_dump(exclude={"author", "files"}),
        }
        for ticket, comment in said
    ]
    files = [_file_row(file, ticket, None, people) for ticket, line in tickets for file in line.files]
    if rows:
        ids = session.scalars(
            insert(Comment).returning(Comment.id, sort_by_parameter_order=True),
            rows,
            execution_options=WHOLE_ROWS,
        )
        files += [
            _file_row(file, ticket, key, people)
            for key, (ticket, comment) in zip(ids, said, strict=True)
            for file in comment.files
        ]
    _insert_all(session, Attachment, files)
    return len(rows)


def _links(session: Session, lines: list[Numbered], loaded: Loaded) -> None:
    numbers = {name for _, line in lines for name in (line.number, line.follows)}
    there = {number: key for number, key, _ in session.execute(queries.tickets(numbers))}
    rows = []
    for number, line in lines:
        if line.number in there and line.follows in there:
            rows.append(_dated(line, ticket_id=there[line.number], follows_id=there[line.follows]))
        else:
            loaded.left_out.append(LeftOut(number, line.number, {"follows": "is not here."}))
    if rows:
        session.execute(upsert(TicketLink).values(rows).on_conflict_do_nothing())


def _distinct_people(session: Session, lines: list[Numbered], loaded: Loaded) -> None:
    known = Names.look_up(
        session, queries.users, [email for _, line in lines for email in (line.one, line.other)]
    )
    pairs = _pairs(lines, loaded, known.get)
    rows = [{"user_id": one, "other_id": other, "created_at": at} for one, other, at in pairs]
    if rows:
        session.execute(upsert(DistinctPeople).values(rows).on_conflict_do_nothing())


def _distinct_tickets(session: Session, lines: list[Numbered], loaded: Loaded) -> None:
    numbers = {name for _, line in lines for name in (line.one, line.other)}
    known = {number: key for number, key, _ in session.execute(queries.tickets(numbers))}
    pairs = _pairs(lines, loaded, known.get)
    rows = [{"ticket_id": one, "other_id": other, "created_at": at} for one, other, at in pairs]
    if rows:
        session.execute(upsert(DistinctTickets).values(rows).on_conflict_do_nothing())


def _pairs(
    lines: list[Numbered], loaded: Loaded, find: Callable[[str], int | None]
) -> list[tuple[int, int, datetime]]:
    """Return each pair by ids, the lower one first; one of which somebody is missing is left out."""
    pairs = []
    for number, line in lines:
        ids = {"one": find(line.one), "other": find(line.other)}
        missing = {name: "is not here." for name, key in ids.items() if key is None}
        if ids["one"] == ids["other"]:
            missing = missing or {"other": "must be another one."}
        if missing:
            loaded.left_out.append(LeftOut(number, line.one, missing))
            continue
        first, second = sorted(key for key in ids.values() if key is not None)
        pairs.append((first, second, line.created_at))
    return pairs


_LOADERS: dict[type, Callable[[Session, list[Numbered], Loaded], None]] = {
    OrganizationLine: _organizations,
    RoleLine: _named(queries.roles, CustomRole),
    UserLine: _users,
    TeamLine: _teams,
    TagLine: _named(queries.tags, Tag),
    TicketLine: _tickets,
    LinkLine: _links,
    DistinctPeopleLine: _distinct_people,
    DistinctTicketsLine: _distinct_tickets,
}


def _people_of(line: TicketLine) -> Iterable[str]:
    yield from (line.requester, line.creator)
    if line.assignee is not None:
        yield line.assignee
    yield from (one.email for one in line.participants)
    yield from (comment.author for comment in line.comments)
    yield from (file.uploader for file in line.files)
    yield from (file.uploader for comment in line.comments for file in comment.files)


def _problems(
    line: TicketLine,
    people: Names,
    teams: Names,
    homes: Names,
    tags: Names,
) -> dict[str, str]:
    problems = {}
    missing = next((email for email in _people_of(line) if email not in people), None)
    if missing is not None:
        problems["people"] = f"there is no {missing} here."
    if line.team is not None and line.team not in teams:
        problems["team"] = f"there is no team {line.team!r} here."
    if line.organization is not None and line.organization not in homes:
        problems["organization"] = f"there is no organization {line.organization!r} here."
    tag = next((tag.name for tag in line.tags if tag.name not in tags), None)
    if tag is not None:
        problems["tags"] = f"there is no tag {tag!r} here."
    if line.status.is_done != (line.resolved_at is not None):
        problems["resolved_at"] = "belongs to resolved and closed tickets only."
    return problems


def _ticket_row(line: TicketLine, people: Names, teams: Names, homes: Names) -> dict[str, Any]:
    left = {
        "type",
        "number",
        "requester",
        "creator",
        "assignee",
        "team",
        "organization",
        "merged_into",
        "comments",
    }
    parts = {"files", "tags", "participants", "references"}
    return {
        **line.model_dump(exclude=left | parts),
        "ticket_number": line.number,
        "requester_id": people[line.requester],
        "creator_id": people[line.creator],
        "assignee_id": people[line.assignee] if line.assignee else None,
        "team_id": teams[line.team] if line.team else None,
        "organization_id": homes[line.organization] if line.organization else None,
    }


def _file_row(file: FilePart, ticket: int, comment: int | None, people: Names) -> dict[str, Any]:
    return {
        **file.model_dump(exclude={"uploader"}),
        "ticket_id": ticket,
        "comment_id": comment,
        "uploader_id": people[file.uploader],
        "storage_key": f"sha256/{file.checksum[:2]}/{file.checksum}",
    }


def _dated(part: Any, **fields: Any) -> dict[str, Any]:
    return {**fields, "created_at": part.created_at}


def _insert(session: Session, model: Any, rows: dict[str, dict[str, Any]], key: Any) -> dict[str, int]:
    """Insert rows in one statement; returns their ids by the names given."""
    if not rows:
        return {}
    statement = insert(model).returning(key, sort_by_parameter_order=True)
    ids = session.scalars(statement, list(rows.values()), execution_options=WHOLE_ROWS)
    return dict(zip(rows, ids, strict=True))


def _insert_all(session: Session, model: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(model).inline(), rows, execution_options=WHOLE_ROWS)

"""The sample desk as records for the loader, and the people that must be there first."""

from collections.abc import Callable, Iterable, Iterator

from sqlalchemy.orm import Session

from ombud.demo.desk import DemoDesk
from ombud.demo.records import Commented, DemoAttachment, DemoTicket
from ombud.files import StoredBytes
from ombud.models import TicketChannel, TicketPriority, TicketStatus, UserRole
from ombud.people.actions import add_team_member, create_organization, create_team, create_user
from ombud.tickets import StoredFile, create_tag
from ombud.transfer import CommentRecord, PersonRecord, TicketRecord, ensure_people

SOURCE = "demo"
SECOND = 6
"""How many customers have a second address."""
Keep = Callable[[bytes], StoredBytes]


def set_up(session: Session, desk: DemoDesk, password_hash: str) -> None:
    """Add teams, staff, tags, organizations and customers. Staff and one customer share the password."""
    teams = {
        team.name: create_team(session, name=team.name, description=team.description).id
        for team in desk.teams
    }
    for agent in desk.agents:
        role = UserRole.ADMIN if agent.is_admin else UserRole.AGENT
        user = create_user(
            session, email=agent.email, full_name=agent.full_name, role=role, password_hash=password_hash
        )
        for name in agent.teams:
            add_team_member(session, teams[name], user.id)
    for tag in desk.tags:
        create_tag(session, tag.name, color=tag.color, description=tag.description)
    for organization in desk.organizations:
        create_organization(
            session,
            name=organization.name,
            domains=organization.domains,
            shares_tickets=organization.shares_tickets,
        )
    guest = guest_of(desk)
    create_user(session, email=guest.email, full_name=guest.full_name, password_hash=password_hash)
    ensure_people(session, [PersonRecord(c.email, c.full_name) for c in desk.customers])
    ensure_people(session, second_addresses(desk))


def second_addresses(desk: DemoDesk) -> list[PersonRecord]:
    """Return records of customers who wrote from elsewhere once: people who are here twice, likely or for certain."""
    named = [c for c in desk.customers if " " in c.full_name and c.email != guest_of(desk).email]
    known = {c.email for c in desk.customers}
    found = []
    for place, one in enumerate(named[: 3 * SECOND : 3]):
        local, _, domain = one.email.partition("@")
        email = f"{local}+orders@{domain}" if place % 2 else f"{local}@private.example"
        if email not in known:
            found.append(PersonRecord(email, one.full_name))
    return found


def guest_of(desk: DemoDesk) -> PersonRecord:
    """Return the customer who can sign in: one whose organization shares its tickets."""
    sharing = {organization.name for organization in desk.organizations if organization.shares_tickets}
    found = next(
        c for c in desk.customers if c.organization in sharing and c.language == "en" and c.full_name
    )
    return PersonRecord(found.email, found.full_name)


def records(desk: DemoDesk, keep: Keep) -> Iterator[TicketRecord]:
    """Yield the tickets as records, oldest first; `keep` stores an attachment's bytes."""
    staff = {agent.email for agent in desk.agents}
    for ticket in desk.tickets():
        yield _record(ticket, staff, keep)


def _record(ticket: DemoTicket, staff: set[str], keep: Keep) -> TicketRecord:
    last = ticket.events[-1].at if ticket.events else ticket.created_at
    return TicketRecord(
        key=str(ticket.index),
        line=ticket.index + 1,
        title=ticket.title,
        description=ticket.description,
        requester=PersonRecord(ticket.requester),
        created_at=ticket.created_at,
        status=TicketStatus(ticket.status),
        priority=TicketPriority(ticket.priority),
        channel=TicketChannel(ticket.channel),
        resolved_at=ticket.resolved_at,
        last_activity_at=last,
        assignee=ticket.assignee,
        team=ticket.team,
        tags=ticket.tags,
        files=tuple(_files(ticket.attachments, keep)),
        comments=tuple(
            _comment(event, staff, keep) for event in ticket.events if isinstance(event, Commented)
        ),
    )


def _comment(event: Commented, staff: set[str], keep: Keep) -> CommentRecord:
    role = UserRole.AGENT if event.author in staff else UserRole.CUSTOMER
    author = PersonRecord(event.author, role=role)
    return CommentRecord(
        author, event.body, event.at, event.is_internal, tuple(_files(event.attachments, keep))
    )


def _files(attachments: Iterable[DemoAttachment], keep: Keep) -> Iterator[StoredFile]:
    for file in attachments:
        stored = keep(file.data)
        yield StoredFile(file.file_name, file.content_type, stored.size, stored.checksum, stored.storage_key)

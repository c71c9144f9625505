"""Small functions that make people and tickets by the same actions as everybody else.

Each takes a session first (`desk.begin(Actor.system("test"))` may do anything) and fills in what the test
does not care about. Not here: people with passwords and tokens (`personas`).
"""

import hashlib
import itertools
from typing import Any

from sqlalchemy.orm import Session

from ombud.models import Comment, Organization, Tag, Team, Ticket, User, UserRole
from ombud.people import actions as people
from ombud.tickets import StoredFile, add_comment, create_tag, open_ticket

_number = itertools.count(1)


def make_user(session: Session, /, *, role: UserRole = UserRole.CUSTOMER, **given: Any) -> User:
    """Make a person; what is given goes to `create_user`."""
    number = next(_number)
    given.setdefault("email", f"{role.value}{number}@people.example")
    given.setdefault("full_name", f"{role.value.replace('_', ' ').title()} {number}")
    return people.create_user(session, role=role, **given)


def make_customer(session: Session, /, **given: Any) -> User:
    """Make a customer."""
    return make_user(session, role=UserRole.CUSTOMER, **given)


def make_agent(session: Session, /, *, teams: tuple[Team, ...] = (), **given: Any) -> User:
    """Make an agent, a member of `teams`; `sees_all_teams=False` confines them to those."""
    user = make_user(session, role=UserRole.AGENT, **given)
    for team in teams:
        people.add_team_member(session, team.id, user.id)
    return user


def make_light_agent(session: Session, /, **given: Any) -> User:
    """Make an agent who reads and writes notes only."""
    return make_user(session, role=UserRole.LIGHT_AGENT, **given)


def make_admin(session: Session, /, **given: Any) -> User:
    """Make an administrator."""
    return make_user(session, role=UserRole.ADMIN, **given)


def make_team(session: Session, /, name: str | None = None, *, members: tuple[User, ...] = ()) -> Team:
    """Make a team with its members."""
    team = people.create_team(session, name=name or f"Team {next(_number)}")
    for member in members:
        people.add_team_member(session, team.id, member.id)
    return team


def make_organization(session: Session, /, name: str | None = None, **given: Any) -> Organization:
    """Make an organization; `shares_tickets=True` lets its people see each other's tickets."""
    return people.create_organization(session, name=name or f"Organization {next(_number)}", **given)


def make_tag(session: Session, /, name: str | None = None, **given: Any) -> Tag:
    """Make a tag."""
    return create_tag(session, name or f"tag-{next(_number)}", **given)


def make_ticket(session: Session, /, requester: User | int | None = None, **given: Any) -> Ticket:
    """Open a ticket for `requester`: a new customer unless given."""
    if requester is None:
        requester = make_customer(session)
    given.setdefault("title", f"Ticket {next(_number)}")
    given.setdefault("requester_id", requester if isinstance(requester, int) else requester.id)
    return open_ticket(session, **given)


def make_comment(
    session: Session,
    /,
    ticket: Ticket | int,
    author: User | int,
    content: str = "A word about it.",
    **given: Any,
) -> Comment:
    """Write a comment by `author`, in a session of theirs or the system's: `is_internal=True` for a note."""
    return add_comment(
        session,
        ticket if isinstance(ticket, int) else ticket.id,
        content,
        author_id=author if isinstance(author, int) else author.id,
        **given,
    )


def stored_file(
    name: str = "report.txt", content: bytes = b"hello", content_type: str = "text/plain"
) -> StoredFile:
    """Return what the store would say of a file with this content; nothing is stored."""
    checksum = hashlib.sha256(content).hexdigest()
    return StoredFile(
        file_name=name, content_type=content_type, size=len(content), checksum=checksum, storage_key=checksum
    )

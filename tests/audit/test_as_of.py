"""Time travel: going back over any history gives exactly what was there at each step."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from ombud import Actor, Desk
from ombud.audit import TicketAsOf, as_of
from ombud.audit.history import CommentAsOf, FileAsOf
from ombud.curation import merge_tickets
from ombud.errors import Forbidden, Invalid, NotFound
from ombud.models import (
    INCLUDE_DELETED,
    Attachment,
    Comment,
    Tag,
    Ticket,
    TicketParticipant,
    TicketPriority,
    TicketStatus,
    TicketTag,
)
from ombud.testing import Cast, make_comment, make_ticket, stored_file
from ombud.tickets import (
    STATUS_MOVES,
    add_tags,
    attach_file,
    change_ticket,
    remove_attachment,
    restore_ticket,
    set_status,
    set_tags,
    soft_delete_ticket,
)

SYSTEM = Actor.system("test")
FIELDS = [name for name in TicketAsOf.__dataclass_fields__ if hasattr(Ticket, name)]
FIELDS = [name for name in FIELDS if name not in ("tags", "comments")]


def _present(session: Session, ticket_id: int) -> TicketAsOf:
    """Read a ticket the plain way."""
    ticket = session.scalars(
        select(Ticket).where(Ticket.id == ticket_id).execution_options(**{INCLUDE_DELETED: True})
    ).one()
    tags = (
        select(Tag.name).join(TicketTag, TicketTag.tag_id == Tag.id).where(TicketTag.ticket_id == ticket_id)
    )
    followers = select(TicketParticipant.user_id).where(TicketParticipant.ticket_id == ticket_id)
    comments = select(Comment).where(Comment.ticket_id == ticket_id).order_by(Comment.created_at, Comment.id)
    files = select(Attachment).where(Attachment.ticket_id == ticket_id).order_by(Attachment.id)

    def copied(kind: Any, one: Any) -> Any:
        return kind(**{name: getattr(one, name) for name in kind.__dataclass_fields__})

    return TicketAsOf(
        **{name: getattr(ticket, name) for name in FIELDS},
        tags=tuple(sorted(session.scalars(tags))),
        participant_ids=tuple(sorted(session.scalars(followers))),
        comments=tuple(copied(CommentAsOf, one) for one in session.scalars(comments)),
        files=tuple(copied(FileAsOf, one) for one in session.scalars(files)),
    )


class History:
    """A ticket to which things happen."""

    def __init__(self, desk: Desk, cast: Cast) -> None:
        self.desk, self.cast = desk, cast
        self.ticket = desk.run(SYSTEM, make_ticket, cast.customer.id)
        self.seen: list[tuple[datetime, TicketAsOf]] = []
        self.look()

    def look(self) -> None:
        """Remember how it is now, by PostgreSQL's clock."""
        with self.desk.read(SYSTEM) as session:
            at = session.scalars(select(func.clock_timestamp())).one()
            self.seen.append((at, _present(session, self.ticket.id)))

    @property
    def now(self) -> TicketAsOf:
        return self.seen[-1][1]

    def do(self, verb: str, number: int) -> None:
        """Do one thing, unless it makes no sense now."""
        act: Callable[[Session, int], None] = getattr(self, verb)
        if (self.now.deleted_at is None) == (verb != "restored"):
            with self.desk.begin(SYSTEM) as session:
                act(session, number)
            self.look()

    def renamed(self, session: Session, number: int) -> None:
        change_ticket(session, self.ticket.id, {"title": f"Title {number} – \"ü\" 'x' \\ 😀"})

    def described(self, session: Session, number: int) -> None:
        change_ticket(session, self.ticket.id, {"description": "\n".join(["line"] * number)})

    def moved(self, session: Session, number: int) -> None:
        choices = [status for status in TicketStatus if status in STATUS_MOVES[self.now.status]]
        set_status(session, self.ticket.id, choices[number % len(choices)])

    def urged(self, session: Session, number: int) -> None:
        change_ticket(session, self.ticket.id, {"priority": list(TicketPriority)[number % 4]})

    def assigned(self, session: Session, number: int) -> None:
        whom = [None, self.cast.agent.id, self.cast.other_agent.id][number % 3]
        where = [None, self.cast.team.id][number % 2]
        change_ticket(session, self.ticket.id, {"assignee_id": whom, "team_id": where})

    def given_away(self, session: Session, number: int) -> None:
        customers = [self.cast.customer.id, self.cast.other_customer.id]
        change_ticket(session, self.ticket.id, {"requester_id": customers[number % 2]})

    def tagged(self, session: Session, number: int) -> None:
        add_tags(session, self.ticket.id, [f"tag-{number % 4}-{self.ticket.id}"])

    def retagged(self, session: Session, number: int) -> None:
        set_tags(session, self.ticket.id, [f"tag-{n}-{self.ticket.id}" for n in range(number % 3)])

    def tag_renamed(self, session: Session, number: int) -> None:
        tags = select(TicketTag.tag_id).where(TicketTag.ticket_id == self.ticket.id).limit(1)
        session.execute(update(Tag).where(Tag.id.in_(tags)).values(name=func.concat(Tag.name, f"~{number}")))

    def tag_removed(self, session: Session, _number: int) -> None:
        tags = select(TicketTag.tag_id).where(TicketTag.ticket_id == self.ticket.id).limit(1)
        session.execute(delete(Tag).where(Tag.id.in_(tags)))

    def answered(self, session: Session, number: int) -> None:
        author = [self.cast.agent, self.cast.customer][number % 2]
        make_comment(session, self.ticket.id, author.id, f"Answer {number}", is_internal=number % 3 == 0)

    def reworded(self, session: Session, number: int) -> None:
        session.execute(
            update(Comment).where(Comment.ticket_id == self.ticket.id).values(content=f"Other words {number}")
        )

    def unsaid(self, session: Session, _number: int) -> None:
        first = select(func.min(Comment.id)).where(Comment.ticket_id == self.ticket.id).scalar_subquery()
        session.execute(delete(Comment).where(Comment.id == first))

    def attached(self, session: Session, number: int) -> None:
        attach_file(session, self.ticket.id, stored_file(f"file-{number}.txt"))

    def taken_off(self, session: Session, _number: int) -> None:
        for file in self.now.files[:1]:
            remove_attachment(session, file.id)

    def merged_in(self, session: Session, number: int) -> None:
        other = make_ticket(session, self.now.requester_id, tags=[f"tag-{number % 4}-{self.ticket.id}"])
        said = make_comment(session, other.id, self.cast.agent.id, f"Said elsewhere {number}")
        attach_file(session, other.id, stored_file(f"elsewhere-{number}.txt"), comment_id=said.id)
        merge_tickets(session, [other.id], self.ticket.id)

    def followed(self, session: Session, _number: int) -> None:
        who = {"ticket_id": self.ticket.id, "user_id": self.cast.colleague.id}
        gone = session.execute(
            delete(TicketParticipant).filter_by(**who).returning(TicketParticipant.user_id)
        )
        if gone.first() is None:
            session.execute(insert(TicketParticipant).values(who))

    def deleted(self, session: Session, _number: int) -> None:
        soft_delete_ticket(session, self.ticket.id)

    def restored(self, session: Session, _number: int) -> None:
        restore_ticket(session, self.ticket.id)


VERBS = [
    name
    for name, member in vars(History).items()
    if callable(member) and name not in ("__init__", "look", "do")
]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(steps=st.lists(st.tuples(st.sampled_from(VERBS), st.integers(0, 11)), max_size=25))
def test_any_history_is_replayed_exactly(desk: Desk, cast: Cast, steps: list[tuple[str, int]]) -> None:
    history = History(desk, cast)
    for verb, number in steps:
        history.do(verb, number)
    with desk.read(SYSTEM, snapshot=True) as session:
        for at, seen in history.seen:
            assert as_of(session, seen.ticket_number, at) == seen


def test_agents_travel_too(desk: Desk, cast: Cast) -> None:
    history = History(desk, cast)
    for verb in ("tagged", "tag_renamed", "answered", "deleted"):
        history.do(verb, 1)
    at, seen = history.seen[1]
    for actor in (cast.agent.actor, cast.light_agent.actor, cast.team_agent.actor, cast.admin.actor):
        with desk.read(actor) as session:
            assert as_of(session, seen.ticket_number, at) == seen


def test_a_transaction_that_began_earlier_and_wrote_later_is_taken_back_too(desk: Desk, cast: Cast) -> None:
    """Both touch one ticket; the log dates both by their beginnings, which lie the other way round."""
    ticket = desk.run(SYSTEM, make_ticket, cast.customer.id)
    with desk.begin(SYSTEM) as slow:
        slow.execute(select(func.now()))  # begins
        with desk.read(SYSTEM) as session:
            between = session.scalars(select(func.clock_timestamp())).one()
        desk.run(SYSTEM, change_ticket, ticket.id, {"title": "Second"})
        change_ticket(slow, ticket.id, {"title": "Third"})
    with desk.read(SYSTEM) as session:
        assert as_of(session, ticket.ticket_number, between).title == ticket.title


def test_before_it_was_opened_there_is_no_ticket(desk: Desk, cast: Cast) -> None:
    ticket = desk.run(SYSTEM, make_ticket, cast.customer.id)
    with desk.read(SYSTEM) as session:
        with pytest.raises(NotFound, match="did not exist yet"):
            as_of(session, ticket.ticket_number, datetime.now(UTC) - timedelta(days=1))
        with pytest.raises(NotFound):
            as_of(session, "no-such-number", datetime.now(UTC))
        with pytest.raises(Invalid):
            as_of(session, ticket.ticket_number, datetime(2026, 1, 1))  # noqa: DTZ001 - on purpose


def test_customers_do_not_read_history(desk: Desk, cast: Cast) -> None:
    ticket = desk.run(SYSTEM, make_ticket, cast.customer.id)
    with desk.read(cast.customer.actor) as session, pytest.raises(Forbidden):
        as_of(session, ticket.ticket_number, datetime.now(UTC))


def test_agents_of_other_teams_learn_nothing(desk: Desk, cast: Cast) -> None:
    ticket = desk.run(SYSTEM, make_ticket, cast.customer.id, team_id=cast.other_team.id)
    with desk.read(cast.team_agent.actor) as session, pytest.raises(NotFound):
        as_of(session, ticket.ticket_number, datetime.now(UTC))

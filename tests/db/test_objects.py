"""Objects made of arrays are, to the last attribute, those that SQLAlchemy's own loader makes."""

from typing import Any

import pytest
from sqlalchemy import event, inspect, select, union_all
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import instance_state

from ombud import Actor, Comment, Ticket, User
from ombud.db.base import Base
from ombud.db.objects import arrays_of, columns_of, objects_of, put_many, put_one
from ombud.db.statements import counted
from ombud.models import Attachment, Organization, Tag, Team, TicketTag
from ombud.testing import Cast, Perform, make_comment, make_ticket, stored_file
from ombud.tickets import add_tags, set_status
from ombud.tickets.reads import get_tickets_with_details

MODELS: tuple[type[Any], ...] = (Ticket, User, Comment, Tag, Team, Organization, Attachment)


def desk(session: Session, /, cast: Cast) -> None:
    """Rows with every column filled, and rows with none that may be empty."""
    ticket = make_ticket(session, cast.customer.id, assignee_id=cast.agent.id, team_id=cast.team.id)
    make_comment(session, ticket, cast.agent.id, 'a "word"\n\\ of {1,2}', files=[stored_file("a.txt")])
    add_tags(session, ticket.id, ["b", "ä, ö"])
    set_status(session, ticket.id, ticket.status.RESOLVED)
    make_ticket(session, cast.other_customer.id)
    session.add(Organization(name="Of its own"))


def arrays(session: Session, model: type[Any]) -> Any:
    rows = select(*columns_of(model)).order_by(model.__table__.c.id).subquery()
    return session.execute(select(*arrays_of(rows))).one()


def insides(thing: Base) -> dict[str, Any]:
    """Everything that an object and its state consist of, but for what names the one load or the session."""
    state = instance_state(thing)
    own = {name: value for name, value in vars(thing).items() if name != "_sa_instance_state"}
    kept = {name: getattr(state, name) for name in ("key", "load_options", "expired", "modified")}
    return {
        "values": own,
        "types": {name: type(value) for name, value in own.items()},
        "zones": {name: getattr(value, "tzinfo", None) for name, value in own.items()},
        "unloaded": state.unloaded,
        "committed": dict(state.committed_state),
        "expired_attributes": set(state.expired_attributes),
        "is_persistent": state.persistent,
        **kept,
    }


@pytest.mark.parametrize("model", MODELS)
def test_they_are_what_the_loader_makes(
    perform: Perform, cast: Cast, system: Actor, model: type[Any]
) -> None:
    perform(system, desk, cast)

    def compare(session: Session) -> None:
        statement = select(model).order_by(model.__table__.c.id).execution_options(include_deleted=True)
        loaded = session.scalars(statement).all()
        expected = [insides(one) for one in loaded]
        assert expected
        ours = arrays(session, model)
        assert objects_of(session, model, ours) == loaded, "what the session has is the same object"
        session.expunge_all()
        made = objects_of(session, model, ours)
        assert not set(map(id, made)) & set(map(id, loaded))
        assert [insides(one) for one in made] == expected
        assert all(session.get(model, one.id) is one and one in session for one in made)
        assert not session.dirty

    perform(system, compare)


def test_nothing_and_the_same_twice(perform: Perform, cast: Cast, system: Actor) -> None:
    perform(system, desk, cast)

    def look(session: Session) -> None:
        none = select(*columns_of(Tag)).where(Tag.id < 0).subquery()
        assert objects_of(session, Tag, session.execute(select(*arrays_of(none))).one()) == []
        team = select(*columns_of(Team)).where(Team.id == cast.team.id)
        twice = session.execute(select(*arrays_of(union_all(team, team).subquery()))).one()
        first, second = objects_of(session, Team, twice)
        assert first is second

    perform(system, look)


def test_changes_are_kept_and_what_expired_is_filled(perform: Perform, cast: Cast, system: Actor) -> None:
    perform(system, desk, cast)

    def look(session: Session) -> None:
        before = arrays(session, Ticket)
        one, other = objects_of(session, Ticket, before)
        one.title = "Mine"
        session.expire(other, ["title", "status"])
        title = before[columns_of(Ticket).index(Ticket.__table__.c.title)][1]
        assert objects_of(session, Ticket, before) == [one, other]
        with counted() as log:
            assert (one.title, other.title) == ("Mine", title)
            assert other.status
        assert len(log) == 0
        assert list(session.dirty) == [one]
        session.flush()
        assert session.scalar(select(Ticket.title).where(Ticket.id == one.id)) == "Mine"
        session.refresh(one)
        assert one.title == "Mine"

    perform(system, look)


def test_what_was_not_asked_for_raises_as_always(perform: Perform, cast: Cast, system: Actor) -> None:
    perform(system, desk, cast)

    def look(session: Session) -> None:
        people = objects_of(session, User, arrays(session, User))
        for name in ("password_hash", "teams", "organization"):
            with pytest.raises(InvalidRequestError, match="raise"):
                getattr(people[0], name)

    perform(system, look)


def test_relationships_are_filled_and_not_changed(perform: Perform, cast: Cast, system: Actor) -> None:
    perform(system, desk, cast)

    def look(session: Session) -> None:
        ticket, other = objects_of(session, Ticket, arrays(session, Ticket))
        people = objects_of(session, User, arrays(session, User))
        tags = objects_of(session, Tag, arrays(session, Tag))
        for _ in range(2):  # the second time over what is there already
            put_one(ticket, "requester", people[0])
            put_many(ticket, "tags", tags)
            put_many(other, "tags", ())
        assert (ticket.requester, ticket.tags, other.tags) == (people[0], tags, [])
        assert not inspect(ticket).attrs.tags.history.has_changes()
        assert not session.dirty
        other.tags.append(tags[0])
        assert other in session.dirty
        session.flush()
        assert session.scalar(select(TicketTag.tag_id).where(TicketTag.ticket_id == other.id)) == tags[0].id

    perform(system, look)


def test_who_listens_for_loads_hears_of_them(perform: Perform, cast: Cast, system: Actor) -> None:
    """A host's listener is called for objects of the public reads, as it is for those of a SELECT."""
    perform(system, desk, cast)
    heard: list[int] = []

    def listen(thing: Any, _context: object) -> None:
        heard.append(thing.id)

    event.listen(Comment, "load", listen)
    try:
        found = perform(system, get_tickets_with_details)
    finally:
        event.remove(Comment, "load", listen)
    assert heard == [comment.id for ticket in found.tickets for comment in ticket.comments] != []

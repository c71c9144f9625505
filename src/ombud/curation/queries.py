"""What curation looks up: builders that return a Select."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    Double,
    FromClause,
    Interval,
    Select,
    and_,
    cast,
    column,
    false,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import aliased

from ombud.curation.rules import FREE_MAIL, LIKELY
from ombud.db.actor import Actor, Scope
from ombud.models import (
    INCLUDE_DELETED,
    AlikeFinds,
    AlikeKind,
    AlikeTickets,
    Attachment,
    Comment,
    DistinctPeople,
    DistinctTickets,
    InboundMail,
    OutboundMail,
    StaleFile,
    Tag,
    Ticket,
    TicketParticipant,
    TicketTag,
    TransferJob,
    User,
)
from ombud.people.policy import people_visible_to
from ombud.tickets.policy import visible_to
from ombud.tickets.rules import UNDONE

Rows: TypeAlias = Select[*tuple[Any, ...]]
Place: TypeAlias = tuple[float, int, int]
"""Where a pair stands among all: its score, negative, and the ids of both."""

COUNTED = 1000
"""Tickets of a tag that are counted: from there on a page says 999+."""

TEXT_COMPARED = 2000
"""Characters of a description that are compared."""

KEPT_DAYS, KEPT_WITHIN = 3, 30
"""Days between two tickets, and days back, of the pairs that the worker finds."""
NOT_YET_SEEN = timedelta(minutes=1)
"""Tickets that were opened so shortly before the worker looked may have been committed after it did."""

_PERSON = (User.id, User.email, User.full_name, func.ombud.address_key(User.email_norm), User.organization_id)


def known_people(ids: Collection[int]) -> Rows:
    """Return what is compared of these people."""
    return select(*_PERSON).where(User.id.in_(ids))


def people_like(person_id: int, limit: int) -> Rows:
    """Return ids of customers who may be this person, with how similar the names are."""
    found = func.ombud.people_like(person_id, limit).table_valued(column("user_id"), column("alike", Double))
    return select(found.c.user_id, found.c.alike)


def people_pairs(least: float, *, after: Place | None, limit: int) -> Rows:
    """Return pairs of customers who may be one person, with how similar their names are, and the score."""
    score, one, other = after or (None, None, None)
    found = func.ombud.people_pairs(least, sorted(FREE_MAIL), score, one, other, limit).table_valued(
        column("user_id"), column("other_id"), column("alike", Double), column("score", Double)
    )
    return select(found.c.user_id, found.c.other_id, found.c.alike, found.c.score)


def people_for_merge(actor: Actor, ids: Collection[int]) -> Select[User]:
    """Return people, locked in one order."""
    return (
        select(User)
        .where(User.id.in_(ids), people_visible_to(actor))
        .order_by(User.id)
        .with_for_update(of=User)
        .execution_options(populate_existing=True)
    )


def merge_people_portion(sources: list[int], target: int, most: int) -> Select[Any]:
    """Move at most `most` tickets, comments, files and followed tickets each; the largest of these counts."""
    return select(func.ombud.merge_people_portion(sources, target, most))


def merge_people_step(sources: list[int], target: int) -> Select[Any]:
    """Move all that still refers to `sources` to `target`."""
    return select(func.ombud.merge_people(sources, target))


def anonymise_step(person_id: int, *, texts: bool) -> Rows:
    """Take out what names a person; returns the redacted rows of the log with their hashes."""
    found = func.ombud.anonymise_person(person_id, texts).table_valued(
        column("log_id"), column("was"), column("is_now")
    )
    return select(found.c.log_id, found.c.was, found.c.is_now)


def references_to(person_id: int) -> Rows:
    """Return how many tickets, comments and files are a person's."""
    return select(
        select(func.count()).where(Ticket.requester_id == person_id).scalar_subquery(),
        select(func.count()).where(Comment.author_id == person_id).scalar_subquery(),
        select(func.count()).where(Attachment.uploader_id == person_id).scalar_subquery(),
    ).execution_options(**{INCLUDE_DELETED: True})


# Tickets


def tickets_for_merge(actor: Actor, ids: Collection[int]) -> Select[Ticket]:
    """Return tickets that the actor may see, locked in one order."""
    return (
        select(Ticket)
        .where(Ticket.id.in_(ids), visible_to(actor))
        .order_by(Ticket.id)
        .with_for_update(of=Ticket)
        .execution_options(**{INCLUDE_DELETED: True}, populate_existing=True)
    )


def participants_of(ids: Collection[int], own: Collection[int]) -> Select[int]:
    """Return who follows any of these tickets: all that follow one of `own`, else staff only."""
    return (
        select(TicketParticipant.user_id)
        .join(User, User.id == TicketParticipant.user_id)
        .where(TicketParticipant.ticket_id.in_(ids), or_(TicketParticipant.ticket_id.in_(own), User.is_staff))
        .distinct()
    )


def tags_of(ids: Collection[int]) -> Select[int]:
    """Return the tags on any of these tickets."""
    return select(TicketTag.tag_id).where(TicketTag.ticket_id.in_(ids)).distinct()


def comments_of(ids: Collection[int]) -> Select[int]:
    """Return the comments of these tickets."""
    return select(Comment.id).where(Comment.ticket_id.in_(ids))


def ticket_pairs(
    actor: Actor, *, days: int, within: int, least: float, after: Place | None, limit: int
) -> Rows:
    """Return pairs of tickets of one requester, opened within `days` of each other and in the last `within` days.

    Only pairs of which the later one is not done. What the worker found lately is taken from what it keeps, and
    only what was opened since is looked for; everything where it found nothing lately, or looked for less.
    """
    since = func.now() - func.make_interval(0, 0, 0, within)
    found_until = select(AlikeFinds.found_at - literal(NOT_YET_SEEN, Interval)).where(
        AlikeFinds.kind == AlikeKind.TICKETS,
        AlikeFinds.least <= least,
        func.ombud.is_lately(AlikeFinds.found_at, AlikeFinds.seconds),
        true() if days == KEPT_DAYS and within <= KEPT_WITHIN else false(),
    )
    found = found_until.scalar_subquery()
    live = func.ombud.ticket_pairs_now(days, func.coalesce(found, since), least).table_valued(
        column("ticket_id", BigInteger),
        column("other_id", BigInteger),
        *(column(name, Double) for name in ("titles", "texts", "hours", "score")),
        name="live",
    )
    kept = AlikeTickets.__table__.alias("kept")
    both = union_all(
        _pairs(
            actor, kept, after, limit, lambda second: (second.created_at < found, second.created_at >= since)
        ),
        _pairs(actor, live, after, limit, lambda _second: ()),
    ).subquery("both")
    return (
        select(both)
        .order_by(both.c.score.desc(), both.c.one, both.c.other)
        .limit(limit)
        .execution_options(**{INCLUDE_DELETED: True})
    )


def _pairs(
    actor: Actor, of: FromClause, after: Place | None, limit: int, narrowed: Callable[[Any], tuple[Any, ...]]
) -> Rows:
    """Return the likeliest of these pairs that the actor sees, and that are neither done nor told apart."""
    first, second = aliased(Ticket, name="first"), aliased(Ticket, name="second")
    # Visible by the one rule, applied to each side through its id.
    seen = select(Ticket.id).where(visible_to(actor))
    place = func.row(-of.c.score, of.c.ticket_id, of.c.other_id)
    return (
        select(
            *(each.label(f"one_{each.key}") for each in _columns(first)),
            *(each.label(f"other_{each.key}") for each in _columns(second)),
            of.c.titles,
            of.c.texts,
            of.c.hours,
            of.c.score,
            of.c.ticket_id.label("one"),
            of.c.other_id.label("other"),
        )
        .select_from(of)
        .join(first, first.id == of.c.ticket_id)
        .join(second, second.id == of.c.other_id)
        .where(
            second.status.in_(UNDONE),
            second.deleted_at.is_(None),
            second.merged_into_id.is_(None),
            first.deleted_at.is_(None),
            first.merged_into_id.is_(None),
            first.requester_id == second.requester_id,
            *narrowed(second),
            true() if actor.scope is Scope.ALL else first.id.in_(seen),
            true() if actor.scope is Scope.ALL else second.id.in_(seen),
            ~_kept_apart(first.id, second.id),
            true() if after is None else place > func.row(*after),
        )
        .order_by(of.c.score.desc(), of.c.ticket_id, of.c.other_id)
        .limit(limit)
    )


def keep_alike() -> Select[int]:
    """Find the pairs that are asked for most, keep them, and return how many of them changed."""
    return select(func.ombud.keep_alike(LIKELY, sorted(FREE_MAIL), KEPT_DAYS, KEPT_WITHIN))


def tickets_like(actor: Actor, ticket_id: int, *, days: int, limit: int) -> Rows:
    """Return tickets of the same requester that were opened within `days` of a ticket, with how alike they are."""
    this = aliased(Ticket, name="this")
    titles = _similarity(this.title, Ticket.title)
    texts = _similarity(
        func.left(this.description, TEXT_COMPARED), func.left(Ticket.description, TEXT_COMPARED)
    )
    apart = func.abs(func.extract("epoch", Ticket.created_at - this.created_at))
    return (
        select(
            *_columns(this),
            *_columns(Ticket),
            titles.label("titles"),
            texts.label("texts"),
            (apart / 3600).label("hours"),
        )
        .join(Ticket, and_(Ticket.requester_id == this.requester_id, Ticket.id != this.id))
        .where(
            this.id == ticket_id,
            visible_to(actor),
            Ticket.merged_into_id.is_(None),
            Ticket.deleted_at.is_(None),
            apart <= days * 86400,
            (titles >= 0.3) | (texts >= 0.5),
            ~_kept_apart(this.id, Ticket.id),
        )
        .order_by((titles + texts).desc(), Ticket.id.desc())
        .limit(limit)
        .execution_options(**{INCLUDE_DELETED: True})
    )


def _kept_apart(one: Any, other: Any) -> Any:
    return (
        select(DistinctTickets.ticket_id)
        .where(
            DistinctTickets.ticket_id == func.least(one, other),
            DistinctTickets.other_id == func.greatest(one, other),
        )
        .exists()
    )


def people_kept_apart(*, after: tuple[int, int] = (0, 0), limit: int = 50) -> Select[DistinctPeople]:
    """Return pairs of people that are kept apart, by their ids, after the pair `after`."""
    pair = func.row(DistinctPeople.user_id, DistinctPeople.other_id)
    return (
        select(DistinctPeople)
        .where(pair > func.row(*after))
        .order_by(DistinctPeople.user_id, DistinctPeople.other_id)
        .limit(limit)
    )


def tickets_kept_apart(
    actor: Actor, *, after: tuple[int, int] = (0, 0), limit: int = 50
) -> Select[DistinctTickets]:
    """Return pairs of tickets that are kept apart, of which the actor sees both, after the pair `after`."""
    pair = func.row(DistinctTickets.ticket_id, DistinctTickets.other_id)
    seen = select(Ticket.id).where(visible_to(actor))
    return (
        select(DistinctTickets)
        .where(pair > func.row(*after))
        .where(true() if actor.scope is Scope.ALL else DistinctTickets.ticket_id.in_(seen))
        .where(true() if actor.scope is Scope.ALL else DistinctTickets.other_id.in_(seen))
        .order_by(DistinctTickets.ticket_id, DistinctTickets.other_id)
        .limit(limit)
    )


def _columns(of: Any) -> tuple[Any, ...]:
    return (of.id, of.ticket_number, of.title, of.requester_id, of.created_at)


def _similarity(one: Any, other: Any) -> Any:
    return cast(func.ombud.similarity(one, other), Double)


# Tags


def tags_for_change(ids: Collection[int]) -> Select[Tag]:
    """Return tags, locked in one order."""
    return select(Tag).where(Tag.id.in_(ids)).order_by(Tag.id).with_for_update(of=Tag)


def all_tags_for_change() -> Select[Tag]:
    """Return all tags, oldest first, locked."""
    return select(Tag).order_by(Tag.id).with_for_update(of=Tag)


def tag_by_name(name: str) -> Select[Tag]:
    """Return the tag of a name, whatever the case."""
    return select(Tag).where(func.lower(Tag.name) == func.lower(name))


def tags_in_use(text: str = "", *, after: str = "", limit: int = 50) -> Select[Tag, int]:
    """Return tags by name after the name `after`, each with on how many tickets it is.

    Counted up to `COUNTED`, so that a tag on every ticket costs no more than another; tickets that the actor
    does not see are not counted.
    """
    name = func.lower(Tag.name)
    some = select(TicketTag.ticket_id).where(TicketTag.tag_id == Tag.id).limit(COUNTED).correlate(Tag)
    tickets = select(func.count()).select_from(some.subquery().lateral()).scalar_subquery()
    return (
        select(Tag, tickets)
        .where(name > func.lower(after), Tag.name.icontains(text.strip(), autoescape=True))
        .order_by(name)
        .limit(limit)
    )


def tickets_tagged(ids: Collection[int]) -> Select[int, datetime]:
    """Return the tickets that have any of these tags, with the first time that one was put on."""
    return (
        select(TicketTag.ticket_id, func.min(TicketTag.created_at))
        .where(TicketTag.tag_id.in_(ids))
        .group_by(TicketTag.ticket_id)
    )


# Retention


def purgeable(before: datetime, limit: int) -> Select[int]:
    """Return tickets that were deleted before a moment, locked; those that somebody restores just now are left."""
    return (
        select(Ticket.id)
        .where(Ticket.deleted_at < before)
        .order_by(Ticket.deleted_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(**{INCLUDE_DELETED: True})
    )


def stale_files(before: datetime, limit: int) -> Select[str]:
    """Return keys that have been stale since before a moment."""
    return (
        select(StaleFile.storage_key)
        .where(StaleFile.since < before)
        .order_by(StaleFile.since, StaleFile.storage_key)
        .limit(limit)
    )


def referred_files(keys: Collection[str]) -> Select[str]:
    """Return those keys that some row refers to."""
    attached = select(Attachment.storage_key).where(Attachment.storage_key.in_(keys))
    mailed = select(InboundMail.storage_key).where(InboundMail.storage_key.in_(keys))
    sent = select(OutboundMail.storage_key).where(OutboundMail.storage_key.in_(keys))
    transferred = select(TransferJob.storage_key).where(TransferJob.storage_key.in_(keys))
    every = attached.union(mailed, sent, transferred).subquery()
    return select(every.c.storage_key)

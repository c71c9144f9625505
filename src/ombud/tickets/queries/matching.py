"""Which tickets a filter means: conditions, for whatever list they are put to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    exists,
    false,
    func,
    literal,
    literal_column,
    not_,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from ombud.db.actor import Actor
from ombud.models import (
    Attachment,
    Comment,
    Organization,
    Tag,
    Team,
    Ticket,
    TicketSearch,
    TicketStatus,
    TicketTag,
    User,
)
from ombud.tickets.filters import ME, UNASSIGNED, Assignee, TicketFilter
from ombud.tickets.grammar import understand
from ombud.tickets.policy import comments_visible_to, visible_to

# From about so many matches on, walking the list until a page is full beats gathering all matches first: a ticket with
# the words costs some 4 µs to gather, a document on the way 30 µs to unpack (docs/adr/0019).
COMMON = 10_000
COMMON_TEXTS = 20_000
"""The same for texts with a substring, which cost more to walk (measured, see docs/adr/0016), in a desk of so many:"""
TEXTS = 4_000_000
"""Texts of the desk that the bound was measured in. The walk is as long as the desk is large and what is looked for
rare, the gathering as long as it is common: where they cost the same grows with the square root of the desk."""


Words: TypeAlias = str | ColumnElement[str]
"""What is searched for, or the parameter that stands for it in a statement that is made once."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a text that is searched for: itself, the pattern that it is found by, and whether it has letters.

    Or the parameters that stand for the two (`GIVEN_PART`) in a statement that is made once.
    """

    text: Words
    like: Words
    has_case: bool

    @classmethod
    def of(cls, text: str) -> Self:
        """Return a part of texts as it was typed."""
        escaped = text.replace("/", "//").replace("%", "/%").replace("_", "/_")
        return cls(text, f"%{escaped}%", text.lower() != text.upper())

    def given(self) -> "Part":
        """Return the parameters that stand for it."""
        return Part(_GIVEN_PART, _GIVEN_LIKE, self.has_case)


GIVEN_WORDS = bindparam("words", type_=Text())
_GIVEN_PART, _GIVEN_LIKE = bindparam("part", type_=Text()), bindparam("like", type_=Text())


@dataclass(frozen=True, slots=True)
class Common:
    """Which of the things searched for very many tickets have.

    They are looked for while the list is walked, instead of being gathered first. Answers are the same.
    """

    words: bool = False
    substring: bool = False

    @classmethod
    def of(cls, words: int | None, substring: int | None) -> Self:
        """Return what the two columns of `search_weight` mean."""
        return cls((words or 0) >= COMMON, (substring or 0) >= COMMON_TEXTS)

    def gathers(self, wanted: TicketFilter) -> bool:
        """Tell whether something rare is searched for, so that few tickets are left to look at."""
        by_words = wanted.text is not None and not self.words
        return by_words or (wanted.substring is not None and not self.substring)


RARE = Common()


def tickets_matching(
    actor: Actor,
    wanted: TicketFilter,
    *,
    common: Common = RARE,
    words: Words | None = None,
    part: Part | None = None,
) -> list[ColumnElement[bool]]:
    """Return the conditions of a filter, the actor's visibility among them; `words` and `part` stand for its texts."""
    wanted = understand(wanted)
    words = wanted.text if words is None else words
    if part is None and wanted.substring is not None:
        part = Part.of(wanted.substring)
    return [
        visible_to(actor),
        Ticket.deleted_at.is_not(None) if wanted.deleted else Ticket.deleted_at.is_(None),
        *_fulfils(actor, wanted),
        *_left_out(actor, wanted),
        *([_has_words(actor, wanted, words, common)] if words is not None else []),
        *([_has_part(actor, part, common.substring)] if part is not None else []),
    ]


def _fulfils(actor: Actor, wanted: TicketFilter) -> list[ColumnElement[bool]]:
    """All conditions but those of texts and of what is deleted."""
    return [
        *_of_values(wanted),
        *([_tagged(wanted.tags)] if wanted.tags is not None else []),
        *_between(Ticket.created_at, wanted.created_from, wanted.created_to),
        *_between(Ticket.last_activity_at, wanted.updated_from, wanted.updated_to),
        *_between(Ticket.resolved_at, wanted.resolved_from, wanted.resolved_to),
        *_belonging(actor, wanted),
        *_of_kind(actor, wanted),
    ]


def _left_out(actor: Actor, wanted: TicketFilter) -> list[ColumnElement[bool]]:
    """Conditions that leave out what is not wanted; of what is unknown (who has a ticket of nobody) nothing is."""
    conditions: list[ColumnElement[bool]] = []
    for one in wanted.without:
        if one == TicketFilter(statuses=one.statuses):  # an index knows the others
            others = [status for status in TicketStatus if status not in (one.statuses or ())]
            conditions.append(Ticket.status.in_(others))
        elif one == TicketFilter(tags=one.tags):
            conditions.append(not_(_tagged(one.tags or (), by_row=True)))
        else:
            conditions.append(and_(*_fulfils(actor, one)).is_not(true()))
    return conditions


def search_weight(wanted: TicketFilter) -> Select[int | None, int | None]:
    """Return about how many tickets have the words, and how many of `TEXTS` the substring, without reading them.

    The terms of the filter's text are understood already. Null for what is not searched for.
    """
    return select(
        (func.ombud.search_weight(wanted.text) if wanted.text is not None else null()).label("words_weight"),
        (_weight_of_part(wanted.substring) if wanted.substring is not None else null()).label(
            "substring_weight"
        ),
    )


def is_common(words: Words | None, part: Part | None) -> ColumnElement[bool]:
    """Return whether very many tickets have the words, or the part; as `Common.of`, but decided by the statement."""
    if part is not None:
        return _weight_of_part(part.text) >= literal_column(str(COMMON_TEXTS))
    weight: ColumnElement[int] = func.ombud.search_weight(words)
    return weight >= literal_column(str(COMMON))


def _weight_of_part(part: Words) -> ColumnElement[Any]:
    """Return how many texts have a part, as if the desk had `TEXTS` of them."""
    texts: ColumnElement[float] = literal_column(
        "(SELECT reltuples FROM pg_catalog.pg_class WHERE oid = 'ombud.ticket_texts'::regclass)"
    )
    return cast(func.ombud.text_weight(part) * func.sqrt(TEXTS / func.greatest(texts, 1)), BigInteger)


def first_found(actor: Actor, words: Words | None, part: Words | None, common: Common, most: int) -> Any:
    """Return an array of the first tickets that an index finds for what is common, at most so many.

    For staff, to count by; None where no index can tell.
    """
    if actor.is_staff and words is not None and common.words:
        return func.ombud.found_tickets(
            words, actor.kind.value, actor.user_id, actor.organization_id, most, type_=ARRAY(BigInteger)
        )
    if actor.is_staff and part is not None and common.substring:
        return func.ombud.found_texts(part, actor.kind.value, most, type_=ARRAY(BigInteger))
    return None


def found_by_words(actor: Actor, text: Words) -> Select[*tuple[Any, ...]]:
    """Return one array of the tickets that an index finds for words; the tickets themselves decide who sees them."""
    return select(func.ombud.found_tickets(text, actor.kind.value, actor.user_id, actor.organization_id))


def among(column: Any, found: Any) -> ColumnElement[bool]:
    """Return the condition that an id is in the one array that a statement returns, which is computed once."""
    # Cast, or PostgreSQL takes it for a sub-select of ids.
    condition: ColumnElement[bool] = column == any_(cast(found.scalar_subquery(), ARRAY(BigInteger)))
    return condition


def comment_has_part(actor: Actor, part: Part) -> ColumnElement[bool]:
    """Return the condition under which the actor reads `part` in a comment."""
    return and_(comments_visible_to(actor), has_part(Comment.content, part))


def has_part(column: Any, part: Part) -> ColumnElement[bool]:
    """Return the condition under which a text has a part, whatever the case.

    Where there is no case (digits, signs, Chinese), the plain comparison costs a tenth of the other.
    """
    has = column.ilike if part.has_case else column.like
    condition: ColumnElement[bool] = has(part.like, escape="/")
    return condition


def _of_values(wanted: TicketFilter) -> list[ColumnElement[bool]]:
    any_of: tuple[tuple[Any, tuple[Any, ...] | None], ...] = (
        (Ticket.status, wanted.statuses),
        (Ticket.priority, wanted.priorities),
        (Ticket.channel, wanted.channels),
    )
    return [column.in_(values) for column, values in any_of if values is not None]


def _of_kind(actor: Actor, wanted: TicketFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.overdue:
        conditions.append(and_(Ticket.is_overdue))
    if wanted.has_attachment:
        file = exists().where(Attachment.ticket_id == Ticket.id)
        if not actor.is_staff:
            said = exists().where(Comment.id == Attachment.comment_id, comments_visible_to(actor))
            file = file.where(or_(Attachment.comment_id.is_(None), said))
        conditions.append(file)
    return conditions


def _assigned_to(actor: Actor, wanted: tuple[Assignee, ...]) -> ColumnElement[bool]:
    ids = [actor.user_id if one == ME else one for one in wanted if one != UNASSIGNED]
    conditions = (
        [Ticket.assignee_id == one for one in ids] if len(ids) == 1 else [Ticket.assignee_id.in_(ids)]
    )
    if UNASSIGNED in wanted:
        conditions = [*(conditions if ids else []), Ticket.assignee_id.is_(None)]
    return or_(*conditions)


def _tagged(names: tuple[str, ...], *, by_row: bool = False) -> ColumnElement[bool]:
    """All of the tags; a look-up each, so that no row is multiplied. No tag named matches nothing.

    `by_row` looks one ticket up after the other: most pass, and a page is soon full.
    """
    if not names:
        return false()
    links = [
        select(TicketTag.ticket_id).where(TicketTag.ticket_id == Ticket.id, _of_tag(name)) for name in names
    ]
    return and_(*((link.offset(literal_column("0")) if by_row else link).exists() for link in links))


def _of_tag(name: str) -> ColumnElement[bool]:
    """The tag first, by itself: joined, its tickets would be gathered however few are left to ask about."""
    tag = select(Tag.id).where(func.lower(Tag.name) == func.lower(name.strip())).scalar_subquery()
    condition: ColumnElement[bool] = TicketTag.tag_id == tag
    return condition


def _between(column: Any, start: datetime | None, end: datetime | None) -> list[ColumnElement[bool]]:
    return [*([column >= start] if start else []), *([column < end] if end else [])]


def _has_words(actor: Actor, wanted: TicketFilter, text: Words, common: Common) -> ColumnElement[bool]:
    if common.words and actor.is_staff:
        document = TicketSearch.document.op("@@")(func.ombud.search_query(text))
        return select(document).where(TicketSearch.ticket_id == Ticket.id).correlate(Ticket).scalar_subquery()
    found = found_by_words(actor, text)
    if wanted.tags and actor.is_staff:
        # An index has the pairs of tickets and tags side by side; the tickets themselves lie all over their table.
        tagged = select(TicketTag.ticket_id).where(_of_tag(wanted.tags[0]), among(TicketTag.ticket_id, found))
        found = select(func.array(tagged.scalar_subquery()))
    return among(Ticket.id, found)


def _has_part(actor: Actor, part: Part, common: bool) -> ColumnElement[bool]:
    """The texts themselves decide, under the actor's rights; an index only says which tickets may have it."""
    said = (
        select(literal(1))
        .where(Comment.ticket_id == Ticket.id, comment_has_part(actor, part))
        .offset(0)
        .exists()
    )
    own = (Ticket.title, Ticket.description, Ticket.ticket_number)
    has = or_(*(has_part(column, part) for column in own), said)
    if common:
        return has
    found = func.ombud.texts_with(
        part.text, actor.kind.value, actor.user_id, actor.organization_id
    ).table_valued("ticket_id", name="found")
    return and_(Ticket.id == any_(func.array(select(found.c.ticket_id).scalar_subquery())), has)


def _belonging(actor: Actor, wanted: TicketFilter) -> list[ColumnElement[bool]]:
    """Conditions on people, teams and organizations, by id and by a part of a name or address.

    Assignees are chosen by either, for `me` and `nobody` are typed like names. Of the others both must hold: who shows
    one customer's tickets, and lets people search in them, is shown no other's by what is typed.
    """
    person = (User.full_name, User.email)
    assigned = _assigned_to(actor, wanted.assignees) if wanted.assignees is not None else None
    conditions = [*_named(Ticket.assignee_id, wanted.assignee_names, User.id, person, assigned)]
    if wanted.team_ids is not None:
        conditions.append(Ticket.team_id.in_(wanted.team_ids))
    exactly = ((Ticket.requester_id, wanted.requester_id), (Ticket.organization_id, wanted.organization_id))
    conditions += [column == value for column, value in exactly if value is not None]
    return [
        *conditions,
        *_named(Ticket.requester_id, wanted.requester_names, User.id, person),
        *_named(Ticket.team_id, wanted.team_names, Team.id, (Team.name,)),
        *_named(Ticket.organization_id, wanted.organization_names, Organization.id, (Organization.name,)),
    ]


def _named(
    column: Any,
    names: Sequence[str],
    key: Any,
    texts: tuple[Any, ...],
    other: ColumnElement[bool] | None = None,
) -> Iterator[ColumnElement[bool]]:
    """Yield what holds where one of the names is found in one of the texts; or where `other` holds."""
    if not names:
        if other is not None:
            yield other
        return
    named = select(key).where(or_(*(_contains(text, name) for name in names for text in texts)))
    if other is not None:
        yield or_(other, column.in_(named))
        return
    # Asked first by itself: where nobody is called so, the list would be walked to its end.
    yield named.exists()
    yield column.in_(named)


def _contains(column: Any, part: str) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = column.icontains(part, autoescape=True)
    return condition

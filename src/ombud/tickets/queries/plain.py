"""The commonest answers of the API as JSON that PostgreSQL writes: a list's page, and one ticket.

Byte for byte what the schemas of `ombud.api` would write of the objects; `tests/api/test_api_plain.py` compares them.
For staff only. Each statement returns one array of texts (see `ombud.db.plain`).
"""

from dataclasses import replace
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Insert,
    Integer,
    Select,
    Text,
    any_,
    case,
    cast,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import aliased

from ombud.db.actor import Actor, Scope
from ombud.db.json import (
    NULL,
    Word,
    array_of,
    moment_of,
    object_of,
    text_of,
    truth_of,
    unless_missing,
    written,
)
from ombud.db.made import made_once
from ombud.db.plain import given
from ombud.models import (
    INCLUDE_DELETED,
    Attachment,
    Comment,
    Organization,
    Tag,
    Team,
    Ticket,
    TicketTag,
    User,
)
from ombud.tickets.filters import Place, TicketFilter
from ombud.tickets.policy import comments_visible_to, visible_to
from ombud.tickets.queries.lists import inbox
from ombud.tickets.queries.matching import RARE, Common
from ombud.tickets.queries.orders import sort_columns

_REQUESTER, _CREATOR = (aliased(User, name=name) for name in ("requester", "creator"))
_FIRST: ColumnElement[int] = literal_column("1", Integer)
# What Python's str.strip() takes away.
_BLANK = written("".join(chr(code) for code in range(0x3001) if chr(code).isspace()))

APART = "\x1f"
"""Never in JSON, which writes it otherwise."""
_APART = written(APART)

_ASKING = cast(given(3), BigInteger)
# Columns of the ticket that is inserted, for sub-queries: the table itself would come into their FROM.
_OF_NEW = {
    "requester_id": literal_column("tickets.requester_id", BigInteger),
    "creator_id": literal_column("tickets.creator_id", BigInteger),
    "organization_id": literal_column("tickets.organization_id", BigInteger),
}


def page_json(actor: Actor, wanted: TicketFilter, place: Place) -> Select[*tuple[Any, ...]]:
    """Return the items of the page of `inbox`, and what a cursor after them holds (NULL on the last page)."""
    key = (page_json, actor.for_request(""), wanted, place, visible_to, comments_visible_to)
    return made_once(key, lambda: _page_json(actor, wanted, place))


def found_json(actor: Actor, wanted: TicketFilter, place: Place, common: Common) -> Select[*tuple[Any, ...]]:
    """Return what `page_json` does, of a search for the words that are given, whatever the text of the filter is.

    Each snippet stands between two APART: a JSON text with its marks in it, or null.
    """
    wanted = replace(wanted, text="words")
    key = (found_json, actor.for_request(""), wanted, place, common, visible_to, comments_visible_to)
    return made_once(key, lambda: _page_json(actor, wanted, place, common, given(1)))


def words_weight() -> Select[*tuple[Any, ...]]:
    """Return about how many tickets have the words that are given, as `search_weight`."""
    return _WORDS_WEIGHT


def ticket_json(actor: Actor, comments: int, *, rare: bool = False) -> Select[*tuple[Any, ...]]:
    """Return the ticket whose number is given, deleted or not, with its first comments (0: none), version and number.

    No row where the ticket, or one of its people, is not there for `actor`; nothing but NULL where it went on in
    another ticket, or its comments have files: only the statement with what is `rare` reads that.
    """
    key = (ticket_json, actor.for_request(""), comments, rare, visible_to, comments_visible_to)
    return made_once(key, lambda: _ticket_json(actor, comments, rare))


def new_ticket() -> Insert:
    """Open the ticket that `tickets.actions.own_ticket` describes, and return what `ticket_json` would say of it."""
    return _NEW_TICKET


def _page_json(
    actor: Actor,
    wanted: TicketFilter,
    place: Place,
    common: Common = RARE,
    words: ColumnElement[str] | None = None,
) -> Select[*tuple[Any, ...]]:
    row = inbox(actor, wanted, place, common=common, words=words).subquery("row")
    edge = [str(column.key) for column in sort_columns(place)]
    texts = (cast(row.c[name], Text).label(f"edge_{name}") for name in edge)
    snippet = NULL if words is None else func.concat(_APART, text_of(row.c.snippet), _APART, type_=Text)
    page = select(_listed(row.c, snippet).label("item"), *texts).subquery("page")
    size = place.limit
    items = func.array_to_string(func.array_agg(page.c.item)[1:size], written(","))
    following = (
        case((func.count() > size, func.array_agg(page.c[f"edge_{name}"])[size]), else_=null())
        for name in edge
    )
    statement: Select[*tuple[Any, ...]] = select(array([func.coalesce(items, written("")), *following]))
    return statement.execution_options(**{INCLUDE_DELETED: True})


def _listed(row: Any, snippet: ColumnElement[str]) -> ColumnElement[str]:
    assignee = _person(row.assignee_id, row.assignee_name, row.assignee_email, true())
    return object_of(
        id=row.id,
        number=text_of(row.ticket_number),
        title=text_of(row.title),
        status=Word(row.status),
        priority=Word(row.priority),
        channel=Word(row.channel),
        created_at=moment_of(row.created_at),
        last_message=text_of(row.last_message),
        snippet=snippet,
        version=row.version,
        requester=_person(
            row.requester_id, row.requester_name, row.requester_email, row.requester_is_staff, address=True
        ),
        assignee=unless_missing(row.assignee_id, assignee),
        team=_named(row.team_id, row.team_name),
        organization=_named(row.organization_id, row.organization_name),
        tags=row.tags,
        last_activity_at=moment_of(row.last_activity_at),
        last_is_internal=truth_of(row.last_is_internal),
        unread=truth_of(row.unread),
    )


def _ticket_json(actor: Actor, comments: int, rare: bool) -> Select[*tuple[Any, ...]]:
    # Each table once, and each person: the policies of a table bring up to ten sub-plans along for each time it is
    # named, which cost more to set up than the look-ups.
    found = (
        select(Ticket)
        .where(Ticket.ticket_number == given(1), visible_to(actor))
        .cte("found")
        .prefix_with("MATERIALIZED")
    )
    ticket: Any = aliased(Ticket, found, name="ticket")
    said = _said(actor, ticket, comments) if comments else None
    people = _people(ticket, said)
    requester, creator, assignee, author = (
        people.alias(name) for name in ("requester", "creator", "assignee", "author")
    )
    more = {} if said is None else {"comments": _comments(said, author, rare)}
    shown: Any = _found(
        ticket,
        requester=_whole(requester, address=True),
        merged_into=unless_missing(ticket.merged_into_id, _goes_on_in(actor, ticket)) if rare else NULL,
        creator=_whole(creator),
        assignee=unless_missing(assignee.c.id, _whole(assignee)),
        team=_named(Team.id, Team.name),
        organization=_named(Organization.id, Organization.name),
        tags=_tags(ticket),
        **more,
    )
    if not rare:
        is_rare = ticket.merged_into_id.is_not(None)
        if comments:
            is_rare = or_(is_rare, func.ombud.has_files(ticket.id))
        shown = case((is_rare, array([cast(null(), Text)])), else_=shown)
    return (
        select(shown)
        .select_from(ticket)
        .join(requester, ticket.requester_id == requester.c.id)
        .join(creator, ticket.creator_id == creator.c.id)
        .outerjoin(assignee, ticket.assignee_id == assignee.c.id)
        .outerjoin(Team, ticket.team_id == Team.id)
        .outerjoin(Organization, ticket.organization_id == Organization.id)
        .execution_options(**{INCLUDE_DELETED: True})
    )


def _new_ticket() -> Insert:
    def one(thing: ColumnElement[str], key: Any, name: str) -> ColumnElement[str]:
        return select(thing).where(key == _OF_NEW[name]).scalar_subquery()

    organization = one(_named(Organization.id, Organization.name), Organization.id, "organization_id")
    return (
        insert(Ticket)
        .values(
            title=given(1),
            description=given(2),
            requester_id=_ASKING,
            creator_id=_ASKING,
            priority=given(4),
            status=given(5),
            channel=given(6),
        )
        .returning(
            _found(
                Ticket,
                requester=one(person_json(_REQUESTER, address=True), _REQUESTER.id, "requester_id"),
                creator=one(person_json(_CREATOR), _CREATOR.id, "creator_id"),
                assignee=NULL,
                team=NULL,
                organization=func.coalesce(organization, NULL),
                tags=written("[]"),
            )
        )
    )


def _found(ticket: Any, *, requester: Any, merged_into: Any = NULL, comments: Any = None, **more: Any) -> Any:
    """Return the array of a ticket as JSON, its version and its number."""
    said = {} if comments is None else {"comments": comments}
    shown = object_of(
        id=ticket.id,
        number=text_of(ticket.ticket_number),
        title=text_of(ticket.title),
        description=text_of(ticket.description),
        status=Word(ticket.status),
        priority=Word(ticket.priority),
        channel=Word(ticket.channel),
        requester=requester,
        created_at=moment_of(ticket.created_at),
        resolved_at=moment_of(ticket.resolved_at),
        merged_into=merged_into,
        version=ticket.version,
        **said,
        **more,
        updated_at=moment_of(ticket.updated_at),
        last_activity_at=moment_of(ticket.last_activity_at),
        first_response_at=moment_of(ticket.first_response_at),
        deleted_at=moment_of(ticket.deleted_at),
    )
    return array([shown, cast(ticket.version, Text), cast(ticket.ticket_number, Text)])


def _goes_on_in(actor: Actor, ticket: Any) -> ColumnElement[Any]:
    into = aliased(Ticket, name="into")
    seen = select(Ticket.id).where(visible_to(actor)).correlate(None)
    number = (
        select(func.concat(text_of(into.ticket_number), type_=Text))
        .where(into.id == ticket.merged_into_id, into.deleted_at.is_(None))
        .where(true() if actor.scope is Scope.ALL else into.id.in_(seen))
        .correlate(ticket)
    )
    return func.coalesce(number.scalar_subquery(), NULL)


def _said(actor: Actor, ticket: Any, limit: int) -> Any:
    """The first comments of a ticket."""
    # Most comments were never changed: the moment is written once for both.
    return (
        select(
            Comment.id,
            Comment.content,
            Comment.is_internal,
            Comment.author_id,
            Comment.created_at,
            Comment.updated_at,
            moment_of(Comment.created_at).label("created"),
        )
        .where(Comment.ticket_id == select(ticket.id).scalar_subquery(), comments_visible_to(actor))
        .order_by(Comment.created_at, Comment.id)
        .limit(limit)
        .cte("said")
        .prefix_with("MATERIALIZED")
    )


def _people(ticket: Any, said: Any) -> Any:
    """Everybody in a ticket: the beginning of the JSON of each, and their address as JSON."""
    named = select(func.unnest(array([ticket.requester_id, ticket.creator_id, ticket.assignee_id])))
    ids = named if said is None else union_all(named, select(said.c.author_id))
    return (
        select(
            User.id,
            _person(User.id, User.full_name, User.email, User.is_staff, end="").label("shown"),
            text_of(User.email).label("address"),
        )
        .where(User.id == any_(func.array(ids.scalar_subquery())))
        .cte("people")
        .prefix_with("MATERIALIZED")
    )


def _whole(person: Any, *, address: bool = False) -> ColumnElement[str]:
    more = (written(',"email":'), person.c.address) if address else ()
    return func.concat(person.c.shown, *more, written("}"), type_=Text)


def _comments(said: Any, author: Any, with_files: bool) -> ColumnElement[str]:
    files = _files(select(said.c.id)) if with_files else None
    item = object_of(
        id=said.c.id,
        content=text_of(said.c.content),
        is_internal=truth_of(said.c.is_internal),
        author=_whole(author),
        attachments=written("[]") if files is None else func.coalesce(files.c.files, written("[]")),
        created_at=said.c.created,
        updated_at=case(
            (said.c.updated_at == said.c.created_at, said.c.created), else_=moment_of(said.c.updated_at)
        ),
    )
    statement = (
        select(array_of(item, said.c.created_at, said.c.id))
        .select_from(said)
        .join(author, said.c.author_id == author.c.id)
    )
    if files is not None:
        statement = statement.outerjoin(files, files.c.comment_id == said.c.id)
    return statement.scalar_subquery()


def _files(comments: Any) -> Any:
    """The files of some comments, looked up together: most have none."""
    file = object_of(
        id=Attachment.id,
        file_name=text_of(Attachment.file_name),
        content_type=text_of(Attachment.content_type),
        size=Attachment.size,
        sha256=text_of(Attachment.checksum),
        comment_id=Attachment.comment_id,
        created_at=moment_of(Attachment.created_at),
    )
    return (
        select(Attachment.comment_id, array_of(file, Attachment.id).label("files"))
        .where(Attachment.comment_id == any_(func.array(comments.scalar_subquery())))
        .group_by(Attachment.comment_id)
        .lateral("files")
    )


def _tags(ticket: Any) -> ColumnElement[str]:
    tag = object_of(id=Tag.id, name=text_of(Tag.name), color=text_of(Tag.color))
    return (
        select(array_of(tag, Tag.name))
        .select_from(Tag)
        .join(TicketTag, TicketTag.tag_id == Tag.id)
        .where(TicketTag.ticket_id == ticket.id)
        .correlate(ticket)
        .scalar_subquery()
    )


def person_json(person: Any, *, address: bool = False) -> ColumnElement[str]:
    """Return a person as a ticket shows them, `address` only to their desk."""
    return _person(person.id, person.full_name, person.email, person.is_staff, address=address)


def _person(
    person_id: Any, full_name: Any, email: Any, is_staff: Any, *, address: bool = False, end: str = "}"
) -> ColumnElement[str]:
    said = func.nullif(func.btrim(full_name, _BLANK), written(""))
    shown = func.coalesce(said, func.split_part(email, written("@"), _FIRST))
    more = {"email": text_of(email)} if address else {}
    return object_of(id=person_id, name=text_of(shown), is_staff=truth_of(is_staff), **more, _end=end)


def _named(thing_id: Any, name: Any) -> ColumnElement[str]:
    return unless_missing(name, object_of(id=thing_id, name=text_of(name)))


_NEW_TICKET = _new_ticket()
_WORDS_WEIGHT: Select[*tuple[Any, ...]] = select(array([cast(func.ombud.search_weight(given(1)), Text)]))

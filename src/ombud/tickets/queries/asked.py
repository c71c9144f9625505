"""The page of a list for a step (`ombud.db.plain`): what is typed is given as texts, and nothing is asked before."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import CTE, case, cast, select

from ombud.db.actor import Actor
from ombud.db.plain import given
from ombud.tickets.filters import Place, TicketFilter, TicketSort
from ombud.tickets.queries.finding import Given, found_page
from ombud.tickets.queries.matching import RARE, Common, Part, is_common
from ombud.tickets.queries.orders import edge_of, sort_columns

_WORDS, _PART, _LIKE, _EDGE = 1, 2, 3, 4
"""The places of what is typed, and of the first value of a cursor, among the texts."""


def may_be_a_step(wanted: TicketFilter, place: Place) -> bool:
    """Tell whether a filter, its terms understood, is of ids, words of ours and one text at most, and no page by rank.

    Whatever else is typed would stand in the statement itself.
    """
    of_ours = TicketFilter(
        text=wanted.text,
        substring=wanted.substring,
        time_zone=wanted.time_zone,
        statuses=wanted.statuses,
        priorities=wanted.priorities,
        channels=wanted.channels,
        assignees=wanted.assignees,
        team_ids=wanted.team_ids,
        requester_id=wanted.requester_id,
        organization_id=wanted.organization_id,
        deleted=wanted.deleted,
    )
    is_one_text = wanted.text is None or wanted.substring is None
    return wanted == of_ours and is_one_text and place.sort is not TicketSort.RANK


def kind_of(wanted: TicketFilter, place: Place) -> tuple[TicketFilter, Place, bool]:
    """Return what the statement of `page_asked` is made of, besides the actor: the same for whatever is typed."""
    part = None if wanted.substring is None else Part.of(wanted.substring)
    of_kind = replace(wanted, text=wanted.text and "words", substring=wanted.substring and "part")
    like = replace(place, cursor=None if place.cursor is None else "")
    return of_kind, like, part is not None and part.has_case


def page_asked(actor: Actor, wanted: TicketFilter, place: Place, has_case: bool) -> CTE:
    """Return the CTE of one row with `total` and `ids`, as `total_and_page`, for a step that is given `texts_of`.

    Its parameters are those of `kind_of`. How common what is searched for is, the statement itself finds out; only
    what follows from that is executed.
    """
    words = given(_WORDS) if wanted.text is not None else None
    part = Part(given(_PART), given(_LIKE), has_case) if wanted.substring is not None else None
    edge = [cast(given(_EDGE + at), column.type) for at, column in enumerate(sort_columns(place))]
    texts = Given(edge if place.cursor is not None else (), words, part)
    total, ids = found_page(actor, wanted, place, RARE, texts)
    if words is not None or part is not None:
        common = Common(words=words is not None, substring=part is not None)
        often = found_page(actor, wanted, place, common, texts)
        weighed = select(is_common(words, part).label("so")).cte("weighed").prefix_with("MATERIALIZED")
        so = select(weighed.c.so).scalar_subquery()
        total, ids = case((so, often[0]), else_=total), case((so, often[1]), else_=ids)
    return select(total.label("total"), ids.label("ids")).cte("asked").prefix_with("MATERIALIZED")


def texts_of(wanted: TicketFilter, place: Place) -> list[str | None]:
    """Return what a step with `page_asked` is given. Raises Invalid for what is no cursor of this list."""
    part = None if wanted.substring is None else Part.of(wanted.substring)
    typed = [wanted.text, *((None, None) if part is None else (str(part.text), str(part.like)))]
    edge = () if place.cursor is None else edge_of(place)
    return [*typed, *(one.isoformat() if isinstance(one, datetime) else str(one) for one in edge)]

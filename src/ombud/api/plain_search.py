"""Searching tickets for words in two round trips: how common the words are, then the page.

The words are a parameter of a statement that is put together and planned once for all words (`found_json`). Terms
such as `status:open` are part of it; whatever else is typed, dated, counted or ranked is searched for the usual way.
"""

import json
from dataclasses import replace

from pydantic import ValidationError
from starlette.datastructures import QueryParams
from starlette.types import Scope

from ombud.api.asking import Answer, Route, ask, look, may_ask
from ombud.api.auth import Known
from ombud.api.paging import following_address
from ombud.api.plain_page import KnownPage, page_answer, readers
from ombud.api.schemas.tickets import Snippet
from ombud.api.ticket_query import TicketQuery
from ombud.db.actor import Actor
from ombud.errors import OmbudError
from ombud.tickets import queries
from ombud.tickets.filters import TicketFilter, TicketSort
from ombud.tickets.grammar import understand
from ombud.tickets.queries.plain import APART, found_json, words_weight

_SEVERAL = {name for name, field in TicketQuery.model_fields.items() if "list[" in str(field.annotation)}
_ALONE = TicketFilter()
# What is typed or dated, and so no part of a statement that is kept.
_TYPED = (
    *(name for name in queries.VARYING if name != "text"),
    "tags",
    "assignee_names",
    "team_names",
    "requester_names",
    "organization_names",
    "without",
)


async def search(scope: Scope, known: Known, route: Route, path: str) -> Answer | None:
    """Return the page of a search for words; None: search the usual way."""
    actor = known.seat.actor
    sought = _understood(scope, actor)
    if sought is None or not may_ask(scope, known, route):
        return None
    query, wanted = sought
    words = wanted.text or ""
    async with scope["app"].state.runtime.desk.searches.aturn(actor.label):
        weight = await ask(scope, known, route, (words_weight(),), words, does="searches")
        if weight is None:
            return None
        common = queries.Common.of(int(weight[0] or 0), None)
        step = found_json(actor, wanted, query.place, common)
        texts = await ask(scope, known, route, (step,), words, does="searches")
    if texts is None:
        return None
    look(scope, path, (), is_search=True)
    texts[0] = _with_marks(texts[0] or "")
    following = following_address(scope["path"], QueryParams(scope["query_string"]).multi_items(), "")
    return page_answer(KnownPage(query.place.order_name, readers(query.place), following), texts)


def _understood(scope: Scope, actor: Actor) -> tuple[TicketQuery, TicketFilter] | None:
    """Return what is asked for, if it is words and nothing else that varies, on a first page."""
    given: dict[str, str | list[str]] = {}
    several: dict[str, list[str]] = {}
    for name, value in QueryParams(scope["query_string"]).multi_items():
        # The replacement character stands where something was not UTF-8, which the usual way refuses.
        if name in given or "\x00" in value or "\ufffd" in name + value:
            return None
        if name in _SEVERAL:
            several.setdefault(name, []).append(value)
        else:
            given[name] = value
    try:
        query = TicketQuery.model_validate(given | several)
        if query.count or query.fields is not None or query.place.cursor is not None:
            return None
        wanted = understand(query.filter_for(actor))
    except (ValidationError, OmbudError):
        return None  # the usual way says what is wrong
    if not wanted.text or query.place.sort is TicketSort.RANK:
        return None
    if any(getattr(wanted, name) != getattr(_ALONE, name) for name in _TYPED):
        return None
    return query, replace(wanted, text=wanted.text.strip())


def _with_marks(items: str) -> str:
    """Return JSON of rows with their snippets as the schema writes them."""
    parts = items.split(APART)
    for place in range(1, len(parts), 2):
        snippet = Snippet.of(json.loads(parts[place]))
        parts[place] = "null" if snippet is None else snippet.model_dump_json()
    return "".join(parts)

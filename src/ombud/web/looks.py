"""Who looks at which page goes into the log of looks: every page of a visitor and every refusal, by its address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Request

from ombud.audit import look_at, views_of
from ombud.audit.naming import WORDS
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.errors import Forbidden, NotFound
from ombud.models import AccessKind

# Pages that show nothing of anybody's (forms, redirects), and what only says that something changed.
NOTHING_TO_SEE = frozenset({"/", "/counters", "/live", "/tickets/new", "/tickets/search"})
# Noted in the transaction that allows it, before the first byte leaves.
NOTED_THEMSELVES = "/attachments/"
# The refresh of an open page: a look at the same ticket.
REFRESH = "/live"
SEARCHES = frozenset({"/people"})


@contextmanager
def noted(request: Request, desk: Desk, actor: Actor) -> Iterator[None]:
    """Note the look that the block answers. Nothing is written yet: the chores do that."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    views = views_of(desk)
    is_search = path in SEARCHES or any(request.query_params.get(word) for word in WORDS)
    names = {str(value) for value in request.path_params.values()}
    thing = path if path in NOTHING_TO_SEE else path.removesuffix(REFRESH)
    kind, thing = look_at(thing, names, request.url.query, is_search=is_search and not names)
    try:
        yield
    except (NotFound, Forbidden):
        views.note(actor, AccessKind.DENIED, thing)
        raise
    if request.method == "GET" and path not in NOTHING_TO_SEE and not path.startswith(NOTED_THEMSELVES):
        views.note(actor, kind, thing)

"""Who reads what through the API goes into the log of looks: every route's reads and refusals, by its address."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Request

from ombud.audit import look_at, views_of
from ombud.audit.naming import WORDS
from ombud.errors import Forbidden, NotFound
from ombud.models import AccessKind

# Noted in the transaction that allows it, before the first byte leaves.
NOTED_THEMSELVES = ("/content",)


@contextmanager
def noted(request: Request) -> Iterator[None]:
    """Note the look that the block answers: as what it was, or as refused. Nothing is written yet."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    names = {str(value) for value in request.path_params.values()}
    is_search = any(request.query_params.get(word) for word in WORDS)
    kind, thing = look_at(path, names, request.url.query, is_search=is_search)
    actor, views = request.state.principal.actor, views_of(request.app.state.runtime.desk)
    try:
        yield
    except (NotFound, Forbidden):
        views.note(actor, AccessKind.DENIED, thing)
        raise
    if request.method == "GET" and not path.endswith(NOTED_THEMSELVES):
        views.note(actor, kind, thing)

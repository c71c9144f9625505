"""What the short way (`ombud.api.plain`) does before and around an answer, as the usual way does it for every route."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self, TypeAlias

from starlette.types import Scope

from ombud.api.auth import Known
from ombud.api.rates import Buckets, weight_of
from ombud.audit import look_at, views_of
from ombud.db.plain import Does, Step

Headers: TypeAlias = list[tuple[bytes, bytes]]
Answer: TypeAlias = tuple[bytes, Headers]
"""A body of JSON, and what else is told of it."""
Texts: TypeAlias = list[str | None]


@dataclass(frozen=True, slots=True)
class Route:
    """A route of the usual way, for the log, the rights and the limits."""

    path_format: str
    weight: int
    needs: str

    @classmethod
    def of(cls, method: str, path: str) -> Self:
        """Return the route of a method at a path."""
        return cls(path, weight_of(method, path), "read" if method == "GET" else "write")


def may_ask(scope: Scope, known: Known, route: Route) -> bool:
    """Tell whether a caller may be answered the short way; what that costs is taken from their bucket, once."""
    principal, state = known.principal, scope["state"]
    if not known.seat.actor.is_staff or (principal.scopes and route.needs not in principal.scopes):
        return False
    buckets: Buckets | None = scope["app"].state.buckets
    if buckets is not None and "left" not in state:
        left, is_enough = buckets.take(known.seat.actor.label, route.weight)
        if not is_enough:
            return False  # nothing was taken
        state["left"] = left
    return True


async def ask(
    scope: Scope, known: Known, route: Route, steps: Sequence[Step], *texts: str | None, does: Does = "reads"
) -> Texts | None:
    """Get an answer of the database, for a caller who may ask."""
    state = scope["state"]
    request_id: str = state["request_id"]
    desk = scope["app"].state.runtime.desk
    found: Texts | None = await desk.answer(known.seat, request_id, steps, *texts, does=does)
    if found is not None:
        scope["route"] = route
        state["principal"] = replace(known.principal, actor=known.seat.actor.for_request(request_id))
    return found


def look(scope: Scope, path: str, names: tuple[str, ...], *, is_search: bool = False) -> None:
    """Note who read what."""
    kind, thing = look_at(path, names, scope["query_string"].decode("latin-1"), is_search=is_search)
    views_of(scope["app"].state.runtime.desk).note(scope["state"]["principal"].actor, kind, thing)

"""One call of the API: who calls, and the two ways to the database. Routes get it as `call`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Concatenate, ParamSpec, TypeVar

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from ombud.api.once import Once
from ombud.db.actor import Actor
from ombud.db.translate import Lost, Retryable
from ombud.people.accounts import Principal
from ombud.runtime import Runtime

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """Each `read` and each `write` is one transaction, over before the answer is sent."""

    principal: Principal
    runtime: Runtime
    once: Once | None = None
    """How a call with an `Idempotency-Key` writes; see `ombud.api.once`."""

    @property
    def actor(self) -> Actor:
        """Who calls, as the layers below know them."""
        return self.principal.actor

    async def read(
        self, action: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `action` in a transaction that PostgreSQL keeps read-only; once more when its connection was lost.

        Under `If-Match` it runs in the transaction that writes.
        """
        if self.once is not None and self.once.reads:
            return await self.once.write(action, *args, **kwargs)
        for is_last in (False, True):
            try:
                async with self.runtime.desk.aread(self.actor) as session:
                    return await session.run_sync(action, *args, **kwargs)
            except (Lost, Retryable):
                if is_last:
                    raise
        raise AssertionError("unreachable")

    async def search(
        self, action: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `action` as `read` does, when it is the caller's turn (`ombud.db.turns`)."""
        async with self.runtime.desk.searches.aturn(self.actor.label):
            return await self.read(action, *args, **kwargs)

    async def write(
        self, action: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `action` and commit; whole again when it lost a race, so it must touch nothing but the session.

        Under an `Idempotency-Key` the transaction stays open until the answer is made, and keeps it.
        """
        if self.once is not None:
            return await self.once.write(action, *args, **kwargs)
        return await self.runtime.desk.arun(self.actor, action, *args, **kwargs)


def current_call(request: Request) -> Call:
    """Return the call that the route's guard let in."""
    return Call(
        principal=request.state.principal,
        runtime=request.app.state.runtime,
        once=getattr(request.state, "once", None),
    )


CurrentCall = Annotated[Call, Depends(current_call)]

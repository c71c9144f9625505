"""A transaction whose end is not where its beginning is: for sessions that live as long as a request."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TYPE_CHECKING, Self

from ombud.db.context import DeskSession

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class _Abandoned(Exception):
    """Thrown into a transaction that is not to be kept; it goes no further."""


class Held:
    """A transaction that is kept or abandoned later, once."""

    def __init__(self, transaction: AbstractContextManager[DeskSession]) -> None:
        self._transaction = transaction
        self.session = transaction.__enter__()

    def keep(self) -> None:
        """Commit; raises what the end of a `with` would raise."""
        self._transaction.__exit__(None, None, None)

    def abandon(self) -> None:
        """Roll back."""
        self._transaction.__exit__(_Abandoned, _Abandoned(), None)


class AsyncHeld:
    """The asynchronous twin of `Held`."""

    session: AsyncSession

    def __init__(self, transaction: AbstractAsyncContextManager[AsyncSession]) -> None:
        self._transaction = transaction

    async def open(self) -> Self:
        """Begin the transaction."""
        self.session = await self._transaction.__aenter__()
        return self

    async def keep(self) -> None:
        """Commit; raises what the end of an `async with` would raise."""
        await self._transaction.__aexit__(None, None, None)

    async def abandon(self) -> None:
        """Roll back."""
        await self._transaction.__aexit__(_Abandoned, _Abandoned(), None)

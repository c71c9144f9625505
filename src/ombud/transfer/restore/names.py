"""Who and what is here by name, as lines of an export call them."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Names:
    """Ids by the names that were asked for, in any case.

    Which names are the same is for the database to say: its unique indexes take `lower()`, which knows no ends of
    Greek words, and other letters than Python in other collations.
    """

    _lower: dict[str, str]
    _ids: dict[str, int]

    @classmethod
    def look_up(
        cls, session: Session, builder: Callable[[Collection[str]], Any], names: Iterable[str | None]
    ) -> "Names":
        """Ask for `names`; `builder` returns each with its form in lower case and its id, if there is one."""
        wanted = {name for name in names if name}
        rows: Any = session.execute(builder(wanted)).all() if wanted else ()
        return cls(
            {given: lower for given, lower, _ in rows},
            {lower: key for _, lower, key in rows if key is not None},
        )

    def __contains__(self, name: str) -> bool:
        return self._lower[name] in self._ids

    def __getitem__(self, name: str) -> int:
        return self._ids[self._lower[name]]

    def get(self, name: str | None) -> int | None:
        """Return the id; None for a name that is not here, and for no name."""
        return self._ids.get(self._lower[name]) if name else None

    def add(self, name: str, key: int) -> None:
        """Remember what was just made; `name` is one of those that were asked for."""
        self._ids[self._lower[name]] = key

    def once(self, lines: Iterable[tuple[int, Any]], name: str) -> dict[str, Any]:
        """Return those lines by their field `name` that are not here yet, each name once: the first line's."""
        fresh: dict[str, Any] = {}
        seen = set(self._ids)
        for _, line in lines:
            given = getattr(line, name)
            if self._lower[given] not in seen:
                seen.add(self._lower[given])
                fresh[given] = line
        return fresh

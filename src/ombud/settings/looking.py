"""How a process learns what was chosen: it looks, and keeps what it saw in the desk's `choices`.

The live hub looks with every question that it asks anyway, and commands look when they begin.
"""

from collections.abc import Mapping
from typing import Any

from ombud.db.actor import Actor
from ombud.db.choices import Choices
from ombud.db.desk import Desk
from ombud.settings import queries
from ombud.settings.rules import usable

_LOOKER = Actor.system("settings")


def look(desk: Desk) -> bool:
    """Look what is chosen now, and let it be in force; returns whether that is news."""
    turn = desk.choices.turn()
    with desk.read(_LOOKER, fresh=True) as session:
        values = session.scalars(queries.chosen()).one()
    return learn(desk.choices, turn, values)


async def alook(desk: Desk) -> bool:
    """The asynchronous twin of `look`."""
    turn = desk.choices.turn()
    async with desk.aread(_LOOKER, fresh=True) as session:
        values = (await session.scalars(queries.chosen())).one()
    return learn(desk.choices, turn, values)


def learn(choices: Choices, turn: int, values: Mapping[str, Any]) -> bool:
    """Let what was read after `turn` be in force; returns whether that is news."""
    return choices.take(turn, usable(values))

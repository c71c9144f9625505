"""What administrators chose in the desk, as a process knows it, laid over what the environment says.

Kept in memory, so that nobody asks the database for it: who listens to the database (`ombud.live`) and whoever changes
a setting in this process bring the news. Nothing here reads; `ombud.settings` does.
"""

from collections.abc import Mapping
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from ombud.config import Settings

INFO_CHOICES = "ombud_choices"


class Choices:
    """The choices of one desk. `current` are its settings now; the same object for as long as nothing changes."""

    def __init__(self, environment: Settings) -> None:
        self._environment = environment
        self._values: Mapping[str, Any] = {}
        self._over: tuple[Settings, Settings] = (environment, environment)
        self._turns = count(1)
        self._taken = 0

    @property
    def current(self) -> Settings:
        """The settings that are in force."""
        return self.over(self._environment)

    def over(self, environment: Settings) -> Settings:
        """Return settings with what was chosen: all but what `environment` sets itself."""
        begun, found = self._over
        if begun is environment:
            return found
        return self._laid(environment)

    def turn(self) -> int:
        """Return a number to `take` with. Ask before looking: an older look must not undo what a newer one saw."""
        return next(self._turns)

    def take(self, turn: int, values: Mapping[str, Any]) -> bool:
        """Let these choices be in force, which must be valid; returns whether they are others than before.

        Nothing comes of a look whose turn was before that of what is known already.
        """
        if turn < self._taken:
            return False
        self._taken = turn
        if values == self._values:
            return False
        self._values = dict(values)
        self._laid(self._environment)
        return True

    def _laid(self, environment: Settings) -> Settings:
        chosen = {
            name: value for name, value in self._values.items() if name not in environment.model_fields_set
        }
        laid = environment.model_copy(update=chosen) if chosen else environment
        self._over = (environment, laid)
        return laid


def choices_of(session: Session) -> Choices | None:
    """Return the choices of the desk that made this session to write; None for a session of another make."""
    found = session.info.get(INFO_CHOICES)
    return found if isinstance(found, Choices) else None


def settings_of(session: Session) -> Settings:
    """Return the settings that are in force in this session, which writes."""
    choices = choices_of(session)
    return choices.current if choices is not None else Settings()

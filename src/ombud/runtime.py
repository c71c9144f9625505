"""What a running desk consists of. Edges get it; nothing below them knows of it."""

from dataclasses import dataclass

from ombud.analytics import Figures
from ombud.config import Settings
from ombud.db.desk import Desk
from ombud.db.open import data_dir
from ombud.files import FileStore
from ombud.live import LiveHub
from ombud.mail.outgoing.reactions import Mailing
from ombud.mail.tokens import open_namer
from ombud.notifications.actions import tell_of


@dataclass(frozen=True, slots=True)
class Runtime:
    """The parts that every edge works with, made once for a process."""

    settings: Settings
    desk: Desk
    files: FileStore
    live: LiveHub
    streams: bool = True
    """Whether pages may keep a stream open for what changes; not where each stream would hold a worker."""
    figures: Figures | None = None
    """Statistics by way of Redis, where there is one."""

    @property
    def current(self) -> Settings:
        """The settings that are in force now: `settings`, and what administrators chose (`ombud.settings`)."""
        return self.desk.choices.over(self.settings)


def equip(desk: Desk, settings: Settings) -> Desk:
    """Give a desk the reactions of a running one: replies go out as mail, agents are told. Returns it.

    Without this (an import, a script of a host) what is written causes nothing.
    """
    desk.reactions = (Mailing(open_namer(data_dir(settings))), tell_of)
    return desk

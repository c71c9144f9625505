"""What a running desk consists of. Edges get it; nothing below them knows of it."""

from dataclasses import dataclass

from ombud.config import Settings
from ombud.db.desk import Desk
from ombud.files import FileStore
from ombud.live import LiveHub


@dataclass(frozen=True, slots=True)
class Runtime:
    """The parts that every edge works with, made once for a process."""

    settings: Settings
    desk: Desk
    files: FileStore
    live: LiveHub
    streams: bool = True
    """Whether pages may keep a stream open for what changes; not where each stream would hold a worker."""

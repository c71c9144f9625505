"""What the desk says to whoever runs it: an event in words, and facts beside it.

Goes through the standard library's logging, so a host that embeds the desk keeps its own say over levels and places.
How lines look where Ombud itself runs is `log_lines`. Facts are numbers, names of things and ids: what people wrote
and secrets are no facts.
"""

import logging
from contextvars import ContextVar
from typing import Any

REQUEST_ID: ContextVar[str] = ContextVar("ombud_logged_request", default="")
"""The request that this task or thread works for; in each of its lines."""


class Event:
    """An event with its facts; as text both, for formatters that know no better."""

    __slots__ = ("facts", "is_clean", "words")

    def __init__(self, words: str, facts: dict[str, Any], *, is_clean: bool = False) -> None:
        """`is_clean` says that no fact is anything that somebody sent: it is written as it is."""
        self.words = words
        self.facts = facts
        self.is_clean = is_clean

    def __str__(self) -> str:
        return " ".join([self.words, *(f"{name}={value!r}" for name, value in self.facts.items())])


class Log:
    """A logger of one module: `log.info("mail decided", mail=7)`."""

    __slots__ = ("_logger",)

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, words: str, **facts: object) -> None:
        """What only who looks for a fault wants to know."""
        self._write(logging.DEBUG, words, facts)

    def info(self, words: str, **facts: object) -> None:
        """What happened, as it should."""
        self._write(logging.INFO, words, facts)

    def warning(self, words: str, *, error: BaseException | None = None, **facts: object) -> None:
        """What went wrong and is dealt with."""
        self._write(logging.WARNING, words, facts, error)

    def error(self, words: str, *, error: BaseException | None = None, **facts: object) -> None:
        """What somebody must look at."""
        self._write(logging.ERROR, words, facts, error)

    def exception(self, words: str, **facts: object) -> None:
        """The same inside an `except`, with where it came from."""
        self._write(logging.ERROR, words, facts, True)

    def often(self, words: str, **facts: object) -> None:
        """What happened, as it does all the time: numbers, ids and words of ours, written without looking where."""
        if self._logger.isEnabledFor(logging.INFO):
            event = Event(words, facts, is_clean=True)
            self._logger.handle(
                self._logger.makeRecord(self._logger.name, logging.INFO, __file__, 0, event, (), None)
            )

    def _write(
        self, level: int, words: str, facts: dict[str, object], error: BaseException | bool | None = None
    ) -> None:
        if self._logger.isEnabledFor(level):
            request = REQUEST_ID.get()
            more = {"request_id": request} if request and "request_id" not in facts else {}
            self._logger.log(level, Event(words, {**more, **facts}), exc_info=error, stacklevel=3)

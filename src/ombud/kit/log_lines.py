"""How log lines look where Ombud runs itself: one line each, as JSON or for people, without secrets.

What other libraries log passes here too, from warnings up: below that they tell of headers and contents. An error is
told by its kind and by where it came from; its words only where they are ours, because those of others hold values.
"""

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import IO, Any, Literal

from ombud.errors import OmbudError
from ombud.kit.logs import Event

HIDDEN = "[hidden]"
OURS = "ombud"
LONGEST = 2000
FRAMES = 30
SHORT = 100
_SECRET_NAME = re.compile(
    r"(?i)pass(word|wd|phrase)?$|secret|token|cookie|authorization|api_?key|private|credential"
)
_SECRET_VALUE = re.compile(
    r"(?i)omb_live_\w+|whsec_[\w+/=-]+|\b(?:bearer|basic)\s+[\w.~+/=-]{8,}"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
    r"|-----BEGIN [\w ]*PRIVATE KEY-----.*?(?:-----END|$)"
    r"|\b(?:password|passwd|secret|token|cookie|authorization|api_?key)[\"']?\s*[=:]\s*(?:(?:bearer|basic)\s+)?[\"']?[^\s\"',;&]+",
    re.DOTALL,
)
_UNCLEAR = re.compile(r"[\s=\"']")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

_OURS = frozenset({"event", "level", "logger"})

Line = MutableMapping[str, Any]
Shape = Literal["console", "json"]


def write_logs(shape: Shape, level: str = "INFO", *, to: IO[str] | None = None) -> logging.Handler:
    """Write what is logged to a stream (standard error) from now on; returns the handler, for who takes it away."""
    import structlog

    renderer: Any = structlog.processors.JSONRenderer(sort_keys=False) if shape == "json" else _for_people
    handler = logging.StreamHandler(to or sys.stderr)
    handler.setFormatter(_Lines(renderer))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger(OURS).setLevel(level.upper())
    return handler


def _for_people(_logger: object, _name: str, line: Line) -> str:
    """Return a line as structlog's ConsoleRenderer has it, at a fifth of what that costs."""
    facts = " ".join([f"{name}={_shown(line[name])}" for name in _in_order(tuple(line))])
    head = f"{line['timestamp']} [{line['level']:<9}] {line['event']:<30} [{line['logger']}]"
    return f"{head} {facts}" if facts else head


@lru_cache(maxsize=200)
def _in_order(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in sorted(names) if name not in _OURS and name != "timestamp")


def _shown(value: Any) -> str:
    """Return a value as it is read: a text bare where that is clear."""
    if not isinstance(value, str):
        return repr(value)
    return value if value and not _UNCLEAR.search(value) else repr(value)


class _Lines(logging.Formatter):
    """Makes lines of records by a renderer of structlog, without its own formatter: a request writes one, each time."""

    def __init__(self, renderer: Callable[[object, str, Line], str | bytes]) -> None:
        super().__init__()
        self._renderer = renderer

    def format(self, record: logging.LogRecord) -> str:
        line = _facts(record)
        is_clean = isinstance(record.msg, Event) and record.msg.is_clean
        return str(self._renderer(None, record.levelname, line if is_clean else _without_secrets(line)))


def _facts(record: logging.LogRecord) -> Line:
    words, facts = (
        (record.msg.words, record.msg.facts) if isinstance(record.msg, Event) else (record.getMessage(), {})
    )
    line: Line = {
        "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "event": words,
        "logger": record.name,
    }
    line.update({name: value for name, value in facts.items() if name not in _OURS})
    failure = record.exc_info
    if isinstance(failure, tuple) and failure[1] is not None:
        line["error"], line["trace"] = told(failure[1])
    return line


def told(error: BaseException) -> tuple[str, list[str]]:
    """Return an error's kinds, the outermost first, and the places that it came through; no value of anybody's."""
    kinds: list[str] = []
    places: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(kinds) < 5:
        words = f": {seen.message}" if isinstance(seen, OmbudError) else ""
        kinds.append(f"{type(seen).__module__}.{type(seen).__qualname__}{words}".removeprefix("builtins."))
        trace = seen.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            places.append(f"{trace.tb_frame.f_globals.get('__name__', '?')}.{code.co_name}:{trace.tb_lineno}")
            trace = trace.tb_next
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return " < ".join(kinds), places[-FRAMES:]


def _without_secrets(line: Line) -> Line:
    return {name: HIDDEN if _is_secret(name) else _clean(value) for name, value in line.items()}


@lru_cache(maxsize=1000)
def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def _clean(value: Any) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case list() | tuple():
            return [_clean(one) for one in value[:100]]
        case dict():
            return {
                str(name): HIDDEN if _is_secret(str(name)) else _clean(one) for name, one in value.items()
            }
    text = str(value)
    return _known_text(text) if len(text) <= SHORT else _clean_text(text)


@lru_cache(maxsize=1000)  # routes, methods and names of modules come again in each line
def _known_text(text: str) -> str:
    return _clean_text(text)


def _clean_text(text: str) -> str:
    text = _SECRET_VALUE.sub(HIDDEN, text)
    if len(text) > LONGEST:
        text = text[:LONGEST] + " ..."
    if text.isascii() and text.isprintable():
        return text
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)

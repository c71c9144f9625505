"""Reading JSON strictly (RFC 8259 section 4, RFC 7493): one meaning per text, and nothing PostgreSQL cannot store.

Refused: names given twice, NaN and infinities, NUL, lone surrogates, numbers of thousands of digits, and
nesting deeper than the parser's stack.
"""

import json
from collections.abc import Iterator
from typing import Any, NoReturn

from ombud.errors import Invalid


class MalformedJson(Invalid):
    """The body is not JSON, or JSON that means two things."""

    code = "malformed_json"


def read_json(raw: bytes) -> Any:
    """Return the value of a JSON text in UTF-8; MalformedJson or Invalid says what is wrong with it."""
    if not raw.strip():
        raise MalformedJson("The body is empty. Send JSON.")
    try:
        value = json.loads(raw.decode(), object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except RecursionError:
        raise MalformedJson("The body is nested too deeply.") from None
    except UnicodeDecodeError:
        raise MalformedJson("The body must be UTF-8.") from None
    except json.JSONDecodeError as error:
        raise MalformedJson(f"The body is not JSON: {error.msg} at character {error.pos}.") from None
    except ValueError:
        raise MalformedJson("The body holds a number that is too long.") from None
    if b"\\u" in raw or b"\x00" in raw:  # nothing else can bring in what cannot be stored
        _check_texts(value)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedJson("The body gives a name twice in one object.")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedJson(f"{name} is not JSON.")


def _check_texts(value: Any) -> None:
    for path, text in _texts(value):
        if "\x00" in text:
            raise Invalid(fields={path: "must not contain NUL characters."})
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise Invalid(fields={path: "must be valid Unicode text."})


def _texts(value: Any) -> Iterator[tuple[str, str]]:
    """Yield every text with where it stands, without recursion. A name that cannot be shown is not shown."""
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        path, item = waiting.pop()
        if isinstance(item, str):
            yield path, item
        elif isinstance(item, list):
            waiting += [(f"{path}/{number}", one) for number, one in enumerate(item)]
        elif isinstance(item, dict):
            for name, one in item.items():
                yield path, name
                waiting.append((f"{path}/{name}", one))

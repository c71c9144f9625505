"""Templates without logic: `{{ticket.number}}` is replaced, and nothing else happens.

No expression, attribute, loop or include exists; a name that is not on the list is refused when the template is
kept, and stays empty if it is rendered all the same. Time is linear in the length, and both lengths are bounded.
"""

import re
from collections.abc import Callable, Collection, Mapping

from ombud.errors import Invalid

MAX_BYTES = 64 * 1024
_VARIABLE = re.compile(r"\{\{ {0,10}([A-Za-z0-9_.]{1,60}) {0,10}\}\}")


def check_template(field: str, template: str, names: Collection[str]) -> None:
    """Raise Invalid when a template is too long, or names what is not among `names`."""
    if len(template.encode("utf-8", "replace")) > MAX_BYTES:
        raise Invalid(fields={field: "must have at most 64 KB."})
    unknown = dict.fromkeys(name for name in _VARIABLE.findall(template) if name not in names)
    rest = _VARIABLE.sub("", template)
    if unknown or "{{" in rest or "{%" in rest or "{#" in rest:
        what = ", ".join(f"{{{{{name}}}}}" for name in unknown) or "something in braces"
        known = ", ".join(f"{{{{{name}}}}}" for name in sorted(names))
        raise Invalid(fields={field: f"has {what}, which is not a variable. There are: {known}."})


def render_template(
    template: str, values: Mapping[str, str], clean: Callable[[str], str] = str, *, limit: int = MAX_BYTES
) -> str:
    """Return the template with its variables replaced by `clean(value)`, cut off at `limit` bytes.

    A value is never read as a template again.
    """
    made: list[str] = []
    cleaned: dict[str, str] = {}  # each value once, however often it is named
    size, end = 0, 0
    source = template.encode("utf-8", "replace")[:MAX_BYTES].decode("utf-8", "ignore")
    for found in _VARIABLE.finditer(source):
        name = found[1]
        if name not in cleaned:
            cleaned[name] = clean(values.get(name, ""))
        for piece in (source[end : found.start()], cleaned[name]):
            made.append(piece)
            size += len(piece.encode("utf-8", "replace"))
        end = found.end()
        if size > limit:
            break
    else:
        made.append(source[end:])
    return "".join(made).encode("utf-8", "replace")[:limit].decode("utf-8", "ignore")

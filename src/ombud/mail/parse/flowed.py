"""format=flowed (RFC 3676): soft line breaks undone, quote marks kept."""

from __future__ import annotations

import re

_LEVEL = re.compile(r">*")


def unflow(text: str, delete_space: bool) -> str:
    """Join flowed lines of one quote depth. `delete_space` is the parameter DelSp=yes."""
    out: list[str] = []
    paragraph: list[str] = []
    depth = 0
    for line in text.replace("\r\n", "\n").split("\n"):
        mark = _LEVEL.match(line)
        level = len(mark[0]) if mark else 0
        rest = line[level:]
        rest = rest.removeprefix(" ")
        signature = rest == "-- "
        if paragraph and (level != depth or signature):
            out.append(_quoted(depth, "".join(paragraph)))
            paragraph = []
        depth = level
        if rest.endswith(" ") and not signature:
            paragraph.append(rest[:-1] if delete_space else rest)
            continue
        out.append(_quoted(level, "".join(paragraph) + rest))
        paragraph = []
    if paragraph:
        out.append(_quoted(depth, "".join(paragraph)))
    return "\n".join(out)


def _quoted(depth: int, text: str) -> str:
    return f"{'>' * depth} {text}" if depth else text

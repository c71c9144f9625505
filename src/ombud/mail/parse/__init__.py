"""Reading mail: bytes in, a frozen result out. No database, no network, no files written.

`parse_message` is the way in; the modules below it each know one standard or one habit of mail programs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ombud.mail.parse.cutter import cut_text
    from ombud.mail.parse.html_clean import sanitise
    from ombud.mail.parse.model import Address, Attachment, Classification, ParsedMail, Protection, Reply
    from ombud.mail.parse.reader import parse_message

__all__ = [
    "Address",
    "Attachment",
    "Classification",
    "ParsedMail",
    "Protection",
    "Reply",
    "cut_text",
    "parse_message",
    "sanitise",
]

_HOME = {"cut_text": "cutter", "parse_message": "reader", "sanitise": "html_clean"}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that commands start quickly."""
    if name not in __all__:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME.get(name, 'model')}"), name)

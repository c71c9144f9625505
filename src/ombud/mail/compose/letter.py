"""What a message says, before it has the form of one. Plain data."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Person:
    """An address with the name that is shown beside it."""

    email: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A file that goes along; one with a `content_id` stands in the text as a picture."""

    file_name: str
    content_type: str
    content: bytes = field(repr=False)
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message. `message_id`, `in_reply_to` and `references` are without angle brackets.

    `is_automatic`: no person wrote it, so no program shall answer it (RFC 3834). `html` is sanitised already.
    """

    message_id: str
    date: datetime
    subject: str
    sender: Person
    to: Sequence[Person]
    text: str
    html: str
    cc: Sequence[Person] = ()
    reply_to: Person | None = None
    in_reply_to: str = ""
    references: Sequence[str] = ()
    parts: Sequence[Part] = ()
    topic: str = ""
    is_automatic: bool = False

"""From where somebody does what a letter tells of: the address and the program that a request came with.

An edge says so at the beginning of a request, as it says where the desk lies. Actions that lead to a letter tell the
database, where a trigger keeps it with the request for that letter: until it is written, and no longer.
"""

from contextvars import ContextVar
from typing import NamedTuple

from sqlalchemy.orm import Session

from ombud.kit.browsers import name_of
from ombud.people import queries


class Whence(NamedTuple):
    """An address, and what a program says of itself (`User-Agent`); both empty outside a request."""

    ip: str = ""
    user_agent: str = ""


NOWHERE = Whence()
_whence: ContextVar[Whence] = ContextVar("ombud_whence", default=NOWHERE)


def came_from(ip: str, user_agent: str) -> None:
    """Say where this request comes from."""
    _whence.set(Whence(ip[:45], user_agent[:300]))


def tell(session: Session) -> None:
    """Let a letter that this transaction leads to say where it came from; nothing is told outside a request."""
    ip, user_agent = _whence.get()
    if ip or user_agent:
        session.execute(queries.tell_whence(ip, name_of(user_agent)[:100] if user_agent else ""))

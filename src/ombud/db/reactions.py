"""What else a change brings about: actions say what happened, and whoever the desk was given reacts to it.

A reaction runs inside the same transaction, where the action calls it: a mail that a comment causes is queued or
lost together with the comment. Slices stay free of each other this way: tickets know nothing of mail. A desk that
was given no reactions (an import, a test, a host that wants none) has none. Hosts add theirs by `Desk.on`, which run
after the desk's own.
"""

from collections.abc import Callable

from sqlalchemy.orm import Session

Reaction = Callable[[Session, object], None]
"""Called with the session and an event (a frozen record of a slice's `events`); flushes at most."""

INFO_REACTIONS = "ombud_reactions"


def react(session: Session, event: object) -> None:
    """Let everybody react to `event`, in the order in which the desk was given them."""
    reactions: tuple[Reaction, ...] = session.info.get(INFO_REACTIONS, ())
    for reaction in reactions:
        reaction(session, event)

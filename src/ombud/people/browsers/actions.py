"""Remember browsers, and whether their owner wants letters about new ones."""

from sqlalchemy.orm import Session

from ombud.db.context import actor_of
from ombud.kit.browsers import name_of
from ombud.kit.tokens import digest
from ombud.people.actions import get_user
from ombud.people.browsers import queries


def meet(session: Session, user_id: int, browser: str, *, ip: str, user_agent: str) -> bool:
    """Remember the browser with which the actor, this user, signs in; true when it was new, and is told of.

    `browser` is the value of its cookie. It is kept as a hash with whose it is: the same browser of two people has two.
    """
    known_by = digest(f"{user_id}:{browser}")
    return bool(session.scalar(queries.meet_browser(known_by, ip[:45], name_of(user_agent)[:100])))


def set_new_browser_letters(session: Session, wanted: bool) -> None:
    """Remember whether the actor wants a letter when they sign in with a browser that is new."""
    user = get_user(session, actor_of(session).user_id or 0)
    user.new_browser_letters = wanted
    session.flush()

"""What the door asks of known browsers. Pure builders."""

from sqlalchemy import Select, func, select

from ombud.models import User


def meet_browser(known_by: bytes, ip: str, named: str) -> Select[bool]:
    """Remember the browser that the actor signs in with, and return whether that was news to tell."""
    return select(func.ombud.meet_browser(known_by, ip, named))


def wants_letters(user_id: int) -> Select[bool]:
    """Return whether somebody wants letters about sign-ins from new browsers."""
    return select(User.new_browser_letters).where(User.id == user_id)

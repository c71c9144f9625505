"""`settings.OMBUD`: how the desk is wired, and the desk's own settings under their names without `OMBUD_`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from pydantic import ValidationError

from ombud.config import Settings

WIRING = {"ACTOR", "UPGRADE", "MOUNT", "MAILS"}


@dataclass(frozen=True, slots=True)
class Configuration:
    """What `settings.OMBUD` says.

    `actor` is the dotted path of a function that takes a request and returns an Actor; `mount` the path of the
    desk's own pages, or None; `upgrade` whether the schema is brought up to date when the desk is opened; `mails`
    whether replies of the project's own code go out as mail, as they do where MOUNT is given.
    """

    actor: str
    upgrade: bool
    mount: str | None
    mails: bool
    settings: Settings


def configuration() -> Configuration:
    """Return what is configured; ImproperlyConfigured names what is wrong."""
    given = values()
    wrong = mistakes(given)
    if wrong:
        raise ImproperlyConfigured(" ".join(wrong))
    return Configuration(
        actor=given["ACTOR"],
        upgrade=given.get("UPGRADE", True),
        mount=given.get("MOUNT"),
        mails=given.get("MAILS", "MOUNT" in given),
        settings=desk_settings(given),
    )


def values() -> Mapping[str, Any]:
    """Return `settings.OMBUD`, empty when there is none."""
    found: Any = getattr(django_settings, "OMBUD", {})
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}


def desk_settings(given: Mapping[str, Any]) -> Settings:
    """Return the desk's settings: those given, then the environment's."""
    return Settings(**{name.lower(): value for name, value in given.items() if name not in WIRING})


def mistakes(given: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each setting that cannot be used."""
    known = WIRING | {name.upper() for name in Settings.model_fields}
    found = [f"OMBUD[{name!r}] is not a setting." for name in sorted(map(str, given)) if name not in known]
    if not isinstance(given.get("ACTOR"), str):
        found.append("OMBUD['ACTOR'] must be the dotted path of a function that returns a request's Actor.")
    found += [
        f"OMBUD[{name!r}] must be True or False."
        for name in ("UPGRADE", "MAILS")
        if not isinstance(given.get(name, True), bool)
    ]
    if not isinstance(given.get("MOUNT", ""), str):
        found.append("OMBUD['MOUNT'] must be a path such as '/support'.")
    try:
        desk_settings({name: value for name, value in given.items() if name in known})
    except ValidationError as error:
        # Never the value: it may be a password.
        found += [f"OMBUD[{str(one['loc'][0]).upper()!r}]: {one['msg']}." for one in error.errors()]
    return found

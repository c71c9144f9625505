"""The settings as they are in force, for administrators to look at: by name, never a secret's value."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from ombud.config import Settings, in_browser
from ombud.db.actor import Actor
from ombud.models import DeskSetting
from ombud.people.policy import require_admin
from ombud.settings.rules import usable


class Source(StrEnum):
    """Who said what a setting is."""

    ENVIRONMENT = "environment"
    DESK = "desk"
    """An administrator, in the desk."""
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class EffectiveSetting:
    """A setting as it is in force; `value` is None for a secret, whatever it is.

    `key` is its name where it is chosen in the desk: None for those that only the environment sets.
    """

    name: str
    description: str
    is_set: bool
    is_secret: bool
    default: str | int | float | bool | None
    value: str | int | float | bool | None
    source: Source
    key: str | None
    is_changeable: bool


def effective_settings(
    actor: Actor, environment: Settings, rows: Iterable[DeskSetting]
) -> list[EffectiveSetting]:
    """Return all settings of this process over what was chosen, in the order of the documentation."""
    require_admin(actor)
    chosen = usable({row.name: row.value for row in rows if row.value is not None})
    known = in_browser()
    found = []
    for name, field in Settings.model_fields.items():
        is_secret = _is_secret(field.annotation)
        source = (
            Source.ENVIRONMENT
            if name in environment.model_fields_set
            else Source.DESK
            if name in chosen
            else Source.DEFAULT
        )
        value = chosen[name] if source is Source.DESK else getattr(environment, name)
        found.append(
            EffectiveSetting(
                name=f"OMBUD_{name.upper()}",
                description=field.description or "",
                is_set=source is not Source.DEFAULT,
                is_secret=is_secret,
                default=_plain(field.default),
                value=None if is_secret else _plain(value),
                source=source,
                key=name if name in known else None,
                is_changeable=name in known and source is not Source.ENVIRONMENT,
            )
        )
    return found


def settings_version(rows: Iterable[DeskSetting]) -> int:
    """Return the version of what was chosen as a whole: it grows with every change, and is 1 before the first."""
    return 1 + sum(row.version for row in rows)


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or SecretStr in getattr(annotation, "__args__", ())


def _plain(value: Any) -> str | int | float | bool | None:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    parts = urlsplit(text)
    # Nobody should write a password into these addresses; who does must not find it here.
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else text

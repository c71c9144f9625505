"""What the environment set, for administrators to look at: every setting by name, never a secret's value."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from ombud.config import Settings
from ombud.db.actor import Actor
from ombud.people.policy import require_admin


@dataclass(frozen=True, slots=True)
class EffectiveSetting:
    """A setting as it is in force; `value` is None for a secret, whatever it is."""

    name: str
    description: str
    is_set: bool
    is_secret: bool
    default: str | int | float | bool | None
    value: str | int | float | bool | None


def effective_settings(actor: Actor, settings: Settings) -> list[EffectiveSetting]:
    """Return all settings of this process, in the order of the documentation. For administrators."""
    require_admin(actor)
    return [
        EffectiveSetting(
            name=f"OMBUD_{name.upper()}",
            description=field.description or "",
            is_set=name in settings.model_fields_set,
            is_secret=_is_secret(field.annotation),
            default=_plain(field.default),
            value=None if _is_secret(field.annotation) else _plain(getattr(settings, name)),
        )
        for name, field in Settings.model_fields.items()
    ]


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or SecretStr in getattr(annotation, "__args__", ())


def _plain(value: Any) -> str | int | float | bool | None:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    parts = urlsplit(text)
    # Nobody should write a password into these addresses; who does must not find it here.
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else text

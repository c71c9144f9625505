"""System checks: what is wrong with the settings, and, with `--database`, with the desk's own database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.utils.module_loading import import_string

from ombud.contrib.asgi import clean_prefix
from ombud.contrib.django.conf import desk_settings, mistakes, values
from ombud.db import migrate
from ombud.errors import OmbudError

MIDDLEWARE = "ombud.contrib.django.middleware.DeskMiddleware"


def settings_are_usable(**_: Any) -> list[checks.CheckMessage]:
    """Check `settings.OMBUD` without touching a database."""
    given = values()
    found: list[checks.CheckMessage] = [checks.Error(one, id="ombud.E001") for one in mistakes(given)]
    found += _of_actor(given.get("ACTOR")) + _of_mount(given.get("MOUNT"))
    if MIDDLEWARE not in settings.MIDDLEWARE:
        hint = f"Add {MIDDLEWARE!r} at the end of MIDDLEWARE."
        found.append(
            checks.Warning("Nothing ends the desk's session of a request.", hint=hint, id="ombud.W001")
        )
    if not found and desk_settings(given).database_url is None and not settings.DEBUG:
        hint = "Set OMBUD['DATABASE_URL'], or OMBUD_DATABASE_URL in the environment."
        found.append(
            checks.Warning("The desk would run a database server of its own.", hint=hint, id="ombud.W002")
        )
    return found


def schema_is_current(databases: Sequence[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """Check, with `manage.py check --database default`, that the desk answers and needs no migration."""
    given = values()
    if not databases or mistakes(given):
        return []
    url = desk_settings(given).database_url
    if url is None:
        return []
    try:
        current = migrate.is_current(url.get_secret_value())
    except OmbudError as error:
        return [checks.Error(error.message, id="ombud.E004")]
    if current:
        return []
    hint = "Run `manage.py ombud db upgrade` before the new version takes requests."
    return [checks.Error("The desk's schema is not this version's.", hint=hint, id="ombud.E005")]


def _of_actor(path: Any) -> list[checks.CheckMessage]:
    if not isinstance(path, str):
        return []
    try:
        function = import_string(path)
    except ImportError as error:
        return [checks.Error(f"OMBUD['ACTOR'] cannot be imported: {error}", id="ombud.E002")]
    if callable(function):
        return []
    return [checks.Error(f"OMBUD['ACTOR'] names {path}, which is not a function.", id="ombud.E002")]


def _of_mount(path: Any) -> list[checks.CheckMessage]:
    if not isinstance(path, str):
        return []
    try:
        clean_prefix(path)
    except OmbudError as error:
        return [checks.Error(f"OMBUD['MOUNT']: {error.message}", id="ombud.E003")]
    return []

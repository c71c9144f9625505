"""Settings: those of the environment to look at, and those that administrators choose in the desk.

What else administrators change has addresses of its own.
"""

from collections.abc import Sequence

from fastapi import Response
from sqlalchemy.orm import Session

from ombud.api.calls import CurrentCall
from ombud.api.routing import api_router, problems
from ombud.api.schemas.settings import Setting, SettingsPage, SettingsPatch
from ombud.api.versions import IfMatch, version_of
from ombud.config import Settings
from ombud.db.context import actor_of
from ombud.models import DeskSetting
from ombud.people.accounts import require_fresh
from ombud.people.policy import require_admin
from ombud.settings import change_settings, effective_settings, queries, settings_version

router = api_router("Settings")


@router.get("/settings")
async def list_settings(call: CurrentCall, response: Response) -> SettingsPage:
    """List all settings: what is in force, who set it, and whether it is changed here. For administrators."""
    require_admin(call.actor)
    items, version = await call.read(_settings, call.runtime.settings)
    return _tagged(response, items, version)


@router.patch("/settings", responses=problems(409, 412, 413, 415))
async def update_settings(
    body: SettingsPatch, call: CurrentCall, response: Response, if_match: IfMatch = None
) -> SettingsPage:
    """Choose settings. They are in force within a second, in every process; those of the environment stay."""
    require_admin(call.actor)
    require_fresh(call.principal)
    items, version = await call.write(_change, body.given(), call.runtime.settings, seen=version_of(if_match))
    return _tagged(response, items, version)


def _settings(session: Session, environment: Settings) -> tuple[list[Setting], int]:
    return _shown(session, environment, session.scalars(queries.rows()).all())


def _change(
    session: Session, changes: dict[str, object], environment: Settings, *, seen: int | None
) -> tuple[list[Setting], int]:
    return _shown(session, environment, change_settings(session, changes, environment, seen=seen))


def _shown(session: Session, environment: Settings, rows: Sequence[DeskSetting]) -> tuple[list[Setting], int]:
    found = effective_settings(actor_of(session), environment, rows)
    return [Setting.of(one) for one in found], settings_version(rows)


def _tagged(response: Response, items: list[Setting], version: int) -> SettingsPage:
    response.headers["ETag"] = f'"{version}"'
    return SettingsPage(items=items, next_cursor=None, version=version)

"""Settings: those of the desk as a whole, chosen by administrators. Whom they concern has them within a second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from ombud.config import Settings, in_browser
from ombud.db.context import actor_of
from ombud.errors import Forbidden, Invalid, StaleVersion
from ombud.people.policy import require_admin
from ombud.settings import (
    EffectiveSetting,
    change_settings,
    effective_settings,
    queries,
    settings_version,
)
from ombud.web import queries as web_queries
from ombud.web.answers import page
from ombud.web.around import make_frame, read_around
from ombud.web.auth import SignedIn, Visitor
from ombud.web.forms import SignedForm, id_of, text_of
from ombud.web.place import at
from ombud.web.settings import enter, places_of
from ombud.web.views.settings import changes_of, sections, shown

router = APIRouter(prefix="/settings")


@dataclass(frozen=True, slots=True)
class Change:
    """What a form did; `before` is what its fields held, which the form of *Undo* sends."""

    before: Mapping[str, str]


@router.get("")
async def show_first(visitor: SignedIn) -> Response:
    """Go to the first place of the settings that is the visitor's to see."""
    for key in places_of(visitor.actor):
        return RedirectResponse(at(f"/settings/{key}"), 303)
    raise Forbidden("The settings are for staff.")


@router.get("/desk")
async def show_settings(request: Request, visitor: SignedIn) -> Response:
    """Show what may be chosen without a shell."""
    enter(visitor.actor, "desk")
    return await _page(request, visitor)


@router.post("/desk")
async def choose(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Choose what was typed; what stands there already, and what the form does not name, stays."""
    require_admin(visitor.actor)
    visitor.require_fresh()
    typed, environment = _typed(form), visitor.parts.runtime.settings
    try:
        done = await visitor.desk.arun(visitor.actor, _choose, typed, environment, id_of(form, "seen"))
    except StaleVersion as error:
        return await _page(request, visitor, failure=f"{error.message} This is how it is now.")
    except Invalid as error:
        return await _page(request, visitor, typed=typed, error=error)
    return await _page(request, visitor, done=done)


def _typed(form: FormData) -> dict[str, str]:
    """Return the fields that the form names; a box that is not ticked sends no value."""
    named = {name for name in form.getlist("field") if isinstance(name, str)}
    return {name: text_of(form, name) for name in in_browser() if name in named}


def _choose(session: Session, typed: Mapping[str, str], environment: Settings, seen: int | None) -> Change:
    before, _version = _read(session, environment)
    changes = changes_of(before, typed)
    change_settings(session, changes, environment, seen=seen)
    held = {one.key: one.value for one in before if one.key is not None}
    return Change({name: shown(held[name], in_browser()[name][1].unit) for name in changes})


def _read(session: Session, environment: Settings) -> tuple[list[EffectiveSetting], int]:
    rows = session.scalars(queries.rows()).all()
    return effective_settings(actor_of(session), environment, rows), settings_version(rows)


async def _page(
    request: Request,
    visitor: Visitor,
    *,
    typed: Mapping[str, str] | None = None,
    error: Invalid | None = None,
    failure: str = "",
    done: Change | None = None,
) -> Response:
    async with visitor.desk.aread(visitor.actor, fresh=True) as session:
        around = read_around((await session.execute(web_queries.surroundings(visitor.actor))).one())
        settings, version = await session.run_sync(_read, visitor.parts.runtime.settings)
    errors = error.fields if error is not None else {}
    context = {
        "frame": make_frame(request, visitor, around, "settings"),
        "sections": sections(settings, typed or {}, errors),
        "version": version,
        "done": done,
        "failure": failure or (error.message if error is not None and not errors else ""),
        "is_fresh": visitor.is_fresh,
    }
    status = 409 if failure else 422 if error is not None else 200
    return page(request, "pages/settings.html", context, status=status)

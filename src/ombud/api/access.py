"""Where somebody is signed in, and their keys: what an administrator looks at and ends when something is amiss."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from ombud.api.calls import CurrentCall
from ombud.api.routing import api_router
from ombud.api.schemas.base import Page, PathId
from ombud.api.schemas.me import Token, WebSession
from ombud.models import ApiToken
from ombud.models import WebSession as SessionRow
from ombud.people import queries
from ombud.people.accounts import end_session_of, require_fresh
from ombud.people.actions import get_user, sign_out_everywhere
from ombud.people.policy import require_admin

router = api_router("People")


@router.get("/users/{user_id}/sessions")
async def list_sessions_of(user_id: PathId, call: CurrentCall) -> Page[WebSession]:
    """List where somebody is signed in, the browser used last first. For administrators."""
    require_admin(call.actor)
    rows = await call.read(_sessions, user_id)
    return Page(items=[WebSession.of(row) for row in rows], next_cursor=None)


@router.delete("/users/{user_id}/sessions", status_code=204)
async def sign_out(user_id: PathId, call: CurrentCall) -> None:
    """Sign somebody out everywhere, within a second. Their tokens stay. For administrators."""
    require_admin(call.actor)
    require_fresh(call.principal)
    await call.write(sign_out_everywhere, user_id)


@router.delete("/users/{user_id}/sessions/{session_id}", status_code=204)
async def end_one_session(user_id: PathId, session_id: PathId, call: CurrentCall) -> None:
    """Sign somebody out of one browser, within a second. For administrators."""
    require_admin(call.actor)
    require_fresh(call.principal)
    await call.write(end_session_of, user_id, session_id)


@router.get("/users/{user_id}/tokens")
async def list_tokens_of(user_id: PathId, call: CurrentCall) -> Page[Token]:
    """List somebody's tokens, newest first; `DELETE /tokens/{token_id}` revokes one. For administrators."""
    require_admin(call.actor)
    rows = await call.read(_tokens, user_id)
    return Page(items=[Token.of(row) for row in rows], next_cursor=None)


def _sessions(session: Session, user_id: int) -> Sequence[SessionRow]:
    return session.scalars(queries.sessions_of(get_user(session, user_id).id)).all()


def _tokens(session: Session, user_id: int) -> Sequence[ApiToken]:
    return session.scalars(queries.tokens_of(get_user(session, user_id).id)).all()

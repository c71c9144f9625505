"""The audit log: who changed what, and taking a request back."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query
from sqlalchemy.orm import Session

from ombud.api.calls import CurrentCall
from ombud.api.paging import Link, cursor_at
from ombud.api.routing import api_router, problems
from ombud.api.schemas.audit import AuditEntry, AuditQuery, NewUndo, UndoResult
from ombud.api.schemas.base import BIGINT_MAX, Page
from ombud.audit import queries, undo_request
from ombud.db.context import actor_of
from ombud.models import AuditLog
from ombud.tickets.policy import require_staff

router = api_router("Audit")
ORDER = "-audit"


@router.get("/audit")
async def list_audit(
    wanted: Annotated[AuditQuery, Query()], call: CurrentCall, link: Link
) -> Page[AuditEntry]:
    """List changes, newest first. Administrators get all of them, agents those of tickets that they see."""
    rows = await call.read(_log, wanted, wanted.after_id(ORDER, start=BIGINT_MAX))
    return link.page(rows, wanted.limit, AuditEntry.of, lambda entry: cursor_at(ORDER, entry.id))


@router.post("/undo", responses=problems(404, 409, 413, 415))
async def undo(body: NewUndo, call: CurrentCall) -> UndoResult:
    """Take back what one request did to tickets, whole. What changed since is told, and nothing is overwritten.

    Agents take back their own requests, administrators any. Comments and files stay.
    """
    return UndoResult.of(await call.write(undo_request, body.request_id))


def _log(session: Session, wanted: AuditQuery, before: int) -> Sequence[AuditLog]:
    actor = actor_of(session)
    require_staff(actor)
    statement = queries.log(actor, wanted.filter(), before=before, limit=wanted.limit + 1)
    return session.scalars(statement).all()

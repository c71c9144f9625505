"""What tests of the short way compare it with."""

from collections.abc import Callable
from typing import Any

import httpx
from sqlalchemy import func, select

from ombud.db.context import DeskSession
from ombud.models import AuditLog
from ombud.testing import Persona

Client = Callable[[Persona], httpx.AsyncClient]


def audited(session: DeskSession, answer: httpx.Response) -> list[tuple[Any, ...]]:
    """Return what the audit log has of an answer's request, without what is its own."""
    statement = (
        select(AuditLog.table_name, AuditLog.action, AuditLog.actor, func.count())
        .where(AuditLog.request_id == answer.headers["x-request-id"])
        .group_by(AuditLog.table_name, AuditLog.action, AuditLog.actor)
    )
    return [tuple(row) for row in session.execute(statement.order_by(AuditLog.table_name))]

"""For those who watch the desk: is the process up, does the database answer; and what browsers stopped."""

from __future__ import annotations

import json

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from ombud.db import migrate
from ombud.db.actor import Actor
from ombud.errors import OmbudError
from ombud.kit.logs import Log
from ombud.web import queries
from ombud.web.parts import parts_of

router = APIRouter()

REPORT_LIMIT = 16_384
_log = Log(__name__)


@router.get("/healthz")
async def healthy() -> Response:
    """Answer as long as the process can."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz")
async def ready(request: Request) -> Response:
    """Answer 200 when pages can be served: the database answers and its schema is this version's."""
    try:
        async with parts_of(request).runtime.desk.aread(Actor.system("health"), fresh=True) as session:
            revision = await session.scalar(queries.schema_revision())
    except OmbudError:
        return JSONResponse({"status": "unavailable", "reason": "database"}, 503)
    if revision != migrate.head():
        return JSONResponse({"status": "unavailable", "reason": "schema"}, 503)
    return JSONResponse({"status": "ok"})


@router.post("/csp-report")
async def stopped(request: Request) -> Response:
    """Note what the content security policy stopped in a browser: a fault of ours, or an attack."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > REPORT_LIMIT:
            return Response(status_code=413)
    try:
        report = json.dumps(json.loads(body))
    except (ValueError, RecursionError):
        return Response(status_code=400)
    parts_of(request).reports.append(report)
    _log.warning("content security policy report", report=report)
    return Response(status_code=204)

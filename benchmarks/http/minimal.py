"""The least that answers the same: Starlette, one hand-written statement a request over asyncpg, JSON by PostgreSQL.

It signs nobody in, knows no rights (it is the superuser, whom row security does not bind), validates nothing, and
counts nothing. Its tickets go into the same table, so its create pays for the same triggers. Run by uvicorn, as a
factory; the database is named by BENCH_DSN.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator

import asyncpg  # type: ignore[import-untyped]  # it has no types
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

POOL = 10
APPLICATION = "minimal"
_PERSON = (
    "json_build_object('id', {0}.id, 'name', coalesce(nullif(btrim({0}.full_name), ''), split_part({0}.email, '@', 1)),"
    " 'is_staff', {0}.is_staff, 'email', {0}.email)"
)
_REQUESTER, _ASSIGNEE, _AUTHOR = (_PERSON.format(name) for name in ("r", "a", "w"))
_TAGS = (
    "(SELECT coalesce(json_agg(json_build_object('id', g.id, 'name', g.name, 'color', g.color) ORDER BY g.name), '[]')"
    " FROM ombud.ticket_tags tt JOIN ombud.tags g ON g.id = tt.tag_id WHERE tt.ticket_id = t.id)"
)
LIST = f"""
SELECT coalesce(json_agg(row), '[]')::text FROM (
  SELECT json_build_object('id', t.id, 'number', t.ticket_number, 'title', t.title, 'status', t.status,
         'priority', t.priority, 'channel', t.channel, 'created_at', t.created_at, 'version', t.version,
         'last_activity_at', t.last_activity_at, 'requester', {_REQUESTER},
         'assignee', CASE WHEN a.id IS NOT NULL THEN {_ASSIGNEE} END,
         'tags', {_TAGS}, 'last_message', coalesce(left(l.content, 200), left(t.description, 200)),
         'last_is_internal', coalesce(l.is_internal, false)) AS row
    FROM ombud.tickets t
    JOIN ombud.users r ON r.id = t.requester_id
    LEFT JOIN ombud.users a ON a.id = t.assignee_id
    LEFT JOIN LATERAL (SELECT content, is_internal FROM ombud.comments c WHERE c.ticket_id = t.id
                        ORDER BY c.created_at DESC, c.id DESC LIMIT 1) l ON true
   WHERE t.deleted_at IS NULL
   ORDER BY t.last_activity_at DESC, t.id DESC LIMIT 50) page
"""
READ = f"""
SELECT json_build_object('id', t.id, 'number', t.ticket_number, 'title', t.title, 'description', t.description,
       'status', t.status, 'priority', t.priority, 'channel', t.channel, 'created_at', t.created_at,
       'resolved_at', t.resolved_at, 'version', t.version, 'updated_at', t.updated_at,
       'last_activity_at', t.last_activity_at, 'first_response_at', t.first_response_at,
       'requester', {_REQUESTER}, 'assignee', CASE WHEN a.id IS NOT NULL THEN {_ASSIGNEE} END, 'tags', {_TAGS},
       'comments', (SELECT coalesce(json_agg(said), '[]') FROM (
         SELECT json_build_object('id', c.id, 'content', c.content, 'is_internal', c.is_internal,
                'created_at', c.created_at, 'updated_at', c.updated_at, 'author', {_AUTHOR}) AS said
           FROM ombud.comments c JOIN ombud.users w ON w.id = c.author_id
          WHERE c.ticket_id = t.id ORDER BY c.created_at, c.id LIMIT 50) first))::text
  FROM ombud.tickets t
  JOIN ombud.users r ON r.id = t.requester_id
  LEFT JOIN ombud.users a ON a.id = t.assignee_id
 WHERE t.ticket_number = $1
"""
CREATE = """
INSERT INTO ombud.tickets AS t (title, description, requester_id, creator_id, priority, channel)
SELECT j->>'title', j->>'description', $2, $2, j->>'priority', 'api' FROM (SELECT $1::json AS j) given
RETURNING json_build_object('id', t.id, 'number', t.ticket_number, 'title', t.title, 'description', t.description,
  'status', t.status, 'priority', t.priority, 'channel', t.channel, 'created_at', t.created_at,
  'version', t.version)::text
"""


def create_app() -> Starlette:
    """Return the application."""
    person = int(os.environ["BENCH_PERSON"])

    async def tickets(_request: Request) -> Response:
        return _json(await app.state.pool.fetchval(LIST))

    async def ticket(request: Request) -> Response:
        return _json(await app.state.pool.fetchval(READ, request.path_params["number"]))

    async def create(request: Request) -> Response:
        body = (await request.body()).decode()
        return _json(await app.state.pool.fetchval(CREATE, body, person), 201)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        # The triggers refuse to write for nobody; here everybody is the same one, once for each connection.
        settings = {
            "ombud.actor": f"user:{person}",
            "ombud.kind": "agent",
            "ombud.scope": "all",
            "jit": "off",
            "application_name": APPLICATION,
        }
        async with asyncpg.create_pool(
            os.environ["BENCH_DSN"], min_size=POOL, max_size=POOL, server_settings=settings
        ) as pool:
            app.state.pool = pool
            yield

    app = Starlette(
        routes=[
            Route("/api/v1/tickets", tickets),
            Route("/api/v1/tickets/{number}", ticket),
            Route("/api/v1/tickets", create, methods=["POST"]),
        ],
        lifespan=lifespan,
    )
    return app


def _json(text: str, status: int = 200) -> Response:
    return Response(text, status, media_type="application/json")

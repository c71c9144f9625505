"""Putting the API together: routes, errors, description. `ombud.asgi` mounts it under /api/v1."""

from collections import Counter, OrderedDict

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from ombud.api import (
    access,
    account,
    attachments,
    audit,
    bulk,
    comments,
    curation,
    duplicates,
    events,
    exports,
    factors,
    health,
    imports,
    mail,
    mailboxes,
    me,
    merge_previews,
    notifications,
    organizations,
    outbox,
    personal,
    problems,
    providers,
    roles,
    settings,
    statistics,
    tags,
    teams,
    tickets,
    users,
    webhooks,
)
from ombud.api.docs import docs_routes
from ombud.api.envelope import Envelope
from ombud.api.openapi import describe
from ombud.api.plain import Failing, answered
from ombud.api.rates import Buckets
from ombud.people.door import Door
from ombud.runtime import Runtime

ROUTERS = (
    tickets.router,
    bulk.router,
    comments.router,
    attachments.router,
    tags.router,
    users.router,
    access.router,
    account.router,
    organizations.router,
    teams.router,
    roles.router,
    me.router,
    me.secret_router,
    personal.router,
    factors.router,
    factors.secret_router,
    factors.codes_router,
    providers.router,
    mailboxes.router,
    mail.raw_router,
    mail.router,
    outbox.router,
    duplicates.router,
    merge_previews.router,
    curation.router,
    statistics.router,
    health.router,
    audit.router,
    notifications.router,
    webhooks.secret_router,
    webhooks.router,
    exports.router,
    imports.upload_router,
    imports.router,
    settings.router,
    events.router,
)


TRIED = "ombud.tried"
"""Where a request's state says that the short way was tried."""


class Api(FastAPI):
    """The API, which tries the short way (`ombud.api.plain`) before all that surrounds its routes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and TRIED not in scope.get("state", {}):
            left = await self.briefly(scope, receive, send)
            if left is None:
                return
            scope, receive = left
        await super().__call__(scope, receive, send)

    async def briefly(self, scope: Scope, receive: Receive, send: Send) -> tuple[Scope, Receive] | None:
        """Answer the short way; otherwise return what is to be answered the usual way.

        The state in the scope, a copy for this request, then says who asked and by what id.
        """
        scope["state"] = {**scope.get("state", {}), TRIED: True}
        scope["app"] = self
        return await answered(scope, receive, send)


def create_api(runtime: Runtime) -> Api:
    """Return the API of a desk as an application of its own."""
    app = Api(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.runtime = runtime
    limit = runtime.settings.api_rate
    app.state.buckets = Buckets(limit) if limit else None
    app.state.streams = Counter[str]()
    app.state.door = Door()
    app.state.known = OrderedDict()
    app.state.lists = OrderedDict()
    for router in ROUTERS:
        # Not include_router: its copies are nested, and the answer to a wrong method must see all routes.
        app.router.routes.extend(router.routes)
    app.router.routes.extend(docs_routes(lambda: describe(app)))
    problems.install(app)
    app.exception_handler(405)(_on_wrong_method)
    app.add_middleware(Envelope)
    # Innermost, where errors are told as those of routes are.
    app.router.middleware_stack = Failing(app.router.middleware_stack)
    return app


async def _on_wrong_method(request: Request, _error: HTTPException) -> Response:
    """Say which methods there are: kindly to OPTIONS, as an error to the others."""
    allow = {"Allow": ", ".join(sorted(_methods_at(request)))}
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=allow)
    return await problems.on_http(request, HTTPException(405, headers=allow))


def _methods_at(request: Request) -> set[str]:
    found = {"OPTIONS"}
    for route in request.app.routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
            found |= route.methods or set()
    return found | ({"HEAD"} if "GET" in found else set())

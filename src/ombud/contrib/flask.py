"""A desk in a Flask application: a session a request, committed before the answer leaves, errors, pages.

    support = HostedDesk(current_actor)      # a function of yours that returns the Actor of this request
    support.init_app(app)
    support.mount(app, "/support")           # the desk's own pages and API, if you want them

    @app.post("/requests")
    def create():
        return open_ticket(support.session, title=request.form["title"]).ticket_number

A commit that fails is an error answer, never a 200.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, current_app, g, jsonify, request
from werkzeug.exceptions import InternalServerError, default_exceptions

from ombud.config import Settings
from ombud.contrib.held import Held
from ombud.contrib.host import HostDesk
from ombud.contrib.problems import MEDIA_TYPE, Answer, answer_to
from ombud.contrib.wsgi import DeskBelow
from ombud.db.actor import Actor
from ombud.db.context import DeskSession
from ombud.errors import OmbudError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

__all__ = ["HostedDesk"]


class HostedDesk(HostDesk):
    """The desk of a Flask application. It opens with the first request that needs it, in each process.

    `session` is one transaction for the request: committed when the view has answered, before anything is
    sent, and rolled back when the answer's status is 400 or more. `begin` and `read` are transactions with an
    end that you see; they do not mix with `session`.
    """

    def __init__(
        self,
        actor: Callable[[], Actor],
        settings: Settings | Callable[[], Settings] | None = None,
        *,
        upgrade: bool = True,
        mails: bool = False,
        app: Flask | None = None,
    ) -> None:
        """`actor` is called once a request, with Flask's context in place."""
        super().__init__(settings, upgrade=upgrade, mails=mails)
        self._actor = actor
        # One Flask application may hold several desks.
        self._key = f"_ombud_{id(self)}"
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Answer the desk's errors, and end the session of each request."""
        app.register_error_handler(OmbudError, _on_error)
        app.after_request(self._finish)
        app.teardown_request(self._abandon)
        app.extensions["ombud"] = self

    def mount(self, app: Flask, prefix: str) -> None:
        """Serve the desk's own pages and API below `prefix`. Needs `ombud[server]`."""
        app.wsgi_app = DeskBelow(app.wsgi_app, self, prefix)  # type: ignore[method-assign]  # Flask's documented way

    @property
    def actor(self) -> Actor:
        """Who acts in this request."""
        key = f"{self._key}_actor"
        if key not in g:
            setattr(g, key, self._actor())
        found: Actor = g.get(key)
        return found

    @property
    def session(self) -> DeskSession:
        """The request's session, opened when it is first asked for."""
        held: Held | None = g.get(self._key)
        if held is None:
            held = Held(self.desk.begin(self.actor))
            setattr(g, self._key, held)
        return held.session

    @contextmanager
    def begin(self) -> Generator[DeskSession]:
        """Open a transaction of the request's actor; its end commits."""
        with self.desk.begin(self.actor) as session:
            yield session

    @contextmanager
    def read(self) -> Generator[DeskSession]:
        """Open a read-only transaction of the request's actor."""
        with self.desk.read(self.actor) as session:
            yield session

    @asynccontextmanager
    async def abegin(self) -> AsyncGenerator[AsyncSession]:
        """The twin of `begin` for `async def` views. Flask gives each an event loop of its own, so it connects anew."""
        async with self.passing() as desk, desk.abegin(self.actor) as session:
            yield session

    @asynccontextmanager
    async def aread(self) -> AsyncGenerator[AsyncSession]:
        """The twin of `read` for `async def` views."""
        async with self.passing() as desk, desk.aread(self.actor) as session:
            yield session

    def _finish(self, response: Response) -> Response:
        held: Held | None = g.pop(self._key, None)
        if held is None:
            return response
        if response.status_code >= 400:
            held.abandon()
            return response
        try:
            held.keep()
        except OmbudError as error:
            return current_app.make_response(_on_error(error))
        return response

    def _abandon(self, _error: BaseException | None) -> None:
        held: Held | None = g.pop(self._key, None)
        if held is not None:
            held.abandon()


def _on_error(error: OmbudError) -> Any:
    """Answer programs with a problem; people get the host's own page of that status."""
    answer = answer_to(error)
    accepted = request.accept_mimetypes
    if accepted.accept_html and accepted["text/html"] > accepted["application/json"]:
        return _for_people(answer)
    response = jsonify(answer.body)
    response.status_code, response.mimetype = answer.status, MEDIA_TYPE
    response.headers.update(answer.headers)
    return response


def _for_people(answer: Answer) -> Any:
    error = default_exceptions.get(answer.status, InternalServerError)(description=answer.message)
    response = current_app.make_response(current_app.handle_http_exception(error))
    for name, value in answer.headers.items():
        response.headers[name] = value
    return response

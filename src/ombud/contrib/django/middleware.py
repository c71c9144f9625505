"""The middleware: ends the request's session before its answer leaves, and answers the desk's errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.exceptions import PermissionDenied
from django.core.handlers.exception import response_for_exception
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

from ombud.contrib.django.desk import desk_of
from ombud.contrib.problems import MEDIA_TYPE, Answer, answer_to
from ombud.errors import OmbudError


class DeskMiddleware:
    """Put it last: what stands before it sees the answer only after the desk's commit."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        # Below Python 3.12 only this one knows what asgiref has marked.
        self._is_async = iscoroutinefunction(get_response)  # pyright: ignore[reportDeprecated]
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer a request."""
        if self._is_async:
            return self._acall(request)
        desk = desk_of(request)
        desk.attended(asynchronously=False)
        try:
            response: HttpResponseBase = self.get_response(request)
        except BaseException:
            desk.finish(500)
            raise
        return _unless(request, response, desk.finish(response.status_code))

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer the desk's errors with their status."""
        return told(request, error) if isinstance(error, OmbudError) else None

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        desk = desk_of(request)
        desk.attended(asynchronously=True)
        try:
            response: HttpResponseBase = await self.get_response(request)
        except BaseException:  # a cancelled request too: its transaction must not stay open
            await desk.afinish(500)
            raise
        return _unless(request, response, await desk.afinish(response.status_code))


def told(request: HttpRequest, error: OmbudError) -> HttpResponse:
    """Answer programs with a problem (RFC 9457); people get the project's own page where Django has one."""
    answer = answer_to(error)
    if "text/html" in request.headers.get("accept", ""):
        response = _for_people(request, answer)
    else:
        response = JsonResponse(answer.body, status=answer.status, content_type=MEDIA_TYPE)
    for name, value in answer.headers.items():
        response[name] = value
    return response


def _unless(request: HttpRequest, response: HttpResponseBase, failure: OmbudError | None) -> HttpResponseBase:
    if failure is None:
        return response
    response.close()
    return told(request, failure)


def _for_people(request: HttpRequest, answer: Answer) -> HttpResponse:
    if answer.status == 404:
        return response_for_exception(request, Http404(answer.message))
    if answer.status == 403:
        return response_for_exception(request, PermissionDenied(answer.message))
    text = f"{answer.message}\n"
    return HttpResponse(text, status=answer.status, content_type="text/plain; charset=utf-8")

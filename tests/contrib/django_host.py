"""A Django project in one module, for `test_django.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from sqlalchemy import func, select

from ombud import Actor, Ticket, User
from ombud.contrib.django import desk_of
from ombud.errors import Forbidden
from ombud.tickets import open_ticket
from tests.contrib.callers import actor_from

break_off: Callable[[], None] = lambda: None  # noqa: E731  # a test puts its own here
COUNT = select(func.count()).select_from(Ticket)


def actor_of(request: HttpRequest) -> Actor:
    return actor_from(request.headers.get("X-Caller"))


async def actor_of_async(request: HttpRequest) -> Actor:
    return actor_from(request.headers.get("X-Caller"))


def create(request: HttpRequest) -> HttpResponse:
    return HttpResponse(open_ticket(desk_of(request).session, title=request.GET["title"]).ticket_number)


async def create_async(request: HttpRequest) -> HttpResponse:
    session = await desk_of(request).asession()
    return HttpResponse((await session.run_sync(open_ticket, title=request.GET["title"])).ticket_number)


async def create_in_block(request: HttpRequest) -> HttpResponse:
    async with desk_of(request).abegin() as session:
        ticket = await session.run_sync(open_ticket, title=request.GET["title"])
    return HttpResponse(ticket.ticket_number)


def count(request: HttpRequest) -> HttpResponse:
    with desk_of(request).read() as session:
        return HttpResponse(str(session.scalar(COUNT)))


async def count_async(request: HttpRequest) -> HttpResponse:
    async with desk_of(request).aread() as session:
        return HttpResponse(str(await session.scalar(COUNT)))


def twin(request: HttpRequest) -> HttpResponse:
    desk_of(request).session.add(User(email=request.GET["email"]))
    return JsonResponse({"created": request.GET["email"]})


async def twin_async(request: HttpRequest) -> HttpResponse:
    (await desk_of(request).asession()).add(User(email=request.GET["email"]))
    return JsonResponse({"created": request.GET["email"]})


def broken_off(request: HttpRequest) -> HttpResponse:
    open_ticket(desk_of(request).session, title="Lost?")
    break_off()
    return HttpResponse("saved")


def ending(request: HttpRequest) -> HttpResponse:
    open_ticket(desk_of(request).session, title="Never")
    if request.GET["how"] == "answer":
        return HttpResponse("no", status=400)
    raise {"desk": Forbidden(), "bug": ZeroDivisionError()}[request.GET["how"]]


async def mixing(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(desk_of(request).session))


def route(name: str, view: Any) -> Any:
    return path(name, view)


urlpatterns = [
    route("tickets", create),
    route("async/tickets", create_async),
    route("block/tickets", create_in_block),
    route("count", count),
    route("async/count", count_async),
    route("twin", twin),
    route("async/twin", twin_async),
    route("broken-off", broken_off),
    route("ending", ending),
    route("mixing", mixing),
]

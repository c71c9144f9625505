"""The shop's own pages: ask, list, answer. Programs send no cookie here, so no CSRF token is needed."""

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from ombud.contrib.django import desk_of
from ombud.errors import Invalid, NotFound
from ombud.tickets import Place, TicketFilter, open_ticket, reply
from ombud.tickets.queries import inbox, ticket_by_number


def said_in(request: HttpRequest, needed: str) -> dict[str, str]:
    """Return what a JSON body says, in which one text at least is needed."""
    try:
        said = json.loads(request.body)
    except ValueError:
        raise Invalid("The body is not JSON.") from None
    if not isinstance(said, dict) or not isinstance(said.get(needed), str):
        raise Invalid(fields={needed: "must be given, as a text."})
    return said


@csrf_exempt
@require_http_methods(["GET", "POST"])
def requests(request: HttpRequest) -> HttpResponse:
    """Open a ticket, or list the newest ones that the caller may see."""
    desk = desk_of(request)
    if request.method == "POST":
        asked = said_in(request, "title")
        ticket = open_ticket(desk.session, title=asked["title"], description=asked.get("text", ""))
        return JsonResponse({"number": ticket.ticket_number, "title": ticket.title}, status=201)
    with desk.read() as session:
        rows = session.execute(inbox(desk.actor, TicketFilter(), Place(limit=20))).all()
    found = [{"number": row.ticket_number, "title": row.title, "status": row.status} for row in rows]
    return JsonResponse(found, safe=False)


@csrf_exempt
@require_http_methods(["POST"])
async def comments(request: HttpRequest, number: str) -> HttpResponse:
    """Answer a ticket; one that the caller may not see is not there."""
    desk = desk_of(request)
    text = said_in(request, "text")["text"]
    async with desk.abegin() as session:
        ticket = await session.scalar(ticket_by_number(await desk.aactor(), number))
        if ticket is None:
            raise NotFound("There is no such request.")
        comment = await session.run_sync(reply, ticket.id, text)
    return JsonResponse({"id": comment.id}, status=201)

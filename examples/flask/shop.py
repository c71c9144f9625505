"""A shop on Flask whose customers ask for help, and whose staff answer in the desk's own pages.

The shop signs people in (here by HTTP Basic, with the made-up people below) and tells the desk who they are.
"""

import secrets

from flask import Flask, Response, jsonify, request

from ombud import Actor, Ticket, UserRole
from ombud.contrib.flask import HostedDesk
from ombud.errors import Invalid, NotFound, Unauthenticated
from ombud.tickets import Place, TicketFilter, open_ticket, reply
from ombud.tickets.queries import inbox, ticket_by_number

PEOPLE = {  # the shop's own accounts: address, (password, may answer others)
    "ann@example.com": ("ann-likes-tea", False),
    "bob@example.com": ("bob-likes-chess", False),
    "sam@shop.example": ("sam-answers-all", True),
}


def actor() -> Actor:
    """Say who has signed in to the shop."""
    given = request.authorization
    email, sent = (given.username or "", given.password or "") if given else ("", "")
    password, is_staff = PEOPLE.get(email, ("", False))
    if not password or not secrets.compare_digest(password.encode(), sent.encode()):
        raise Unauthenticated
    return support.actor_for(email, role=UserRole.AGENT if is_staff else UserRole.CUSTOMER)


app = Flask(__name__)
support = HostedDesk(actor, app=app)
support.mount(app, "/support")


def said(needed: str) -> dict[str, str]:
    """Return what a JSON body says, in which one text at least is needed."""
    found = request.get_json()
    if not isinstance(found, dict) or not isinstance(found.get(needed), str):
        raise Invalid(fields={needed: "must be given, as a text."})
    return found


def shown(ticket: Ticket) -> dict[str, str]:
    """Return a ticket as the shop shows it."""
    return {"number": ticket.ticket_number, "title": ticket.title, "status": ticket.status}


@app.post("/requests")
def ask() -> tuple[Response, int]:
    """Open a ticket; it is committed before the answer leaves."""
    asked = said("title")
    ticket = open_ticket(support.session, title=asked["title"], description=asked.get("text", ""))
    return jsonify(shown(ticket)), 201


@app.get("/requests")
def requests() -> Response:
    """List the newest tickets that the caller may see."""
    with support.read() as session:
        rows = session.execute(inbox(support.actor, TicketFilter(), Place(limit=20))).all()
    return jsonify([{"number": row.ticket_number, "title": row.title, "status": row.status} for row in rows])


@app.post("/requests/<number>/comments")
def say(number: str) -> tuple[Response, int]:
    """Answer a ticket; one that the caller may not see is not there."""
    ticket = support.session.scalar(ticket_by_number(support.actor, number))
    if ticket is None:
        raise NotFound("There is no such request.")
    comment = reply(support.session, ticket.id, said("text")["text"])
    return jsonify(id=comment.id), 201

"""A shop on FastAPI whose customers ask for help, and whose staff answer in the desk's own pages.

The shop signs people in (here by HTTP Basic, with the made-up people below) and tells the desk who they are.
"""

import secrets
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from ombud import Actor, UserRole, actor_of
from ombud.contrib.fastapi import HostedDesk
from ombud.errors import NotFound
from ombud.tickets import Place, TicketFilter, reply
from ombud.tickets import open_ticket as open_ticket_action
from ombud.tickets.queries import inbox, ticket_by_number

PEOPLE = {  # the shop's own accounts: address, (password, may answer others)
    "ann@example.com": ("ann-likes-tea", False),
    "bob@example.com": ("bob-likes-chess", False),
    "sam@shop.example": ("sam-answers-all", True),
}


def signed_in(given: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())]) -> str:
    """Return whose credentials came with the request."""
    password, _ = PEOPLE.get(given.username, ("", False))
    if not password or not secrets.compare_digest(password.encode(), given.password.encode()):
        raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
    return given.username


async def actor(email: Annotated[str, Depends(signed_in)]) -> Actor:
    """Say who that is to the desk."""
    role = UserRole.AGENT if PEOPLE[email][1] else UserRole.CUSTOMER
    return await support.aactor_for(email, role=role)


support = HostedDesk(actor)
app = FastAPI(title="Shop", lifespan=support.lifespan)
support.install(app)
support.mount(app, "/support")

Writing = Annotated[AsyncSession, support.writes]
Reading = Annotated[AsyncSession, support.reads]


class Asked(BaseModel):
    """What a customer asks."""

    title: str
    text: str = ""


class Said(BaseModel):
    """What somebody says to it."""

    text: str


class Request(BaseModel):
    """A ticket as the shop shows it."""

    number: str
    title: str
    status: str


@app.post("/requests", status_code=201)
async def ask(session: Writing, asked: Asked) -> Request:
    """Open a ticket; it is committed before the answer leaves."""
    ticket = await session.run_sync(open_ticket_action, title=asked.title, description=asked.text)
    return Request(number=ticket.ticket_number, title=ticket.title, status=ticket.status)


@app.get("/requests")
async def requests(session: Reading) -> list[Request]:
    """List the newest tickets that the caller may see."""
    me = actor_of(session.sync_session)
    rows = (await session.execute(inbox(me, TicketFilter(), Place(limit=20)))).all()
    return [Request(number=row.ticket_number, title=row.title, status=row.status) for row in rows]


@app.post("/requests/{number}/comments", status_code=201)
async def say(session: Writing, number: str, said: Said) -> dict[str, int]:
    """Answer a ticket; one that the caller may not see is not there."""
    ticket = await session.scalar(ticket_by_number(actor_of(session.sync_session), number))
    if ticket is None:
        raise NotFound("There is no such request.")
    return {"id": (await session.run_sync(reply, ticket.id, said.text)).id}

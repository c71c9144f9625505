"""A small typed client of the API, synchronous and asynchronous. Needs the extra `client`, and no desk beside it.

`calls` says what can be asked for; `Client` and `AsyncClient` send it, repeat what got lost without doing it twice,
and raise `Problem` for what is refused. `listen` yields what happens to tickets.

    with Client("http://127.0.0.1:8377", token) as desk:
        ticket = desk.send(calls.open_ticket(title="The invoice is missing"))
        for row in desk.each(calls.tickets(view="unassigned")):
            print(row["number"], row["title"])
"""

from ombud.client import calls
from ombud.client.aio import AsyncClient
from ombud.client.errors import Problem, Unreachable
from ombud.client.streaming import Heard
from ombud.client.sync import Client

__all__ = ["AsyncClient", "Client", "Heard", "Problem", "Unreachable", "calls"]

"""Who may do what over HTTP: a matrix of people and addresses, and what customers never see."""

from dataclasses import dataclass

import httpx
import pytest

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.models import UserRole
from ombud.people.actions import add_team_member
from ombud.runtime import Runtime
from ombud.testing.factories import make_comment, make_ticket, make_user
from ombud.testing.personas import Cast, Persona, persona
from ombud.tickets import StoredFile, attach_file
from tests.api.conftest import Caller

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")
CANARY = "canary-4711"


@dataclass(frozen=True)
class Scene:
    """Carla's ticket in the team Support, with a note and files; one of a stranger's in Billing."""

    number: str
    ticket_id: int
    reply_id: int
    note_id: int
    file_id: int
    note_file_id: int
    foreign_number: str
    foreign_file_id: int
    billing_agent: Persona


@pytest.fixture
def scene(desk: Desk, cast: Cast, runtime: Runtime) -> Scene:
    stored = runtime.files.put([b"hello"])
    file = StoredFile("hello.txt", "text/plain", stored.size, stored.checksum, stored.storage_key)
    with desk.begin(SYSTEM) as session:
        user = make_user(session, role=UserRole.AGENT, sees_all_teams=False)
        add_team_member(session, cast.other_team.id, user.id)
        billing = persona(session, user, actor=Actor.agent(user.id, teams=frozenset({cast.other_team.id})))
        own = make_ticket(
            session,
            cast.customer.id,
            title="Mine",
            team_id=cast.team.id,
            assignee_id=cast.agent.id,
            tags=[f"{CANARY}-tag"],
        )
        said = make_comment(session, own, cast.agent.id, "Public answer")
        note = make_comment(session, own, cast.agent.id, f"{CANARY} note", is_internal=True)
        foreign = make_ticket(session, cast.other_customer.id, title="Foreign", team_id=cast.other_team.id)
        return Scene(
            number=own.ticket_number,
            ticket_id=own.id,
            reply_id=said.id,
            note_id=note.id,
            file_id=attach_file(session, own.id, file).id,
            note_file_id=attach_file(session, own.id, file, comment_id=note.id).id,
            foreign_number=foreign.ticket_number,
            foreign_file_id=attach_file(session, foreign.id, file).id,
            billing_agent=billing,
        )


def ticket_calls(number: str, comment_id: int = 1) -> list[tuple[str, str, object]]:
    """Return every call that names a ticket: method, path, JSON body."""
    return [
        ("GET", f"tickets/{number}", None),
        ("PATCH", f"tickets/{number}", {"title": "x"}),
        ("DELETE", f"tickets/{number}", None),
        ("POST", f"tickets/{number}/restoration", None),
        ("GET", f"tickets/{number}/comments", None),
        ("POST", f"tickets/{number}/comments", {"content": "x"}),
        ("GET", f"tickets/{number}/comments/{comment_id}", None),
        ("GET", f"tickets/{number}/history", None),
        ("GET", f"tickets/{number}?as_of=2100-01-01T00:00:00Z", None),
        ("GET", f"tickets/{number}/attachments", None),
        ("PUT", f"tickets/{number}/tags/x", None),
        ("DELETE", f"tickets/{number}/tags/x", None),
    ]


def without_id(answer: httpx.Response) -> tuple[int, dict[str, object]]:
    """Return what an error says, but for the request's id."""
    return answer.status_code, {key: value for key, value in answer.json().items() if key != "instance"}


async def test_a_foreign_ticket_looks_like_a_missing_one(caller: Caller, cast: Cast, scene: Scene) -> None:
    upload = {"file": ("a.txt", b"a", "text/plain")}
    for who in (cast.customer, cast.colleague, cast.team_agent):
        client = caller(who)
        for (method, path, body), (_, missing, _) in zip(
            ticket_calls(scene.foreign_number), ticket_calls("999999"), strict=True
        ):
            foreign = await client.request(method, path, json=body)
            assert foreign.status_code in {403, 404}, (who.email, method, path)
            assert without_id(foreign) == without_id(await client.request(method, missing, json=body)), path
        for path in (f"tickets/{scene.foreign_number}/attachments", "tickets/999999/attachments"):
            assert (await client.post(path, files=upload)).status_code == 404
        for path in (f"attachments/{scene.foreign_file_id}", f"attachments/{scene.foreign_file_id}/content"):
            gone = path.replace(str(scene.foreign_file_id), "999999")
            assert without_id(await client.get(path)) == without_id(await client.get(gone))
            assert (await client.get(path)).status_code == 404
    billing = caller(scene.billing_agent)
    assert (await billing.get(f"tickets/{scene.foreign_number}")).status_code == 200
    assert (await billing.get(f"tickets/{scene.number}")).status_code == 404
    assert (await caller(cast.team_agent).get(f"tickets/{scene.number}")).status_code == 200


async def test_what_each_role_may_do(caller: Caller, cast: Cast, scene: Scene) -> None:
    number = scene.number
    calls: dict[str, tuple[str, str, object]] = {
        "read": ("GET", f"tickets/{number}", None),
        "history": ("GET", f"tickets/{number}/history", None),
        "reply": ("POST", f"tickets/{number}/comments", {"content": "x"}),
        "note": ("POST", f"tickets/{number}/comments", {"content": "x", "is_internal": True}),
        "change": ("PATCH", f"tickets/{number}", {"priority": "high"}),
        "tag": ("PUT", f"tickets/{number}/tags/x", None),
        "untag": ("DELETE", f"tickets/{number}/tags/x", None),
        "delete": ("DELETE", f"tickets/{number}", None),
        "restore": ("POST", f"tickets/{number}/restoration", None),
        "list tags": ("GET", "tags", None),
        "make a tag": ("POST", "tags", {"name": "made"}),
        "list people": ("GET", "users", None),
        "make a customer": ("POST", "users", {"email": "new@people.example"}),
        "make an agent": ("POST", "users", {"email": "staff@people.example", "role": "agent"}),
        "rename somebody": ("PATCH", f"users/{cast.other_customer.id}", {"full_name": "Renamed"}),
        "give rights": ("PATCH", f"users/{cast.other_customer.id}", {"role": "agent"}),
        "list organizations": ("GET", "organizations", None),
        "read an organization": ("GET", f"organizations/{cast.organization.id}", None),
        "make an organization": ("POST", "organizations", {"name": "New"}),
        "list teams": ("GET", "teams", None),
        "read a team": ("GET", f"teams/{cast.team.id}", None),
        "count views": ("GET", "views", None),
        "read statistics": ("GET", "statistics", None),
        "read the log": ("GET", "audit", None),
        "read as of": ("GET", f"tickets/{number}?as_of=2100-01-01T00:00:00Z", None),
        "change many": ("POST", "tickets/bulk", {"numbers": [number], "action": "tag", "add_tags": ["x"]}),
        "list roles": ("GET", "roles", None),
        "make a role": ("POST", "roles", {"name": "New", "permissions": []}),
        "list own tokens": ("GET", "tokens", None),
        "list own sessions": ("GET", "me/sessions", None),
        "change a team": ("PATCH", f"teams/{cast.team.id}", {"description": "x"}),
        "make a team": ("POST", "teams", {"name": "New"}),
        "fill a team": ("PUT", f"teams/{cast.other_team.id}/members/{cast.other_agent.id}", None),
        "empty a team": ("DELETE", f"teams/{cast.other_team.id}/members/{cast.other_agent.id}", None),
    }
    staff = {"read", "history", "note", "list tags", "list people", "list organizations", "list teams"}
    own = {"list own tokens", "list own sessions"}
    staff |= own | {"list roles", "count views", "read statistics", "read the log", "read as of"}
    staff |= {"read an organization", "read a team"}
    agent = staff | {"reply", "change", "tag", "untag", "delete", "restore", "make a tag", "change many"}
    agent |= {"make a customer", "rename somebody", "make an organization"}
    allowed = {
        cast.customer: own | {"read", "reply", "count views"},
        cast.colleague: own | {"read", "reply", "count views"},
        cast.light_agent: staff,
        cast.team_agent: agent,
        cast.admin: set(calls),
    }
    for who, may in allowed.items():
        client = caller(who)
        for name, (method, path, body) in calls.items():
            answer = await client.request(method, path, json=body)
            if name in may:
                assert answer.is_success or answer.status_code == 409, (who.email, name, answer.text)
            else:
                assert answer.status_code in {403, 404}, (who.email, name, answer.text)
                assert answer.status_code == 403 or name in {"rename somebody", "give rights"}


async def test_customers_never_see_what_is_the_desks(caller: Caller, cast: Cast, scene: Scene) -> None:
    for who in (cast.customer, cast.colleague):
        client = caller(who)
        texts = []
        for path in (
            "tickets",
            "tickets?q=Mine",
            f"tickets/{scene.number}",
            f"tickets/{scene.number}/comments",
            f"tickets/{scene.number}/attachments",
            f"users/{cast.agent.id}",
            "me",
        ):
            answer = await client.get(path)
            assert answer.status_code == 200, path
            texts.append(answer.text)
        everything = "".join(texts)
        for secret in (CANARY, cast.agent.email, "Support", '"assignee"', '"team"', "password", "is_active"):
            assert secret not in (everything if secret != "is_active" else "".join(texts[:6])), secret
        assert (await client.get(f"tickets?q={CANARY}")).json()["items"] == []
        for path in (
            f"tickets/{scene.number}/comments/{scene.note_id}",
            f"attachments/{scene.note_file_id}",
            f"attachments/{scene.note_file_id}/content",
        ):
            assert (await client.get(path)).status_code == 404, path
        assert (await client.get(f"attachments/{scene.file_id}/content")).content == b"hello"
        assert (await client.get(f"tickets/{scene.number}/comments/{scene.reply_id}")).status_code == 200


async def test_customers_cannot_find_out_by_filtering(caller: Caller, cast: Cast, scene: Scene) -> None:
    client = caller(cast.customer)
    for query in (
        f"assignee={cast.agent.id}",
        f"team={cast.team.id}",
        f"tag={CANARY}-tag",
        "view=mine",
        "view=unassigned",
        "deleted=true",
        f"organization={cast.organization.id}",
        "q=assignee:agnes",
        "q=team:Support",
        f"q=tag:{CANARY}-tag",
        "q=is:unassigned",
        "updated_from=2026-01-01T00:00:00Z",
    ):
        assert (await client.get(f"tickets?{query}")).status_code == 403, query
    assert len((await client.get("tickets?status=open&view=open&q=status:open")).json()["items"]) == 1


async def test_customers_only_see_their_own_in_lists(caller: Caller, cast: Cast, scene: Scene) -> None:
    for who, titles in (
        (cast.customer, {"Mine"}),
        (cast.colleague, {"Mine"}),
        (cast.other_customer, {"Foreign"}),
        (cast.team_agent, {"Mine"}),
        (scene.billing_agent, {"Foreign"}),
        (cast.light_agent, {"Mine", "Foreign"}),
        (cast.admin, {"Mine", "Foreign"}),
    ):
        items = (await caller(who).get("tickets")).json()["items"]
        assert {ticket["title"] for ticket in items} == titles, who.email


async def test_a_customer_opens_and_settles_their_own(caller: Caller, cast: Cast, scene: Scene) -> None:
    client = caller(cast.customer)
    opened = await client.post("tickets", json={"title": "Help", "priority": "high"})
    assert opened.status_code == 201
    assert set(opened.json()) == {
        "id", "number", "title", "description", "status", "priority", "channel", "requester", "created_at",
        "resolved_at", "merged_into", "version",
    }  # fmt: skip
    address = f"tickets/{opened.json()['number']}"
    assert (await client.patch(address, json={"status": "resolved"})).json()["status"] == "resolved"
    assert (await client.post(f"{address}/comments", json={"content": "Again"})).status_code == 201
    assert (await client.get(address)).json()["status"] == "open"
    for body in ({"priority": "urgent"}, {"assignee_id": cast.agent.id}, {"title": "Other"}):
        assert (await client.patch(address, json=body)).status_code == 403
    for extra in (
        {"requester_id": cast.other_customer.id},
        {"requester": {"email": "x@y.example"}},
        {"team_id": cast.team.id},
        {"tags": ["x"]},
        {"status": "closed"},
        {"priority": "urgent"},
    ):
        refused = await client.post("tickets", json={"title": "No", **extra})
        assert refused.status_code in {403, 422}, (extra, refused.text)
    settled = await caller(cast.colleague).patch(address, json={"status": "resolved"})
    assert settled.status_code == 403


async def test_nothing_is_written_that_is_not_meant_to_be(admin: httpx.AsyncClient, cast: Cast) -> None:
    """Every column of the tables, sent to every write: unknown ones are refused (mass assignment)."""
    from ombud.models import Organization, Tag, Team, Ticket, User

    ticket = (await admin.post("tickets", json={"title": "Target"})).json()
    document = (await admin.get("openapi.json")).json()["components"]["schemas"]
    writes = [
        ("POST", "tickets", "NewTicket", Ticket),
        ("PATCH", f"tickets/{ticket['number']}", "TicketPatch", Ticket),
        ("POST", "users", "NewUser", User),
        ("PATCH", f"users/{cast.customer.id}", "UserPatch", User),
        ("POST", "organizations", "NewOrganization", Organization),
        ("PATCH", f"organizations/{cast.organization.id}", "OrganizationPatch", Organization),
        ("POST", "teams", "NewTeam", Team),
        ("POST", "tags", "NewTag", Tag),
    ]
    for method, path, schema, table in writes:
        for column in table.__table__.columns.keys():  # noqa: SIM118 -- a collection of columns
            if column not in document[schema]["properties"]:
                answer = await admin.request(method, path, json={column: 1})
                pointers = {error.get("pointer") for error in answer.json()["errors"]}
                assert answer.status_code == 422, (path, column)
                assert f"#/{column}" in pointers

"""Every route of the API, and whose it is: a route without an entry fails here (T31, T37).

The table is written by hand, from the requirements and not from the code. What each role does with bodies that are
right is in `test_api_rights`; here every route is called by everybody whose it is not, and nothing may come of it.
"""

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import func, select

from ombud.api.app import ROUTERS
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.models import AuditLog
from ombud.testing.factories import make_ticket
from ombud.testing.personas import Cast
from tests.api.conftest import Caller

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")

EVERYBODY = """
GET /me/identities; DELETE /me/identities/{identity_id};
GET /me/factors; POST /me/factors/totp; POST /me/factors/totp/confirmation; DELETE /me/factors/totp;
POST /me/factors/recovery-codes; POST /me/factors/passkeys/options; POST /me/factors/passkeys;
PATCH /me/factors/passkeys/{passkey_id}; DELETE /me/factors/passkeys/{passkey_id}; PUT /me/password;
DELETE /me/sessions; GET /me/notices; POST /me/notices/reading;
GET /attachments/{attachment_id}; DELETE /attachments/{attachment_id};
GET /attachments/{attachment_id}/content; GET /me; GET /me/sessions; GET /tickets;
GET /search/suggestions; GET /tickets/{number}; GET /tickets/{number}/attachments; GET /tickets/{number}/comments;
GET /tickets/{number}/comments/{comment_id}; GET /tokens; GET /users/{user_id}; GET /views; POST /confirmation;
POST /confirmation/options;
POST /me/address; POST /tickets; POST /tickets/{number}/attachments; POST /tickets/{number}/comments; POST /tokens;
POST /tickets/{number}/comments/{comment_id}/attachments; PATCH /tickets/{number}; PATCH /users/{user_id};
DELETE /me/sessions/{session_id}; DELETE /tokens/{token_id}; GET /me/preferences; PATCH /me/preferences;
GET /tickets/{number}/draft; PUT /tickets/{number}/draft; DELETE /tickets/{number}/draft;
POST /tickets/{number}/reading
"""
STAFF = """
POST /users/{user_id}/invitation; DELETE /users/{user_id}/invitation;
GET /events; POST /mail/inbound/{mail_id}/decision;
GET /bounced-addresses; DELETE /bounced-addresses/{email}; GET /mailboxes/{mailbox_id}/sending;
DELETE /mail/inbound/{mail_id}/quarantine; DELETE /mail/moves/{request_id}; DELETE /tickets/{number};
DELETE /tickets/{number}/tags/{name:path}; GET /audit; GET /duplicates/tickets; GET /duplicates/users;
GET /duplicates/tickets/dismissals; GET /duplicates/users/dismissals;
POST /duplicates/tickets/dismissals; POST /duplicates/users/dismissals;
DELETE /duplicates/tickets/dismissals/{number}/{other}; DELETE /duplicates/users/dismissals/{user_id}/{other_id};
GET /mail-templates; GET /mail/inbound; GET /mail/inbound/{mail_id}; GET /mail/inbound/{mail_id}/content;
GET /mailboxes; GET /mailboxes/{mailbox_id}; GET /notification-settings; GET /notifications;
GET /organizations; GET /organizations/{organization_id}; GET /outbox; GET /outbox/{mail_id}; GET /roles;
GET /roles/{role_id}; GET /statistics; GET /tags; GET /tags/{tag_id};
GET /teams; GET /teams/{team_id}; GET /teams/{team_id}/members;
GET /tickets/{number}/duplicates; GET /tickets/{number}/merge-preview; GET /tickets/{number}/history;
 GET /users; GET /users/{user_id}/duplicates;
PATCH /notification-settings/{kind}; PATCH /organizations/{organization_id}; PATCH /tags/{tag_id};
POST /notifications/reading; POST /notifications/{notification_id}/reading; POST /organizations;
POST /outbox/{mail_id}/attempt; POST /outbox/{mail_id}/cancellation; POST /outbox/{mail_id}/pause; POST /tags;
POST /tags/{tag_id}/merges; POST /tags/normalisation; DELETE /tags/{tag_id};
POST /tickets/bulk; POST /tickets/{number}/comments/{comment_id}/retraction;
POST /tickets/{number}/merges; POST /tickets/{number}/restoration; POST /undo; POST /users;
PUT /mail/inbound/{mail_id}/ticket; PUT /tickets/{number}/tags/{name:path}; GET /webhooks; POST /webhooks;
GET /webhooks/{webhook_id}; PATCH /webhooks/{webhook_id}; DELETE /webhooks/{webhook_id};
POST /webhooks/{webhook_id}/secret; POST /webhooks/{webhook_id}/trial; GET /webhooks/{webhook_id}/deliveries;
POST /webhooks/{webhook_id}/deliveries/{delivery_id}/attempt
"""
ADMINISTRATORS = """
GET /identity-providers; POST /identity-providers; GET /identity-providers/{provider_id};
PATCH /identity-providers/{provider_id}; DELETE /identity-providers/{provider_id};
POST /identity-providers/{provider_id}/trial; GET /users/{user_id}/factors; DELETE /users/{user_id}/factors;
GET /users/{user_id}/sessions; DELETE /users/{user_id}/sessions; DELETE /users/{user_id}/sessions/{session_id};
DELETE /users/{user_id}/factors/passkeys/{passkey_id}; GET /users/{user_id}/tokens;
GET /users/{user_id}/identities; DELETE /users/{user_id}/identities/{identity_id};
POST /users/{user_id}/password-reset;
GET /health; GET /settings; PATCH /settings;
GET /exports; POST /exports; GET /exports/{export_id}; DELETE /exports/{export_id}; GET /exports/{export_id}/file;
GET /imports; POST /imports; GET /imports/{import_id}; DELETE /imports/{import_id}; GET /imports/{import_id}/errors;
POST /imports/{import_id}/repetition;
DELETE /mail/rules/{rule_id}; DELETE /roles/{role_id}; DELETE /teams/{team_id}/members/{user_id};
PATCH /mail/rules/{rule_id}; PATCH /mailboxes/{mailbox_id}; PATCH /mailboxes/{mailbox_id}/sending;
PATCH /roles/{role_id}; PATCH /teams/{team_id}; DELETE /teams/{team_id};
POST /mail/inbound; POST /mail/rules; POST /mailboxes; POST /mailboxes/{mailbox_id}/trial; POST /roles; POST /teams;
POST /users/{user_id}/anonymisation; POST /users/{user_id}/merges; GET /users/{user_id}/merge-preview;
 PUT /mail-templates/{kind};
PUT /teams/{team_id}/members/{user_id}; GET /mail/rules; GET /mail/rules/{rule_id}
"""


def entries(table: str) -> set[tuple[str, str]]:
    """Return method and path of each entry."""
    return {(one.split()[0], one.split()[1]) for one in table.split(";") if one.strip()}


def routes() -> set[tuple[str, str]]:
    found = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    return {(method, route.path) for route in found for method in route.methods or ()}


async def test_every_route_has_its_entry() -> None:
    tables = [entries(one) for one in (EVERYBODY, STAFF, ADMINISTRATORS)]
    assert sum(map(len, tables)) == len(set().union(*tables)), "each once"
    assert set().union(*tables) == routes()


def filled(path: str, cast: Cast, number: str) -> str:
    """Return an address of things that exist, as far as they are the cast's."""
    known = {
        "number": number,
        "user_id": str(cast.other_agent.id),
        "team_id": str(cast.team.id),
        "organization_id": str(cast.organization.id),
        "kind": "assigned",
        "name:path": "vip",
        "request_id": "00000000-0000-0000-0000-000000000000",
    }
    parts = path.removeprefix("/").split("/")
    return "/".join(known.get(part[1:-1], "1") if part.startswith("{") else part for part in parts)


async def changes(desk: Desk) -> int:
    """Return how many changes the log knows; that a token was used is none."""
    async with desk.aread(SYSTEM, fresh=True) as session:
        counted = select(func.count()).select_from(AuditLog).where(AuditLog.table_name != "api_tokens")
        return await session.scalar(counted) or 0


async def call(client: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    body: dict[str, object] | None = {} if method in ("POST", "PATCH", "PUT") else None
    return await client.request(method, path, json=body)


async def test_nobody_gets_in_without_a_token(caller: Caller, cast: Cast, desk: Desk) -> None:
    before = await changes(desk)
    for method, path in sorted(routes()):
        answer = await call(caller(None), method, filled(path, cast, "1"))
        assert answer.status_code == 401, (method, path)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert await changes(desk) == before


@pytest.mark.parametrize(
    "who", ["customer", "colleague", "other_customer", "light_agent", "agent", "team_agent"]
)
async def test_nothing_comes_of_what_is_not_ones_own_to_do(
    caller: Caller, cast: Cast, desk: Desk, who: str
) -> None:
    async with desk.abegin(SYSTEM) as session:
        number = (await session.run_sync(make_ticket, cast.customer.id)).ticket_number
    persona = getattr(cast, who)
    refused = entries(ADMINISTRATORS) | (set() if persona.actor.is_staff else entries(STAFF))
    client, before = caller(persona), await changes(desk)
    for method, path in sorted(refused):
        answer = await call(client, method, filled(path, cast, number))
        wrong_form = {415, 422} if method in ("POST", "PATCH", "PUT") else set()
        assert answer.status_code in {403, 404} | wrong_form, (who, method, path, answer.text)
    assert await changes(desk) == before


async def test_reading_is_open_to_whose_it_is(caller: Caller, cast: Cast, desk: Desk) -> None:
    """The negative control: refusing everybody everything would satisfy the test above."""
    async with desk.abegin(SYSTEM) as session:
        number = (await session.run_sync(make_ticket, cast.customer.id, team_id=cast.team.id)).ticket_number
    unknown = ("attachment_id", "comment_id", "mail_id", "mailbox_id", "role_id", "webhook_id", "provider_id",
               "export_id", "import_id", "tag_id", "rule_id")  # fmt: skip
    for table, people in (
        (EVERYBODY, (cast.customer, cast.light_agent, cast.admin)),
        (STAFF, (cast.light_agent, cast.team_agent, cast.agent, cast.admin)),
        (ADMINISTRATORS, (cast.admin,)),
    ):
        for method, path in sorted(entries(table)):
            if method == "GET" and not any(name in path for name in unknown):
                for persona in people:
                    answer = await caller(persona).get(filled(path, cast, number))
                    assert answer.status_code in {200, 422}, (persona.email, path, answer.text)
                    assert answer.status_code == 200 or path.endswith(("suggestions", "merge-preview")), path

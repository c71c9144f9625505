"""Every page and form, and whose it is: a route without an entry fails here (T31, T37).

The table is written by hand, from the requirements and not from the code.
"""

from __future__ import annotations

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import func, select

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.models import AuditLog
from ombud.testing import Cast, make_ticket
from ombud.web.app import ROUTERS
from tests.web.hosting import Browser, plain_pages

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")

PUBLIC = """
GET /healthz; GET /readyz; GET /set-up; POST /set-up; GET /sign-in; POST /sign-in; POST /csp-report;
GET /mailed-files/{token}; GET /forgot; POST /forgot; GET /sign-in/link; POST /sign-in/link;
GET /link; GET /link/{secret}; POST /link; GET /sign-in/code; POST /sign-in/code; POST /sign-in/passkey;
POST /sign-in/passkey/options; POST /sign-in/with/{slug}; GET /sign-in/with/{slug}/return;
POST /sign-in/with/{slug}/logout
"""
EVERYBODY = """
GET /; GET /attachments/{attachment_id}; GET /counters; GET /live; GET /me/confirmation; GET /me/security; GET /people;
GET /tickets; GET /tickets/new; GET /tickets/{number}/history; GET /tickets/search;
GET /tickets/{number}; GET /tickets/{number}/live;
POST /me/address; POST /me/confirmation/with/{slug}; POST /me/identities/{slug};
POST /me/identities/{identity_id}/removal;
POST /me/app; POST /me/app/confirmation; POST /me/app/removal; POST /me/confirmation/options;
POST /me/passkeys; POST /me/passkeys/options; POST /me/passkeys/{passkey_id}; POST /me/passkeys/{passkey_id}/removal;
POST /me/recovery-codes;
POST /me/confirmation; POST /me/password; POST /me/preferences; POST /me/sessions/end;
POST /me/sessions/{session_id}/end; POST /me/tokens; POST /me/tokens/{token_id}/revocation; POST /preview;
POST /sign-out; POST /tickets; POST /tickets/{number}/comments; POST /tickets/{number}/draft;
POST /tickets/{number}/reading; POST /tickets/{number}/{noun};
POST /tickets/{number}/attachments/{attachment_id}/removal
"""
STAFF = """
GET /tickets/merge; POST /tickets/merge;
GET /duplicates; GET /duplicates/apart; POST /duplicates/apart; POST /duplicates/apart/removal;
GET /customers; GET /customers/{user_id}; POST /customers/{user_id};
GET /settings; GET /settings/tags; GET /settings/tags/normalisation;
POST /settings/tags/normalisation; POST /settings/tags/{tag_id};
POST /settings/tags/{tag_id}/deletion; POST /settings/tags/{tag_id}/merge;
GET /settings/webhooks; GET /settings/webhooks/{webhook_id}; POST /settings/webhooks;
POST /settings/webhooks/{webhook_id}; POST /settings/webhooks/{webhook_id}/deletion;
POST /settings/webhooks/{webhook_id}/deliveries/{delivery_id}/attempt; POST /settings/webhooks/{webhook_id}/secret;
POST /settings/webhooks/{webhook_id}/trial;
GET /colleagues; GET /outbox/bounced; POST /outbox/bounced;
GET /mail; GET /mail/{mail_id}; GET /mail/{mail_id}/formatted; GET /mail/{mail_id}/original;
GET /notifications; GET /outbox; GET /outbox/{mail_id}; GET /outbox/{mail_id}/source; GET /settings/notifications;
POST /mail/undo; POST /mail/{mail_id}/discarding; POST /mail/{mail_id}/requeue; POST /mail/{mail_id}/ticket;
POST /notifications/reading; POST /notifications/{notification_id}/reading; POST /outbox/{mail_id}/{noun};
POST /settings/notifications; POST /tickets/bulk; POST /tickets/{number}/comments/{comment_id}/retraction;
POST /tickets/{number}/deletion; POST /tickets/{number}/restoration; POST /tickets/{number}/tags; POST /undo
"""
ADMINISTRATORS = """
GET /customers/{user_id}/merge; POST /customers/{user_id}/merge; GET /customers/{user_id}/anonymisation;
POST /customers/{user_id}/anonymisation; POST /customers/{user_id}/deactivation;
POST /customers/{user_id}/reactivation;
GET /settings/providers; POST /settings/providers; GET /settings/providers/{provider_id};
POST /settings/providers/{provider_id}; POST /settings/providers/{provider_id}/deletion;
POST /settings/providers/{provider_id}/trial;
GET /settings/health; GET /settings/desk; POST /settings/desk;
GET /settings/transfers; POST /settings/transfers/exports; GET /settings/transfers/exports/{export_id}/file;
POST /settings/transfers/imports; GET /settings/transfers/imports/{import_id};
POST /settings/transfers/imports/{import_id}/repetition; POST /settings/transfers/{noun}/{job_id}/end;
GET /settings/mailboxes; GET /settings/mailboxes/new; GET /settings/mailboxes/{mailbox_id}; GET /settings/people;
GET /settings/people/new; GET /settings/people/{user_id}; GET /settings/roles; GET /settings/roles/{role_id};
GET /settings/teams; POST /settings/mail-rules; POST /settings/mail-rules/{rule_id}/deletion;
POST /settings/mailboxes/{mailbox_id}/sending;
POST /settings/mailboxes; POST /settings/mailboxes/{mailbox_id}; POST /settings/mailboxes/{mailbox_id}/trial;
POST /settings/people; POST /settings/people/{user_id}; POST /settings/people/{user_id}/deactivation;
POST /settings/people/{user_id}/invitation; POST /settings/people/{user_id}/invitation/revocation;
POST /settings/people/{user_id}/reset; POST /settings/people/{user_id}/reactivation;
POST /settings/people/{user_id}/factors/removal; POST /settings/people/{user_id}/sessions/end;
POST /settings/people/{user_id}/sessions/{session_id}/end;
POST /settings/people/{user_id}/tokens/{token_id}/revocation;
POST /settings/people/{user_id}/passkeys/{passkey_id}/removal;
POST /settings/people/{user_id}/identities/{identity_id}/removal; POST /settings/roles; POST /settings/roles/{role_id};
POST /settings/roles/{role_id}/deletion; POST /settings/teams; POST /settings/teams/{team_id};
POST /settings/teams/{team_id}/deletion
"""


def entries(table: str) -> set[tuple[str, str]]:
    """Return method and path of each entry."""
    return {(one.split()[0], one.split()[1]) for one in table.split(";") if one.strip()}


def routes() -> set[tuple[str, str]]:
    found = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    return {(method, route.path) for route in found for method in route.methods or ()}


def filled(path: str, cast: Cast, number: str) -> str:
    known = {"{number}": number, "{user_id}": str(cast.other_agent.id), "{team_id}": str(cast.team.id)}
    known |= {"{noun}": "status"}
    return "/".join(known.get(part, "1") if part.startswith("{") else part for part in path.split("/"))


async def changes(desk: Desk) -> int:
    async with desk.aread(SYSTEM, fresh=True) as session:
        return await session.scalar(select(func.count()).select_from(AuditLog)) or 0


async def test_every_route_has_its_entry() -> None:
    tables = [entries(one) for one in (PUBLIC, EVERYBODY, STAFF, ADMINISTRATORS)]
    assert sum(map(len, tables)) == len(set().union(*tables)), "each once"
    assert set().union(*tables) == routes()


async def test_a_stranger_is_sent_to_the_door(web: Browser, cast: Cast, desk: Desk) -> None:
    before = await changes(desk)
    for method, path in sorted(routes() - entries(PUBLIC)):
        answer = await web.client.request(method, filled(path, cast, "1"))
        assert answer.status_code in {303, 401}, (method, path)
        assert answer.status_code == 401 or answer.headers["location"].startswith("/sign-in"), path
    assert await changes(desk) == before


@pytest.mark.parametrize("who", ["customer", "other_customer", "light_agent", "agent", "team_agent"])
async def test_nothing_comes_of_what_is_not_ones_own_to_do(
    web: Browser, cast: Cast, desk: Desk, who: str
) -> None:
    async with desk.abegin(SYSTEM) as session:
        number = (await session.run_sync(make_ticket, cast.customer.id)).ticket_number
    persona = getattr(cast, who)
    await web.sign_in(persona)
    before = await changes(desk)
    refused = entries(ADMINISTRATORS) | (set() if persona.actor.is_staff else entries(STAFF))
    for method, path in sorted(refused):
        here = filled(path, cast, number)
        answer = await web.client.get(here) if method == "GET" else await web.post(here, {"tags": "x"})
        assert answer.status_code in {403, 404, 422}, (who, method, path, answer.status_code)
        assert method != "GET" or answer.status_code != 422, path
    assert await changes(desk) == before


@pytest.mark.parametrize("who", ["light_agent", "team_agent", "agent", "admin"])
async def test_staff_opens_every_page_that_is_theirs(web: Browser, cast: Cast, desk: Desk, who: str) -> None:
    """The negative control; and who is confined to teams is asked other conditions on every page than the rest."""
    async with desk.abegin(SYSTEM) as session:
        ticket = await session.run_sync(make_ticket, cast.customer.id, team_id=cast.team.id)
    await web.sign_in(getattr(cast, who))
    theirs = {path for method, path in entries(EVERYBODY) | entries(STAFF) if method == "GET"}
    pages = [path for path in plain_pages() if path in theirs]
    pages += [f"/tickets/{ticket.ticket_number}{part}" for part in ("", "/history", "/live")]
    assert len(pages) > 15
    for path in pages:
        answer = await web.get(path)
        is_other = path in (
            "/tickets/merge",
            "/settings/tags/normalisation",
        )  # wants more words, or more rights
        assert answer.status_code in {200, 303} or is_other, (path, answer.status_code)

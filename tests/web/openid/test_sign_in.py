"""Who is let in by a provider's word, for whom an account is made, and who is never linked (T21, T29)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from ombud.audit.keys import signing_key
from ombud.curation import anonymise_person
from ombud.db.desk import Desk
from ombud.db.statements import counted
from ombud.models import AccountNotice, Identity, IdentityProvider, SignInFlow, User, UserRole, WebSession
from ombud.people.actions import deactivate_user
from ombud.people.openid import ProviderChanges, change_provider, delete_provider
from ombud.runtime import Runtime
from ombud.testing import Cast
from ombud.worker.intake import vault_of
from tests.openid.stage import (
    CLIENT_SECRET,
    Stage,
)
from tests.web.hosting import TOKEN, Browser
from tests.web.openid.going import (
    NOT_CONNECTED,
    SYSTEM,
    add_provider,
    come_back,
    connect,
    depart,
    links,
    sign_in,
    there,
    who,
)

pytestmark = pytest.mark.asyncio


async def test_a_first_sign_in_makes_a_customer_and_the_next_one_finds_them(
    web: Browser, stage: Stage, desk: Desk
) -> None:
    request = await depart(web, next_href="/tickets?view=all")
    assert request["response_type"] == "code"
    assert request["code_challenge_method"] == "S256"
    assert request["scope"] == "openid email profile"
    assert request["redirect_uri"] == "http://desk.example/sign-in/with/stage/return"
    cookie = next(one for one in web.client.cookies.jar if one.name == "ombud_flow")
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "lax"
    assert not {request["state"], request["nonce"]} & {cookie.value}
    code = stage.grant(request, email="New.Person@example.net", email_verified=True, name="New  Person")
    done = await come_back(web, request, code)
    assert (done.status_code, done.headers["location"]) == (303, "/tickets?view=all")
    assert await who(web) == "New.Person@example.net"
    assert "ombud_flow" not in web.client.cookies
    assert "by <bdi>The stage</bdi>" in (await web.get("/me/security")).text
    async with desk.aread(SYSTEM) as session:
        user = (await session.scalars(select(User).where(User.email_norm == "new.person@example.net"))).one()
        assert (user.role, user.full_name) == (UserRole.CUSTOMER, "New Person")
        began = (await session.scalars(select(WebSession.identity_id))).one()
        assert began == await session.scalar(select(Identity.id)), "the session remembers how it began"
        assert await session.scalar(select(func.count()).select_from(SignInFlow)) == 0
    before = web.client.cookies["ombud_session"]
    web.client.cookies.clear()
    await sign_in(web, stage, email="new.person@example.net", email_verified=True)
    assert await who(web) == "New.Person@example.net"
    assert web.client.cookies["ombud_session"] != before
    assert len(await links(desk)) == 1


async def test_a_changed_address_changes_nothing(web: Browser, stage: Stage, cast: Cast, desk: Desk) -> None:
    """T21: who they are is issuer and subject, whatever address they have there by now."""
    await sign_in(web, stage, email="first@example.net", email_verified=True)
    web.client.cookies.clear()
    await sign_in(web, stage, email=cast.customer.email, email_verified=True)
    assert await who(web) == "first@example.net"
    web.client.cookies.clear()
    await sign_in(web, stage)
    assert await who(web) == "first@example.net"
    web.client.cookies.clear()
    refused = await sign_in(web, stage, "subject-2", email="first@example.net", email_verified=True)
    assert refused.status_code == 422
    assert await who(web) == ""
    assert await links(desk) == [("first@example.net", stage.issuer, "subject-1")]


async def test_an_account_that_is_there_is_never_linked_by_its_address(
    web: Browser, stage: Stage, cast: Cast, desk: Desk
) -> None:
    """T21: not to a customer who was here before, not to staff, whoever verified the address."""
    for persona in (cast.customer, cast.agent, cast.admin):
        for email in (
            persona.email,
            persona.email.upper(),
            f"{persona.email}.",
            in_other_width(persona.email),
        ):
            refused = await sign_in(web, stage, email=email, email_verified=True)
            assert refused.status_code == 422
            assert NOT_CONNECTED in refused.text
            assert await who(web) == ""
    assert await links(desk) == []


async def test_coming_back_tells_nobody_whose_address_it_is(
    web: Browser, stage: Stage, cast: Cast, desk: Desk
) -> None:
    """T20: a customer, staff, who was let go: the same words and the same work."""
    await desk.arun(cast.admin.in_new_request(), deactivate_user, cast.other_customer.id)
    await sign_in(web, stage, email=cast.agent.email, email_verified=True)  # what is asked once is known then
    answers = []
    for email in (cast.customer.email, cast.agent.email, cast.admin.email, cast.other_customer.email):
        request = await depart(web)
        code = stage.grant(request, email=email, email_verified=True)
        with counted() as log:
            refused = await come_back(web, request, code)
        words = refused.text.replace(refused.headers["x-request-id"], "")
        answers.append((refused.status_code, TOKEN.sub("", words), log.statements))
    assert NOT_CONNECTED in answers[0][1]
    assert answers == [answers[0]] * 4


def in_other_width(email: str) -> str:
    """Return an address whose domain leads to the same mailbox, in letters of another width."""
    local, _, domain = email.partition("@")
    return f"{local}@{chr(ord(domain[0]) + 0xFEE0)}{domain[1:]}"


UNPROVED: list[dict[str, Any]] = [
    {"email": "free@example.net", "email_verified": False},
    {"email": "free@example.net"},
    {"email": "free@example.net", "email_verified": "true"},
    {"email": "free@example.net", "email_verified": 1},
    {"email_verified": True},
    {"email": ["free@example.net"], "email_verified": True},
    {"email": "not an address", "email_verified": True},
    {"email": "fr\u200bee@example.net", "email_verified": True},
    {},
]


async def test_without_a_verified_address_no_account_is_made(web: Browser, stage: Stage, desk: Desk) -> None:
    """T21; the words are the same as for an address that somebody has."""
    for claims in UNPROVED:
        refused = await sign_in(web, stage, **claims)
        assert refused.status_code == 422, claims
        assert NOT_CONNECTED in refused.text, claims
        assert await who(web) == "", claims
    async with desk.aread(SYSTEM) as session:
        assert not (await session.scalars(select(User).where(User.email_norm == "free@example.net"))).all()
    assert await links(desk) == []


async def test_the_same_address_from_a_second_issuer_is_somebody_else(
    web: Browser, open_runtime: Runtime, stages: tuple[Stage, Stage], stage: Stage, desk: Desk
) -> None:
    """T21: nor is the same subject."""
    second = stages[1]
    await add_provider(open_runtime, second, "second", new_role=UserRole.CUSTOMER)
    await sign_in(web, stage, email="one@example.net", email_verified=True)
    web.client.cookies.clear()
    request = await depart(web, "second")
    refused = await come_back(
        web, request, second.grant(request, email="one@example.net", email_verified=True)
    )
    assert NOT_CONNECTED in refused.text
    assert await who(web) == ""
    request = await depart(web, "second")
    await come_back(web, request, second.grant(request, email="two@example.net", email_verified=True))
    assert await who(web) == "two@example.net"
    assert await links(desk) == [
        ("one@example.net", stage.issuer, "subject-1"),
        ("two@example.net", second.issuer, "subject-1"),
    ]


async def test_the_address_may_come_beside_the_token(web: Browser, stage: Stage) -> None:
    stage.metadata["userinfo_endpoint"] = f"{stage.issuer}/userinfo"
    stage.userinfo = {"sub": "another", "email": "new@example.net", "email_verified": True}
    assert NOT_CONNECTED in (await sign_in(web, stage)).text, "of another subject"
    stage.userinfo["sub"] = "subject-1"
    assert (await sign_in(web, stage)).status_code == 303
    assert await who(web) == "new@example.net"


async def test_whom_a_provider_is_for(
    web: Browser, open_runtime: Runtime, stage: Stage, cast: Cast, desk: Desk
) -> None:
    await web.sign_in(cast.agent)
    await connect(web, stage)
    vault = vault_of(open_runtime.settings)
    async with desk.aread(SYSTEM) as session:
        provider_id = await session.scalar(select(IdentityProvider.id)) or 0

    async def changed(**given: Any) -> str:
        changes: ProviderChanges = given  # type: ignore[assignment]  # fields of it
        await desk.arun(SYSTEM, change_provider, provider_id, changes, vault=vault)
        web.client.cookies.clear()
        answer = await sign_in(web, stage, email="agent@ours.example", email_verified=True)
        return "in" if answer.status_code == 303 else answer.text

    assert await changed() == "in"
    assert "not for your account" in await changed(for_staff=False)
    assert await changed(for_staff=True, for_customers=False, new_role=None) == "in"
    assert "not for your account" in await changed(domains=["theirs.example"])
    assert await changed(domains=["ours.example"]) == "in"
    web.client.cookies.clear()
    for claims in (
        {},
        {"email": "a@ours.example"},
        {"email": "a@ours.example", "email_verified": False},
        {"email": "a@ours.example@evil.example", "email_verified": True},
        {"email": "a@not-ours.example", "email_verified": True},
    ):
        assert "not for your account" in (await sign_in(web, stage, **claims)).text
    good: dict[str, Any] = {"email": "agent@ours.example", "email_verified": True}
    assert (await sign_in(web, stage, **good)).status_code == 303
    # Switched off, it signs out who came by it.
    await desk.arun(SYSTEM, change_provider, provider_id, {"is_active": False}, vault=vault)
    assert await who(web) == ""
    await web.get("/sign-in")
    assert (await web.post("/sign-in/with/stage")).status_code == 422
    assert await changed(is_active=True) == "in"
    await desk.arun(cast.admin.in_new_request(), deactivate_user, cast.agent.id)
    web.client.cookies.clear()
    assert NOT_CONNECTED in (await sign_in(web, stage, **good)).text
    await desk.arun(SYSTEM, delete_provider, provider_id)
    assert await links(desk) == []


async def test_new_staff_is_made_of_addresses_in_the_domains_only(
    web: Browser, open_runtime: Runtime, stage: Stage, desk: Desk
) -> None:
    async with desk.aread(SYSTEM) as session:
        provider_id = await session.scalar(select(IdentityProvider.id)) or 0
    changes: ProviderChanges = {"new_role": UserRole.AGENT, "domains": ["ours.example"]}
    await desk.arun(SYSTEM, change_provider, provider_id, changes, vault=vault_of(open_runtime.settings))
    assert (
        "not for your account"
        in (await sign_in(web, stage, "one", email="x@theirs.example", email_verified=True)).text
    )
    await sign_in(web, stage, "two", email="x@Ours.example", email_verified=True)
    async with desk.aread(SYSTEM) as session:
        user = (await session.scalars(select(User).where(User.email_norm == "x@ours.example"))).one()
    assert user.role is UserRole.AGENT


async def test_where_one_goes_after_signing_in_stays_on_the_desk(web: Browser, stage: Stage) -> None:
    """T29."""
    for target in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"):
        request = await depart(web, next_href=target)
        done = await come_back(web, request, stage.grant(request, email="n@example.net", email_verified=True))
        assert done.headers["location"] == "/"
        web.client.cookies.clear()


async def test_ways_to_a_provider_want_a_form_of_the_desk_and_are_limited(web: Browser, desk: Desk) -> None:
    await web.get("/sign-in")
    assert (await web.client.post("/sign-in/with/stage", data={"csrf": "x"})).status_code == 403
    assert (await web.post("/sign-in/with/nobody")).status_code == 422
    answers = [(await web.post("/sign-in/with/stage")).status_code for _ in range(75)]
    assert 429 in answers
    async with desk.aread(SYSTEM) as session:
        assert await session.scalar(select(func.count()).select_from(SignInFlow)) == answers.count(200)


async def test_what_is_kept_of_a_subject_goes_with_the_person_and_is_not_in_the_log(
    web: Browser, stage: Stage, cast: Cast, desk: Desk, tmp_path: Path
) -> None:
    await sign_in(web, stage, "zqx-subject", email="zqx@example.net", email_verified=True)
    async with desk.aread(SYSTEM) as session:
        log = str((await session.execute(text("SELECT changes FROM ombud.audit_logs"))).all())
        assert "zqx-subject" not in log
        assert CLIENT_SECRET not in log
        person = (await session.scalars(select(User.id).where(User.email_norm == "zqx@example.net"))).one()
    await desk.arun(cast.admin.in_new_request(), anonymise_person, signing_key(tmp_path), person)
    assert await links(desk) == []
    async with desk.aread(SYSTEM) as session:
        left = select(func.count()).select_from(AccountNotice).where(AccountNotice.user_id == person)
        assert await session.scalar(left) == 0


async def test_the_door_costs_few_statements(web: Browser, stage: Stage) -> None:
    claims: dict[str, Any] = {"email": "new@example.net", "email_verified": True}
    await sign_in(web, stage, **claims)
    web.client.cookies.clear()
    with counted() as log:
        await web.get("/sign-in")
    assert len(log.statements) <= 4, log.statements
    with counted() as log:
        request = there(await web.post("/sign-in/with/stage"))
    assert len(log.statements) <= 6, log.statements
    with counted() as log:
        await come_back(web, request, stage.grant(request, **claims))
    assert len(log.statements) <= 17, log.statements

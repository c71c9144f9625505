"""Answers that prove nothing: replayed, forged, mixed up, too large, too slow, from elsewhere (T50, T51)."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select, text, update

from ombud.db.desk import Desk
from ombud.errors import Invalid
from ombud.models import SignInFlow, UserRole
from ombud.runtime import Runtime
from ombud.testing import Cast
from tests.openid.stage import (
    CLIENT_ID,
    Stage,
    by_a_key_of_its_own,
    by_another_key,
    by_public_key,
    unsigned,
)
from tests.web.hosting import Browser
from tests.web.openid.going import (
    NO_PROOF,
    OVER,
    SYSTEM,
    add_provider,
    come_back,
    depart,
    links,
    sign_in,
    there,
    who,
)

pytestmark = pytest.mark.asyncio


async def test_an_answer_is_taken_once_and_of_its_own_browser_only(
    web: Browser, open_runtime: Runtime, stage: Stage
) -> None:
    request = await depart(web)
    code = stage.grant(request, email="new@example.net", email_verified=True)
    thief = Browser(open_runtime)
    async with thief.client:
        await depart(thief)  # with a cookie of its own
        stolen = await come_back(thief, request, code)
        assert stolen.status_code == 422
        assert OVER in stolen.text
        assert await who(thief) == ""
    flow = web.client.cookies["ombud_flow"]
    assert (await come_back(web, request, code)).status_code == 303
    web.client.cookies.clear()
    web.client.cookies.set("ombud_flow", flow, domain="desk.example")
    for state in (request["state"], "x" * 43, "", "x" * 5000):
        again = await come_back(web, request | {"state": state}, stage.grant(request))
        assert again.status_code == 422
        assert OVER in again.text
        assert await who(web) == ""
        web.client.cookies.set("ombud_flow", flow, domain="desk.example")
    # A code that was used, with a state that is good.
    fresh = await depart(web)
    assert NO_PROOF in (await come_back(web, fresh, code)).text
    # The parameter twice: which one a proxy saw is anybody's guess.
    fresh = await depart(web)
    twice = f"/sign-in/with/stage/return?state={fresh['state']}&state=x&code=y&iss={stage.issuer}"
    assert OVER in (await web.get(twice)).text


async def test_a_way_to_a_provider_is_over_after_ten_minutes(web: Browser, stage: Stage, desk: Desk) -> None:
    request = await depart(web)
    async with desk.abegin(SYSTEM) as session:
        await session.execute(text("SET LOCAL ROLE ombud_owner"))
        late = (await session.scalars(select(SignInFlow.expires_at - SignInFlow.created_at))).one()
        assert late == timedelta(minutes=10)
        await session.execute(update(SignInFlow).values(expires_at=func.now() - timedelta(seconds=1)))
    assert OVER in (await come_back(web, request, stage.grant(request))).text


async def test_an_answer_of_another_provider_is_none_of_this_one(
    web: Browser, open_runtime: Runtime, stages: tuple[Stage, Stage], stage: Stage
) -> None:
    """A mix-up: the issuer's name in the answer, and an address of the way back for each provider."""
    second = stages[1]
    await add_provider(open_runtime, second, "second", new_role=UserRole.CUSTOMER)
    claims: dict[str, Any] = {"email": "new@example.net", "email_verified": True}
    for wrong in (second.issuer, stage.issuer + "/", "", "x"):
        request = await depart(web)
        refused = await come_back(web, request, stage.grant(request, **claims), iss=wrong)
        assert NO_PROOF in refused.text, wrong
    request = await depart(web)
    elsewhere = request | {"redirect_uri": request["redirect_uri"].replace("/stage/", "/second/")}
    assert OVER in (await come_back(web, elsewhere, stage.grant(request, **claims), iss=second.issuer)).text
    # A provider that never said that it names itself, and does not.
    stage.metadata["authorization_response_iss_parameter_supported"] = None
    web.app.state.parts.book._known.clear()
    request = await depart(web)
    assert (await come_back(web, request, stage.grant(request, **claims), iss="")).status_code == 303


NOW = int(time.time())
LIES: dict[str, dict[str, Any]] = {
    "nonce of another sign-in": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "a list of nonces": {"nonce": ["x"]},
    "another issuer": {"iss": "https://elsewhere.example"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "somebody else"},
    "a part of the audience": {"aud": "des"},
    "audiences without ours": {"aud": ["a", "b"], "azp": CLIENT_ID},
    "several audiences and no party": {"aud": [CLIENT_ID, "other"]},
    "another party": {"aud": [CLIENT_ID, "other"], "azp": "other"},
    "another party alone": {"azp": "other"},
    "no audience": {"aud": None},
    "a number for audience": {"aud": 7},
    "over": {"exp": NOW - 120},
    "no end": {"exp": None},
    "an end in words": {"exp": "tomorrow"},
    "an end that is true": {"exp": True},
    "made tomorrow": {"iat": NOW + 86_400},
    "made yesterday": {"iat": NOW - 86_400},
    "made never": {"iat": None},
    "not yet": {"nbf": NOW + 86_400},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a long subject": {"sub": "x" * 256},
    "a subject of lines": {"sub": "a\nb"},
    "a number for subject": {"sub": 7},
    "the hash of another token": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
}


async def test_a_token_with_a_wrong_claim_proves_nothing(web: Browser, stage: Stage, desk: Desk) -> None:
    claims: dict[str, Any] = {"email": "new@example.net", "email_verified": True}
    for name, lie in LIES.items():
        refused = await sign_in(web, stage, **{**claims, **lie})
        assert refused.status_code == 422, name
        assert NO_PROOF in refused.text, name
        assert await who(web) == "", name
    assert await links(desk) == []
    assert (await sign_in(web, stage, **claims)).status_code == 303, "the negative control"


async def test_a_token_that_the_provider_did_not_sign_proves_nothing(
    web: Browser, stage: Stage, desk: Desk
) -> None:
    claims: dict[str, Any] = {"email": "new@example.net", "email_verified": True}
    cut = stage.key

    def other_claims(header: dict[str, Any], claims: dict[str, Any]) -> str:
        head, _body, signature = Stage(key=cut).token_text(header, claims).split(".")
        _head, body, _signature = unsigned(header, claims | {"sub": "admin"}).split(".")
        return f"{head}.{body}.{signature}"

    lies = [unsigned, by_public_key(stage), by_another_key(stage), by_a_key_of_its_own, other_claims]
    lies += [lambda _h, _c: "x.y.z", lambda _h, _c: "", lambda _h, _c: "a" * 20_000 + ".b.c"]
    lies += [lambda header, claims: Stage(key=cut).token_text({**header, "kid": "two"}, claims)]
    lies += [lambda header, claims: Stage(key=cut).token_text({**header, "alg": "RS256"}, claims) + ".x"]
    for number, lie in enumerate(lies):
        stage.sign = lie
        refused = await sign_in(web, stage, **claims)
        assert refused.status_code == 422, number
        assert NO_PROOF in refused.text, number
        assert await who(web) == ""
    assert await links(desk) == []
    stage.sign = None
    assert (await sign_in(web, stage, **claims)).status_code == 303, "the negative control"


async def test_a_new_key_is_asked_for_once_in_a_while(web: Browser, stage: Stage) -> None:
    claims: dict[str, Any] = {"email": "new@example.net", "email_verified": True}
    await sign_in(web, stage, **claims)
    stage.header["kid"] = "two"
    for _ in range(3):
        web.client.cookies.clear()
        await sign_in(web, stage, **claims)
    assert stage.asked.count("GET /keys") == 1, "an unknown key is no reason to ask each time"
    stage.key = type(stage.key).generate_key(2048, {"kid": "two", "use": "sig"})
    web.app.state.parts.book._known[stage.issuer].keys_at -= timedelta(minutes=2)
    web.client.cookies.clear()
    assert (await sign_in(web, stage, **claims)).status_code == 303
    assert stage.asked.count("GET /keys") == 2
    assert stage.asked.count("GET /.well-known/openid-configuration") == 1


async def test_a_provider_that_misbehaves_is_told_of_kindly(web: Browser, stage: Stage) -> None:
    """Huge, slow, elsewhere, not JSON: one page of ours, within the limits, and no word of theirs."""
    parts = web.app.state.parts
    parts.book.seconds = 0.5

    def slow() -> tuple[int, dict[str, str], bytes]:
        time.sleep(1.0)
        return 200, {}, b"{}"

    inside = {"Location": f"http://{urlsplit(stage.issuer).netloc}/inside"}
    answers = {
        "huge": lambda: (200, {}, b'{"issuer": "' + b"x" * 2**20 + b'"}'),
        "slow": slow,
        "elsewhere": lambda: (302, inside, b""),
        "no json": lambda: (200, {}, b"<script>alert(1)</script>"),
        "a list": lambda: (200, {}, b"[]"),
        "deep": lambda: (200, {}, b'{"a":' * 5_000 + b"1" + b"}" * 5_000),
        "nothing": lambda: (500, {}, b""),
    }
    for path in ("/.well-known/openid-configuration", "/keys", "/token"):
        for name, answer in answers.items():
            parts.book._known.clear()
            stage.replies = {} if path != "/.well-known/openid-configuration" else {path: answer}
            await web.get("/sign-in")
            departed = await web.post("/sign-in/with/stage", {"next": "/"})
            if departed.status_code == 200:
                request = there(departed)
                stage.replies = {path: answer}
                departed = await come_back(web, request, stage.grant(request))
            assert departed.status_code in {422, 503}, (path, name)
            assert "cannot be asked right now" in departed.text or NO_PROOF in departed.text, (path, name)
            assert "alert(1)" not in departed.text
    assert "GET /inside" not in stage.asked, "no redirect is followed"


ELSEWHERE: list[dict[str, Any]] = [
    {"issuer": "https://elsewhere.example"},
    {"issuer": None},
    {"token_endpoint": "http://10.0.0.1/token"},
    {"token_endpoint": "https://169.254.169.254/token"},
    {"authorization_endpoint": "javascript:alert(1)"},
    {"authorization_endpoint": "http://elsewhere.example/auth"},
    {"jwks_uri": "file:///etc/passwd"},
    {"jwks_uri": None},
    {"userinfo_endpoint": "http://[::1]:6379/"},
    {"code_challenge_methods_supported": ["plain"]},
]


async def test_a_document_that_leads_elsewhere_is_not_followed(web: Browser, stage: Stage) -> None:
    for wrong in ELSEWHERE:
        stage.metadata = wrong
        await web.get("/sign-in")
        refused = await web.post("/sign-in/with/stage", {"next": "/"})
        assert refused.status_code == 503, wrong
        assert "refresh" not in refused.headers


async def test_a_provider_inside_must_be_allowed(runtime: Runtime, stage: Stage, cast: Cast) -> None:
    with pytest.raises(Invalid, match="issuer"):
        await add_provider(runtime, stage)


async def test_errors_of_a_provider_are_not_repeated(web: Browser, stage: Stage) -> None:
    request = await depart(web)
    hostile = {"error": "access_denied", "error_description": "<script>call 555</script>", "error_uri": "x"}
    answer = await come_back(web, request, "", **hostile)
    assert answer.status_code == 422
    assert "You did not sign in there" in answer.text
    assert "555" not in answer.text
    assert "reflected" not in (await come_back(web, await depart(web), "no code of ours")).text

"""What Keycloak, Google, Entra and Cognito do otherwise than the provider of the tests, each done by the stage."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest

from ombud.db.desk import Desk
from tests.openid.stage import CLIENT_ID, Stage
from tests.web.hosting import Browser
from tests.web.openid.going import NO_PROOF, NOT_CONNECTED, come_back, depart, links, sign_in, who

pytestmark = pytest.mark.asyncio

VERIFIED: dict[str, Any] = {"email": "new@example.net", "email_verified": True}
RIGHT: dict[str, dict[str, Any]] = {
    "Keycloak names the party, and a kind": {"azp": CLIENT_ID, "typ": "ID", "acr": "1", "sid": "a-b-c"},
    "a list of one audience": {"aud": [CLIENT_ID], "azp": CLIENT_ID},
    "several audiences, of which we are the party": {"aud": [CLIENT_ID, "account"], "azp": CLIENT_ID},
    "Entra made it five minutes ago": {"iat": -300, "nbf": -300, "exp": 3600, "ver": "2.0"},
    "a clock that is half a minute ahead": {"iat": 30, "nbf": 30},
    "Entra has too many groups to name": {
        "hasgroups": True,
        "_claim_names": {"groups": "src1"},
        "_claim_sources": {"src1": {"endpoint": "https://graph.example/v1.0/me/getMemberObjects"}},
    },
    "two hundred groups": {"groups": [f"0000-{number:04}" for number in range(200)]},
}


def moments(claims: dict[str, Any]) -> dict[str, int]:
    """Return what is said as seconds from now."""
    now = int(time.time())
    return {name: now + claims[name] for name in ("iat", "nbf", "exp") if name in claims}


async def test_what_real_tokens_hold_besides(web: Browser, stage: Stage) -> None:
    for name, more in RIGHT.items():
        web.client.cookies.clear()
        claims = {**VERIFIED, **more, **moments(more)}
        assert (await sign_in(web, stage, **claims)).status_code == 303, name
        assert await who(web) == "new@example.net", name


@pytest.mark.parametrize("said", [None, False, "true", "yes", 1, ["true"]])
async def test_an_address_that_nobody_verified_makes_no_account(
    web: Browser, stage: Stage, desk: Desk, said: object
) -> None:
    """Entra never says `email_verified`, and lets an administrator of any tenant write any address."""
    refused = await sign_in(web, stage, email="boss@acme.example", email_verified=said, xms_edov="1")
    assert NOT_CONNECTED in refused.text
    assert await links(desk) == []


async def test_a_yes_that_is_a_word_is_none(web: Browser, stage: Stage, desk: Desk) -> None:
    """Amazon Cognito writes it so beside the token. A word may come from an attribute that people edit themselves."""
    stage.metadata["userinfo_endpoint"] = f"{stage.issuer}/userinfo"
    web.app.state.parts.book._known.clear()
    stage.userinfo = {"sub": "subject-1", "email": "new@example.net", "email_verified": "true"}
    assert NOT_CONNECTED in (await sign_in(web, stage)).text
    stage.userinfo["email_verified"] = True
    assert (await sign_in(web, stage)).status_code == 303, "the negative control"


async def test_answers_bring_more_than_a_code(web: Browser, stage: Stage) -> None:
    """Google: `scope`, `authuser`, `hd`, `prompt`; Keycloak and Entra: `session_state`."""
    request = await depart(web)
    more = {"scope": "email openid", "authuser": "0", "hd": "acme.example", "session_state": "x.y"}
    assert (await come_back(web, request, stage.grant(request, **VERIFIED), **more)).status_code == 303


async def test_a_document_says_less_or_more(web: Browser, stage: Stage) -> None:
    """Entra does not say that it does PKCE, Keycloak has keys for encryption, other kinds of them, and old ones."""
    stage.metadata |= {
        "code_challenge_methods_supported": None,
        "response_modes_supported": ["query", "fragment", "form_post"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic"],
    }
    new = type(stage.key).generate_key(2048, {"kid": "new", "use": "sig", "x5t": "abc"})
    others: list[dict[str, Any]] = [
        {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "ed"},
        {**new.as_dict(private=False), "kid": "enc", "use": "enc", "alg": "RSA-OAEP"},
        {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
        {**type(stage.key).generate_key(2048).as_dict(private=False), "kid": "old", "use": "sig"},
    ]
    keys = [*others, new.as_dict(private=False)]
    stage.replies["/keys"] = lambda: _keys(keys)
    stage.key, stage.header = new, {"alg": "RS256", "kid": "new", "x5t": "abc"}
    web.app.state.parts.book._known.clear()
    assert (await sign_in(web, stage, **VERIFIED)).status_code == 303
    web.client.cookies.clear()
    stage.header = {"alg": "RS256", "kid": "enc"}
    assert NO_PROOF in (await sign_in(web, stage, **VERIFIED)).text, "a key for encryption signs nothing"


@pytest.mark.parametrize("kid", [None, "one"])
async def test_a_key_is_exchanged_behind_its_name_or_without_one(
    web: Browser, stage: Stage, kid: str | None
) -> None:
    stage.key = type(stage.key).generate_key(2048, {"kid": "one", "use": "sig"})
    stage.header = {"alg": "RS256"} if kid is None else {"alg": "RS256", "kid": kid}
    assert (await sign_in(web, stage, **VERIFIED)).status_code == 303
    stage.key = type(stage.key).generate_key(2048, {"kid": "one", "use": "sig"})
    web.client.cookies.clear()
    assert NO_PROOF in (await sign_in(web, stage, **VERIFIED)).text, "asked for a moment ago"
    assert stage.asked.count("GET /keys") == 1
    web.app.state.parts.book._known[stage.issuer].keys_at -= timedelta(minutes=2)
    assert (await sign_in(web, stage, **VERIFIED)).status_code == 303
    assert stage.asked.count("GET /keys") == 2


async def test_errors_are_told_by_whose_they_are(web: Browser, stage: Stage) -> None:
    for error, status, words in (
        ("access_denied", 422, "You did not sign in there"),
        ("interaction_required", 422, "You did not sign in there"),
        ("temporarily_unavailable", 503, "cannot be asked right now"),
        ("unauthorized_client", 503, "cannot be asked right now"),
        ("<script>", 503, "cannot be asked right now"),
    ):
        answer = await come_back(web, await depart(web), "", error=error)
        assert (answer.status_code, words in answer.text) == (status, True), error
        assert await who(web) == ""


async def test_a_document_of_many_tenants_is_no_issuer(web: Browser, stage: Stage) -> None:
    """Entra's `common`: the issuer is a pattern, and each token names another. Any tenant's word would count."""
    stage.metadata["issuer"] = f"{stage.issuer}/{{tenantid}}/v2.0"
    web.app.state.parts.book._known.clear()
    await web.get("/sign-in")
    assert (await web.post("/sign-in/with/stage", {"next": "/"})).status_code == 503
    del stage.metadata["issuer"]
    refused = await sign_in(web, stage, **VERIFIED, iss=f"{stage.issuer}/72f988bf/v2.0", tid="72f988bf")
    assert NO_PROOF in refused.text


def _keys(keys: list[dict[str, Any]]) -> tuple[int, dict[str, str], bytes]:
    return 200, {"Content-Type": "application/json"}, json.dumps({"keys": keys}).encode()

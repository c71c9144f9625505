"""What a provider says of itself: its addresses (OpenID Connect Discovery 1.0) and its keys, kept for a while.

Everything is fetched by the guarded client and limited in size and time. Nothing that a provider says is shown to
anybody: what is wrong is said in words of our own.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ombud import clock
from ombud.errors import Invalid, Unavailable
from ombud.kit.guard import ANSWER_LIMIT, Guard, Unreachable
from ombud.kit.http_guard import Answered, asend, json_of
from ombud.kit.public_urls import checked_url

SECONDS = 10.0
"""How long a provider may take for one answer."""
KEPT = timedelta(hours=1)
KEYS_AGAIN = timedelta(minutes=1)
"""A token with a key that nobody knows makes us ask for the keys again, so often at most."""
MOST = 50
"""Providers that one process remembers."""
MOST_KEYS = 100


class ProviderProblem(Unavailable):
    """The provider does not answer as it should. The message is for administrators; `step` says where it was."""

    code = "provider_problem"

    def __init__(self, step: str, message: str) -> None:
        self.step = step
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Metadata:
    """The part of a provider's document that is used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    says_issuer: bool = False
    """Each answer of it names its issuer (RFC 9207)."""
    token_auth: tuple[str, ...] = ("client_secret_basic",)


@dataclass(slots=True)
class _Known:
    metadata: Metadata
    until: datetime
    keys: list[dict[str, Any]] | None = None
    keys_at: datetime = field(default_factory=clock.now)


class Book:
    """What this process knows of providers. For one loop; nothing is kept for longer than an hour."""

    def __init__(self, guard: Guard, *, seconds: float = SECONDS) -> None:
        self.guard, self.seconds = guard, seconds
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def metadata(self, issuer: str, *, anew: bool = False) -> Metadata:
        """Return what a provider says of itself; ProviderProblem says what is wrong with it."""
        return (await self._of(issuer, anew=anew)).metadata

    async def keys(
        self, issuer: str, key_id: str | None = None, *, anew: bool = False
    ) -> list[dict[str, Any]]:
        """Return a provider's public keys, asked for again when none of them has that id, or with `anew`."""
        known = await self._of(issuer)
        now = clock.now()
        missing = anew or (key_id is not None and all(one.get("kid") != key_id for one in known.keys or ()))
        if known.keys is None or (missing and now - known.keys_at >= KEYS_AGAIN):
            known.keys = _keys_in(await self._get("Keys", known.metadata.jwks_uri))
            known.keys_at = now
        return known.keys

    async def _of(self, issuer: str, *, anew: bool = False) -> _Known:
        found = self._known.get(issuer)
        if found is not None and not anew and clock.now() < found.until:
            return found
        said = await self._get("Discovery", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        known = _Known(read_metadata(issuer, said, self.guard), clock.now() + KEPT)
        self._known[issuer] = known
        self._known.move_to_end(issuer)
        while len(self._known) > MOST:
            self._known.popitem(last=False)
        return known

    async def _get(self, step: str, url: str) -> dict[str, Any]:
        try:
            answer = await asend(
                self.guard, "GET", url, headers={"Accept": "application/json"}, seconds=self.seconds
            )
        except Unreachable:
            raise ProviderProblem(
                step, "The provider cannot be reached there, or did not answer in time."
            ) from None
        return _object_in(step, answer)


def read_metadata(issuer: str, said: Mapping[str, Any], guard: Guard) -> Metadata:
    """Return a provider's document as far as it is used, checked; ProviderProblem says what is wrong with it."""
    if said.get("issuer") != issuer:
        raise ProviderProblem(
            "Issuer",
            "The document names another issuer. It must be the same to the letter, a slash at its end included.",
        )
    methods = said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    challenges = said.get("code_challenge_methods_supported", ["S256"])
    if not isinstance(challenges, list) or "S256" not in challenges:
        raise ProviderProblem("Discovery", "The provider does not do PKCE with S256.")
    return Metadata(
        issuer=issuer,
        authorization_endpoint=_address(said, "authorization_endpoint", guard),
        token_endpoint=_address(said, "token_endpoint", guard),
        jwks_uri=_address(said, "jwks_uri", guard),
        userinfo_endpoint=_address(said, "userinfo_endpoint", guard, optional=True),
        end_session_endpoint=_address(said, "end_session_endpoint", guard, optional=True),
        says_issuer=said.get("authorization_response_iss_parameter_supported") is True,
        token_auth=tuple(one for one in methods if isinstance(one, str))
        if isinstance(methods, list)
        else ("client_secret_basic",),
    )


def _address(said: Mapping[str, Any], name: str, guard: Guard, *, optional: bool = False) -> str:
    found = said.get(name)
    if found is None and optional:
        return ""
    try:
        return checked_url(name, found if isinstance(found, str) else "", guard)
    except Invalid:
        raise ProviderProblem(
            "Discovery", f"The document's {name} is missing, or no public https address."
        ) from None


def _object_in(step: str, answer: Answered) -> dict[str, Any]:
    if answer.status != 200:
        raise ProviderProblem(step, f"The provider answers {answer.status} there.")
    if len(answer.body) >= ANSWER_LIMIT:
        raise ProviderProblem(step, f"The answer is larger than {ANSWER_LIMIT // 1024} KB.")
    found = json_of(answer)
    if not found:
        raise ProviderProblem(step, "The answer is no JSON object.")
    return found


def _keys_in(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = said.get("keys")
    keys = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    usable = [
        one for one in keys[:MOST_KEYS] if one.get("kty") in ("RSA", "EC") and one.get("use", "sig") == "sig"
    ]
    if not usable:
        raise ProviderProblem("Keys", "There is no RSA or EC key for signatures among the provider's keys.")
    return usable

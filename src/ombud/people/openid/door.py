"""Signing in by a provider's word: to the provider, and back (authorization code with PKCE).

What must come back is remembered by the desk: the state and the browser's cookie as hashes, the nonce, the verifier.
An answer is taken once. No transaction is open while a provider is asked; what it says is shown to nobody.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from sqlalchemy import Select

from ombud import clock
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.errors import Conflict, Forbidden, NotFound
from ombud.kit.guard import Unreachable
from ombud.kit.http_guard import asend, json_of
from ombud.kit.tokens import new_secret
from ombud.kit.vault import Unopenable, Vault
from ombud.models import FlowKind, IdentityProvider
from ombud.people import throttle
from ombud.people.accounts import ByProvider
from ombud.people.door import DOOR
from ombud.people.openid import actions, queries
from ombud.people.openid.actions import ConnectedElsewhere, Flow, Provider, TooManyConnections
from ombud.people.openid.discovery import Book, Metadata, ProviderProblem
from ombud.people.openid.providers import TABLE, token_place
from ombud.people.openid.tokens import (
    BadToken,
    Claims,
    check_id_token,
    check_logout_token,
    key_id_of,
    read_claims,
)

T = TypeVar("T")
ANSWER = ("state", "code", "iss", "error")
"""What is read of a provider's answer; its words are not."""
PERSONS_OWN = (
    "access_denied",
    "login_required",
    "interaction_required",
    "consent_required",
    "account_selection_required",
)
"""Errors of who did not go on at the provider; any other is between it and the desk."""
OTHER_ERRORS = (
    "invalid_request",
    "unauthorized_client",
    "unsupported_response_type",
    "invalid_scope",
    "server_error",
    "temporarily_unavailable",
)
LONGEST_HINT = 4096
"""An ID token that is longer is not kept for the way out: it goes in an address, which providers limit."""


class FlowOver(Forbidden):
    """Nobody waits for this answer: too late, taken before, of another browser, or for another provider."""

    code = "flow_over"
    default_message = "This sign-in took too long, or was used already. Begin again."


class Declined(Forbidden):
    """The person did not go on at the provider's, or it let them not."""

    code = "declined_there"
    default_message = "You did not sign in there. Nothing was changed."


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send a browser, and the value of the cookie that it must come back with."""

    url: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who came back with a provider's word, checked."""

    flow: Flow
    provider: Provider
    claims: Claims
    id_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Leaving:
    """Somebody who goes on to sign out at a provider, too, with the ID token that they came with where it is kept."""

    provider: Provider
    id_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class OpenIdDoor:
    """The door to the providers of one desk."""

    desk: Desk
    vault: Vault
    book: Book

    async def depart(
        self,
        kind: FlowKind,
        slug: str,
        *,
        redirect_uri: str,
        next_href: str,
        ip: str,
        session_id: int | None = None,
    ) -> Departure:
        """Begin a way to a provider. RateLimited, NotFound, ProviderProblem."""
        network = throttle.network_of(ip)
        await self.desk.arun(DOOR, throttle.take, throttle.DEPARTURES, account=network, ip=ip)
        provider = await self._provider(slug)
        metadata = await self.book.metadata(provider.issuer)
        state, cookie, nonce, verifier = (new_secret() for _ in range(4))
        await self.desk.arun(
            DOOR,
            actions.begin_flow,
            kind,
            provider.id,
            state=state,
            cookie=cookie,
            nonce=nonce,
            verifier=verifier,
            redirect_uri=redirect_uri,
            next_href=next_href,
            session_id=session_id,
        )
        url = request_of(
            metadata,
            provider,
            kind,
            redirect_uri=redirect_uri,
            state=state,
            nonce=nonce,
            verifier=verifier,
        )
        return Departure(url, cookie)

    async def arrive(
        self, slug: str, answer: Mapping[str, str], *, cookie: str, session_id: int | None
    ) -> Arrival:
        """Return who came back, and what for; FlowOver, Declined, BadToken, ProviderProblem otherwise."""
        state, code = answer.get("state", ""), answer.get("code", "")
        if not (20 <= len(state) <= 200 and 20 <= len(cookie) <= 200):
            raise FlowOver
        flow = await self.desk.arun(DOOR, actions.take_flow, state=state, cookie=cookie, slug=slug)
        # Who connects or confirms must still be who began it; who signs in may be anybody by now.
        if flow is None or (flow.session_id is not None and flow.session_id != session_id):
            raise FlowOver
        provider = await self._provider(slug)
        metadata = await self.book.metadata(provider.issuer)
        said = answer.get("iss")
        if (said is None and metadata.says_issuer) or (said is not None and said != provider.issuer):
            raise BadToken("response_iss")  # RFC 9207: an answer of another provider
        if (error := answer.get("error")) is not None:
            if error in PERSONS_OWN:
                raise Declined
            raise ProviderProblem("Answer", f"The provider answers {_named(error)} instead of a code.")
        if not (0 < len(code) <= 4096 and code.isprintable()):
            raise FlowOver
        claims, id_token = await self._claims(provider, metadata, flow, code)
        return Arrival(flow, provider, claims, id_token)

    async def admit(self, arrival: Arrival) -> tuple[int, ByProvider]:
        """Return whose account it is, and by what; a new account where the provider may make one."""
        try:
            user_id, link = await self.desk.arun(DOOR, actions.admit, arrival.provider, arrival.claims)
        except Conflict:  # twice at once for the first time: the other one made the account
            user_id, link = await self.desk.arun(DOOR, actions.admit, arrival.provider, arrival.claims)
        sealed = None
        if arrival.provider.ends_session and len(arrival.id_token) <= LONGEST_HINT:
            sealed = self.vault.seal(arrival.id_token, token_place(link))
        return user_id, ByProvider(link, arrival.claims.sid, sealed)

    async def connect(self, actor: Actor, arrival: Arrival) -> None:
        """Connect the actor's account; ConnectedElsewhere when the subject is another's."""
        try:
            await self.desk.arun(actor, actions.link, arrival.provider, arrival.claims)
        except TooManyConnections:
            raise
        except Conflict:  # the constraint's: row security hides whose it is
            raise ConnectedElsewhere from None

    async def leaving(self, session_id: int) -> Leaving | None:
        """Return the provider at which a session is to be ended, too; None where there is none."""
        async with self.desk.aread(DOOR, fresh=True) as session:
            row = (await session.execute(queries.leaving(session_id))).one_or_none()
        if row is None or not (row.IdentityProvider.ends_session and row.IdentityProvider.is_active):
            return None
        hint = ""
        if row.id_token is not None:
            with suppress(Unopenable):  # it is a help to the provider; nobody stays signed in for want of it
                hint = self.vault.open(row.id_token, token_place(row.identity_id))
        return Leaving(Provider.of(row.IdentityProvider), hint)

    async def farewell(self, leaving: Leaving, return_uri: str, state: str) -> str:
        """Return where a browser ends its session at a provider, empty where there is no such page.

        OpenID Connect RP-Initiated Logout 1.0; `state` comes back with the browser.
        """
        try:
            metadata = await self.book.metadata(leaving.provider.issuer)
        except ProviderProblem:
            return ""
        if not metadata.end_session_endpoint:
            return ""
        more = {
            "client_id": leaving.provider.client_id,
            "post_logout_redirect_uri": return_uri,
            "state": state,
        }
        if leaving.id_token:
            more["id_token_hint"] = leaving.id_token
        return f"{metadata.end_session_endpoint}{_joint(metadata.end_session_endpoint)}{urlencode(more)}"

    async def end(self, slug: str, logout_token: str) -> list[int]:
        """End what a provider says is over, once for each word of it; returns the web sessions that ended.

        OpenID Connect Back-Channel Logout 1.0. NotFound, BadToken, ProviderProblem.
        """
        provider = await self._provider(slug)
        check = partial(
            check_logout_token, issuer=provider.issuer, client_id=provider.client_id, now=clock.now()
        )
        logout = await self._believed(provider, logout_token, check)
        return await self.desk.arun(DOOR, actions.end_by_provider, provider, logout)

    async def sealed(self, provider_id: int) -> Provider:
        """Return a provider with its secret, in use or not."""
        return await self._read(queries.sealed_provider(provider_id))

    async def _provider(self, slug: str) -> Provider:
        return await self._read(queries.sealed_by_slug(slug[:40]))

    async def _read(self, wanted: Select[IdentityProvider]) -> Provider:
        async with self.desk.aread(DOOR, fresh=True) as session:
            row = await session.scalar(wanted)
        if row is None:
            raise NotFound("There is no such way to sign in here.")
        place, secret = (TABLE, "client_secret", row.id), row.client_secret
        return Provider.of(row, self.vault.open(secret, place) if secret is not None else "")

    async def _claims(
        self, provider: Provider, metadata: Metadata, flow: Flow, code: str
    ) -> tuple[Claims, str]:
        tokens = await self.exchange(provider, metadata, code, flow.verifier, flow.redirect_uri)
        id_token, access_token = tokens.get("id_token"), tokens.get("access_token")
        if not isinstance(id_token, str):
            raise BadToken("missing")
        check = partial(
            check_id_token,
            issuer=provider.issuer,
            client_id=provider.client_id,
            nonce=flow.nonce,
            now=clock.now(),
            access_token=access_token if isinstance(access_token, str) else "",
        )
        claims = await self._believed(provider, id_token, check)
        more: Mapping[str, Any] = {}
        if "email" not in claims and metadata.userinfo_endpoint and isinstance(access_token, str):
            more = await self._userinfo(metadata, access_token)
        return read_claims(claims, more), id_token

    async def _believed(
        self, provider: Provider, token: str, check: Callable[[str, Sequence[Mapping[str, Any]]], T]
    ) -> T:
        """Return what a token says by the provider's keys: those known, and where none of them fits, those of now.

        A provider may exchange a key without giving the new one, or any, an id.
        """
        key_id = key_id_of(token)
        try:
            return check(token, await self.book.keys(provider.issuer, key_id))
        except BadToken as error:
            if error.reason != "signature":
                raise
        return check(token, await self.book.keys(provider.issuer, key_id, anew=True))

    async def exchange(
        self, provider: Provider, metadata: Metadata, code: str, verifier: str, redirect_uri: str
    ) -> dict[str, Any]:
        """Return what a provider gives for a code; BadToken when it refuses, with its error as the reason."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        if not provider.client_secret:
            form["client_id"] = provider.client_id
        elif "client_secret_basic" in metadata.token_auth or "client_secret_post" not in metadata.token_auth:
            # Each half encoded as a form is, before they are joined (RFC 6749, section 2.3.1).
            pair = f"{quote(provider.client_id, safe='')}:{quote(provider.client_secret, safe='')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            form |= {"client_id": provider.client_id, "client_secret": provider.client_secret}
        try:
            answer = await asend(
                self.book.guard,
                "POST",
                metadata.token_endpoint,
                headers=headers,
                content=urlencode(form).encode(),
                seconds=self.book.seconds,
            )
        except Unreachable:
            raise ProviderProblem("Client", "The token address cannot be reached.") from None
        said = json_of(answer)
        if answer.status != 200:
            known = said.get("error") in ("invalid_grant", "invalid_client", "unauthorized_client")
            raise BadToken(str(said["error"]) if known else f"status_{answer.status}")
        return said

    async def _userinfo(self, metadata: Metadata, access_token: str) -> Mapping[str, Any]:
        headers = {"Accept": "application/json", "Authorization": f"Bearer {access_token}"}
        try:
            answer = await asend(
                self.book.guard,
                "GET",
                metadata.userinfo_endpoint,
                headers=headers,
                seconds=self.book.seconds,
            )
        except (Unreachable, UnicodeError):
            return {}
        return json_of(answer) if answer.status == 200 else {}


def request_of(
    metadata: Metadata,
    provider: Provider,
    kind: FlowKind,
    *,
    redirect_uri: str,
    state: str,
    nonce: str,
    verifier: str,
) -> str:
    """Return where a browser asks a provider for a code."""
    from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    again = {"prompt": "login", "max_age": "0"} if kind is FlowKind.CONFIRMATION else {}
    return str(
        prepare_grant_uri(
            metadata.authorization_endpoint,
            provider.client_id,
            "code",
            redirect_uri,
            list(provider.scopes),
            state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),  # type: ignore[no-untyped-call]  # its stub has no types
            code_challenge_method="S256",
            **again,
        )
    )


def _named(error: str) -> str:
    """Return an error of RFC 6749, section 4.1.2.1, by its name; nothing else of a provider's is repeated."""
    return error if error in OTHER_ERRORS else "an error"


def _joint(url: str) -> str:
    return "&" if "?" in url else "?"

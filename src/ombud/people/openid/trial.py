"""Try a provider out, and say step by step what is right and what is not. Nobody is signed in by it."""

from dataclasses import dataclass

from ombud.kit.guard import Unreachable
from ombud.kit.http_guard import asend
from ombud.kit.tokens import new_secret
from ombud.models import FlowKind
from ombud.people.openid.actions import Provider
from ombud.people.openid.discovery import Book, Metadata, ProviderProblem
from ombud.people.openid.door import OpenIdDoor, request_of
from ombud.people.openid.tokens import BadToken


@dataclass(frozen=True, slots=True)
class Probe:
    """One step of a trial, in words for the administrator."""

    name: str
    is_good: bool
    text: str


async def try_provider(door: OpenIdDoor, provider: Provider, redirect_uri: str) -> list[Probe]:
    """Return what is right and what is wrong, in the order in which a sign-in would meet it."""
    probes: list[Probe] = []
    try:
        metadata = await door.book.metadata(provider.issuer, anew=True)
        probes.append(Probe("Discovery", True, "The provider describes itself, under the same issuer."))
        keys = await door.book.keys(provider.issuer)
        probes.append(Probe("Keys", True, f"{len(keys)} for signatures."))
    except ProviderProblem as problem:
        return [*probes, Probe(problem.step, False, problem.message)]
    probes.append(await _redirect(door.book, provider, metadata, redirect_uri))
    probes.append(await _client(door, provider, metadata, redirect_uri))
    return probes


async def _redirect(book: Book, provider: Provider, metadata: Metadata, redirect_uri: str) -> Probe:
    """Ask as a browser would: most providers refuse a client or an address that they do not know at once."""
    url = request_of(
        metadata,
        provider,
        FlowKind.SIGN_IN,
        redirect_uri=redirect_uri,
        state=new_secret(),
        nonce=new_secret(),
        verifier=new_secret(),
    )
    name = "Redirect address"
    try:
        answer = await asend(book.guard, "GET", url, headers={"Accept": "text/html"}, seconds=book.seconds)
    except Unreachable:
        return Probe(name, False, "The provider's sign-in page cannot be reached from here.")
    if answer.status >= 400:
        return Probe(
            name,
            False,
            f"The provider refuses this client id or this address. Register there, to the letter: {redirect_uri}",
        )
    return Probe(name, True, f"The provider takes {redirect_uri} (some say so only when somebody signs in).")


async def _client(door: OpenIdDoor, provider: Provider, metadata: Metadata, redirect_uri: str) -> Probe:
    """Offer a code that nobody gave out: who knows the client refuses the code, who does not refuses the client."""
    try:
        await door.exchange(provider, metadata, new_secret(), new_secret(), redirect_uri)
    except ProviderProblem as problem:
        return Probe("Client", False, problem.message)
    except BadToken as refusal:
        if refusal.reason == "invalid_grant":
            return Probe("Client", True, "The provider knows this client id and secret.")
        if refusal.reason in ("invalid_client", "unauthorized_client", "status_401"):
            return Probe("Client", False, "The provider does not know this client id with this secret.")
    return Probe("Client", False, "The token address does not answer as OAuth 2 says.")

"""Passkeys (WebAuthn Level 3, by py_webauthn): what browsers are asked, and whether what they answer is right.

Only discoverable credentials, and only where the authenticator made sure of the person: such a key counts as two
factors. Nothing is stored here.
"""

import ipaddress
import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from ombud.errors import Invalid
from ombud.kit.tokens import digest

TIMEOUT_MS = 300_000
MAX_ANSWER = 20_000
"""Characters that an answer may have; they take about two thousand."""


class BadPasskey(Invalid):
    """An answer of an authenticator that does not hold, whatever it is that is wrong."""

    code = "bad_passkey"
    default_message = "The passkey was not accepted. Try again."


@dataclass(frozen=True, slots=True)
class Site:
    """Where passkeys count: the domain that they are bound to, and the origin that browsers sign."""

    rp_id: str
    origin: str

    @classmethod
    def of(cls, address: str) -> "Site | None":
        """Return the site of an address; None where browsers make no passkeys: without TLS, or for a bare number."""
        parts = urlsplit(address)
        host = parts.hostname or ""
        if not host or _is_number(host) or (parts.scheme != "https" and not _is_local(host)):
            return None
        return cls(host, f"{parts.scheme}://{parts.netloc}")


@dataclass(frozen=True, slots=True)
class NewKey:
    """What is kept of a new passkey."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...]
    is_synced: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """An answer that is not checked yet: which key it says it is by, and which challenge it says it signed."""

    credential_id: bytes
    challenge: bytes
    answer: str


def new_challenge() -> bytes:
    """Return 256 random bits."""
    return secrets.token_bytes(32)


def handle_of(user_id: int) -> bytes:
    """Return the opaque name by which authenticators know a person; it says nothing about them."""
    return digest(f"ombud-passkey:{user_id}")


def creation_options(
    site: Site, challenge: bytes, *, user_id: int, email: str, name: str, known: Sequence[bytes]
) -> str:
    """Return, as JSON, what a browser needs to make a passkey; no authenticator gets a second one."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers import structs

    return options_to_json(
        generate_registration_options(
            rp_id=site.rp_id,
            rp_name="Ombud",
            user_name=email,
            user_id=handle_of(user_id),
            user_display_name=name,
            challenge=challenge,
            timeout=TIMEOUT_MS,
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                resident_key=structs.ResidentKeyRequirement.REQUIRED,
                require_resident_key=True,
                user_verification=structs.UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=one) for one in known],
        )
    )


def request_options(site: Site, challenge: bytes, *, known: Sequence[bytes] = ()) -> str:
    """Return, as JSON, what a browser needs to sign with a passkey: any of this site, or one of those `known`."""
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers import structs

    return options_to_json(
        generate_authentication_options(
            rp_id=site.rp_id,
            challenge=challenge,
            timeout=TIMEOUT_MS,
            allow_credentials=[structs.PublicKeyCredentialDescriptor(id=one) for one in known],
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        )
    )


def claim_of(answer: str) -> Claim:
    """Read what an answer says of itself; BadPasskey when it is none. Nothing of it is proved by that."""
    from webauthn.helpers import base64url_to_bytes, parse_client_data_json

    if len(answer) > MAX_ANSWER:
        raise BadPasskey
    try:
        found = json.loads(answer)
        client = parse_client_data_json(base64url_to_bytes(found["response"]["clientDataJSON"]))
        return Claim(base64url_to_bytes(found["rawId"]), client.challenge, answer)
    except Exception as error:  # whatever a stranger sent, it is one and the same refusal
        raise BadPasskey from error


def check_new_key(site: Site, claim: Claim) -> NewKey:
    """Return the new passkey; BadPasskey when the answer does not hold. Its challenge must be one of ours."""
    from webauthn import verify_registration_response

    try:
        found = verify_registration_response(
            credential=claim.answer,
            expected_challenge=claim.challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except Exception as error:
        raise BadPasskey from error
    return NewKey(
        found.credential_id,
        found.credential_public_key,
        found.sign_count,
        _transports(claim.answer),
        found.credential_backed_up,
    )


def check_signature(site: Site, claim: Claim, public_key: bytes, sign_count: int) -> int:
    """Return the key's new counter; BadPasskey when the signature does not hold or the counter did not move on."""
    from webauthn import verify_authentication_response

    try:
        found = verify_authentication_response(
            credential=claim.answer,
            expected_challenge=claim.challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    except Exception as error:
        raise BadPasskey from error
    return found.new_sign_count


def _transports(answer: str) -> tuple[str, ...]:
    said = json.loads(answer).get("response", {}).get("transports", [])
    return tuple(_known(said)) if isinstance(said, list) else ()


def _known(said: Iterable[object]) -> Iterable[str]:
    names = ("usb", "nfc", "ble", "smart-card", "hybrid", "internal")
    return (name for name in names if name in said)


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_local(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")

"""Access tokens of mail servers, from a refresh token (RFC 6749, section 6)."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from ombud import clock
from ombud.kit.guard import Guard, Unreachable
from ombud.kit.http_guard import post_form

EARLY = timedelta(minutes=2)
SHORTEST = timedelta(minutes=5)


class TokenRefused(Unreachable):
    """The provider gives no token: consent was withdrawn, or the client's secret is another one."""

    code = "oauth_refused"


@dataclass(frozen=True, slots=True)
class OAuthSecret:
    """What the vault keeps of a mailbox that signs in by OAuth."""

    refresh_token: str
    client_secret: str = ""

    def __repr__(self) -> str:
        return "<OAuthSecret>"

    def as_text(self) -> str:
        """Return the form that is sealed."""
        return json.dumps({"refresh_token": self.refresh_token, "client_secret": self.client_secret})

    @classmethod
    def from_text(cls, text: str) -> "OAuthSecret":
        """Read what `as_text` wrote."""
        found = json.loads(text)
        return cls(found["refresh_token"], found["client_secret"])


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token, until when it is good, and the refresh token that replaces the one used, if there is a new one."""

    token: str
    good_until: datetime
    next_refresh_token: str = ""

    def __repr__(self) -> str:
        return f"<AccessToken until {self.good_until:%H:%M}>"

    @property
    def is_good(self) -> bool:
        """True while it can be used."""
        return clock.now() < self.good_until


def refresh(guard: Guard, url: str, client_id: str, scope: str, secret: OAuthSecret) -> AccessToken:
    """Ask the provider for an access token. Raises TokenRefused, Unreachable, Invalid; no answer is repeated."""
    form = {
        "grant_type": "refresh_token",
        "refresh_token": secret.refresh_token,
        "client_id": client_id,
        **({"client_secret": secret.client_secret} if secret.client_secret else {}),
        **({"scope": scope} if scope else {}),
    }
    status, answer = post_form(guard, "oauth_token_url", url, form)
    token, seconds = answer.get("access_token"), answer.get("expires_in", 3600)
    if status != 200 or not isinstance(token, str) or not token:
        raise TokenRefused("The provider gives no token for this mailbox. Connect it again.")
    life = timedelta(seconds=seconds if isinstance(seconds, int) and 0 < seconds < 10**7 else 3600)
    fresh = answer.get("refresh_token")
    return AccessToken(
        token,
        clock.now() + max(life - EARLY, min(life, SHORTEST)),
        fresh if isinstance(fresh, str) and fresh != secret.refresh_token else "",
    )

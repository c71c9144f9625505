"""Access tokens of mailboxes that sign in by OAuth 2: kept while they are good, and renewed by their refresh token."""

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.kit.guard import Guard
from ombud.kit.vault import Vault
from ombud.mail import queries
from ombud.mail.actions.mailboxes import replace_refresh_token, secret_of
from ombud.mail.oauth import AccessToken, OAuthSecret, TokenRefused, refresh
from ombud.models import Mailbox


class NotConnected(TokenRefused):
    """No refresh token was ever given."""

    code = "oauth_not_connected"
    default_message = "This mailbox has no refresh token. Connect it first."


class AccessTokens:
    """The tokens of one process's fetching, or of its sending."""

    def __init__(self, desk: Desk, vault: Vault, guard: Guard, actor: Actor) -> None:
        self._desk, self._vault, self._guard, self._actor = desk, vault, guard, actor
        self._kept: dict[int, tuple[tuple[str, str, str], AccessToken]] = {}

    def of(self, mailbox: Mailbox) -> str:
        """Return a token for a mailbox that was loaded with its secrets. Raises TokenRefused, Unreachable, Invalid."""
        provider = (mailbox.oauth_token_url, mailbox.oauth_client_id, mailbox.oauth_scope)
        kept = self._kept.get(mailbox.id)
        if kept is None or kept[0] != provider or not kept[1].is_good:
            kept = self._kept[mailbox.id] = (provider, self._renewed(mailbox))
        return kept[1].token

    def forget(self, mailbox_id: int) -> None:
        """Ask for another token the next time: a server does not take this one any more."""
        self._kept.pop(mailbox_id, None)

    def _renewed(self, mailbox: Mailbox) -> AccessToken:
        try:
            return self._exchange(mailbox)
        except TokenRefused:
            # A refresh token may be good once only, and whoever sends or fetches beside us was quicker with it.
            with self._desk.read(self._actor, fresh=True) as session:
                now = session.scalar(queries.mailbox_with_secrets(mailbox.id))
            if now is None or now.oauth_secret == mailbox.oauth_secret:
                raise
            return self._exchange(now)

    def _exchange(self, mailbox: Mailbox) -> AccessToken:
        sealed = secret_of(self._vault, mailbox, "oauth_secret")
        if not sealed:
            raise NotConnected
        known = OAuthSecret.from_text(sealed)
        token = refresh(
            self._guard, mailbox.oauth_token_url, mailbox.oauth_client_id, mailbox.oauth_scope, known
        )
        if token.next_refresh_token:
            fresh = OAuthSecret(token.next_refresh_token, known.client_secret)
            self._desk.run(self._actor, replace_refresh_token, mailbox.id, fresh, self._vault)
        return token

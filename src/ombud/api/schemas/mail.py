"""Mail: the desk's addresses, rules, and messages that came in."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field

from ombud import models
from ombud.api.schemas.base import Email, Flag, Id, Input, Output, line, optional
from ombud.api.schemas.people import Name, name_of
from ombud.mail.actions import MailboxChanges, NewSecrets
from ombud.mail.oauth import OAuthSecret
from ombud.mail.probe import Probe
from ombud.models import MailAuth, MailField, MailSource, MailState, Security, TicketPriority

Port = Annotated[int, Field(ge=1, le=65535, strict=True)]
Secret = Annotated[str, Field(max_length=8_192, description="Set, never shown. Empty removes it.")]
_SECRETS = ("imap_password", "smtp_password", "oauth_refresh_token", "oauth_client_secret")


class Mailbox(Output):
    """An address of the desk, and how its mail comes and goes. Passwords are set and never shown."""

    id: int
    name: str
    address: str
    team: Name | None
    is_active: bool
    acknowledges: bool
    adds_followers: bool
    joins_copies: bool
    reopen_days: int
    trusted_authserv: str
    signature: str
    auth: MailAuth
    imap_host: str
    imap_port: int
    imap_security: Security
    imap_user: str
    imap_folder: str
    imap_moves_to: str
    imap_skips_old: bool
    has_imap_secret: bool
    smtp_host: str
    smtp_port: int
    smtp_security: Security
    smtp_user: str
    has_smtp_secret: bool
    oauth_token_url: str
    oauth_client_id: str
    oauth_scope: str
    has_oauth_secret: bool
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, mailbox: models.Mailbox) -> Self:
        """Show a mailbox whose team is loaded."""
        fields = {name: getattr(mailbox, name) for name in cls.model_fields if name != "team"}
        return cls(team=name_of(mailbox.team), **fields)


class MailboxFields(Input):
    """What a mailbox has besides its name and address; what is absent stays."""

    team_id: Id | None = optional()
    is_active: Flag = optional()
    acknowledges: Flag = optional()
    adds_followers: Flag = optional()
    joins_copies: Flag = optional()
    reopen_days: Annotated[int, Field(ge=0, le=3650, strict=True)] = optional()
    trusted_authserv: Annotated[str, line(255, blank=True)] = optional()
    signature: Annotated[str, Field(max_length=10_000)] = optional()
    auth: MailAuth = optional()
    imap_host: Annotated[str, line(255, blank=True)] = optional()
    imap_port: Port = optional()
    imap_security: Security = optional()
    imap_user: Annotated[str, line(255, blank=True)] = optional()
    imap_folder: Annotated[str, line(255)] = optional()
    imap_moves_to: Annotated[str, line(255, blank=True)] = optional()
    imap_skips_old: Flag = optional()
    smtp_host: Annotated[str, line(255, blank=True)] = optional()
    smtp_port: Port = optional()
    smtp_security: Security = optional()
    smtp_user: Annotated[str, line(255, blank=True)] = optional()
    oauth_token_url: Annotated[str, line(500, blank=True)] = optional()
    oauth_client_id: Annotated[str, line(255, blank=True)] = optional()
    oauth_scope: Annotated[str, line(500, blank=True)] = optional()
    imap_password: Secret = optional()
    smtp_password: Secret = optional()
    oauth_refresh_token: Secret = optional()
    oauth_client_secret: Secret = optional()

    def changes(self) -> MailboxChanges:
        """Return the fields that were sent, without secrets."""
        return {name: value for name, value in self.given().items() if name not in _SECRETS}  # type: ignore[return-value]  # the fields are those of MailboxChanges

    def secrets(self) -> NewSecrets:
        """Return the secrets that were sent."""
        given, found = self.given(), NewSecrets()
        if "imap_password" in given:
            found["imap_secret"] = given["imap_password"]
        if "smtp_password" in given:
            found["smtp_secret"] = given["smtp_password"]
        if "oauth_refresh_token" in given:
            token, client = given["oauth_refresh_token"], given.get("oauth_client_secret", "")
            found["oauth_secret"] = OAuthSecret(token, client).as_text() if token else ""
        return found


class MailboxPatch(MailboxFields):
    """What to change of a mailbox; what is absent stays. A new server takes no old password along."""

    name: Annotated[str, line(100)] = optional()
    address: Email = optional()


class NewMailbox(MailboxFields):
    """A mailbox to set up."""

    name: Annotated[str, line(100)]
    address: Email


class MailboxProbe(Output):
    """One step of trying a mailbox out."""

    name: str
    is_good: bool
    text: str

    @classmethod
    def of(cls, probe: Probe) -> Self:
        """Show what was found."""
        return cls(name=probe.name, is_good=probe.is_good, text=probe.text)


class Rule(Output):
    """A rule that looks at a message before a ticket is opened."""

    id: int
    name: str
    position: int
    is_active: bool
    field: MailField
    header: str
    pattern: str
    ignores: bool
    team_id: int | None
    tag: str
    priority: TicketPriority | None

    @classmethod
    def of(cls, rule: models.MailRule) -> Self:
        """Show a rule."""
        return cls(**{name: getattr(rule, name) for name in cls.model_fields})


class RuleFields(Input):
    """What a rule has besides its name and what it looks for; what is absent stays."""

    position: Annotated[int, Field(ge=0, le=10**6, strict=True)] = optional()
    is_active: Flag = optional()
    header: Annotated[str, line(100, blank=True)] = optional()
    ignores: Flag = optional()
    team_id: Id | None = optional()
    tag: Annotated[str, line(100, blank=True)] = optional()
    priority: TicketPriority | None = optional()


class RulePatch(RuleFields):
    """What to change of a rule; what is absent stays."""

    name: Annotated[str, line(100)] = optional()
    field: MailField = optional()
    pattern: Annotated[str, line(300)] = optional()


class NewRule(RuleFields):
    """A rule to make."""

    name: Annotated[str, line(100)]
    field: MailField
    pattern: Annotated[str, line(300)]


class Step(Output):
    """One step of a decision."""

    step: str
    result: str


class InboundMail(Output):
    """A message that came in, and what was decided about it."""

    id: int
    mailbox: str = Field(description="The address of the mailbox that it came to.")
    source: MailSource
    received_at: datetime
    state: MailState
    decision: str = Field(description="The reason in one word, for programs.")
    steps: list[Step] = Field(description="How the decision came about, in order.")
    decided_at: datetime | None
    message_id: str
    sender_email: str
    sender_name: str
    subject: str
    classification: str
    verified: bool | None = Field(
        description="Whether the receiving server confirms the sender; null: no word."
    )
    size: int
    ticket: str | None = Field(description="The number of the ticket that it is on.")
    comment_id: int | None

    @classmethod
    def of(cls, mail: models.InboundMail) -> Self:
        """Show a message whose mailbox and ticket are loaded."""
        plain: dict[str, Any] = {
            name: getattr(mail, name)
            for name in cls.model_fields
            if name not in ("mailbox", "ticket", "steps")
        }
        return cls(
            mailbox=mail.mailbox.address,
            ticket=mail.ticket.ticket_number if mail.ticket is not None else None,
            steps=[Step(**step) for step in mail.steps],
            **plain,
        )


class TakenMail(Output):
    """A message that is the desk's now. `id` is null when the same bytes had come to that mailbox before."""

    id: int | None
    mailbox_id: int
    is_new: bool


class NewPlace(Input):
    """Where a message belongs: a ticket's number, or null for a ticket of its own."""

    ticket: Annotated[str, Field(min_length=1, max_length=50)] | None


class MovedMail(Output):
    """What was done to a message. `request_id` takes it back."""

    id: int
    ticket: str | None
    request_id: str


class UndoneMove(Output):
    """What was taken back."""

    messages: int
    tickets: int

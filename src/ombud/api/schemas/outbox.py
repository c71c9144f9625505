"""Mail that goes out, and notifications, as the API shows them."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from ombud import models
from ombud.api.schemas.base import Flag, Id, Input, Moment, Output, optional
from ombud.api.schemas.people import PublicPerson
from ombud.mail.actions.sending import SendingChanges
from ombud.models import (
    NoticeKind,
    NotificationKind,
    OutboundKind,
    OutboundState,
    RecipientKind,
    RecipientState,
    TemplateKind,
)


class Receiver(Output):
    """Who is to receive a message, and what their server said."""

    email: str
    name: str
    kind: RecipientKind
    state: RecipientState
    answer: str = Field(description="The server's own words, shortened.")
    settled_at: datetime | None

    @classmethod
    def of(cls, one: models.OutboundRecipient) -> Self:
        """Show a recipient."""
        return cls(
            email=one.email,
            name=one.name,
            kind=one.kind,
            state=one.state,
            answer=one.answer,
            settled_at=one.settled_at,
        )


class OutboundMail(Output):
    """A message that goes out, or did. `possible_duplicates`: attempts that ended after the last byte, unanswered."""

    id: int
    kind: OutboundKind
    state: OutboundState
    problem: str = Field(
        description="Why it was not mailed (`no_mailbox`, `no_recipient`), or what a server said."
    )
    subject: str
    message_id: str
    mailbox: str | None
    ticket_number: str | None
    comment_id: int | None
    queued_at: datetime
    sends_at: datetime = Field(description="Not before this time.")
    next_attempt_at: datetime | None
    sent_at: datetime | None
    attempts: int
    possible_duplicates: int
    recipients: list[Receiver]

    @classmethod
    def of(cls, mail: models.OutboundMail) -> Self:
        """Show a message whose mailbox, ticket and recipients are loaded."""
        return cls(
            id=mail.id,
            kind=mail.kind,
            state=mail.state,
            problem=mail.problem,
            subject=mail.subject,
            message_id=mail.message_id,
            mailbox=mail.mailbox.address if mail.mailbox is not None else None,
            ticket_number=mail.ticket.ticket_number if mail.ticket is not None else None,
            comment_id=mail.comment_id,
            queued_at=mail.queued_at,
            sends_at=mail.sends_at,
            next_attempt_at=mail.due_at if mail.state in models.WAITING else None,
            sent_at=mail.sent_at,
            attempts=mail.attempts,
            possible_duplicates=mail.unknowns,
            recipients=[Receiver.of(one) for one in mail.recipients],
        )


class NewDelivery(Input):
    """How a reply is to reach people. What is left out: the requester, the followers in copy, at once."""

    to: Annotated[list[Annotated[str, Field(max_length=320)]] | None, Field(max_length=50)] = None
    cc: Annotated[list[Annotated[str, Field(max_length=320)]] | None, Field(max_length=50)] = None
    not_before: Moment | None = None


class Notification(Output):
    """A word to the caller about a ticket."""

    id: int
    kind: NotificationKind
    ticket_number: str
    ticket_title: str
    comment_id: int | None
    caused_by: PublicPerson | None
    created_at: datetime
    read_at: datetime | None

    @classmethod
    def of(cls, told: models.Notification) -> Self:
        """Show a notification whose ticket and cause are loaded."""
        return cls(
            id=told.id,
            kind=told.kind,
            ticket_number=told.ticket.ticket_number,
            ticket_title=told.ticket.title,
            comment_id=told.comment_id,
            caused_by=PublicPerson.of(told.cause) if told.cause is not None else None,
            created_at=told.created_at,
            read_at=told.read_at,
        )


class Notice(Output):
    """What happened to the caller's account, or to what they keep. A letter goes with each."""

    id: int
    kind: NoticeKind
    detail: str = Field(description="The passkey, the provider or the webhook's host.")
    by_other: bool = Field(description="Whether somebody else did it.")
    created_at: datetime
    read_at: datetime | None

    @classmethod
    def of(cls, row: models.AccountNotice) -> Self:
        """Show a notice."""
        return cls(
            id=row.id,
            kind=row.kind,
            detail=row.detail,
            by_other=row.by_other,
            created_at=row.created_at,
            read_at=row.read_at,
        )


class Telling(Output):
    """How the caller is told of one kind."""

    kind: NotificationKind
    in_page: bool
    by_mail: bool


class TellingChange(Input):
    """What to change of it."""

    in_page: Flag | None = None
    by_mail: Flag | None = None


class MailTemplate(Output):
    """Words of a team's mail, in Markdown with a few variables; without a team they are everybody's."""

    kind: TemplateKind
    team_id: int | None
    body: str

    @classmethod
    def of(cls, template: models.MailTemplate) -> Self:
        """Show a template."""
        return cls(kind=template.kind, team_id=template.team_id, body=template.body)


class NewMailTemplate(Input):
    """A template to keep; an empty body removes it."""

    team_id: Id | None = None
    body: Annotated[str, Field(max_length=65_536)]


class BouncedAddress(Output):
    """An address that takes no mail, and what its server said."""

    email: str
    bounced_at: datetime
    status: str = Field(description="An enhanced status code (RFC 3463).")
    diagnostic: str

    @classmethod
    def of(cls, one: models.BouncedAddress) -> Self:
        """Show an address."""
        return cls(email=one.email, bounced_at=one.bounced_at, status=one.status, diagnostic=one.diagnostic)


class Sending(Output):
    """How a mailbox sends. `dkim_record` is shown once, to whom set the key: what stands in the DNS."""

    is_paused: bool
    quotes_history: bool
    link_over: int = Field(description="Bytes of attachments above which they go as links.")
    dkim_selector: str = Field(description="Empty where nothing is signed.")
    dkim_record: str | None = None

    @classmethod
    def of(cls, sending: models.MailboxSending, record: str | None = None) -> Self:
        """Show how a mailbox sends."""
        return cls(
            is_paused=sending.is_paused,
            quotes_history=sending.quotes_history,
            link_over=sending.link_over,
            dkim_selector=sending.dkim_selector,
            dkim_record=record,
        )


class SendingPatch(Input):
    """What to change of it; what is absent stays. A new selector comes with its key, an empty one ends signing."""

    is_paused: Flag = optional()
    quotes_history: Flag = optional()
    link_over: Annotated[int, Field(ge=0, le=50 * 2**20, strict=True)] = optional()
    dkim_selector: Annotated[str, Field(max_length=63, pattern="^[a-z0-9_-]*$")] = optional()
    dkim_key: Annotated[
        str, Field(max_length=16_384, description="A private RSA key in PEM. Set, never shown.")
    ] = optional()

    def changes(self) -> SendingChanges:
        """Return the fields that were sent, without the key."""
        return {name: value for name, value in self.given().items() if name != "dkim_key"}  # type: ignore[return-value]  # the fields are those of SendingChanges

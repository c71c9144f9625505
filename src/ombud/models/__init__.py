"""The tables, one file per aggregate. Columns, relationships and indexes; no queries, no rules."""

from ombud.models.access import AccessKind, AccessLog
from ombud.models.account import ApiToken, KnownBrowser, LoginAttempt, WebSession
from ombud.models.alike import AlikeFinds, AlikeKind, AlikePeople, AlikeTickets
from ombud.models.audit import AuditAction, AuditCheckpoint, AuditLog, AuditRedactedRow, AuditRedaction
from ombud.models.comment import Attachment, Comment
from ombud.models.deleted import INCLUDE_DELETED
from ombud.models.distinct import DistinctPeople, DistinctTickets
from ombud.models.factor import (
    AccountNotice,
    NoticeKind,
    Passkey,
    RecoveryCode,
    SignInStep,
    StepKind,
    TotpFactor,
)
from ombud.models.idempotency import KeptAnswer
from ombud.models.identity import FlowKind, Identity, IdentityProvider, LogoutToken, SignInFlow
from ombud.models.letter import AccountLetter, AccountRequest, AccountToken, LetterKind, LinkPurpose
from ombud.models.mail import (
    InboundMail,
    MailAuth,
    Mailbox,
    MailboxPosition,
    MailField,
    MailReference,
    MailRule,
    MailSource,
    MailState,
    Security,
    TicketLink,
)
from ombud.models.mail_ledger import AutomaticKind, AutomaticMail, BouncedAddress, MessageMove
from ombud.models.notification import Notification, NotificationKind, NotificationSetting
from ombud.models.outbound import (
    UNSETTLED,
    WAITING,
    MailboxSending,
    MailTemplate,
    OutboundKind,
    OutboundMail,
    OutboundRecipient,
    OutboundState,
    RecipientKind,
    RecipientState,
    TemplateKind,
)
from ombud.models.people import Organization, OrganizationDomain, Team, TeamMember, User, UserRole
from ombud.models.personal import Draft, TicketRead
from ombud.models.role import CustomRole
from ombud.models.search import SearchQueueEntry, SearchWord, TicketSearch, TicketText
from ombud.models.setting import DeskSetting
from ombud.models.stale import StaleFile
from ombud.models.statistics import StatDimension, StatGrain, TicketStat, TicketStatDelta
from ombud.models.tag import Tag, TicketTag
from ombud.models.ticket import (
    Ticket,
    TicketChannel,
    TicketParticipant,
    TicketPriority,
    TicketStatus,
)
from ombud.models.transfer import ExternalRef
from ombud.models.transfer_job import (
    TransferFormat,
    TransferJob,
    TransferKind,
    TransferProblem,
    TransferState,
)
from ombud.models.webhook import (
    DeliveryState,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
    WebhookPosition,
)

__all__ = [
    "INCLUDE_DELETED",
    "UNSETTLED",
    "WAITING",
    "AccessKind",
    "AccessLog",
    "AccountLetter",
    "AccountNotice",
    "AccountRequest",
    "AccountToken",
    "AlikeFinds",
    "AlikeKind",
    "AlikePeople",
    "AlikeTickets",
    "ApiToken",
    "Attachment",
    "AuditAction",
    "AuditCheckpoint",
    "AuditLog",
    "AuditRedactedRow",
    "AuditRedaction",
    "AutomaticKind",
    "AutomaticMail",
    "BouncedAddress",
    "Comment",
    "CustomRole",
    "DeliveryState",
    "DeskSetting",
    "DistinctPeople",
    "DistinctTickets",
    "Draft",
    "ExternalRef",
    "FlowKind",
    "Identity",
    "IdentityProvider",
    "InboundMail",
    "KeptAnswer",
    "KnownBrowser",
    "LetterKind",
    "LinkPurpose",
    "LoginAttempt",
    "LogoutToken",
    "MailAuth",
    "MailField",
    "MailReference",
    "MailRule",
    "MailSource",
    "MailState",
    "MailTemplate",
    "Mailbox",
    "MailboxPosition",
    "MailboxSending",
    "MessageMove",
    "NoticeKind",
    "Notification",
    "NotificationKind",
    "NotificationSetting",
    "Organization",
    "OrganizationDomain",
    "OutboundKind",
    "OutboundMail",
    "OutboundRecipient",
    "OutboundState",
    "Passkey",
    "RecipientKind",
    "RecipientState",
    "RecoveryCode",
    "SearchQueueEntry",
    "SearchWord",
    "Security",
    "SignInFlow",
    "SignInStep",
    "StaleFile",
    "StatDimension",
    "StatGrain",
    "StepKind",
    "Tag",
    "Team",
    "TeamMember",
    "TemplateKind",
    "Ticket",
    "TicketChannel",
    "TicketLink",
    "TicketParticipant",
    "TicketPriority",
    "TicketRead",
    "TicketSearch",
    "TicketStat",
    "TicketStatDelta",
    "TicketStatus",
    "TicketTag",
    "TicketText",
    "TotpFactor",
    "TransferFormat",
    "TransferJob",
    "TransferKind",
    "TransferProblem",
    "TransferState",
    "User",
    "UserRole",
    "WebSession",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookEvent",
    "WebhookPosition",
]

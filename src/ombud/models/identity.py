"""Signing in by OpenID Connect: providers, whose subjects are whose account, and sign-ins that are under way."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    false,
    func,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ombud.db.base import Base, HasId, HasTimes, says
from ombud.db.types import TextEnum, allowed
from ombud.models.people import UserRole

NEW_ROLES = (UserRole.CUSTOMER, UserRole.LIGHT_AGENT, UserRole.AGENT)
"""What a new account may be; an administrator is made by an administrator."""


class FlowKind(StrEnum):
    """What somebody goes to a provider for."""

    SIGN_IN = "sign_in"
    LINK = "link"
    """Who is signed in connects their account."""
    CONFIRMATION = "confirmation"
    """Who is signed in proves again who they are."""


class IdentityProvider(HasId, HasTimes, Base):
    """An OpenID provider whose word is taken for who somebody is.

    `issuer` never changes: with another one, its links would be somebody else's. `client_secret` is sealed; without
    one the desk is a public client. Where there are `domains`, the provider must have verified an address in one of
    them. `new_role` is what an account is that is made at a first sign-in; None: none is made.
    """

    __tablename__ = "identity_providers"

    slug: Mapped[str] = mapped_column(String(40))
    label: Mapped[str] = mapped_column(String(100))
    issuer: Mapped[str] = mapped_column(String(500))
    client_id: Mapped[str] = mapped_column(String(255))
    client_secret: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)
    # Whether there is a secret may be seen by those who set it; what it is, by nobody but the door.
    has_secret: Mapped[bool] = mapped_column(Computed("client_secret IS NOT NULL", persisted=True))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String(100)), server_default="{openid,email,profile}")
    is_active: Mapped[bool] = mapped_column(server_default=true())
    for_staff: Mapped[bool] = mapped_column(server_default=true())
    for_customers: Mapped[bool] = mapped_column(server_default=true())
    domains: Mapped[list[str]] = mapped_column(ARRAY(String(255)), server_default="{}")
    new_role: Mapped[UserRole | None] = mapped_column(TextEnum(UserRole))
    asks_second_factor: Mapped[bool] = mapped_column(server_default=false())
    """It asks for a second factor itself, so the desk asks for none after it."""
    ends_session: Mapped[bool] = mapped_column(server_default=false())
    """Signing out here goes on to the provider's own page for that."""

    __table_args__ = (
        CheckConstraint(r"label ~ '\S'", name="label_not_blank", info=says("label", "must not be blank.")),
        CheckConstraint(
            "slug ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'",
            name="slug",
            info=says("slug", "may hold small letters, digits and hyphens."),
        ),
        CheckConstraint("issuer ~ '^https?://[^[:space:]?#]+$'", name="issuer"),
        CheckConstraint(
            "new_role IN ('customer', 'light_agent', 'agent')",
            name="new_role",
            info=says("new_role", "may be customer, light_agent or agent."),
        ),
        CheckConstraint(
            "new_role IS NULL OR CASE WHEN new_role = 'customer' THEN for_customers"
            " ELSE for_staff AND cardinality(domains) > 0 END",
            name="new_role_let_in",
            info=says(
                "new_role",
                "must be one that the provider is for; new staff need the domains of their addresses.",
            ),
        ),
        CheckConstraint("for_staff OR for_customers", name="for_somebody"),
        UniqueConstraint(
            "slug",
            name="uq_identity_providers_slug",
            info=says("slug", "is already used by another provider.", conflict=True),
        ),
        UniqueConstraint(
            "issuer",
            name="uq_identity_providers_issuer",
            info=says("issuer", "is already used by another provider.", conflict=True),
        ),
    )


class Identity(HasId, Base):
    """Whose account a provider's subject is. Found by issuer and subject, and by nothing else.

    `email` is what the provider said last, to tell one from another on the owner's page; nobody is found by it.
    """

    __tablename__ = "identities"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    provider_id: Mapped[int] = mapped_column(
        ForeignKey("identity_providers.id", ondelete="CASCADE"), index=True
    )
    issuer: Mapped[str] = mapped_column(String(500))
    subject: Mapped[str] = mapped_column(String(255))
    email: Mapped[str] = mapped_column(String(255), server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime | None]

    provider: Mapped[IdentityProvider] = relationship(lazy="raise")

    __table_args__ = (
        CheckConstraint("subject <> ''", name="subject"),
        UniqueConstraint(
            "issuer",
            "subject",
            name="uq_identities_issuer_subject",
            info=says("identity", "is connected with an account already.", conflict=True),
        ),
    )


class SignInFlow(Base):
    """A way to a provider and back, for ten minutes and for one answer. The system's alone.

    `state_hash` and `bound_to` are the SHA-256 of what the provider sends back and of the browser's cookie.
    """

    __tablename__ = "sign_in_flows"

    state_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    kind: Mapped[FlowKind] = mapped_column(TextEnum(FlowKind))
    provider_id: Mapped[int] = mapped_column(
        ForeignKey("identity_providers.id", ondelete="CASCADE"), index=True
    )
    bound_to: Mapped[bytes] = mapped_column(LargeBinary)
    nonce: Mapped[str] = mapped_column(String(64))
    verifier: Mapped[str] = mapped_column(String(128))
    redirect_uri: Mapped[str] = mapped_column(String(2000))
    next_href: Mapped[str] = mapped_column(String(2000), server_default="/")
    session_id: Mapped[int | None] = mapped_column(
        ForeignKey("web_sessions.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(allowed("kind", FlowKind), name="kind"),
        CheckConstraint("(kind = 'sign_in') = (session_id IS NULL)", name="session"),
        # what is over goes
        Index("ix_sign_in_flows_expires_at", "expires_at"),
    )


class LogoutToken(Base):
    """A provider's word that a session is over, by the SHA-256 of issuer and `jti`: it is taken once. The system's."""

    __tablename__ = "logout_tokens"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    expires_at: Mapped[datetime]

    # what could not be believed again anyway goes
    __table_args__ = (Index("ix_logout_tokens_expires_at", "expires_at"),)

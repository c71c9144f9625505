"""OpenID providers, what a trial of one finds, and one's own connections with them."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from ombud import models
from ombud.api.schemas.base import Flag, Input, Output, line, optional

NewRole = Literal["customer", "light_agent", "agent"]
Slug = Annotated[str, Field(min_length=1, max_length=40, examples=["keycloak"])]
Issuer = Annotated[
    str,
    Field(
        min_length=1,
        max_length=500,
        description="To the letter as the provider writes it.",
        examples=["https://id.example.com/realms/staff"],
    ),
]
Words = Annotated[list[Annotated[str, Field(min_length=1, max_length=255)]], Field(max_length=50)]


class IdentityProvider(Output):
    """A provider by whose word people sign in."""

    id: int
    slug: str = Field(description="Its part of the redirect address.")
    label: str = Field(description="What its button is called.")
    issuer: str
    client_id: str
    has_secret: bool = Field(description="Whether there is a client secret; it is never shown.")
    scopes: list[str]
    is_active: bool
    for_staff: bool
    for_customers: bool
    domains: list[str] = Field(
        description="Where the provider must have verified an address; empty: anywhere."
    )
    new_role: NewRole | None = Field(
        description="What an account is that a first sign-in makes; null: none is made."
    )
    asks_second_factor: bool = Field(
        description="It asks for a second factor itself; the desk asks for none after it."
    )
    ends_session: bool = Field(description="Signing out on the pages goes on to sign out there.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: models.IdentityProvider) -> Self:
        """Show a provider."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class ProviderFields(Input):
    """What a provider has besides its name and client; what is absent stays."""

    client_secret: Annotated[
        str, Field(max_length=1_000, description="Sealed, and never shown; empty: a public client.")
    ] = optional()
    scopes: Words = optional()
    is_active: Flag = optional()
    for_staff: Flag = optional()
    for_customers: Flag = optional()
    domains: Words = optional()
    new_role: NewRole | None = optional()
    asks_second_factor: Flag = optional()
    ends_session: Flag = optional()


class NewIdentityProvider(ProviderFields):
    """A provider to set up."""

    slug: Slug
    label: Annotated[str, line(100)]
    issuer: Issuer
    client_id: Annotated[str, line(255)]


class IdentityProviderPatch(ProviderFields):
    """What to change of a provider; what is absent stays. The issuer cannot be changed."""

    slug: Slug = optional()
    label: Annotated[str, line(100)] = optional()
    client_id: Annotated[str, line(255)] = optional()


class ProviderProbe(Output):
    """One step of a trial."""

    name: str
    is_good: bool
    text: str


class Connection(Output):
    """A provider's subject that opens one's account."""

    id: int
    provider: str = Field(description="The provider's label.")
    email: str = Field(description="The address that the provider verified last; nobody is found by it.")
    created_at: datetime
    last_used_at: datetime | None

"""What is one person's alone, as the API shows it: preferences, drafts."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from ombud import models
from ombud.api.schemas.base import Flag, Input, Output
from ombud.tickets import DRAFT_LIMIT

Theme = Literal["system", "light", "dark"]


class Preferences(Output):
    """How somebody's pages look, and what they are written to about."""

    theme: Theme
    new_browser_letters: bool = Field(
        description="Whether a letter tells of a sign-in with a browser that is new."
    )

    @classmethod
    def of(cls, user: models.User) -> Self:
        """Show somebody's choice."""
        return cls.model_validate({"theme": user.theme, "new_browser_letters": user.new_browser_letters})


class PreferencesPatch(Input):
    """What is to be otherwise."""

    theme: Theme = "system"
    new_browser_letters: Flag = True


class Draft(Output):
    """Words that are not sent yet; none when `content` is empty."""

    content: str
    is_internal: bool = Field(description="Whether they are to become a note.")
    updated_at: datetime | None

    @classmethod
    def of(cls, draft: models.Draft | None) -> Self:
        """Show a draft, or that there is none."""
        if draft is None:
            return cls(content="", is_internal=False, updated_at=None)
        return cls(content=draft.content, is_internal=draft.is_internal, updated_at=draft.updated_at)


class NewDraft(Input):
    """Words to keep. There is one draft a ticket and person: the last one counts."""

    content: Annotated[str, Field(min_length=1, max_length=DRAFT_LIMIT, pattern=r"\S")]
    is_internal: Flag = False

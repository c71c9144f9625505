"""Tags."""

from typing import Annotated, Self

from pydantic import Field

from ombud import models
from ombud.api.schemas.base import Input, Output, line

TagName = Annotated[str, line(100)]


class Tag(Output):
    """A tag as it shows on tickets."""

    id: int
    name: str
    color: str

    @classmethod
    def of(cls, tag: models.Tag) -> Self:
        """Show a tag."""
        return cls(id=tag.id, name=tag.name, color=tag.color)


class TagDetails(Tag):
    """A tag with what it is for."""

    description: str

    @classmethod
    def of(cls, tag: models.Tag) -> Self:
        """Show a tag."""
        return cls(id=tag.id, name=tag.name, color=tag.color, description=tag.description)


class NewTag(Input):
    """A tag to create."""

    name: TagName
    color: Annotated[str, Field(pattern="^#[0-9A-Fa-f]{6}$", examples=["#1f8a8a"])] | None = None
    description: Annotated[str, line(500, blank=True)] = ""

"""Duplicates, merging, forgetting people."""

from typing import Annotated, Self

from pydantic import Field

from ombud import curation
from ombud.api.schemas.base import Flag, Id, Input, Output, Whole, line

Score = Annotated[float, Field(ge=0, le=1, description="How likely it is that they are one.")]


class LikePerson(Output):
    """A customer in a pair that may be one person."""

    id: int
    email: str
    full_name: str


class LikePeople(Output):
    """Two customers who may be one person, and why."""

    score: Score
    reasons: list[str]
    person: LikePerson
    other: LikePerson

    @classmethod
    def of(cls, found: curation.LikePeople) -> Self:
        """Show a pair."""
        one, other = (
            LikePerson(id=known.id, email=known.email, full_name=known.full_name)
            for known in (found.person, found.other)
        )
        return cls(score=found.likeness.score, reasons=list(found.likeness.reasons), person=one, other=other)


class LikeTicket(Output):
    """A ticket in a pair that may be one matter."""

    id: int
    number: str
    title: str


class LikeTickets(Output):
    """Two tickets that may be one matter, and why."""

    score: Score
    reasons: list[str]
    ticket: LikeTicket
    other: LikeTicket

    @classmethod
    def of(cls, found: curation.LikeTickets) -> Self:
        """Show a pair."""
        one, other = (
            LikeTicket(id=known.id, number=known.ticket_number, title=known.title)
            for known in (found.ticket, found.other)
        )
        return cls(score=found.likeness.score, reasons=list(found.likeness.reasons), ticket=one, other=other)


class ApartPeople(Output):
    """Two customers of whom somebody said that they are two people."""

    person: LikePerson
    other: LikePerson


class ApartTickets(Output):
    """Two tickets of which somebody said that they are two matters."""

    ticket: LikeTicket
    other: LikeTicket


class NotOnePerson(Input):
    """Two customers who are two people."""

    user_ids: Annotated[list[Id], Field(min_length=2, max_length=2)]


class NotOneTicket(Input):
    """Two tickets that are two matters."""

    numbers: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=50)]], Field(min_length=2, max_length=2)
    ]


class FoundPeople(Whole[LikePeople]):
    """Pairs, the likeliest first."""


class FoundTickets(Whole[LikeTickets]):
    """Pairs, the likeliest first."""


class MergePeople(Input):
    """Who becomes this person."""

    user_ids: Annotated[list[Id], Field(min_length=1, max_length=20)]


class MergeTickets(Input):
    """Which tickets go on in this one."""

    numbers: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=50)]], Field(min_length=1, max_length=50)
    ]
    across_requesters: Flag = Field(
        default=False,
        description="Of different requesters, too: this ticket's will read what was publicly said.",
    )
    requesters_follow: Flag = Field(
        default=False,
        description="The other tickets' requesters follow this one, and read what is publicly said.",
    )


class MergeTags(Input):
    """Which tags become this one."""

    tag_ids: Annotated[list[Id], Field(min_length=1, max_length=100)]


class TagPatch(Input):
    """What to change of a tag; what is absent stays."""

    name: Annotated[str, line(100)] | None = None
    color: Annotated[str, Field(pattern="^#[0-9A-Fa-f]{6}$")] | None = None
    description: Annotated[str, line(500, blank=True)] | None = None


class Normalise(Input):
    """Whether to write all tags in one way, or only to say what would change."""

    dry_run: Flag = Field(default=False, description="Only say what would change.")


class Forget(Input):
    """How much of a person to forget."""

    texts: Flag = Field(default=True, description="What they wrote and sent, too.")


class MergeDone(Output):
    """What was merged; undo the request to have it apart again."""

    request_id: str


class NormalTag(Output):
    """A tag's new name, and the names that it had, or that were merged into it."""

    name: str
    was: list[str]


class Normalised(Output):
    """What changed by writing all tags in one way; undo the request to have them as they were."""

    items: list[NormalTag]
    request_id: str | None = Field(description="Absent from a dry run.")


class Forgotten(Output):
    """Who was forgotten. There is no way back."""

    redacted_rows: int = Field(description="Rows of the audit log that were redacted.")

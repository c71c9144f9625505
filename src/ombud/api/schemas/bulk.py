"""Changes of many tickets at once, and what became of each."""

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field

from ombud.api.schemas.base import Id, Input, Output, optional
from ombud.api.schemas.tags import TagName
from ombud.models import TicketStatus

MAX_TICKETS = 1_000
Number = Annotated[
    str, Field(min_length=1, max_length=50, pattern=r"^[^/\x00-\x1f\x7f]+$", examples=["1042"])
]
Tags = Annotated[list[TagName], Field(max_length=50)]


class BulkAction(StrEnum):
    """What to do; each takes the fields named after it and no others."""

    STATUS = "status"
    ASSIGN = "assign"
    TAG = "tag"
    DELETE = "delete"
    RESTORE = "restore"


class NewBulkChange(Input):
    """One change for many tickets."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"numbers": ["1001", "1002"], "action": "tag", "add_tags": ["billing"]}]
        }
    )

    numbers: Annotated[
        list[Number], Field(min_length=1, max_length=MAX_TICKETS, description="Which tickets.")
    ]
    action: BulkAction
    status: TicketStatus | None = Field(default=None, description="For `status`: where to move them.")
    assignee_id: Id | None = optional()
    add_tags: Tags | None = Field(default=None, description="For `tag`: made where there is none.")
    remove_tags: Tags | None = Field(default=None, description="For `tag`.")


class Outcome(StrEnum):
    """What became of a ticket; all but the first mean that it stayed as it was."""

    CHANGED = "changed"
    NOT_FOUND = "not_found"
    DELETED = "deleted"
    ILLEGAL_MOVE = "illegal_move"
    DONE = "done"
    READ_ONLY = "read_only"
    UNCHANGED = "unchanged"


class BulkItem(Output):
    """What became of one ticket. `not_found`: missing, or not for this caller."""

    number: str
    outcome: Outcome


class BulkResult(Output):
    """What became of each ticket, in the order asked for, each named once."""

    request_id: str = Field(description="Send it to `/undo` to take the whole change back.")
    changed: int = Field(description="How many tickets changed.")
    items: list[BulkItem]

    @classmethod
    def of(cls, request_id: str, outcomes: dict[str, Any]) -> Self:
        """Show outcomes by number."""
        items = [BulkItem(number=number, outcome=Outcome(what)) for number, what in outcomes.items()]
        changed = sum(item.outcome is Outcome.CHANGED for item in items)
        return cls(request_id=request_id, changed=changed, items=items)

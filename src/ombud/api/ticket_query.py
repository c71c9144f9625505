"""The inbox's filters as query parameters."""

from typing import Annotated, Literal, TypeVar

from pydantic import Field

from ombud.api.paging import PageQuery
from ombud.api.schemas.base import Moment, QueryId
from ombud.api.schemas.tags import TagName
from ombud.api.schemas.tickets import Sort
from ombud.db.actor import Actor
from ombud.errors import Forbidden
from ombud.models import TicketChannel, TicketPriority, TicketStatus
from ombud.tickets.filters import MAX_JOINED, MAX_SUBSTRING, Place, TicketFilter, TicketSort, View
from ombud.tickets.grammar import understand
from ombud.tickets.policy import require_askable

T = TypeVar("T")
Several = Annotated[list[T], Field(max_length=50)]
Assignee = Literal["me", "unassigned"] | QueryId


class TicketQuery(PageQuery):
    """Which tickets, in which order. Repeat a parameter to allow several values; tags must all be there."""

    q: Annotated[str, Field(max_length=500, description="Words, and terms such as `status:open`.")] | None = (
        None
    )
    time_zone: Annotated[str, Field(max_length=100, description="Of the days of dates in `q`.")] = "UTC"
    substring: (
        Annotated[
            str, Field(max_length=MAX_SUBSTRING, description="Found exactly as it stands, in any case.")
        ]
        | None
    ) = None
    status: Several[TicketStatus] | None = None
    priority: Several[TicketPriority] | None = None
    channel: Several[TicketChannel] | None = None
    assignee: Several[Assignee] | None = Field(default=None, description="`me`, `unassigned` or a user's id.")
    team: Several[QueryId] | None = None
    tag: Annotated[list[TagName], Field(max_length=MAX_JOINED)] | None = None
    requester: QueryId | None = None
    organization: QueryId | None = None
    created_from: Moment | None = None
    created_to: Moment | None = Field(default=None, description="Exclusive.")
    updated_from: Moment | None = Field(default=None, description="By last activity.")
    updated_to: Moment | None = Field(default=None, description="Exclusive.")
    resolved_from: Moment | None = None
    resolved_to: Moment | None = Field(default=None, description="Exclusive.")
    overdue: bool = Field(default=False, description="Not done, and older than seven days.")
    has_attachment: bool = False
    deleted: bool = Field(default=False, description="Deleted tickets instead of the others.")
    view: View | None = Field(default=None, description="A view of the sidebar; other filters narrow it.")
    sort: Sort = Field(
        default="-activity",
        description="`-` is descending. `-rank`: what fits the words of `q` best comes first.",
    )
    count: bool = Field(default=False, description="Also say how many there are, up to 1,000 (`total`).")

    def filter_for(self, actor: Actor) -> TicketFilter:
        """Return the filter of the layers below; Forbidden for a customer who asks about the desk's work."""
        wanted = understand(self._filter())
        require_askable(actor, wanted)
        narrowed = self.view.narrowed(wanted) if self.view is not None else wanted
        if not actor.is_staff and narrowed.assignees:
            raise Forbidden("Only the support team has that view.")
        return narrowed

    def _filter(self) -> TicketFilter:
        return TicketFilter(
            text=self.q,
            time_zone=self.time_zone,
            substring=self.substring,
            statuses=_tuple(self.status),
            priorities=_tuple(self.priority),
            channels=_tuple(self.channel),
            assignees=_tuple(self.assignee),
            team_ids=_tuple(self.team),
            tags=_tuple(self.tag),
            requester_id=self.requester,
            organization_id=self.organization,
            created_from=self.created_from,
            created_to=self.created_to,
            updated_from=self.updated_from,
            updated_to=self.updated_to,
            resolved_from=self.resolved_from,
            resolved_to=self.resolved_to,
            overdue=self.overdue,
            has_attachment=self.has_attachment,
            deleted=self.deleted,
        )

    @property
    def place(self) -> Place:
        """Return order and page."""
        return Place(
            sort=TicketSort(self.sort.removeprefix("-")),
            ascending=not self.sort.startswith("-"),
            limit=self.limit,
            cursor=self.cursor,
        )


def _tuple(values: list[T] | None) -> tuple[T, ...] | None:
    return None if values is None else tuple(values)

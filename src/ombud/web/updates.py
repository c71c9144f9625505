"""The answer to a change of a ticket: its parts anew, a toast that takes it back, or the conflict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from fastapi import Request
from starlette.responses import Response

from ombud.tickets import STATUS_MOVES
from ombud.web.addresses import read_address, read_before
from ombud.web.answers import Toast, is_htmx, page
from ombud.web.around import make_frame
from ombud.web.auth import Visitor
from ombud.web.listing import bare_list
from ombud.web.place import at
from ombud.web.ticket_view import LoadedTicket, load_ticket, make_ticket
from ombud.web.timeline import person_of, shown_value
from ombud.web.views.tickets import ConflictView, TicketView
from ombud.web.wording import PRIORITY_LABELS, STATUS_LABELS

_SAID = {
    "status": "Status set to {}.",
    "priority": "Priority set to {}.",
    "assignee_id": "Assigned to {}.",
    "team_id": "Moved to {}.",
    "title": "Title changed.",
}
_UNSET = {"assignee_id": "Nobody is assigned now.", "team_id": "Taken from its team."}


@dataclass(frozen=True, slots=True)
class Change:
    """A field's value before and after."""

    field: str
    before: Any
    after: Any

    def toast(self, noun: str, number: str, query: str) -> Toast | None:
        """Return the word about it; its form posts the former value back, if nobody changed it again."""
        if self.before == self.after:
            return None
        if self.field == "status" and self.before not in STATUS_MOVES[self.after]:
            return Toast(f"Status set to {STATUS_LABELS[self.after.value]}.")
        said = _UNSET[self.field] if self.after is None else _SAID[self.field].format("{name}")
        fields = {noun: _text(self.before), "seen": _text(self.after)}
        return Toast(said, at(f"/tickets/{number}/{noun}{query}"), fields)


async def changed_ticket(
    request: Request,
    visitor: Visitor,
    number: str,
    *,
    toast: Toast | None = None,
    conflict: ConflictView | None = None,
    loaded: LoadedTicket | None = None,
    status: int = 200,
) -> Response:
    """Show the parts of a ticket that a change touches: head, conversation, details. Never the composer."""
    address = read_address(request.query_params)
    if loaded is None:
        async with visitor.desk.aread(visitor.actor) as session:
            before = read_before(request.query_params)
            loaded = await load_ticket(session, visitor, number, before=before)
    view = replace(make_ticket(visitor, loaded, address), conflict=conflict)
    frame = make_frame(request, visitor, loaded.around, address.view.value)
    context: dict[str, Any] = {"frame": frame, "ticket": view, "toast": _worded(toast, view)}
    if not is_htmx(request):
        # Without scripts a conflict is the whole page again, with both values to choose from.
        context["list"] = bare_list(address)
        return page(request, "pages/inbox.html", context, status=status)
    return page(request, "partials/ticket_update.html", context, status=status)


def conflict_view(loaded: LoadedTicket, view: TicketView, noun: str, field: str, wanted: str) -> ConflictView:
    """Say who was quicker and offer both values; choosing the visitor's own takes the present one as seen."""
    current = getattr(loaded.ticket, field)
    who = next((row.user for row in loaded.log if row.table_name == "tickets" and field in row.changes), None)
    name = person_of(who).name if who is not None else "Somebody"
    now = shown_value(field, current, loaded.around) or "nobody"
    own = _worded_value(view, noun, wanted)
    return ConflictView(
        field=noun,
        text=f"{name} set this to {now} meanwhile. Nothing was overwritten.",
        retry_label=f"Set to {own}",
        retry_value=wanted,
        seen=_text(current),
        action=f"{view.base_href}/{noun}{view.query}",
    )


def _worded_value(view: TicketView, noun: str, wanted: str) -> str:
    labels = {"status": STATUS_LABELS, "priority": PRIORITY_LABELS}.get(noun)
    if labels is not None:
        return labels.get(wanted, wanted)
    menu = view.assignee if noun == "assignee" else view.team
    return next((option.label for option in menu.options if option.value == wanted), "your choice")


def _worded(toast: Toast | None, view: TicketView) -> Toast | None:
    if toast is None or "{name}" not in toast.text:
        return toast
    noun = next(name for name in toast.fields if name != "seen")
    menu = getattr(view, noun, None)
    chosen = menu.chosen[0].label if menu is not None and not isinstance(menu, str) and menu.chosen else ""
    return replace(toast, text=toast.text.format(name=chosen))


def _text(value: Any) -> str:
    return "" if value is None else str(value)

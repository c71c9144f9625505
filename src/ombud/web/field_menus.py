"""The fields of a ticket as menus: what can be chosen, what is chosen, and what the page has seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ombud.models import Ticket, TicketPriority, TicketStatus
from ombud.tickets import STATUS_MOVES
from ombud.web.around import Around
from ombud.web.auth import Visitor
from ombud.web.timeline import person_of
from ombud.web.views.menus import Menu, Option
from ombud.web.wording import PRIORITY_LABELS, STATUS_LABELS


@dataclass(frozen=True, slots=True)
class FieldMenus:
    """The fields of a ticket that are changed in place; `action` has a gap for the field's noun."""

    ticket: Ticket
    around: Around
    action: str

    def status(self) -> Menu:
        now = self.ticket.status
        legal = [one for one in TicketStatus if one is now or one in STATUS_MOVES[now]]
        options = (Option(one.value, STATUS_LABELS[one.value], one is now) for one in legal)
        return self._menu("status", "Status", tuple(options), seen=now.value, key="s", kind="status")

    def priority(self) -> Menu:
        now = self.ticket.priority
        options = (
            Option(one.value, PRIORITY_LABELS[one.value], one is now) for one in reversed(TicketPriority)
        )
        return self._menu("priority", "Priority", tuple(options), seen=now.value, key="p", kind="priority")

    def assignee(self, visitor: Visitor) -> Menu:
        now, own = self.ticket.assignee_id, visitor.principal.user_id
        people = [(key, who) for key, who in self.around.staff.items() if who.active or key == now]
        people.sort(key=lambda item: item[0] != own)  # oneself first: taking a ticket is the common case
        options = [Option("", "Nobody", now is None)]
        options += [
            Option(str(key), who.name, key == now, who, hint="(you)" if key == own else "")
            for key, who in people
        ]
        if now is not None and self.ticket.assignee is not None and now not in self.around.staff:
            options.append(
                Option(str(now), person_of(self.ticket.assignee).name, True, person_of(self.ticket.assignee))
            )
        return self._menu("assignee", "Assignee", tuple(options), seen=str(now or ""), key="a", kind="person")

    def team(self) -> Menu:
        now = self.ticket.team_id
        options = [Option("", "None", now is None)]
        options += [Option(str(key), name, key == now) for key, name in self.around.teams.items()]
        return self._menu("team", "Team", tuple(options), seen=str(now or ""), key=None, kind="plain")

    def tags(self, own: list[dict[str, Any]]) -> Menu:
        on = {tag["name"].lower(): tag["id"] for tag in own}
        options = (
            Option(f"remove:{on[tag.name.lower()]}", tag.name, True, color=tag.color)
            if tag.name.lower() in on
            else Option(f"add:{tag.name}", tag.name, color=tag.color)
            for tag in self.around.tags
        )
        menu = self._menu("tags", "Tags", tuple(options), seen=None, key="t", kind="tag")
        return replace(menu, name="tag", fresh="New tag")

    def _menu(
        self,
        noun: str,
        label: str,
        options: tuple[Option, ...],
        *,
        seen: str | None,
        key: str | None,
        kind: str,
    ) -> Menu:
        return Menu(noun, label, options, kind, self.action.format(noun), seen, key)

"""One ticket as its page shows it: loaded in few statements, put into words and menus."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

from sqlalchemy.ext.asyncio import AsyncSession

from ombud import clock
from ombud.errors import NotFound
from ombud.models import Attachment, AuditLog, Comment, Ticket, TicketStatus
from ombud.tickets import UNDONE, TicketFilter
from ombud.tickets import queries as tickets
from ombud.web import queries
from ombud.web.addresses import ListAddress
from ombud.web.around import Around, read_around
from ombud.web.auth import Visitor
from ombud.web.deliveries import delivery_view
from ombud.web.field_menus import FieldMenus
from ombud.web.place import at
from ombud.web.timeline import make_timeline, person_of
from ombud.web.views.people import PersonView, TagView
from ombud.web.views.tickets import BannerView, ComposerView, OtherTicket, TicketView
from ombud.web.wording import CHANNEL_LABELS, STATUS_LABELS, how_long_ago
from ombud.web.zone import local

HISTORY_LIMIT = 200


@dataclass(frozen=True, slots=True)
class LoadedTicket:
    """A ticket with all that its page shows."""

    ticket: Ticket
    comments: list[Comment]
    attachments: list[Attachment]
    log: list[AuditLog]
    around: Around
    row: Any
    before: int | None = None

    @property
    def mails(self) -> list[dict[str, Any]]:
        """The mails of its comments; none for a customer."""
        return list(self.row._mapping.get("deliveries", ()))

    @property
    def audience(self) -> list[dict[str, Any]]:
        """Whom a reply reaches by itself, the requester first; none for a customer."""
        return list(self.row._mapping.get("audience", ()))

    @property
    def merged(self) -> list[dict[str, Any]]:
        """The tickets that go on in it, of which the opening words belong to the part of the talk that is shown."""
        since = self.comments[-1].created_at if self.earliest else None
        until = self.comments[0].created_at if self.before and self.comments else None
        return [
            one
            for one in self.row.merged
            if (since is None or datetime.fromisoformat(one["created_at"]) >= since)
            and (until is None or datetime.fromisoformat(one["created_at"]) <= until)
        ]

    @property
    def earliest(self) -> int | None:
        """The comment before which there is more to read; None when all is on the page."""
        return self.comments[-1].id if len(self.comments) == tickets.CONVERSATION_PAGE else None


async def load_ticket(
    session: AsyncSession,
    visitor: Visitor,
    number: str,
    *,
    before: int | None = None,
    beside: TicketFilter | None = None,
) -> LoadedTicket:
    """Load a ticket's page in five statements (four for a customer); NotFound when it is not to be seen.

    `before` is the id of a comment: the page then shows what was said before it. `beside` is what the list
    beside it looks for: the row says how common that is.
    """
    actor = visitor.actor
    ticket = await find_ticket(session, visitor, number)
    this = {"ticket": ticket.id}
    if before is None:
        comments = (await session.scalars(queries.talk(actor), this)).all()
    else:
        earlier = tickets.conversation(actor, ticket.id, before=before, files=False)
        comments = (await session.scalars(earlier)).all()
    attachments = (await session.scalars(queries.files(actor), this)).all()
    log = []
    if visitor.is_staff:
        log = list(await session.scalars(queries.log(actor, HISTORY_LIMIT), this))
    statement = queries.around_ticket(actor, beside)
    row = (await session.execute(statement, {**this, "requester": ticket.requester_id})).one()
    return LoadedTicket(ticket, list(comments), list(attachments), log, read_around(row), row, before)


async def find_ticket(session: AsyncSession, visitor: Visitor, number: str) -> Ticket:
    """Return a ticket with its people and team, in one statement; its tags come with the surroundings."""
    ticket = None
    if len(number) <= 50 and number.isprintable():
        ticket = await session.scalar(queries.ticket_numbered(visitor.actor), {"number": number})
    if ticket is None:
        raise NotFound("There is no such ticket here.")
    return ticket


def make_ticket(visitor: Visitor, loaded: LoadedTicket, address: ListAddress) -> TicketView:
    """Put a loaded ticket into words and menus."""
    ticket, around = loaded.ticket, loaded.around
    base = at(f"/tickets/{ticket.ticket_number}")
    query = address.here("")
    own_tags = tuple(
        TagView(tag["name"], tag["color"], at(f"/tickets?view=all&tag={tag['name']}"))
        for tag in loaded.row.own_tags
    )
    deliveries = {one["comment_id"]: delivery_view(one) for one in loaded.mails}
    menus = FieldMenus(ticket, around, f"{base}/{{}}{query}")
    is_over = ticket.deleted_at is not None or ticket.merged_into_id is not None
    may_change = visitor.can_write and not is_over and not visitor.actor.only_reads(ticket.team_id)
    return TicketView(
        id=ticket.id,
        number=ticket.ticket_number,
        href=base + query,
        base_href=base,
        query=query,
        title=ticket.title,
        requester=_requester(visitor, ticket),
        organization=ticket.organization.name if ticket.organization else "",
        organization_href=at(f"/tickets?view=all&organization={ticket.organization_id}")
        if visitor.is_staff
        else "",
        status=menus.status(),
        priority=menus.priority(),
        assignee=menus.assignee(visitor),
        team=menus.team(),
        tags=menus.tags(loaded.row.own_tags),
        tag_views=own_tags,
        channel=CHANNEL_LABELS[ticket.channel.value],
        created_at=ticket.created_at,
        active_at=ticket.last_activity_at,
        resolved_at=ticket.resolved_at,
        first_response_at=ticket.first_response_at,
        timeline=make_timeline(
            ticket,
            loaded.comments,
            loaded.attachments,
            loaded.log,
            around,
            mails=loaded.row.mails,
            deliveries=deliveries,
            merged=loaded.merged,
            removal=f"{base}/attachments/{{}}/removal{query}" if may_change else "",
            reader=visitor.actor if may_change else None,
        ),
        composer=_composer(visitor, loaded, base, query),
        earlier_href=f"{base}{query}&before={loaded.earliest}" if loaded.earliest else "",
        back_href=address.here(),
        history_href=f"{base}/history{query}",
        live_href=f"{base}/live{query}" + (f"&before={loaded.before}" if loaded.before else ""),
        others=tuple(_other(one) for one in loaded.row.others),
        others_href=at(f"/tickets?view=all&requester={ticket.requester_id}") if visitor.is_staff else "",
        banners=_banners(visitor, loaded, base, query),
        read_only=not may_change,
        deletable=visitor.can_write and ticket.deleted_at is None,
        merge_href=at(f"/tickets/merge?ticket={quote(ticket.ticket_number)}")
        if visitor.can_write and not is_over
        else "",
        internal=visitor.is_staff,
        writable=not is_over,
    )


def _requester(visitor: Visitor, ticket: Ticket) -> PersonView:
    shown = person_of(ticket.requester)
    href = at(f"/customers/{ticket.requester_id}") if visitor.is_staff else None
    return replace(shown, href=href)


def _composer(visitor: Visitor, loaded: LoadedTicket, base: str, query: str) -> ComposerView:
    ticket = loaded.ticket
    name, email = ticket.requester.full_name.strip(), ticket.requester.email
    kinds: tuple[Any, ...] = (
        ("reply", "note") if visitor.can_write else ("note",) if visitor.is_staff else ("reply",)
    )
    draft = next((one for one in loaded.row.drafts if _kind(one["is_internal"]) in kinds), None)
    return ComposerView(
        action=f"{base}/comments{query}",
        preview_href=at("/preview"),
        to=(f"{name} <{email}>" if name else email) if visitor.is_staff else "the support team",
        is_mail=visitor.can_write,
        to_line=", ".join(one["email"] for one in loaded.audience if one["is_requester"]),
        cc=", ".join(one["email"] for one in loaded.audience if not one["is_requester"]),
        draft_href=f"{base}/draft",
        kind=_kind(draft["is_internal"]) if draft else kinds[0],
        text=draft["content"] if draft else "",
        kinds=kinds,
        sends=_sends(ticket.status) if visitor.can_write else (("", "Send"),),
    )


def _kind(is_internal: bool) -> Literal["reply", "note"]:
    return "note" if is_internal else "reply"


def _sends(status: TicketStatus) -> tuple[tuple[str, str], ...]:
    """Return the ways to send; the first is the button. It says what it does to the status."""
    waiting = ("waiting_on_customer", "Send and mark as waiting")
    plain, resolve, reopen = ("", "Send"), ("resolved", "Send and resolve"), ("open", "Send and reopen")
    if status is TicketStatus.WAITING_ON_CUSTOMER:
        return (("", "Send, still waiting"), resolve, ("open", "Send and open"))
    if status in UNDONE:
        return (waiting, plain, resolve)
    return (plain, reopen)


def _banners(visitor: Visitor, loaded: LoadedTicket, base: str, query: str) -> tuple[BannerView, ...]:
    ticket = loaded.ticket
    if ticket.deleted_at is None:
        return _merged_banner(visitor, loaded)
    text = (
        f"This ticket was deleted {_since(ticket.deleted_at)}. Nothing can be changed until it is restored."
    )
    if not visitor.can_write:
        return (BannerView("trash-2", text, "urgent"),)
    return (BannerView("trash-2", text, "urgent", "Restore", f"{base}/restoration{query}", post=True),)


def _merged_banner(visitor: Visitor, loaded: LoadedTicket) -> tuple[BannerView, ...]:
    """Say where a merged ticket goes on, to who sees that; to staff also who merged it and when."""
    if loaded.ticket.merged_into_id is None:
        return ()
    into: str | None = loaded.row.merged_into
    merging = next((row for row in loaded.log if _merged(row)), None)
    by = f" by {person_of(merging.user).name}" if merging and merging.user else ""
    then = f" {_since(merging.created_at)}" if merging else ""
    text = f"This ticket was merged into {into or 'another one'}{by}{then}."
    if into is None:
        return (BannerView("git-merge", f"{text} Nothing is added to it."),)
    actor = visitor.actor
    may_undo = (
        merging is not None and visitor.can_write and (actor.is_admin or actor.user_id == merging.user_id)
    )
    return (
        BannerView(
            "git-merge",
            f"{text} The conversation goes on there.",
            action=f"Go to {into}",
            href=at(f"/tickets/{into}"),
            undo=merging.request_id if merging and may_undo else "",
        ),
    )


def _merged(row: AuditLog) -> bool:
    """Tell whether a row of the log, which comes newest first, is the merge that holds."""
    return row.table_name == "tickets" and bool(row.changes.get("merged_into_id", (None, None))[1])


def _since(moment: datetime) -> str:
    return how_long_ago(local(moment), local(clock.now()))


def _other(one: dict[str, Any]) -> OtherTicket:
    return OtherTicket(
        number=one["ticket_number"],
        href=at(f"/tickets/{one['ticket_number']}"),
        title=one["title"],
        status=one["status"],
        status_label=STATUS_LABELS[one["status"]],
        active_at=datetime.fromisoformat(one["last_activity_at"]),
    )

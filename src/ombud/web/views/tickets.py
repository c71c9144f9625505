"""One ticket: its head, conversation, details and history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ombud.kit.html import SafeHtml
from ombud.web.views.lists import ClockView
from ombud.web.views.menus import Menu
from ombud.web.views.people import PersonView, TagView


@dataclass(frozen=True, slots=True)
class FileView:
    """An attachment; `size` in words, `kind` image, text, archive, table or other."""

    name: str
    size: str
    href: str
    kind: str = "other"
    remove_href: str = ""
    """Where a form takes it off; empty for who may not."""


@dataclass(frozen=True, slots=True)
class ReceiverView:
    """One recipient of a message, with what their server said."""

    name: str
    email: str
    state: str
    word: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message that went out, in a word, and for each recipient. `state` picks icon and tone."""

    state: str
    word: str
    text: str = ""
    at: datetime | None = None
    receivers: tuple[ReceiverView, ...] = ()
    href: str = ""


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message or note. `body` is sanitised HTML; `quote` its folded quotation; `words` set when it is long."""

    anchor: str
    kind: Literal["customer", "staff", "note"]
    author: PersonView
    at: datetime
    body: SafeHtml
    quote: SafeHtml | None = None
    words: int | None = None
    files: tuple[FileView, ...] = ()
    delivery: Delivery | None = None
    original_href: str | None = None
    verdict: str = ""
    """Of a message that came by mail: whether the receiving server confirms the sender."""
    edited_at: datetime | None = None
    origin: tuple[str, str, str] | None = None
    """Number, title and address of the ticket that this opened, where that was merged into the one shown."""


@dataclass(frozen=True, slots=True)
class EventView:
    """One change, as words after the actor's name: "set the priority to", with the value emphasised."""

    at: datetime
    actor: PersonView | None
    icon: str
    text: str
    value: str = ""
    href: str = ""
    """Where the reason of it is told."""
    undo: str = ""
    """The request that did it, for as long as the reader can take it back."""


@dataclass(frozen=True, slots=True)
class EventGroup:
    """Changes between two messages; more than three are folded."""

    events: tuple[EventView, ...]


TimelineItem = MessageView | EventGroup


@dataclass(frozen=True, slots=True)
class BannerView:
    """A state of the whole ticket or an outcome that one must know: deleted, merged, past, conflict, offline."""

    icon: str
    text: str
    tone: Literal["plain", "waiting", "urgent", "resolved"] = "plain"
    action: str = ""
    href: str = ""
    """With `post`, the address of a form; otherwise a link."""
    post: bool = False
    undo: str = ""
    """The request that did it, where the reader may take it back."""


@dataclass(frozen=True, slots=True)
class ConflictView:
    """Two people changed one field. Nothing was overwritten; the second decides."""

    field: str
    text: str
    retry_label: str
    retry_value: str
    seen: str
    action: str


@dataclass(frozen=True, slots=True)
class OtherTicket:
    """Another ticket of the requester, one line."""

    number: str
    href: str
    title: str
    status: str
    status_label: str
    active_at: datetime


@dataclass(frozen=True, slots=True)
class ComposerView:
    """The composer. `text` and `kind` come back after a refused post, so that nothing typed is lost."""

    action: str
    preview_href: str
    to: str
    draft_href: str
    is_mail: bool = False
    """A reply goes out as mail: whom it reaches can be changed, and when."""
    to_line: str = ""
    cc: str = ""
    kind: Literal["reply", "note"] = "reply"
    kinds: tuple[Literal["reply", "note"], ...] = ("reply", "note")
    text: str = ""
    error: str = ""
    sends: tuple[tuple[str, str], ...] = (("", "Send"),)
    """(status to set, label); the first is the button, the others its menu."""


@dataclass(frozen=True, slots=True)
class TicketView:
    """Everything that the page of one ticket shows."""

    id: int
    number: str
    href: str
    base_href: str
    """The ticket's own address; forms of its changes hang below it."""
    query: str
    """The list that the ticket was opened from, as `?view=...`, so that it stays beside it."""
    title: str
    requester: PersonView
    organization: str
    status: Menu
    priority: Menu
    assignee: Menu
    team: Menu
    tags: Menu
    tag_views: tuple[TagView, ...]
    channel: str
    created_at: datetime
    active_at: datetime
    timeline: tuple[TimelineItem, ...]
    composer: ComposerView
    back_href: str
    history_href: str
    live_href: str
    organization_href: str = ""
    earlier_href: str = ""
    """Where the conversation before the first message on the page is; empty when there is none."""
    resolved_at: datetime | None = None
    first_response_at: datetime | None = None
    clocks: tuple[tuple[str, ClockView], ...] = ()
    others: tuple[OtherTicket, ...] = ()
    others_href: str = ""
    banners: tuple[BannerView, ...] = ()
    conflict: ConflictView | None = None
    read_only: bool = False
    """True where nothing may be changed: no menus."""
    writable: bool = True
    """False for a deleted or merged ticket: it has no composer. A light agent may write notes and change nothing."""
    deletable: bool = False
    merge_href: str = ""
    """Where it is merged into another ticket; empty where it cannot be."""
    internal: bool = True
    """False for a customer, who sees no fields of triage."""


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One field of a history entry; an empty text stands for no value."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One change of the audit log: who, when, what, by which way."""

    at: datetime
    actor: PersonView | None
    text: str
    changes: tuple[ChangeView, ...]
    past_href: str | None = None

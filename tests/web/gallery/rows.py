"""Rows of a list: ordinary ones, and those that stretch it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ombud.web.views.lists import ClockView, TicketRow
from ombud.web.views.people import PersonView, TagView
from ombud.web.wording import PRIORITY_LABELS, STATUS_LABELS
from tests.web.gallery import texts
from tests.web.gallery.frames import NOW, before
from tests.web.gallery.people import (
    AMARA,
    BILLING,
    GONE,
    HASSAN,
    JONAS,
    MEI,
    NAMELESS,
    PRIYA,
    REFUND,
    SOFIA,
    TWENTY,
    YUKI,
)


def row(  # one argument for each thing that a row can show
    number: int,
    title: str,
    who: PersonView = AMARA,
    *,
    snippet: str = "",
    status: str = "open",
    priority: str = "medium",
    assignee: PersonView | None = PRIYA,
    tags: tuple[TagView, ...] = (),
    active: datetime = NOW,
    **more: Any,
) -> TicketRow:
    key = f"OMB-{number}"
    return TicketRow(
        key,
        f"/tickets/{key}?view=mine",
        title,
        who,
        snippet,
        status,
        STATUS_LABELS[status],
        priority,
        PRIORITY_LABELS[priority],
        assignee,
        tags,
        active - timedelta(days=1),
        active,
        unassigned=assignee is None,
        **more,
    )


def rows() -> tuple[TicketRow, ...]:
    late = ClockView("12 min late", "late", before(minutes=12))
    soon = ClockView("25 min", "soon", NOW + timedelta(minutes=25))
    return (
        row(
            1042,
            "Card reader says E-1042 for payments over £100",
            snippet="since this morning our card reader in the Leeds shop says E-1042 whenever somebody pays",
            priority="urgent",
            tags=(BILLING, REFUND),
            active=before(minutes=3),
            unread=True,
            clock=late,
            current=True,
        ),
        row(
            1041,
            "Refund for order 99-1042-B has not arrived",
            SOFIA,
            snippet="Ya han pasado diez días y el banco dice que no ha recibido nada",
            priority="high",
            tags=(REFUND,),
            active=before(minutes=18),
            clock=soon,
            unread=True,
        ),
        row(
            1039,
            "لا أستطيع تنزيل الفواتير بصيغة PDF",
            HASSAN,
            snippet="السلام عليكم، منذ التحديث الأخير",
            status="in_progress",
            active=before(hours=1),
            assignee=MEI,
        ),
        row(
            1038,
            "カードリーダーの電源が入りません",
            YUKI,
            snippet="お世話になっております。昨日から",
            status="waiting_on_customer",
            active=before(hours=2),
            assignee=JONAS,
        ),
        row(
            1036,
            texts.TITLE_500,
            NAMELESS,
            snippet="See attached.",
            active=before(hours=5),
            assignee=None,
            tags=TWENTY,
        ),
        row(
            1031,
            "How do I add a second bookkeeper?",
            snippet="Thanks!",
            status="resolved",
            active=before(days=1),
            assignee=GONE,
        ),
        row(
            1024,
            "Invoice export leaves out the credit notes",
            snippet="These are the ones that are missing:",
            status="waiting_on_customer",
            priority="low",
            active=before(days=3),
            tags=(BILLING,),
        ),
        row(1011, "Change of address", snippet="Done, thank you.", status="closed", active=before(days=40)),
    )

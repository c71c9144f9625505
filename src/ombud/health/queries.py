"""What is asked about the desk's health. Counts are capped: a backlog of a million is told as one of many."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Select,
    String,
    TextClause,
    cast,
    extract,
    func,
    literal,
    null,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from ombud.models import (
    DeliveryState,
    InboundMail,
    Mailbox,
    MailboxPosition,
    MailState,
    OutboundMail,
    OutboundState,
    TicketSearch,
    TicketStatDelta,
    WebhookDelivery,
)

CAP = 10_000
"""No queue is counted further than this."""

Rows = Select[*tuple[Any, ...]]


def queues() -> Any:
    """Return rows of name, how many wait (at most CAP), and seconds since the oldest of those was due."""
    late = OutboundMail.due_at <= func.now()
    waiting = (OutboundState.QUEUED, OutboundState.SENDING)
    parts = (
        _queue("outbox", OutboundMail.queued_at, OutboundMail.state.in_(waiting)),
        _queue("outbox_late", OutboundMail.due_at, OutboundMail.state == OutboundState.QUEUED, late),
        _queue("inbox", InboundMail.received_at, InboundMail.state == MailState.RECEIVED),
        _queue("quarantine", InboundMail.received_at, InboundMail.state == MailState.QUARANTINED),
        _queue(
            "webhooks",
            WebhookDelivery.happened_at,
            WebhookDelivery.state.in_((DeliveryState.WAITING, DeliveryState.SENDING)),
        ),
        _queue("search", TicketSearch.changed_at, ~TicketSearch.is_indexed),
        _queue("statistics", None),
    )
    return union_all(*parts)


def _queue(name: str, since: InstrumentedAttribute[Any] | None, *conditions: ColumnElement[bool]) -> Rows:
    moment: Any = since if since is not None else null()
    found = select(moment.label("since")).where(*conditions).limit(CAP)
    if since is None:
        found = found.select_from(TicketStatDelta)
    inner = found.subquery(name)
    age = (
        cast(extract("epoch", func.now() - func.min(inner.c.since)), Float)
        if since is not None
        else cast(null(), Float)
    )
    return select(literal(name, String), func.count(), age).select_from(inner)


def mailboxes() -> Rows:
    """Return name, address, whether active, whether fetched by IMAP, when that last succeeded, and its problem."""
    return (
        select(
            Mailbox.name,
            Mailbox.address,
            Mailbox.is_active,
            (Mailbox.imap_host != "").label("is_fetched"),
            MailboxPosition.fetched_at,
            func.coalesce(MailboxPosition.problem, "").label("problem"),
        )
        .outerjoin(MailboxPosition, MailboxPosition.mailbox_id == Mailbox.id)
        .order_by(Mailbox.name)
        .limit(100)
    )


def server() -> TextClause:
    """Return one row: version, since when it is up, bytes of the database, connections in use and allowed, revision."""
    return text(
        "SELECT current_setting('server_version') AS version, pg_postmaster_start_time() AS started_at,"
        "       pg_database_size(current_database()) AS bytes,"
        "       (SELECT sum(numbackends)::int FROM pg_stat_database) AS connections,"
        "       current_setting('max_connections')::int AS max_connections,"
        "       (SELECT version_num FROM ombud.alembic_version) AS revision"
    )


def sizes() -> TextClause:
    """Return name, bytes with indexes, and rows as the planner estimates them, of the largest tables."""
    return text(
        "SELECT root.relname AS name, sum(pg_total_relation_size(part.oid))::bigint AS bytes,"
        "       sum(greatest(part.reltuples, 0))::bigint AS rows"
        "  FROM pg_class root"
        "  CROSS JOIN LATERAL (SELECT root.oid WHERE root.relkind = 'r'"
        "                      UNION ALL SELECT relid FROM pg_partition_tree(root.oid) WHERE isleaf) leaf"
        "  JOIN pg_class part ON part.oid = leaf.oid"
        " WHERE root.relnamespace = 'ombud'::regnamespace AND root.relkind IN ('r', 'p') AND NOT root.relispartition"
        " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10"
    )


def statements_there() -> TextClause:
    """Return whether the extension that counts statements is in this database."""
    return text("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements')")


def slow() -> TextClause:
    """Return the statements of this role that took most time together, without their values."""
    return text(
        "SELECT calls, mean_exec_time AS mean_ms, total_exec_time AS total_ms, rows, query"
        "  FROM pg_stat_statements(true)"
        " WHERE userid = (SELECT oid FROM pg_roles WHERE rolname = current_user) AND toplevel"
        "   AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " ORDER BY total_exec_time DESC LIMIT 10"
    )


def file_sizes() -> TextClause:
    """Return one row: how many attached files there are and their bytes, of at most a hundred thousand."""
    return text(
        "SELECT count(*) AS files, coalesce(sum(size), 0)::bigint AS bytes"
        "  FROM (SELECT size FROM ombud.attachments LIMIT 100000) counted"
    )

"""Every row and column of every table that an export promises, after a way out and in; the list is the schema's own."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from ombud import Desk, Ticket
from ombud.curation import merge_people, merge_tickets
from ombud.db.permissions import Permission
from ombud.files import FileStore, open_store
from ombud.models import (
    Attachment,
    Comment,
    CustomRole,
    ExternalRef,
    Organization,
    OrganizationDomain,
    Tag,
    Team,
    TeamMember,
    TicketTag,
    User,
    UserRole,
)
from ombud.testing import Cast, ScratchServer, make_customer, make_ticket
from ombud.transfer.export import csv_lines, json_lines
from ombud.transfer.records import LeftOut
from ombud.transfer.restore import load_export, read_export
from ombud.transfer.restore.records import UserLine
from ombud.transfer.spreadsheet import plain_cell
from tests.transfer.test_export import IMPORTER, LIMIT, SYSTEM, fill

ODD = (
    "=1+1",
    "two\nlines\r\nand\ta tab",
    "\u202ertl \u200fעברית العربية\u2069",
    "bell \x07 escape \x1b[31m unit \x1f del \x7f",
    "looks like NUL: \\u0000 \\0 \\x00 %00 \u2400",
    "👩\u200d👩\u200d👧 🏳️\u200d🌈 𝔘𝔫𝔦",
    "\"double\" 'single' `back` \\ backslash {curly} <b>&amp;</b>",
    "  spaces on both sides  ",
    "İSTANBUL ΟΔΟΣ STRASSE ẞ ǅ",
    "\ufeffmark \u2028line\u2029paragraph \ufffe\uffff",
    "e\u0301 is not \u00e9",
    "NULL",
    "日本語 中文 한국어",
)
NAMED = {"users": "email", "organizations": "name", "teams": "name", "tags": "name", "roles": "name"} | {
    "tickets": "ticket_number",
    "comments": "content",
}
"""What tables are known by, on every desk: ids are each desk's own."""

PROMISED = {
    *NAMED,
    "organization_domains",
    "team_members",
    "attachments",
    "ticket_tags",
    "ticket_participants",
    "external_refs",
    "ticket_links",
    "distinct_people",
    "distinct_tickets",
}
UNPROMISED = {
    "accounts": "access_logs account_letters account_notices account_requests account_tokens api_tokens identities"
    " identity_providers kept_answers known_browsers login_attempts logout_tokens passkeys recovery_codes"
    " sign_in_flows sign_in_steps totp_factors web_sessions",
    "the log": "audit_checkpoints audit_logs audit_redacted_rows audit_redactions",
    "mail": "automatic_mails bounced_addresses inbound_mails mail_references mail_rules mail_templates"
    " mailbox_positions mailbox_sending mailboxes message_moves outbound_mails outbound_recipients",
    "somebody's own, or the desk's way of working": "desk_settings drafts notification_settings notifications"
    " ticket_reads transfer_jobs transfer_problems webhook_deliveries webhook_endpoints webhook_position",
    "follows from the rest": "alike_finds alike_people alike_tickets search_queue search_words stale_files"
    " ticket_search ticket_stats ticket_stats_delta ticket_texts",
}
NOT_EXPORTED = {("users", "password_hash"): "a secret: staff get a new password"}


def rows_of(desk: Desk, name: str) -> Counter[tuple[tuple[str, Any], ...]]:
    """Return all rows of a table, without its own id, and with names in the place of references."""
    table = Ticket.metadata.tables[f"ombud.{name}"]
    columns = [one for one in table.columns if one.name != "id" and (name, one.name) not in NOT_EXPORTED]
    with desk.engine.connect() as connection:
        connection.execute(text("SET ROLE ombud_backup"))
        names: dict[str, dict[int, str]] = {}
        for column in columns:
            for key in column.foreign_keys:
                other = key.column.table
                named = select(other.c.id, other.c[NAMED[other.name]])
                names[column.name] = {row[0]: row[1] for row in connection.execute(named)}
        return Counter(
            tuple(
                (column, names[column][value] if column in names and value is not None else _hashable(value))
                for column, value in row._mapping.items()
            )
            for row in connection.execute(select(*columns))
        )


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@pytest.fixture
def elsewhere(postgres: ScratchServer) -> Iterator[Desk]:
    with postgres.database() as database, Desk(database.url) as desk:
        yield desk


def fill_oddly(desk: Desk, cast: Cast, store: FileStore) -> None:
    """A row of each promised table for each odd text, in all columns that take texts, and one as long as they take."""
    content = store.put([b"odd"])
    with desk.begin(SYSTEM) as session:
        for number, odd in enumerate(ODD):
            permissions = [one.value for one in Permission][: number % 3]
            role = CustomRole(name=f"{odd}{number} ΡΟΛΟΣ", description=odd, permissions=permissions)
            session.add(role)
            session.flush()
            home = Organization(name=f"{odd}{number} ΟΔΟΣ", notes=odd, shares_tickets=bool(number % 2))
            agent = User(
                email=f"Σ{number}İΣ@example.com",
                full_name=odd,
                role=UserRole.AGENT,
                custom_role_id=role.id if number % 2 else None,
                sees_all_teams=bool(number % 2),
                new_browser_letters=bool(number % 2),
                theme="dark",
            )
            team = Team(name=f"{odd}{number} ΟΜΑΣ", description=odd)
            tag = Tag(name=f"{odd}{number} ΣΣ", description=odd, color="#0aF09f")
            session.add_all((home, agent, team, tag))
            session.flush()
            session.add(OrganizationDomain(domain=f"d{number}.example", organization_id=home.id))
            session.add(TeamMember(team_id=team.id, user_id=agent.id, reads_only=bool(number % 2)))
            person = make_customer(session, email=f"odd{number}@example.com", full_name=odd)
            person.organization_id = home.id
            ticket = make_ticket(session, person, title=f"{odd}!", description=odd, team_id=team.id)
            ticket.title, ticket.description = odd, odd
            comment = Comment(ticket_id=ticket.id, author_id=agent.id, content=odd, is_internal=True)
            session.add(comment)
            session.flush()
            session.add_all(
                (
                    TicketTag(ticket_id=ticket.id, tag_id=tag.id),
                    ExternalRef(source=odd, key=odd, ticket_id=ticket.id),
                    Attachment(
                        ticket_id=ticket.id,
                        comment_id=comment.id,
                        uploader_id=agent.id,
                        file_name=odd,
                        content_type=odd if number else "",
                        size=content.size,
                        checksum=content.checksum,
                        storage_key=content.storage_key,
                    ),
                )
            )
        session.flush()
        person = make_customer(session, email=f"{'l' * 240}@e.example", full_name="𝔘" * 255)
        ticket = make_ticket(session, person, title="𝔘" * 500, description="\n" * 10 + "ü" * 90_000)
        session.add(Comment(ticket_id=ticket.id, author_id=person.id, content="💥" * 90_000))
        chain = [make_customer(session, email=f"chain{number}@example.com").id for number in range(3)]
        linked = [make_ticket(session, chain[2]).id for _ in range(3)]
    for first, then in ((0, 1), (1, 2)):
        desk.run(cast.admin.actor, merge_people, [chain[first]], chain[then])
        desk.run(cast.agent.actor, merge_tickets, [linked[first]], linked[then])


class Ended(Exception):
    """Stands for the end of the process in the middle of a transaction."""


def test_every_column_of_every_promised_table_comes_back(
    desk: Desk, cast: Cast, elsewhere: Desk, tmp_path: Path
) -> None:
    """Also after an import that ended in the middle of a batch, and with other batches than before."""
    tables = {table.name for table in Ticket.metadata.tables.values()}
    unpromised = {name for names in UNPROMISED.values() for name in names.split()}
    assert (tables - PROMISED - unpromised, PROMISED & unpromised) == (set(), set())
    store, other = (open_store(tmp_path / name, limit=LIMIT) for name in ("files", "other"))
    fill(desk, cast, store)
    fill_oddly(desk, cast, store)
    with desk.read(SYSTEM, snapshot=True) as session:
        lines = "".join(line for line, _ in json_lines(session, store.get)).encode()
        (head, *rows) = csv.reader(io.StringIO("".join(line for line, _ in csv_lines(session)), newline=""))

    entries = list(read_export(io.BytesIO(lines), other.put, LIMIT))
    records = [entry for entry in entries if not isinstance(entry, LeftOut)]
    assert records == entries, "all that is exported may come in"
    half = len(records) - len(ODD)
    for start in range(0, half, 25):
        assert desk_takes(elsewhere, records[start : start + 25]) == []
    with pytest.raises(Ended):
        desk_begins_to_take(elsewhere, records[half:])
    for start in range(0, len(records), 40):
        assert desk_takes(elsewhere, records[start : start + 40]) == []

    for name in sorted(PROMISED):
        before, after = rows_of(desk, name), rows_of(elsewhere, name)
        assert sum(before.values()) >= (len(ODD) if name in NAMED else 1), name
        assert (name, before - after, after - before) == (name, Counter(), Counter())
    # The table has the same texts, when the apostrophes are taken away.
    cells = {row[0]: dict(zip(head, map(plain_cell, row), strict=True)) for row in rows}
    with desk.read(SYSTEM) as session:
        tickets = session.execute(select(Ticket.ticket_number, Ticket.title, Ticket.description)).all()
    assert {number: (cells[number]["title"], cells[number]["description"]) for number in cells} == {
        number: (title, description) for number, title, description in tickets
    }


def desk_takes(desk: Desk, records: list[Any]) -> list[LeftOut]:
    """Load a batch; return what was left out."""
    return desk.run(IMPORTER, load_export, records).left_out


def desk_begins_to_take(desk: Desk, records: list[Any]) -> None:
    """Load a batch, and end just before the commit."""
    with desk.begin(IMPORTER) as session:
        load_export(session, records)
        raise Ended


def test_rights_that_are_not_here_are_not_widened(elsewhere: Desk) -> None:
    """An agent whose role did not come in would be one who may do all that agents do."""
    agent = someone("a@b.example", role=UserRole.AGENT, custom_role="Reader")
    home = someone("c@b.example", organization="Gone")
    twice, again = someone("ΣΑΣ@b.example"), someone("σασ@B.example")
    left = desk_takes(elsewhere, [(2, agent), (3, home), (4, twice), (5, again)])
    assert [(one.line, one.problems) for one in left] == [
        (2, {"custom_role": "is not here."}),
        (3, {"organization": "is not here."}),
    ]
    with elsewhere.read(SYSTEM) as session:
        assert session.scalars(select(User.email)).all() == ["ΣΑΣ@b.example"]


def someone(email: str, **given: Any) -> UserLine:
    """Return a person's line."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    fields = {"type": "user", "email": email, "role": UserRole.CUSTOMER, "created_at": at, "updated_at": at}
    return UserLine.model_validate(fields | given)

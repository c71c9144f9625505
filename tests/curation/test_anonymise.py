"""Forgetting a person: no canary in a full dump, nobody else touched, and a log that still proves itself."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    DateTime,
    Engine,
    Float,
    Integer,
    SmallInteger,
    create_engine,
    select,
    text,
)
from sqlalchemy.pool import NullPool

from ombud import Actor, Desk, Settings, clock
from ombud.audit import as_of
from ombud.audit.exported import ExportedCheckpoints
from ombud.audit.keys import SigningKey, signing_key, trusted_keys
from ombud.audit.verify import Report, verify
from ombud.curation import anonymise_person
from ombud.curation.actions.anonymise import Anonymised, CannotAnonymise
from ombud.db.alive import GRACE_SECONDS
from ombud.db.base import Base
from ombud.db.context import DeskSession, bind_actor
from ombud.db.types import UtcDateTime
from ombud.errors import Conflict, Forbidden
from ombud.files import open_store
from ombud.models import Attachment, Ticket, TicketStatus, User
from ombud.people import actions as people
from ombud.testing import Cast, ScratchDatabase, make_comment, make_customer, make_ticket
from ombud.worker.chores import index_search
from ombud.worker.logs import exported_checkpoints, keys_folder, seal_and_export
from ombud.worker.retention import remove_stale_files
from tests.curation.haunting import CANARY, IN_BYTES, NO_CANARY, dump, haunt
from tests.waiting import waited

SYSTEM = Actor.system("test")
ROUNDS = 150
NUMBERS = (BigInteger, Float, Integer, SmallInteger, Boolean, DateTime, UtcDateTime)


@pytest.fixture
def database(quiet_database: ScratchDatabase) -> Iterator[ScratchDatabase]:
    """Sealing waits for every transaction of a server, so this one is alone."""
    yield quiet_database
    quiet_database.empty()


@pytest.fixture
def data(desk: Desk) -> Path:
    assert desk.settings.data_dir is not None
    return desk.settings.data_dir


@pytest.fixture
def key(data: Path) -> SigningKey:
    return signing_key(keys_folder(data))


@pytest.fixture
def superuser(database: ScratchDatabase) -> Iterator[Engine]:
    url = database.admin_url.set(drivername="postgresql+psycopg")
    engine = create_engine(
        url, poolclass=NullPool, connect_args={"options": "-c session_replication_role=replica"}
    )
    yield engine
    engine.dispose()


def report(desk: Desk, data: Path) -> Report:
    lines = exported_checkpoints(data).lines()
    with desk.read(SYSTEM, snapshot=True) as session:
        return verify(session, trusted_keys(keys_folder(data)), lines)


def test_the_canary_is_in_every_table_that_could_keep_one(
    desk: Desk, cast: Cast, database: ScratchDatabase, data: Path
) -> None:
    """A new table with words in it must be thought of here, or forgetting misses it unseen."""
    haunt(desk, cast, data)
    wordy = {
        table.name
        for table in Base.metadata.tables.values()
        if any(not isinstance(column.type, NUMBERS) for column in table.columns)
    }
    lines = [line for line in dump(database).splitlines() if CANARY in line or IN_BYTES in line]
    names = {found[1] for line in lines if (found := re.match(r"insert into ombud\.(\w+)", line))}
    haunted = {re.sub(r"_(\d{4}_\d\d|default)$", "", name) for name in names}
    assert wordy - haunted == set(NO_CANARY) & wordy, "a table is neither haunted nor named"
    assert not haunted & set(NO_CANARY)


def test_no_canary_is_left_and_the_log_is_sound(
    desk: Desk, cast: Cast, database: ScratchDatabase, data: Path, key: SigningKey
) -> None:
    person, stays = haunt(desk, cast, data)
    index_search(desk, SYSTEM)
    seal_and_export(desk, SYSTEM)
    assert dump(database).count(CANARY) > 20
    with desk.read(SYSTEM) as session:
        session.execute(text("SET LOCAL ROLE ombud_search"))
        assert CANARY in session.scalars(text("SELECT word FROM ombud.search_words")).all()
    with desk.read(SYSTEM) as session:
        ticket = session.scalars(select(Ticket).where(Ticket.requester_id == person)).one()
    before = clock.now()
    done = desk.run(cast.admin.actor, anonymise_person, key, person)
    assert done.redacted_rows > 10
    assert CANARY not in dump(database), "before the worker comes, too"
    index_search(desk, SYSTEM)
    dumped = dump(database)
    assert CANARY not in dumped, [line[:300] for line in dumped.splitlines() if CANARY in line]
    assert IN_BYTES not in dumped
    assert "o'neil" not in dumped.replace("''", "'")
    for words in stays:
        assert words.lower() in dumped
    with desk.read(SYSTEM) as session:
        letters = session.execute(
            text(
                "SELECT m.state, r.state, r.email LIKE 'anonymised-%', m.storage_key IS NULL, m.in_reply_to, m.thread"
                " FROM ombud.outbound_mails m JOIN ombud.outbound_recipients r ON r.mail_id = m.id ORDER BY r.id"
            )
        ).all()
        assert [tuple(row) for row in letters] == [
            ("sent", "refused", True, True, "", ["0@ombud.example"]),
            ("sent", "pending", False, True, "", ["0@ombud.example"]),
            ("canceled", "refused", True, True, "", ["0@ombud.example"]),
        ]
        kept_answers = session.scalars(text("SELECT key FROM ombud.kept_answers")).all()
        assert kept_answers == ["l"], "what others were told of others stays"
    checked = report(desk, data)
    assert (checked.counts, checked.redacted_rows) == ({}, done.redacted_rows)
    seal_and_export(desk, SYSTEM)
    assert report(desk, data).is_sound
    with desk.read(SYSTEM) as session:
        then = as_of(session, ticket.ticket_number, before)
        assert (then.title, then.status, then.requester_id) == ("[anonymised]", TicketStatus.RESOLVED, person)
        now = session.get_one(Ticket, ticket.id)
        assert (now.last_activity_at, now.resolved_at) == (ticket.last_activity_at, ticket.resolved_at)
        kept = session.scalars(select(Attachment)).all()
        assert [file.file_name for file in kept] == ["common.txt"]
        common = kept[0].storage_key
        assert session.get_one(User, person).display_name == f"anonymised-{person}"
    # The bytes go from the store, but not those that somebody else's row refers to.
    store = open_store(data / "files", limit=10**6)
    while remove_stale_files(desk, SYSTEM, store, timedelta(0)):
        pass
    left = [path for path in (data / "files").rglob("*") if path.is_file()]
    assert [path.name for path in left] == [common.rpartition("/")[2]]
    with pytest.raises(Conflict):
        desk.run(cast.admin.actor, people.change_user, person, {"is_active": True})


@pytest.mark.asyncio
async def test_who_wrote_much_can_be_forgotten_too(
    database: ScratchDatabase, settings: Settings, cast: Cast, key: SigningKey
) -> None:
    """It runs longer than other statements may, in the server and in the client that would cut its connection."""
    brief = Desk(database.url, settings.model_copy(update={"statement_timeout": 0.5, "lock_timeout": 30}))

    async def forget() -> Anonymised:
        # Not `arun`, which would try again what was cut off.
        async with brief.abegin(cast.admin.actor) as session:
            return await session.run_sync(anonymise_person, key, cast.customer.id)

    try:
        ticket = await brief.arun(SYSTEM, make_ticket, cast.customer.id)
        with database.holding("SELECT FROM ombud.tickets FOR UPDATE"):
            forgetting = asyncio.create_task(forget())
            assert await asyncio.to_thread(waited, database.admin_url, GRACE_SECONDS + 0.8)
        assert (await forgetting).redacted_rows > 0
        async with brief.aread(SYSTEM) as session:
            assert (await session.get_one(Ticket, ticket.id)).title == "[anonymised]"
            assert await session.scalar(text("SELECT current_setting('statement_timeout')")) == "1min"
    finally:
        await brief.aclose()


def test_without_texts_the_conversation_stays(
    desk: Desk, cast: Cast, database: ScratchDatabase, data: Path, key: SigningKey
) -> None:
    with desk.begin(SYSTEM) as session:
        person = make_customer(session, email=f"{CANARY}@example.com", full_name=f"Ann {CANARY}")
        ticket = make_ticket(session, person, title="The title", description="The text")
        make_comment(session, ticket, person, "The words")
    seal_and_export(desk, SYSTEM)
    desk.run(cast.admin.actor, anonymise_person, key, person.id, texts=False)
    dumped = dump(database)
    assert CANARY not in dumped
    for words in ("the title", "the text", "the words"):
        assert words in dumped
    assert report(desk, data).is_sound


def test_one_row_of_two_people_is_redacted_twice(
    desk: Desk, cast: Cast, database: ScratchDatabase, data: Path, key: SigningKey
) -> None:
    """A comment that names both: each anonymising redacts its rows again, and the chain holds."""
    with desk.begin(SYSTEM) as session:
        one = make_customer(session, full_name=f"One {CANARY}")
        two = make_customer(session, full_name=f"Two {CANARY}")
        ticket = make_ticket(session, one)
        make_comment(session, ticket, two, "hello")
        make_comment(session, ticket, cast.agent.id, f"For One {CANARY} and Two {CANARY}")
    seal_and_export(desk, SYSTEM)
    for person in (one.id, two.id, one.id):
        desk.run(cast.admin.actor, anonymise_person, key, person)
        assert report(desk, data).is_sound
        seal_and_export(desk, SYSTEM)
    assert CANARY not in dump(database)
    assert report(desk, data).is_sound


def test_who_may_and_whom(desk: Desk, cast: Cast, key: SigningKey) -> None:
    for persona in (cast.agent, cast.light_agent, cast.team_agent, cast.customer):
        with pytest.raises(Forbidden):
            desk.run(persona.actor, anonymise_person, key, cast.customer.id)
        with desk.begin(persona.actor) as session, pytest.raises(Exception, match="administrator"):
            session.execute(text("SELECT ombud.anonymise_person(:u, true)"), {"u": cast.customer.id})
    with pytest.raises(CannotAnonymise):
        desk.run(cast.admin.actor, anonymise_person, key, cast.other_agent.id, texts=False)
    desk.run(cast.admin.actor, people.deactivate_user, cast.other_agent.id)
    with pytest.raises(CannotAnonymise):
        desk.run(cast.admin.actor, anonymise_person, key, cast.other_agent.id)
    desk.run(cast.admin.actor, anonymise_person, key, cast.other_agent.id, texts=False)


Tamper = Callable[[Connection, random.Random, list[int], list[int]], str]
REHASH_ROWS = (
    "UPDATE ombud.audit_redacted_rows r SET is_now = sha256(convert_to(l.changes::text, 'UTF8'))"
    " FROM ombud.audit_logs l WHERE l.id = r.log_id AND r.log_id = :id"
)


def _edit_redacted(connection: Connection, chance: random.Random, redacted: list[int], _: list[int]) -> str:
    """Change what a redacted row says, and its recorded hash with it."""
    one = chance.choice(redacted)
    connection.execute(
        text(
            """UPDATE ombud.audit_logs SET changes = changes || '{"status": ["open", "closed"]}' WHERE id = :id"""
        ),
        {"id": one},
    )
    if chance.random() < 0.7:
        connection.execute(text(REHASH_ROWS), {"id": one})
    return f"edit redacted {one}"


def _forge_row(connection: Connection, chance: random.Random, _: list[int], whole: list[int]) -> str:
    """Edit a row that nobody redacted, and pass it off as redacted, under a redaction that there is."""
    one = chance.choice(whole)
    connection.execute(
        text(
            "INSERT INTO ombud.audit_redacted_rows (log_id, redaction_id, was, is_now)"
            " SELECT l.id, (SELECT max(id) FROM ombud.audit_redactions),"
            " sha256(convert_to(l.changes::text, 'UTF8')),"
            """ sha256(convert_to((l.changes || '{"forged": [0, 1]}')::text, 'UTF8'))"""
            " FROM ombud.audit_logs l WHERE l.id = :id"
        ),
        {"id": one},
    )
    connection.execute(
        text("""UPDATE ombud.audit_logs SET changes = changes || '{"forged": [0, 1]}' WHERE id = :id"""),
        {"id": one},
    )
    if chance.random() < 0.7:
        connection.execute(text("UPDATE ombud.audit_redactions SET row_count = row_count + 1"))
    return f"forge row {one}"


def _forge_redaction(
    connection: Connection, chance: random.Random, redacted: list[int], whole: list[int]
) -> str:
    """The same under a redaction of one's own: copied from a true one, signature and all, or made up."""
    connection.execute(
        text(
            "INSERT INTO ombud.audit_redactions (subject_id, request_id, row_count, digest, key_id, signature)"
            " SELECT subject_id, request_id, 1, digest, key_id,"
            " CASE WHEN :copied THEN signature ELSE sha512(signature) END"
            " FROM ombud.audit_redactions ORDER BY id LIMIT 1"
        ),
        {"copied": chance.random() < 0.5},
    )
    _forge_row(connection, chance, redacted, whole)
    return "forge redaction"


def _change_redaction(connection: Connection, chance: random.Random, _: list[int], __: list[int]) -> str:
    change = chance.choice(
        [
            "UPDATE ombud.audit_redactions SET subject_id = subject_id + 1",
            "UPDATE ombud.audit_redactions SET request_id = 'x'",
            "UPDATE ombud.audit_redactions SET signature = sha512(signature)",
            "UPDATE ombud.audit_redactions SET key_id = 'another'",
            "UPDATE ombud.audit_redactions SET digest = sha256(digest)",
            "DELETE FROM ombud.audit_redactions",
            "DELETE FROM ombud.audit_redacted_rows",
            "DELETE FROM ombud.audit_redacted_rows"
            " WHERE log_id = (SELECT max(log_id) FROM ombud.audit_redacted_rows)",
            "UPDATE ombud.audit_redacted_rows SET was = sha256(was)"
            " WHERE log_id = (SELECT min(log_id) FROM ombud.audit_redacted_rows)",
            "UPDATE ombud.audit_redacted_rows SET was = is_now, is_now = was",
            "TRUNCATE ombud.audit_redactions, ombud.audit_redacted_rows",
        ]
    )
    connection.execute(text(change))
    return change


def _remove_redacted(connection: Connection, chance: random.Random, redacted: list[int], _: list[int]) -> str:
    one = chance.choice(redacted)
    connection.execute(text("DELETE FROM ombud.audit_logs WHERE id = :id"), {"id": one})
    if chance.random() < 0.5:
        connection.execute(text("DELETE FROM ombud.audit_redacted_rows WHERE log_id = :id"), {"id": one})
    return f"remove {one}"


def test_every_forged_redaction_is_found(
    desk: Desk, cast: Cast, data: Path, key: SigningKey, superuser: Engine
) -> None:
    person, _ = haunt(desk, cast, data)
    seal_and_export(desk, SYSTEM)
    desk.run(cast.admin.actor, anonymise_person, key, person)
    seal_and_export(desk, SYSTEM)
    lines = ExportedCheckpoints(data / "audit").lines()
    trusted = trusted_keys(keys_folder(data))
    chance = random.Random(35)
    tampers = (_edit_redacted, _forge_row, _forge_redaction, _change_redaction, _remove_redacted)
    missed: list[str] = []
    with superuser.connect() as connection:
        ids = list(connection.execute(text("SELECT id FROM ombud.audit_logs ORDER BY id")).scalars())
        redacted = list(connection.execute(text("SELECT log_id FROM ombud.audit_redacted_rows")).scalars())
        whole = sorted(set(ids) - set(redacted))
        connection.rollback()
        for tamper in chance.choices(tampers, k=ROUNDS):
            with connection.begin() as transaction:
                told = tamper(connection, chance, redacted, whole)
                with DeskSession(connection, join_transaction_mode="create_savepoint") as session:
                    bind_actor(session, SYSTEM, read_only=False, timeout=60)
                    if verify(session, trusted, lines).is_sound:
                        missed.append(told)
                transaction.rollback()
    assert missed == []
    assert report(desk, data).is_sound

"""Forgetting a person: no canary in a full dump, nobody else touched, and a log that still proves itself."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, select, text
from sqlalchemy.pool import NullPool

from ombud import Actor, Desk, clock
from ombud.audit import as_of
from ombud.audit.exported import ExportedCheckpoints
from ombud.audit.keys import SigningKey, signing_key, trusted_keys
from ombud.audit.verify import Report, verify
from ombud.curation import anonymise_person, merge_people, purge_deleted_tickets
from ombud.curation.actions.anonymise import CannotAnonymise
from ombud.db.context import DeskSession, bind_actor
from ombud.db.embedded.programs import wheel_programs
from ombud.db.migrate import libpq
from ombud.errors import Conflict, Forbidden
from ombud.files import open_store
from ombud.models import Attachment, Ticket, TicketStatus, User
from ombud.people import actions as people
from ombud.testing import Cast, ScratchDatabase, make_comment, make_customer, make_ticket
from ombud.tickets import StoredFile, change_ticket, reply, save_draft, set_status, soft_delete_ticket
from ombud.worker.logs import exported_checkpoints, keys_folder, seal_and_export
from ombud.worker.retention import remove_stale_files

SYSTEM = Actor.system("test")
ROUNDS = 500
CANARY = "zqxcanary"


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


def dump(database: ScratchDatabase) -> str:
    """Everything that the database holds, as text."""
    done = subprocess.run(
        [wheel_programs() / "pg_dump", "--dbname", libpq(database.admin_url), "--inserts"],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.lower()


def haunt(desk: Desk, cast: Cast, data: Path) -> tuple[int, list[str]]:
    """A person with a canary in everything that is theirs; returns them, and what others said that must stay."""
    store = open_store(data / "files", limit=10**6)
    put = store.put([f"{CANARY} in a file".encode()])
    file = StoredFile(f"{CANARY}.txt", "text/plain", put.size, put.checksum, put.storage_key)
    shared = store.put([b"a file of two people"])
    common = StoredFile("common.txt", "text/plain", shared.size, shared.checksum, shared.storage_key)
    with desk.begin(SYSTEM) as session:
        stub = make_customer(session, email=f"{CANARY}.old@example.com", full_name=f"Old {CANARY}")
        person = make_customer(session, email=f"{CANARY}@example.com", full_name=f"Ann {CANARY} O'Neil (x)")
        ticket = make_ticket(
            session, person, title=f"{CANARY} title", description=f"{CANARY} text", files=[file]
        )
        make_comment(session, ticket, person, f"{CANARY} says", files=[file, common])
        make_comment(session, ticket, cast.agent.id, f"Dear Ann {CANARY.upper()} o'neil (X), all is well.")
        make_comment(session, ticket, cast.agent.id, "Nothing personal here.", is_internal=True)
        elsewhere = make_ticket(session, cast.customer.id, title="somebody else's")
        make_comment(session, elsewhere, person, f"{CANARY} on another's ticket")
        make_comment(session, elsewhere, cast.customer.id, "mine stays", files=[common])
        purged = make_ticket(session, person, title=f"{CANARY} purged", description=CANARY)
        said = make_comment(session, purged, person, f"{CANARY} gone")
        said.content = f"{CANARY} gone, edited"
        session.flush()
        soft_delete_ticket(session, purged.id)
        mail = session.scalar(
            text(
                "WITH box AS (INSERT INTO ombud.mailboxes (name, address) VALUES ('box', 'help@ombud.example')"
                " RETURNING id) INSERT INTO ombud.inbound_mails (mailbox_id, source, checksum, storage_key, size,"
                " sender_email, sender_name, subject, message_id, envelope_from, state, decided_at, ticket_id)"
                " SELECT id, 'imap', :sum, :key, 5, :mail, :mail, :mail, :mid, :mail, 'accepted', now(), :t"
                " FROM box RETURNING id"
            ),
            {
                "sum": put.checksum,
                "key": put.storage_key,
                "mail": f"{CANARY}@example.com",
                "mid": f"1@{CANARY}.example",
                "t": ticket.id,
            },
        )
        assert mail is not None
        for statement in (
            "INSERT INTO ombud.mail_references (message_id, ticket_id) VALUES ('1@zqxcanary.example', :t)",
            "INSERT INTO ombud.external_refs (source, key, ticket_id) VALUES ('mbox', '1@zqxcanary.example', :t)",
            "INSERT INTO ombud.web_sessions (user_id, token_hash, user_agent, expires_at)"
            " VALUES (:u, 'x', 'zqxcanary', now())",
            "INSERT INTO ombud.api_tokens (user_id, name, key_id, secret_hash) VALUES (:u, 'zqxcanary', 'k', 'x')",
            "INSERT INTO ombud.access_logs (principal, kind, object, request_id)"
            " VALUES ('user:1', 'search', 'search:zqxcanary@example.com', 'r')",
        ):
            session.execute(text(statement), {"t": ticket.id, "u": person.id})
    desk.run(Actor.customer(person.id), save_draft, ticket.id, f"{CANARY} draft", is_internal=False)
    desk.run(SYSTEM, people.change_user, person.id, {"full_name": f"Anna {CANARY} O'Neil"})
    desk.run(Actor.customer(person.id), reply, ticket.id, f"{CANARY} again")
    desk.run(cast.agent.actor, change_ticket, ticket.id, {"title": f"{CANARY} better title"})
    desk.run(cast.agent.actor, set_status, ticket.id, TicketStatus.RESOLVED)
    desk.run(cast.admin.actor, merge_people, [stub.id], person.id)
    with clock.frozen(clock.now() + timedelta(days=3)):
        assert desk.run(SYSTEM, purge_deleted_tickets, days=2).ticket_ids == (purged.id,)
    return person.id, ["Nothing personal here.", "mine stays", "all is well."]


def test_no_canary_is_left_and_the_log_is_sound(
    desk: Desk, cast: Cast, database: ScratchDatabase, data: Path, key: SigningKey
) -> None:
    person, stays = haunt(desk, cast, data)
    seal_and_export(desk, SYSTEM)
    assert dump(database).count(CANARY) > 20
    with desk.read(SYSTEM) as session:
        ticket = session.scalars(select(Ticket).where(Ticket.requester_id == person)).one()
    before = clock.now()
    done = desk.run(cast.admin.actor, anonymise_person, key, person)
    assert done.redacted_rows > 10
    dumped = dump(database)
    assert CANARY not in dumped, [line[:300] for line in dumped.splitlines() if CANARY in line]
    assert "o'neil" not in dumped.replace("''", "'")
    for words in stays:
        assert words.lower() in dumped
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

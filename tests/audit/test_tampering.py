"""Whatever a superuser does to the sealed log, with triggers off, `verify` finds (TRUST R20)."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from ombud import Actor, Desk
from ombud.audit.checkpoints import Statement
from ombud.audit.exported import ExportedCheckpoints
from ombud.audit.keys import signing_key
from ombud.audit.verify import Report
from ombud.db import migrate
from ombud.models import TicketStatus
from ombud.testing import Cast, make_comment, make_ticket
from ombud.tickets import add_tags, set_status
from tests.audit.conftest import verified_in

ROUNDS = 500
REHASH = (
    "UPDATE ombud.audit_logs SET leaf = ombud.audit_leaf(ombud.audit_head(xid, created_at, table_name, action,"
    " actor, user_id, request_id), id, record_id, ticket_id, record_key, changes)"
    " WHERE leaf <> ombud.audit_leaf(ombud.audit_head(xid, created_at, table_name, action,"
    " actor, user_id, request_id), id, record_id, ticket_id, record_key, changes)"
)
COLUMNS = {
    "created_at": "created_at + interval '1 microsecond'",
    "xid": "xid + 1",
    "table_name": "table_name || 's'",
    "record_id": "coalesce(record_id, 0) + 1",
    "record_key": """record_key || '{"id": 0}'""",
    "ticket_id": "coalesce(ticket_id, 0) + 1",
    "action": "CASE action WHEN 'DELETE' THEN 'CREATE' ELSE 'DELETE' END",
    "actor": "actor || ' '",
    "user_id": "coalesce(user_id, 0) + 1",
    "request_id": "'x' || request_id",
    "changes": """changes || '{"tampered": [0, 1]}'""",
    "leaf": "sha256(leaf)",
}
COPIED = (
    "created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,"
    " changes, leaf"
)

Tamper = Callable[[Connection, random.Random, list[int]], str]


def _edit(connection: Connection, chance: random.Random, ids: list[int]) -> str:
    column = chance.choice(list(COLUMNS))
    connection.execute(
        text(f"UPDATE ombud.audit_logs SET {column} = {COLUMNS[column]} WHERE id = :id"),
        {"id": chance.choice(ids)},
    )
    if column != "leaf" and chance.random() < 0.7:
        connection.execute(text(REHASH))
    return f"edit {column}"


def _remove(connection: Connection, chance: random.Random, ids: list[int]) -> str:
    gone = chance.sample(ids, chance.randint(1, 4))
    connection.execute(text("DELETE FROM ombud.audit_logs WHERE id = ANY(:ids)"), {"ids": gone})
    return f"remove {len(gone)}"


def _insert(connection: Connection, chance: random.Random, ids: list[int]) -> str:
    new = chance.choice([max(ids) + 1000, 0, -5])
    connection.execute(
        text(
            f"INSERT INTO ombud.audit_logs (id, {COPIED}) SELECT :new, {COPIED} FROM ombud.audit_logs WHERE id = :id"
        ),
        {"new": new, "id": chance.choice(ids)},
    )
    connection.execute(text(REHASH))
    return "insert"


def _insert_from_nowhere(connection: Connection, chance: random.Random, ids: list[int]) -> str:
    _insert(connection, chance, ids)
    xid = chance.choice([-1, 10**12])
    connection.execute(
        text("UPDATE ombud.audit_logs SET xid = :xid WHERE id NOT BETWEEN 1 AND :last"),
        {"xid": xid, "last": max(ids)},
    )
    connection.execute(text(REHASH))
    return f"insert with transaction {xid}"


def _swap_ids(connection: Connection, chance: random.Random, ids: list[int]) -> str:
    first, second = chance.sample(ids, 2)
    connection.execute(
        text("UPDATE ombud.audit_logs SET id = CASE id WHEN :a THEN -:b ELSE -:a END WHERE id IN (:a, :b)"),
        {"a": first, "b": second},
    )
    connection.execute(text("UPDATE ombud.audit_logs SET id = -id WHERE id < 0"))
    if chance.random() < 0.7:
        connection.execute(text(REHASH))
    return "reorder"


def _exchange_contents(connection: Connection, chance: random.Random, ids: list[int]) -> str:
    first, second = sorted(chance.sample(ids, 2))
    connection.execute(
        text(
            f"UPDATE ombud.audit_logs a SET ({COPIED}) = (SELECT {COPIED} FROM ombud.audit_logs b"
            " WHERE b.id = CASE a.id WHEN :a THEN :b ELSE :a END) WHERE a.id IN (:a, :b)"
        ),
        {"a": first, "b": second},
    )
    connection.execute(text(REHASH))
    return "exchange"


def _cut_off(connection: Connection, chance: random.Random, _ids: list[int]) -> str:
    number = connection.execute(text("SELECT max(number) FROM ombud.audit_checkpoints")).scalar_one()
    keep = chance.randint(0, number - 1)
    if chance.random() < 0.8:  # with the rows, as somebody would who knows
        connection.execute(
            text(
                "DELETE FROM ombud.audit_logs WHERE xid >= coalesce("
                "(SELECT xid_to FROM ombud.audit_checkpoints WHERE number = :keep), 0)"
            ),
            {"keep": keep},
        )
    connection.execute(text("DELETE FROM ombud.audit_checkpoints WHERE number > :keep"), {"keep": keep})
    return f"cut off after {keep} of {number}"


def _tamper_with_checkpoint(connection: Connection, chance: random.Random, _ids: list[int]) -> str:
    change = chance.choice(
        [
            "DELETE FROM ombud.audit_checkpoints WHERE number = :n",
            "UPDATE ombud.audit_checkpoints SET row_count = row_count + 1 WHERE number = :n",
            "UPDATE ombud.audit_checkpoints SET created_at = created_at - interval '1 hour' WHERE number = :n",
            "UPDATE ombud.audit_checkpoints SET root = sha256(root) WHERE number = :n",
            "UPDATE ombud.audit_checkpoints SET previous = sha256(previous) WHERE number = :n",
            "UPDATE ombud.audit_checkpoints SET signature = sha512(signature) WHERE number = :n",
            "UPDATE ombud.audit_checkpoints SET key_id = 'another' WHERE number = :n",
            "UPDATE ombud.audit_checkpoints SET xid_to = xid_to + 1 WHERE number = :n",
            "UPDATE ombud.audit_checkpoints SET after_id = after_id + 1 WHERE number >= :n",
        ]
    )
    number = connection.execute(text("SELECT max(number) FROM ombud.audit_checkpoints")).scalar_one()
    connection.execute(text(change), {"n": chance.randint(1, number)})
    return change


def _empty(connection: Connection, _chance: random.Random, _ids: list[int]) -> str:
    connection.execute(text("TRUNCATE ombud.audit_logs, ombud.audit_checkpoints"))
    return "truncate"


def _detach_a_month(connection: Connection, _chance: random.Random, _ids: list[int]) -> str:
    month = connection.execute(
        text("SELECT tableoid::regclass::text FROM ombud.audit_logs LIMIT 1")
    ).scalar_one()
    connection.execute(text(f"ALTER TABLE ombud.audit_logs DETACH PARTITION {month}"))
    return "detach"


def _silence_a_trigger(connection: Connection, chance: random.Random, _ids: list[int]) -> str:
    how = chance.choice(
        [
            "ALTER TABLE ombud.tickets DISABLE TRIGGER z_audit_update",
            "ALTER TABLE ombud.tickets DISABLE TRIGGER ALL",
            "ALTER TABLE ombud.tickets ENABLE REPLICA TRIGGER z_audit_delete",
            "DROP TRIGGER z_audit_insert ON ombud.tickets",
            "CREATE TABLE ombud.unseen (id bigint)",
        ]
    )
    connection.execute(text(how))
    return how


TAMPERS: list[tuple[Tamper, int]] = [
    (_edit, 30),
    (_remove, 15),
    (_insert, 10),
    (_insert_from_nowhere, 6),
    (_swap_ids, 12),
    (_exchange_contents, 8),
    (_cut_off, 8),
    (_tamper_with_checkpoint, 14),
    (_empty, 1),
    (_detach_a_month, 1),
    (_silence_a_trigger, 4),
]


@pytest.fixture
def sealed_ids(desk: Desk, cast: Cast, seal_now: Callable[[], int], superuser: Engine) -> list[int]:
    """A history under eight checkpoints; returns the ids of its rows."""
    for number in range(8):
        ticket = desk.run(cast.agent.actor, make_ticket, cast.customer.id)
        desk.run(cast.agent.actor, make_comment, ticket.id, cast.agent.id)
        desk.run(cast.agent.actor, add_tags, ticket.id, [f"tag-{number}", "all"])
        desk.run(cast.agent.actor, set_status, ticket.id, TicketStatus.CLOSED)
        seal_now()
    with superuser.connect() as connection:
        return list(connection.execute(text("SELECT id FROM ombud.audit_logs ORDER BY id")).scalars())


@pytest.mark.timeout(300)
def test_every_mutation_is_found(
    sealed_ids: list[int],
    superuser: Engine,
    data: Path,
    exported: ExportedCheckpoints,
    check: Callable[[], Report],
) -> None:
    chance = random.Random(20)
    lines = exported.lines()
    kinds, weights = zip(*TAMPERS, strict=True)
    missed: list[str] = []
    with superuser.connect() as connection:
        for tamper in chance.choices(kinds, weights, k=ROUNDS):
            with connection.begin() as transaction:
                told = tamper(connection, chance, sealed_ids)
                if verified_in(connection, data, lines).is_sound:
                    missed.append(told)
                transaction.rollback()
    assert missed == []
    report = check()
    assert (report.counts, report.sealed_rows, report.checkpoints) == ({}, len(sealed_ids), 8)


def test_who_signs_with_another_key_is_found(
    sealed_ids: list[int], superuser: Engine, data: Path, exported: ExportedCheckpoints, tmp_path: Path
) -> None:
    """Rows rewritten, roots recomputed, everything signed again and the file replaced: the key is missing."""
    forger = signing_key(tmp_path / "forged")
    lines = exported.lines()
    with superuser.connect() as connection:
        row = connection.execute(text("SELECT * FROM ombud.audit_checkpoints WHERE number = 8")).one()
        forged = Statement(
            **{name: getattr(row, name) for name in Statement.__dataclass_fields__ if name != "key_id"},
            key_id=forger.key_id,
        )
        signature = forger.sign(forged.words())
        connection.execute(
            text("UPDATE ombud.audit_checkpoints SET key_id = :key, signature = :sig WHERE number = 8"),
            {"key": forger.key_id, "sig": signature},
        )
        report = verified_in(connection, data, [*lines[:-1], forged.line(signature)])
        connection.rollback()
    assert report.counts == {"unknown_key": 1}


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (lambda lines: lines[:2] + lines[3:], "export_damaged"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "export_damaged"),
        (lambda lines: [*lines[:-1], "{}\n"], "export_damaged"),
        (
            lambda lines: [*lines[:-1], lines[-1].replace('"row_count": ', '"row_count": 1')],
            "checkpoint_changed",
        ),
    ],
)
@pytest.mark.usefixtures("sealed_ids")
def test_a_changed_file_is_found(
    superuser: Engine,
    data: Path,
    exported: ExportedCheckpoints,
    damage: Callable[[list[str]], list[str]],
    kind: str,
) -> None:
    with superuser.connect() as connection:
        report = verified_in(connection, data, damage(exported.lines()))
    assert kind in report.counts


def test_what_is_not_sealed_is_said(
    desk: Desk, system: Actor, sealed_ids: list[int], superuser: Engine, check: Callable[[], Report]
) -> None:
    desk.run(system, make_ticket)
    report = check()
    assert report.is_sound
    assert report.unsealed_rows > 0
    with superuser.begin() as connection:
        connection.execute(
            text("UPDATE ombud.audit_logs SET actor = 'user:1' WHERE id > :last"), {"last": max(sealed_ids)}
        )
    assert set(check().counts) == {"edited"}


@pytest.mark.parametrize(
    ("weakened", "again", "told"),
    [
        (
            "CREATE OR REPLACE FUNCTION ombud.audit_of_tags() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
            None,
            "changed_object: The function ombud.audit_of_tags() is not as Ombud made it.",
        ),
        (
            "CREATE RULE silent AS ON INSERT TO ombud.audit_logs DO INSTEAD NOTHING",
            "DROP RULE silent ON ombud.audit_logs",
            "changed_object: The rule silent on ombud.audit_logs is not one of Ombud's.",
        ),
        (
            "CREATE TRIGGER swallow BEFORE INSERT ON ombud.audit_logs FOR EACH ROW"
            " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "DROP TRIGGER swallow ON ombud.audit_logs",
            "changed_object: The trigger swallow on ombud.audit_logs is not one of Ombud's.",
        ),
        (
            "CREATE TRIGGER swallow BEFORE INSERT ON ombud.audit_logs_default FOR EACH ROW"
            " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "DROP TRIGGER swallow ON ombud.audit_logs_default",
            "changed_object: The trigger swallow on ombud.audit_logs_default is not one of Ombud's.",
        ),
        (
            "UPDATE ombud.alembic_version SET version_num = '0001'",
            f"UPDATE ombud.alembic_version SET version_num = '{migrate.head()}'",
            "changed_object: The schema says that it is of revision 0001, not"
            f" {migrate.head()}: what it is made of cannot be compared.",
        ),
        (
            "ALTER ROLE ombud_web SET session_replication_role = replica",
            "ALTER ROLE ombud_web RESET session_replication_role",
            "not_audited: Triggers do not fire: ombud_web works with session_replication_role=replica.",
        ),
        (
            "GRANT UPDATE (actor) ON ombud.audit_logs TO ombud_web",
            "REVOKE UPDATE (actor) ON ombud.audit_logs FROM ombud_web",
            "changed_object: The list of grants on ombud.audit_logs is not as Ombud made it.",
        ),
        (
            "GRANT DELETE ON ombud.audit_checkpoints TO PUBLIC",
            "REVOKE DELETE ON ombud.audit_checkpoints FROM PUBLIC",
            "changed_object: The list of grants on ombud.audit_checkpoints is not as Ombud made it.",
        ),
        (
            "GRANT UPDATE ON ombud.audit_logs_default TO PUBLIC",
            "REVOKE UPDATE ON ombud.audit_logs_default FROM PUBLIC",
            "wide_rights: History can be changed unseen: everybody may UPDATE ombud.audit_logs_default.",
        ),
        (
            "GRANT TRUNCATE ON ombud.audit_logs TO pg_monitor",
            "REVOKE TRUNCATE ON ombud.audit_logs FROM pg_monitor",
            "wide_rights: History can be changed unseen: pg_monitor may TRUNCATE ombud.audit_logs.",
        ),
        (
            "ALTER TABLE ombud.audit_logs NO FORCE ROW LEVEL SECURITY",
            "ALTER TABLE ombud.audit_logs FORCE ROW LEVEL SECURITY",
            "wide_rights: History can be changed unseen: ombud.audit_logs lacks forced row security.",
        ),
        (
            "ALTER TABLE ombud.ticket_tags OWNER TO ombud_worker",
            "ALTER TABLE ombud.ticket_tags OWNER TO ombud_owner",
            "wide_rights: History can be changed unseen: ombud.ticket_tags belongs to ombud_worker.",
        ),
        (
            "ALTER FUNCTION ombud.audit_of_tags() OWNER TO CURRENT_USER",
            "ALTER FUNCTION ombud.audit_of_tags() OWNER TO ombud_owner",
            "wide_rights: History can be changed unseen: ombud.audit_of_tags() belongs to postgres.",
        ),
        (
            "GRANT ombud_owner TO ombud_worker",
            "REVOKE ombud_owner FROM ombud_worker",
            "wide_rights: History can be changed unseen: ombud_worker is a member of ombud_owner.",
        ),
    ],
)
def test_a_log_that_is_told_less_from_now_on_is_found(
    superuser: Engine, check: Callable[[], Report], weakened: str, again: str | None, told: str
) -> None:
    assert check().is_sound
    with superuser.begin() as connection:
        before = connection.scalar(text("SELECT pg_get_functiondef('ombud.audit_of_tags'::regproc)"))
        connection.exec_driver_sql(weakened)
    try:
        report = check()
    finally:
        with superuser.begin() as connection:
            connection.exec_driver_sql(again or str(before))
    assert [f"{one.kind}: {one.what}" for one in report.problems] == [told]
    assert check().is_sound

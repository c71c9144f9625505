"""Columns and indexes of the tables that the guide names, read from the catalogue."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from ombud import Actor
from ombud.testing import Perform

# name: type, nullable, whether the database fills it in; as the guide lists them, and what it left out.
COLUMNS: dict[str, dict[str, tuple[str, bool, bool]]] = {
    "users": {
        "id": ("bigint", False, True),
        "email": ("character varying(255)", False, False),
        "full_name": ("character varying(255)", False, True),
        "is_active": ("boolean", False, True),
        "is_staff": ("boolean", False, True),
        "password_hash": ("character varying(255)", True, False),
        "created_at": ("timestamp with time zone", False, True),
        "updated_at": ("timestamp with time zone", False, True),
        "last_login": ("timestamp with time zone", True, False),
    },
    "tickets": {
        "id": ("bigint", False, True),
        "ticket_number": ("character varying(50)", False, True),
        "title": ("character varying(500)", False, False),
        "description": ("text", False, True),
        "status": ("text", False, True),
        "priority": ("text", False, True),
        "creator_id": ("bigint", False, False),
        "assignee_id": ("bigint", True, False),
        "created_at": ("timestamp with time zone", False, True),
        "updated_at": ("timestamp with time zone", False, True),
        "resolved_at": ("timestamp with time zone", True, False),
        "deleted_at": ("timestamp with time zone", True, False),
    },
    "comments": {
        "id": ("bigint", False, True),
        "content": ("text", False, False),
        "is_internal": ("boolean", False, True),
        "ticket_id": ("bigint", False, False),
        "author_id": ("bigint", False, False),
        "created_at": ("timestamp with time zone", False, True),
        "updated_at": ("timestamp with time zone", False, True),
    },
    "attachments": {
        "id": ("bigint", False, True),
        "ticket_id": ("bigint", False, False),
        "uploader_id": ("bigint", False, False),
        "file_name": ("character varying(255)", False, False),
        "content_type": ("character varying(255)", False, True),
        "size": ("bigint", False, False),
        "storage_key": ("character varying(255)", False, False),
        "checksum": ("character varying(64)", False, False),
        "created_at": ("timestamp with time zone", False, True),
    },
    "tags": {
        "id": ("bigint", False, True),
        "name": ("character varying(100)", False, False),
        "color": ("character varying(7)", False, True),
        "description": ("character varying(500)", False, True),
        "created_at": ("timestamp with time zone", False, True),
    },
    "ticket_tags": {
        "ticket_id": ("bigint", False, False),
        "tag_id": ("bigint", False, False),
        "created_at": ("timestamp with time zone", False, True),
    },
    "audit_logs": {
        "id": ("bigint", False, True),
        "table_name": ("character varying(63)", False, False),
        "record_id": ("bigint", True, False),
        "action": ("text", False, False),
        "user_id": ("bigint", True, False),
        "changes": ("jsonb", False, False),
        "created_at": ("timestamp with time zone", False, True),
    },
}


@pytest.mark.parametrize("table", COLUMNS)
def test_columns_are_as_promised(perform: Perform, system: Actor, table: str) -> None:
    def columns(session: Session) -> dict[str, tuple[str, bool, bool]]:
        rows = session.execute(
            text(
                "SELECT a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,"
                " a.atthasdef OR a.attidentity <> '' FROM pg_attribute a"
                " WHERE a.attrelid = to_regclass(:name) AND a.attnum > 0 AND NOT a.attisdropped"
            ),
            {"name": f"ombud.{table}"},
        )
        return {name: (kind, nullable, filled) for name, kind, nullable, filled in rows}

    found = perform(system, columns)
    assert {name: found.get(name) for name in COLUMNS[table]} == COLUMNS[table]


@pytest.mark.parametrize(
    ("table", "columns", "unique"),
    [
        ("users", "email_norm", True),
        ("tickets", "ticket_number", True),
        ("tickets", "created_at, id", False),
        ("tickets", "creator_id", False),
        ("tickets", "assignee_id", False),
        ("comments", "ticket_id, created_at, id", False),
        ("comments", "author_id, id", False),
        ("attachments", "ticket_id, id", False),
        ("attachments", "uploader_id", False),
        ("tags", "lower((name)::text)", True),
        ("ticket_tags", "ticket_id, tag_id", True),
        ("ticket_tags", "tag_id, ticket_id", False),
        ("audit_logs", "table_name, record_id, id", False),
        ("audit_logs", "user_id, id", False),
        ("audit_logs", "created_at", False),
    ],
)
def test_indexes_are_as_promised(
    perform: Perform, system: Actor, table: str, columns: str, *, unique: bool
) -> None:
    def definitions(session: Session) -> list[str]:
        return list(
            session.scalars(
                text("SELECT indexdef FROM pg_indexes WHERE schemaname = 'ombud' AND tablename = :name"),
                {"name": table},
            )
        )

    kind = "CREATE UNIQUE INDEX" if unique else "CREATE "
    found = perform(system, definitions)
    assert any(one.startswith(kind) and f"({columns})" in one for one in found), found

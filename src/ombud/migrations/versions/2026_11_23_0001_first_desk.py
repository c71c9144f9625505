"""The first desk: people, tickets, conversations, audit log, search, row security.

Revision ID: 0001
Revises:
Create Date: 2026-11-23
"""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql" / revision


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for script in sorted(SQL.glob("*.sql")):
        _run(script)


def downgrade() -> None:
    """Remove everything but the schema, its extensions and Alembic's own table."""
    _run(SQL / "down" / "drop.sql")


def _run(script: Path) -> None:
    # The driver's own cursor takes a whole script, and leaves percent signs alone when no values come along.
    driver = op.get_bind().connection.driver_connection
    if driver is None:
        raise RuntimeError("migrations need a live connection")
    driver.cursor().execute(script.read_text(encoding="utf-8"))

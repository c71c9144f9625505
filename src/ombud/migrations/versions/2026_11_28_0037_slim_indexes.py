"""Four indexes of tickets without the id at their end: many times smaller, so updates find their pages in memory.

Equal keys share one entry then, and a new version of a ticket goes to the end of its key's list instead of
somewhere in the middle. Customers without an organization are not in the index of organizations at all.

Revision ID: 0037
Revises: 0036
Create Date: 2026-11-28
"""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.build_indexes(f"{revision}/indexes")  # type: ignore[attr-defined]  # of ours: migrations/env.py
    _swap(revision)


def downgrade() -> None:
    """Build the wide ones again."""
    op.build_indexes(f"{revision}/down/indexes")  # type: ignore[attr-defined]  # of ours: migrations/env.py
    _swap(f"{revision}/down")


def _swap(folder: str) -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.run_scripts(folder)  # type: ignore[attr-defined]  # of ours: migrations/env.py

"""The times that are there already are such, too; reads each table once, beside readers and writers.

Revision ID: 0105
Revises: 0104
Create Date: 2026-11-29
"""

from alembic import op

revision = "0105"
down_revision = "0104"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '1h'")
    op.run_scripts(revision)  # type: ignore[attr-defined]  # of ours: migrations/env.py


def downgrade() -> None:
    """A look leaves nothing behind."""

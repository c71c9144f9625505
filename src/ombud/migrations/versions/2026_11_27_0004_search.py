"""Search: exact parts of texts, words to suggest, progress of the index.

Revision ID: 0004
Revises: 0002
Create Date: 2026-11-27
"""

from alembic import op

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make two empty tables. Every document is put back into the tail: the worker fills them from there."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.run_scripts(revision)  # type: ignore[attr-defined]  # of ours: migrations/env.py


def downgrade() -> None:
    """Remove both tables; documents stay, and are indexed as before."""
    op.run_scripts(f"{revision}/down")  # type: ignore[attr-defined]  # of ours: migrations/env.py

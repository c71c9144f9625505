"""Pairs that look alike are found by the worker and kept: who asks for them waits for what is new since, only.

Revision ID: 0108
Revises: 0106
Create Date: 2026-11-29
"""

from alembic import op

revision = "0108"
down_revision = "0106"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.run_scripts(revision)  # type: ignore[attr-defined]  # of ours: migrations/env.py


def downgrade() -> None:
    """Look for every pair each time, as before."""
    op.run_scripts(f"{revision}/down")  # type: ignore[attr-defined]  # of ours: migrations/env.py

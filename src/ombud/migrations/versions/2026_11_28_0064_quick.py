"""A ticket with its first comment in one round trip; comments that change nothing of their ticket cost less.

Revision ID: 0064
Revises: 0058
Create Date: 2026-11-28
"""

from alembic import op

revision = "0064"
down_revision = "0058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.run_scripts(revision)  # type: ignore[attr-defined]  # of ours: migrations/env.py


def downgrade() -> None:
    op.run_scripts(f"{revision}/down")  # type: ignore[attr-defined]  # of ours: migrations/env.py

"""Who only reads the tickets of a team leaves the words and files there as they are.

Revision ID: 0034
Revises: 0032
Create Date: 2026-11-28
"""

from alembic import op

revision = "0034"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.run_scripts(revision)  # type: ignore[attr-defined]  # of ours: migrations/env.py


def downgrade() -> None:
    op.run_scripts(f"{revision}/down")  # type: ignore[attr-defined]  # of ours: migrations/env.py

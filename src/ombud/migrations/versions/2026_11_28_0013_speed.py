"""Speed at a million tickets: policies that plan well.

Revision ID: 0013
Revises: 0011
Create Date: 2026-11-27
"""

from alembic import op

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.run_scripts(revision)  # type: ignore[attr-defined]  # of ours: migrations/env.py


def downgrade() -> None:
    """Put policies and functions back as they were."""
    op.run_scripts(f"{revision}/down")  # type: ignore[attr-defined]  # of ours: migrations/env.py

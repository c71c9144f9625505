"""No time is kept that a driver could not read or a zone could not show; no ticket is that of who was merged.

Revision ID: 0104
Revises: 0098
Create Date: 2026-11-29
"""

from alembic import op

revision = "0104"
down_revision = "0098"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.run_scripts(revision)  # type: ignore[attr-defined]  # of ours: migrations/env.py


def downgrade() -> None:
    """Let every time in again."""
    op.run_scripts(f"{revision}/down")  # type: ignore[attr-defined]  # of ours: migrations/env.py

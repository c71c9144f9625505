"""Mail that comes in, administered: OAuth, what was sent by itself, addresses that bounce, messages that move.

Rewrites mailboxes, which are few, for a generated column.

Revision ID: 0008
Revises: 0007
Create Date: 2026-11-27
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.run_scripts(revision)  # type: ignore[attr-defined]  # of ours: migrations/env.py


def downgrade() -> None:
    """Forget limits, bounces and moves; messages stay where they are."""
    op.run_scripts(f"{revision}/down")  # type: ignore[attr-defined]  # of ours: migrations/env.py

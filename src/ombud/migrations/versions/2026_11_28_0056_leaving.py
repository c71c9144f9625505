"""What a provider calls a session, so that it can end it; and where from a letter's cause came.

Revision ID: 0056
Revises: 0048
Create Date: 2026-11-28
"""

from alembic import op

revision = "0056"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.run_scripts(revision)  # type: ignore[attr-defined]  # of ours: migrations/env.py


def downgrade() -> None:
    """Forget what providers call their sessions: they end here only by hand, and by age."""
    op.run_scripts(f"{revision}/down")  # type: ignore[attr-defined]  # of ours: migrations/env.py

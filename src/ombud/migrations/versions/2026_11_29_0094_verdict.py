"""A customer's words move a ticket no further than a customer may, to the database, too.

Revision ID: 0094
Revises: 0082
Create Date: 2026-11-29
"""

from alembic import op

revision = "0094"
down_revision = "0082"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.run_scripts(revision)  # type: ignore[attr-defined]  # of ours: migrations/env.py


def downgrade() -> None:
    """Take the function back."""
    op.run_scripts(f"{revision}/down")  # type: ignore[attr-defined]  # of ours: migrations/env.py

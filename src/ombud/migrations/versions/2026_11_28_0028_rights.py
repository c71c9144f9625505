"""Notices of accounts by mail and by the bell; rights below administrator for webhooks and roles; teams that end.

Revision ID: 0028
Revises: 0026
Create Date: 2026-11-28
"""

from alembic import op

revision = "0028"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.run_scripts(revision)  # type: ignore[attr-defined]  # of ours: migrations/env.py


def downgrade() -> None:
    """Forget notices of kinds that there were not, and take the new rights out of roles."""
    op.run_scripts(f"{revision}/down")  # type: ignore[attr-defined]  # of ours: migrations/env.py

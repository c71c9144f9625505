"""Who may be one person is looked up where a similar name counts, not among all similar names.

Revision ID: 0109
Revises: 0108
Create Date: 2026-11-29
"""

from alembic import op

revision = "0109"
down_revision = "0108"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.build_indexes(f"{revision}/indexes")  # type: ignore[attr-defined]  # of ours: migrations/env.py
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.run_scripts(revision)  # type: ignore[attr-defined]  # of ours: migrations/env.py


def downgrade() -> None:
    op.run_scripts(f"{revision}/down")  # type: ignore[attr-defined]  # of ours: migrations/env.py

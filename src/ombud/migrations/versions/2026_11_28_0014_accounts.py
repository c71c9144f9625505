"""What people may do, in fine rights; sessions that know when they were confirmed.

Revision ID: 0014
Revises: 0013
Create Date: 2026-11-28
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.run_scripts(revision)  # type: ignore[attr-defined]  # of ours: migrations/env.py


def downgrade() -> None:
    """Drop custom roles and rights by team: who had one has all of an agent's rights again."""
    op.run_scripts(f"{revision}/down")  # type: ignore[attr-defined]  # of ours: migrations/env.py

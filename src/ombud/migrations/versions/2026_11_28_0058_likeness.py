"""Pairs of customers who may be one are found by reading two indexes, and nobody's row but theirs.

Revision ID: 0058
Revises: 0056
Create Date: 2026-11-28
"""

from alembic import op

revision = "0058"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.build_indexes(f"{revision}/indexes")  # type: ignore[attr-defined]  # of ours: migrations/env.py
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.run_scripts(revision)  # type: ignore[attr-defined]  # of ours: migrations/env.py


def downgrade() -> None:
    op.build_indexes(f"{revision}/down/indexes")  # type: ignore[attr-defined]  # of ours: migrations/env.py
    op.run_scripts(f"{revision}/down")  # type: ignore[attr-defined]  # of ours: migrations/env.py

"""Signing in by OpenID Connect: providers, whose subjects are whose account, ways there and back.

Revision ID: 0021
Revises: 0022
Create Date: 2026-11-28
"""

from alembic import op

revision = "0021"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.run_scripts(revision)  # type: ignore[attr-defined]  # of ours: migrations/env.py


def downgrade() -> None:
    """Drop all providers and links; who has no password asks for one by mail."""
    op.run_scripts(f"{revision}/down")  # type: ignore[attr-defined]  # of ours: migrations/env.py

"""Alembic environment and versions. `sql/` holds what SQL says better: functions, triggers, policies."""

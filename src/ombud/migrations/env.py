"""Alembic's environment: connects with the URL it is given, works as the owner, one transaction a version.

Versions say what they do in SQL files (see `ombud.migrations.operations`).
"""

from alembic import context
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

import ombud.migrations.operations
import ombud.models  # noqa: F401  -- fills the metadata
from ombud.config import Settings
from ombud.db.base import Base
from ombud.db.compare import OPTIONS

url = context.config.attributes.get("url")
if url is None:
    secret = Settings().database_url
    if secret is None:
        raise SystemExit(
            "Set OMBUD_DATABASE_URL, or use `ombud db upgrade`, which knows the embedded server."
        )
    url = secret.get_secret_value()

engine = create_engine(
    url.set(drivername="postgresql+psycopg") if not isinstance(url, str) else url,
    poolclass=NullPool,
    # A migration never queues behind a long transaction while everybody queues behind it.
    connect_args={"options": "-c role=ombud_owner -c lock_timeout=5000 -c ombud.actor=system:migrate"},
)
with engine.connect() as connection:
    connection.execute(text("SET search_path = pg_catalog"))
    connection.commit()
    context.configure(
        connection=connection, target_metadata=Base.metadata, transaction_per_migration=True, **OPTIONS
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()

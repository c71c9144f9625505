"""Alembic's environment: connects with the URL it is given, works as the owner, one transaction a version.

Versions say what they do in SQL files: `op.run_scripts("0002")` runs those of `sql/0002`.
"""

from pathlib import Path

from alembic import context
from alembic.operations import MigrateOperation, Operations
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

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

SQL = Path(__file__).parent / "sql"


@Operations.register_operation("run_scripts")
class RunScripts(MigrateOperation):
    """Run all SQL files of a folder below `sql`, in the order of their names."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    @classmethod
    def run_scripts(cls, operations: Operations, folder: str) -> None:
        """What `op.run_scripts(folder)` calls."""
        operations.invoke(cls(folder))


@Operations.implementation_for(RunScripts, replace=True)
def run_scripts(operations: Operations, operation: RunScripts) -> None:
    """Run them on the driver's own cursor: it takes whole scripts, and leaves percent signs alone."""
    driver = operations.get_bind().connection.driver_connection
    if driver is None:
        raise RuntimeError("migrations need a live connection")
    for script in sorted((SQL / operation.folder).glob("*.sql")):
        driver.cursor().execute(script.read_text(encoding="utf-8"))


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

"""Write the schema that the migrations make into src/ombud/migrations/schema.sql, to be read in reviews.

`python -m tools.schema_sql` runs the migrations on a server to throw away and dumps the result with the
`pg_dump` of the embedded PostgreSQL; a test compares. Partitions of logs are left out: which there
are depends on the month. What `ombud db doctor` compares a desk with goes into made.json beside it.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from ombud.db.doctor import objects
from ombud.db.embedded.programs import wheel_programs
from ombud.db.migrate import connected, head, libpq
from ombud.testing import ScratchDatabase, scratch_server

SCHEMA = Path(__file__).parent.parent / "src" / "ombud" / "migrations" / "schema.sql"
MADE = SCHEMA.with_name("made.json")
HEAD = "-- The schema at the newest migration. Written by `python -m tools.schema_sql`; never run, only read.\n\n"
# pg_dump's own versions, its session's settings, and the random words that fence them.
_NOISE = re.compile(r"^(--.*|SET .*|SELECT pg_catalog\.set_config.*|\\(un)?restrict .*)\n", re.MULTILINE)


def dump(database: ScratchDatabase) -> str:
    """Return the schema of a migrated database as SQL, without what differs between two dumps of it."""
    program = wheel_programs() / "pg_dump"
    arguments = ("--schema-only", "--no-tablespaces", "--schema=ombud", "--exclude-table=ombud.*_logs_*")
    dumped = subprocess.run(
        [program, *arguments, "--dbname", libpq(database.admin_url)],
        check=True,
        capture_output=True,
        text=True,
    )
    return HEAD + re.sub(r"\n{3,}", "\n\n", _NOISE.sub("", dumped.stdout)).strip() + "\n"


def digests(database: ScratchDatabase) -> str:
    """Return what functions, triggers and policies of a migrated database are made of, for `ombud db doctor`."""
    with connected(database.admin_url) as connection:
        connection.execute("SET search_path = pg_catalog")
        told = {"revision": head(), "objects": dict(connection.execute(objects.DIGESTS).fetchall())}
    return json.dumps(told, indent=1) + "\n"


def main() -> int:
    """Write the files."""
    with tempfile.TemporaryDirectory(prefix="ombud-schema-") as folder:
        Path(folder).chmod(0o755)
        with scratch_server(Path(folder) / "desk") as server, server.database() as database:
            SCHEMA.write_text(dump(database), encoding="utf-8")
            MADE.write_text(digests(database), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

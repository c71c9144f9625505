"""Import the core and touch it, as a program would that installed `ombud` without any extra.

A script, not a test module: `make test-core` runs it where only the core's packages are installed, and
`test_core.py` runs it with `--block`, which hides the frameworks of a full installation.
"""

import importlib
import importlib.abc
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

FRAMEWORKS = {
    "fastapi",
    "starlette",
    "uvicorn",
    "jinja2",
    "typer",
    "click",
    "rich",
    "greenlet",
    "asyncpg",
    "httpx",
}
HOSTS = {"flask", "django"}
# The tiers that may use them, and Alembic's script, which only Alembic can run.
EDGES = (
    "contrib",
    "observing",
    "client",
    "testing",
    "cli",
    "asgi",
    "api",
    "web",
    "worker",
    "mcp",
    "demo",
    "migrations.env",
)
# What an embedding program gets with the core alone. Other slices may need libraries of `ombud[server]`
# (HTML sanitising, password hashing, MIME), never its frameworks.
ALONE = ("errors", "clock", "config", "db", "models", "migrations", "tickets", "people", "search", "audit")


class Blocked(importlib.abc.MetaPathFinder):
    """Makes an installed package look missing."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in FRAMEWORKS | HOSTS:
            raise ModuleNotFoundError(f"{fullname} is not part of the core", name=fullname)
        return None


def core_modules() -> Iterator[str]:
    """Yield the names of all modules below the edges, found as files, so that none is forgotten."""
    spec = importlib.util.find_spec("ombud")
    assert spec is not None
    assert spec.origin is not None
    root = Path(spec.origin).parent
    for file in sorted(root.rglob("*.py")):
        parts = file.relative_to(root).with_suffix("").parts
        name = ".".join(parts).removesuffix("__init__").removesuffix(".")
        if "node_modules" not in parts and not _is_below(name, EDGES):
            yield f"ombud.{name}" if name else "ombud"


def _is_below(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def import_all(*, alone: bool) -> list[str]:
    """Import each module; return the names of those that need `ombud[server]`. Raises for the others."""
    lacking = []
    for name in core_modules():
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as missing:
            package = (missing.name or "").partition(".")[0]
            if (
                not alone
                or package in FRAMEWORKS | {"ombud"}
                or _is_below(name.removeprefix("ombud."), ALONE)
            ):
                raise RuntimeError(f"{name} does not import with the core alone: {missing}") from missing
            lacking.append(f"{name} ({package})")
    return lacking


def touch_the_schema() -> int:
    """Configure every mapper and write out every table's DDL; return the number of tables."""
    from sqlalchemy import create_engine
    from sqlalchemy.orm import configure_mappers
    from sqlalchemy.schema import CreateTable

    base = importlib.import_module("ombud.db.base").Base
    dialect = create_engine("postgresql+psycopg://").dialect  # the core's own driver; nothing connects
    configure_mappers()
    tables = base.metadata.sorted_tables
    for table in tables:
        str(CreateTable(table).compile(dialect=dialect))
    return len(tables)


def main(arguments: list[str]) -> None:
    """Import and touch; with `--block`, hide the frameworks first."""
    blocked = "--block" in arguments
    if blocked:
        sys.meta_path.insert(0, Blocked())
    import ombud  # noqa: F401 - alone, before anything else: it has no side effect and needs nothing

    lacking = import_all(alone=not blocked)
    loaded = sorted((FRAMEWORKS | HOSTS) & set(sys.modules))
    if loaded:
        raise RuntimeError(f"importing the core loaded {', '.join(loaded)}")
    print(f"core: {len(list(core_modules()))} modules, {touch_the_schema()} tables")
    if lacking:
        print(f"with ombud[server] only: {', '.join(lacking)}")


if __name__ == "__main__":
    main(sys.argv[1:])

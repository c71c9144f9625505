"""What a comparison of database and models looks at: our schema, without partitions."""

from typing import Any

from ombud.db.base import SCHEMA


def include_name(name: str | None, type_: str, _parents: dict[str, Any]) -> bool:
    """Keep our schema only; partitions are made by the worker, not by models."""
    if type_ == "schema":
        return name == SCHEMA
    return not (type_ == "table" and (name or "").startswith(("audit_logs_", "access_logs_")))


OPTIONS: dict[str, Any] = {
    "include_schemas": True,
    "include_name": include_name,
    "version_table_schema": SCHEMA,
    "compare_type": True,
    "compare_server_default": False,
}

"""Rules about transactions and SQL: who commits, where statements are built, and of what."""

import ast
from collections.abc import Iterator

from tools.house_rules.source import Place, Rule, Source

READS = {"select", "union", "union_all", "intersect", "except_", "exists"}
WRITES = {"insert", "update", "delete"}
# Functions that take a piece of SQL as text, and methods that run it.
TEXTS = {"sqlalchemy.text", "sqlalchemy.DDL", "sqlalchemy.sql.text", "psycopg.sql.SQL", "psycopg2.sql.SQL"}
RUNNERS = {
    "execute", "executemany", "exec_driver_sql", "scalar", "scalars", "stream", "stream_scalars", "copy",
    "copy_expert", "fetch", "fetchrow", "fetchval",
}  # fmt: skip


def _commits(source: Source) -> Iterator[Place]:
    if not source.is_package or source.is_in("db", "migrations"):
        return
    for call in source.calls:
        match call.func:
            case ast.Attribute(attr="commit" | "rollback" as verb):
                yield Place.of(call, f".{verb}(): ")


def _builders(source: Source) -> Iterator[Place]:
    if not source.is_package or source.is_in("db", "migrations") or source.is_module("queries"):
        return
    for call in source.calls:
        name = _sqlalchemy_name(source, call)
        allowed = (
            (name in WRITES and source.is_module("actions"))
            or (name == "text" and source.is_in("models"))  # conditions of indexes, defaults of columns
            or (name in {"exists", "select"} and source.is_module("policy"))  # parts of conditions
        )
        if name in READS | WRITES | {"text"} and not allowed:
            yield Place.of(call, f"{name}(): ")


def _sqlalchemy_name(source: Source, call: ast.Call) -> str | None:
    meaning = source.meaning(call.func) or ""
    return meaning.rpartition(".")[2] if meaning.startswith("sqlalchemy.") else None


def _built_sql(source: Source) -> Iterator[Place]:
    if not source.is_package:
        return
    built, literal = _names_of_built_strings(source), _names_of_literals(source)
    for call in source.calls:
        statement = _statement(call)
        if statement is None:
            continue
        if source.meaning(call.func) in TEXTS:
            free = source.is_in("migrations")  # its statements come from files of the package
            safe = (
                free
                or _is_constant(statement)
                or (isinstance(statement, ast.Name) and statement.id in literal)
            )
            if _is_built(statement, built) or not safe:
                yield Place.of(call)
        elif (
            isinstance(call.func, ast.Attribute) and call.func.attr in RUNNERS and _is_built(statement, built)
        ):
            yield Place.of(call)


def _statement(call: ast.Call) -> ast.expr | None:
    named = [word.value for word in call.keywords if word.arg in ("text", "statement", "query", "sql")]
    return next(iter([*call.args[:1], *named]), None)


def _is_constant(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=str()):
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.isupper()
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _is_constant(left) and _is_constant(right)
        case _:
            return False


def _is_built(node: ast.expr, built: set[str]) -> bool:
    """Tell whether a string is put together from parts: f-string, `%`, `+`, `.format()` or `.join()`."""
    match node:
        case ast.Name(id=name):
            return name in built
        case ast.JoinedStr(values=values):
            return any(isinstance(value, ast.FormattedValue) for value in values)
        case ast.BinOp(left=left, op=ast.Add() | ast.Mod(), right=right):
            return not _is_constant(node) and any(_is_text(side, built) for side in (left, right))
        case ast.Call(func=ast.Attribute(value=owner, attr="format" | "join" | "replace")):
            return _is_text(owner, built)
        case _:
            return False


def _is_text(node: ast.expr, built: set[str]) -> bool:
    # psycopg's SQL("...").format(Identifier(...)) is the right way, and its owner is a call, not a text.
    return _is_constant(node) or _is_built(node, built)


def _names_of_built_strings(source: Source) -> set[str]:
    """Return names that hold a built string anywhere in the file, so that a detour by a variable is seen."""
    built: set[str] = set()
    for node in source.nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                pass
            case ast.AugAssign(target=ast.Name(id=name), op=ast.Add() | ast.Mod(), value=value) if _is_text(
                value, built
            ):
                built.add(name)
                continue
            case _:
                continue
        if _is_built(value, built):
            built.add(name)
    return built


def _names_of_literals(source: Source) -> set[str]:
    """Return parameters declared as `LiteralString`: pyright refuses every caller that builds one."""
    return {
        node.arg
        for node in source.nodes
        if isinstance(node, ast.arg)
        and node.annotation
        and source.meaning(node.annotation) == "typing.LiteralString"
    }


RULES = (
    Rule("OMB001", "the edge commits, by `with desk.begin(actor)`; actions flush at most", _commits),
    Rule(
        "OMB002", "build reads in queries.py, writes also in actions.py; db/ and migrations/ may", _builders
    ),
    Rule("OMB003", "SQL put together from strings: bind values, compose names with psycopg.sql", _built_sql),
)

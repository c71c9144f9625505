"""Rules about safety and order: trusted HTML, the clock, unsafe loaders, output, and the length of files."""

import ast
import re
from collections.abc import Iterator

from tools.house_rules.source import Place, Rule, Source

LONGEST = 400
CLOCKS = {
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
    "time.time", "time.time_ns",
}  # fmt: skip
LOADERS = {"pickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle"}
YAML = {"yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.unsafe_load_all", "yaml.full_load"}
MARKUPS = {"markupsafe.Markup", "jinja2.Markup"}
TEMPLATES = {".html", ".jinja", ".j2", ".svg", ".txt", ".xml"}
TRUSTED = re.compile(r"\{[{%][^}]*\|\s*safe\b|\{%-?\s*autoescape\s+false")


def _markup(source: Source) -> Iterator[Place]:
    if not source.is_package or source.path.match("src/ombud/kit/html.py"):
        return
    for node in source.nodes:
        match node:
            case ast.ImportFrom(names=names) if any(name.name == "Markup" for name in names):
                yield Place.of(node)
            case ast.Attribute(attr="Markup") if source.meaning(node) in MARKUPS:
                yield Place.of(node)
    if source.path.suffix in TEMPLATES:
        for number, line in enumerate(source.text.splitlines(), start=1):
            if TRUSTED.search(line):
                yield Place(number, number)


def _clocks(source: Source) -> Iterator[Place]:
    if source.is_package and not source.path.match("src/ombud/clock.py"):
        for call in source.calls:
            if (meaning := source.meaning(call.func)) in CLOCKS:
                yield Place.of(call, f"{meaning}(): ")


def _unsafe(source: Source) -> Iterator[Place]:
    """Things that run what they read (T57). Tests are no exception: what they load, someone may have sent."""
    for node in source.nodes:
        match node:
            case ast.Import(names=names):
                loaded = {name.name.partition(".")[0] for name in names} & LOADERS
            case ast.ImportFrom(module=str(module), names=names):
                loaded = {module.partition(".")[0]} & LOADERS
                loaded |= {f"{module}.{name.name}" for name in names} & YAML
            case ast.Attribute():
                loaded = {source.meaning(node) or ""} & YAML
            case ast.Call(func=ast.Name(id="eval" | "exec" as name)):
                loaded = {name}
            case _:
                continue
        if loaded and isinstance(node, ast.stmt | ast.expr):
            yield Place.of(node, f"{', '.join(sorted(loaded))}: ")


def _prints(source: Source) -> Iterator[Place]:
    if source.is_package and not source.is_in("cli"):
        for call in source.calls:
            if isinstance(call.func, ast.Name) and call.func.id == "print":
                yield Place.of(call)


def _length(source: Source) -> Iterator[Place]:
    lines = len(source.text.splitlines())
    listed = str(source.path) in source.long_files
    if lines > LONGEST and not listed:
        yield Place(1, 1, f"{lines} lines: ")
    if lines <= LONGEST and listed:
        yield Place(1, 1, f"only {lines} lines, so it needs no reason any more: ")


RULES = (
    Rule("OMB004", "trusted HTML is made in kit/html.py only; elsewhere let Jinja escape", _markup),
    Rule("OMB005", "ask ombud.clock for the time, so that tests can freeze it", _clocks),
    Rule("OMB006", "runs what it reads; use JSON, TOML or a parser of your own", _unsafe),
    Rule("OMB007", "print() belongs to cli/; elsewhere log", _prints),
    Rule(
        "OMB008", f"over {LONGEST} lines: split it, or give a reason in pyproject, tool.house-rules", _length
    ),
)

"""A source file as the rules see it: where it is, what its names mean, what it waives. No rule is here."""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

WAIVER = re.compile(r"(?:#|//|/\*|--)\s*house:\s*(?P<rule>OMB\d{3})\b[\s,:-]*(?P<reason>[^#*]*)")
PACKAGE = PurePosixPath("src/ombud")


@dataclass(frozen=True)
class Finding:
    """Something that breaks a rule. A waiver may stand on `line` to `last_line`, or just above."""

    path: PurePosixPath
    line: int
    rule: str
    message: str
    last_line: int = 0

    def __str__(self) -> str:
        """Read like a compiler's message, so that editors can jump to it."""
        return f"{self.path}:{self.line}: {self.rule} {self.message}"


@dataclass(frozen=True)
class Rule:
    """A rule: its stable id, what to do instead, and the check that yields the offending places."""

    id: str
    message: str
    check: "Callable[[Source], Iterator[Place]]"


@dataclass(frozen=True)
class Place:
    """Lines of a file, and what is special about this case."""

    line: int
    last_line: int
    detail: str = ""

    @classmethod
    def of(cls, node: ast.expr | ast.stmt, detail: str = "") -> "Place":
        """Return where `node` stands."""
        return cls(node.lineno, node.end_lineno or node.lineno, detail)


@dataclass(frozen=True)
class Source:
    """One file. `path` is relative to the project's root."""

    path: PurePosixPath
    text: str
    long_files: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_python(self) -> bool:
        """True for what has a syntax tree here."""
        return self.path.suffix == ".py"

    @property
    def is_package(self) -> bool:
        """True for files of the package itself, which the rules of the architecture are about."""
        return self.path.is_relative_to(PACKAGE)

    def is_in(self, *folders: str) -> bool:
        """Tell whether the file is below one of these folders of the package."""
        return any(self.path.is_relative_to(PACKAGE / folder) for folder in folders)

    def is_module(self, *names: str) -> bool:
        """Tell whether it is a module with one of these names, or in a package with one, in any slice."""
        return self.is_package and not {self.path.stem, *self.path.parts[2:-1]}.isdisjoint(names)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of the syntax tree; none for other kinds of file."""
        return list(ast.walk(ast.parse(self.text))) if self.is_python else []

    @cached_property
    def calls(self) -> list[ast.Call]:
        """Every call."""
        return [node for node in self.nodes if isinstance(node, ast.Call)]

    @cached_property
    def imports(self) -> dict[str, str]:
        """What each imported name means: `sa` is `sqlalchemy`, `now` is `ombud.clock.now`."""
        meanings: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for name in node.names:
                    top = name.name.partition(".")[0]
                    meanings[name.asname or top] = name.name if name.asname else top
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                meanings |= {name.asname or name.name: f"{node.module}.{name.name}" for name in node.names}
        return meanings

    def meaning(self, node: ast.expr) -> str | None:
        """Return the full name behind `sa.select` or `select`; None for what was not imported."""
        match node:
            case ast.Name(id=name):
                return self.imports.get(name)
            case ast.Attribute(value=value, attr=attribute):
                owner = self.meaning(value)
                return owner and f"{owner}.{attribute}"
            case _:
                return None


def findings(source: Source, rules: tuple[Rule, ...]) -> list[Finding]:
    """Return what breaks `rules` in one file, less what it waives, plus waivers that are not in order."""
    broken = [
        Finding(source.path, place.line, rule.id, f"{place.detail}{rule.message}", place.last_line)
        for rule in rules
        for place in rule.check(source)
    ]
    kept, waived = [], set()
    waivers = dict(_waivers(source))
    for finding in broken:
        lines = range(finding.line - 1, finding.last_line + 1)
        used = {number for number in lines if number in waivers and waivers[number]["rule"] == finding.rule}
        waived |= used
        if not used:
            kept.append(finding)
    return sorted([*kept, *_bad_waivers(source, waivers, waived)], key=lambda finding: finding.line)


def _waivers(source: Source) -> Iterator[tuple[int, re.Match[str]]]:
    for number, comment in _comments(source):
        if match := WAIVER.search(comment):
            yield number, match


def _comments(source: Source) -> Iterator[tuple[int, str]]:
    """Yield comments with their lines; for files that are not Python, every line stands for its comment."""
    if not source.is_python:
        yield from enumerate(source.text.splitlines(), start=1)
        return
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _bad_waivers(source: Source, waivers: dict[int, re.Match[str]], waived: set[int]) -> Iterator[Finding]:
    for number, match in waivers.items():
        if not match["reason"].strip():
            yield Finding(source.path, number, "OMB000", f"the waiver of {match['rule']} gives no reason")
        elif number not in waived:
            yield Finding(
                source.path, number, "OMB000", f"nothing here breaks {match['rule']}: drop the waiver"
            )

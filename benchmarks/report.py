"""Results as words: for the terminal and docs/performance.md in Markdown, for programs in JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict

from benchmarks.plan import ROOT
from benchmarks.results import Cell, Figure, Results, Table

DOCUMENT = ROOT / "docs" / "performance.md"
BEGIN, END = '<!-- figures: make bench ARGS="--write" -->\n', "<!-- end of figures -->\n"


def markdown(results: Results) -> str:
    """Return all tables, the one of targets first."""
    return "\n".join(
        [_machine(results), *_targets(results.figures), *(_section(one) for one in results.tables)]
    )


def as_json(results: Results) -> str:
    """Return everything as one JSON object; figures say whether they are met."""
    figures = [{**asdict(one), "met": one.met} for one in results.figures]
    whole = {
        "machine": results.machine,
        "figures": figures,
        "tables": [asdict(one) for one in results.tables],
    }
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def with_figures(text: str, results: Results) -> str:
    """Return a document with the results between its marks; raises ValueError when they are missing."""
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"no marks for the figures: {BEGIN.strip()}")
    return pattern.sub(lambda _found: f"{BEGIN}\n{markdown(results)}\n{END}", text)


def _machine(results: Results) -> str:
    return "".join(f"- {name}: {value}\n" for name, value in results.machine.items())


def _targets(figures: list[Figure]) -> Iterator[str]:
    rows = (
        (one.what, f"at most {_shown(one.target)}{_unit(one)}", _measured(one), _word(one)) for one in figures
    )
    yield _section(Table("Targets", ("", "target", "measured", "met"), tuple(rows)))


def _measured(figure: Figure) -> str:
    return "not measured" if figure.value is None else f"{_shown(figure.value)}{_unit(figure)}"


def _unit(figure: Figure) -> str:
    return f" {figure.unit}" if figure.unit else ""


def _word(figure: Figure) -> str:
    return {True: "yes", False: "**no**", None: "-"}[figure.met]


def _section(table: Table) -> str:
    lines = [f"### {table.title}", ""]
    lines += [f"{table.note}", ""] if table.note else []
    lines += [_line(table.columns), _line(("---",) * len(table.columns))]
    lines += [_line(tuple(_shown(cell) for cell in row)) for row in table.rows]
    return "\n".join([*lines, ""])


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _shown(cell: Cell) -> str:
    match cell:
        case str():
            return cell
        case float() if cell < 10 and cell != int(cell):
            return f"{cell:.2f}"
        case float() if cell < 100 and cell != int(cell):
            return f"{cell:.1f}"
        case _:
            return f"{cell:,.0f}"

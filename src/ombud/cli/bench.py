"""`ombud bench`: the guide, Ombud and the best SQL side by side. It runs the package `benchmarks` of a checkout."""

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

import ombud
from ombud.errors import Unavailable


def command(
    tickets: Annotated[int, typer.Option(help="How many tickets to measure with.")] = 10_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
    only: Annotated[
        list[str] | None, typer.Option(help="Cases with this word in their name; may be repeated.")
    ] = None,
    runs: Annotated[int, typer.Option(help="Runs of each case; slow ones get fewer.")] = 7,
    keep: Annotated[
        Path | None, typer.Option(help="Keep the databases in this folder, and use those that are there.")
    ] = None,
) -> None:
    """Measure the guide's code, Ombud and the best SQL with the same tickets, in turns. Takes minutes.

    Needs a checkout of the project: what is measured against Ombud is not part of the package.
    """
    arguments = ["--tickets", str(tickets), "--runs", str(runs), *(["--json"] if as_json else [])]
    arguments += [part for word in only or () for part in ("--only", word)]
    arguments += ["--keep", str(keep)] if keep is not None else []
    raise typer.Exit(_main(checkout())(arguments))


def checkout() -> Path:
    """Return the folder of the checkout that this Ombud runs from; raises Unavailable where there is none."""
    for folder in (Path(ombud.__file__).resolve().parents[2], Path.cwd()):
        if (folder / "benchmarks" / "guide" / "__main__.py").is_file():
            return folder
    raise Unavailable(
        "The measurements are part of the project, not of the installed package: "
        "run `ombud bench` in a checkout of Ombud with its development packages (make setup)."
    )


def _main(folder: Path) -> Callable[[list[str]], int]:
    sys.path.insert(0, str(folder))
    main: Callable[[list[str]], int] = import_module("benchmarks.guide.__main__").main
    return main

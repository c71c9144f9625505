"""Run the rules over the project: `python -m tools.house_rules [FILE...]`. Exit code 1 when one is broken."""

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tools.house_rules import database, hygiene
from tools.house_rules.source import Finding, Source, findings

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("src", "tests", "tools", "benchmarks", "hatch_build.py")
KINDS = {".py", ".js", ".mjs", ".css", ".html", ".jinja", ".j2", ".sql"}
# Folders that hold what others wrote, or what a program made.
FOREIGN = {"node_modules", "dist", "__pycache__"}
RULES = (*database.RULES, *hygiene.RULES)


def project_files(root: Path = ROOT) -> Iterator[Path]:
    """Yield every file of ours that the rules read."""
    for place in PLACES:
        path = root / place
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            if file.suffix in KINDS and file.is_file() and FOREIGN.isdisjoint(file.relative_to(root).parts):
                yield file


def long_files(root: Path = ROOT) -> dict[str, str]:
    """Return the files that may be long, with the reasons that pyproject.toml gives."""
    with (root / "pyproject.toml").open("rb") as file:
        rules = tomllib.load(file).get("tool", {}).get("house-rules", {})
    reasons: dict[str, str] = rules.get("long-files", {})
    return {path: reason for path, reason in reasons.items() if reason.strip()}


def check_project(root: Path, files: Iterator[Path]) -> Iterator[Finding]:
    """Yield every finding in `files`."""
    listed = frozenset(long_files(root))
    for file in files:
        path = PurePosixPath(file.relative_to(root).as_posix())
        yield from findings(Source(path, file.read_text("utf-8"), listed), RULES)


def main(arguments: list[str]) -> int:
    """Check the named files, or all; print what is broken."""
    files = (Path(name).resolve() for name in arguments) if arguments else project_files()
    broken = list(check_project(ROOT, files))
    for finding in broken:
        print(finding)
    if broken:
        print(f"\n{len(broken)} broken; the rules are in tools/house_rules, the reasons in CONTRIBUTING.md")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

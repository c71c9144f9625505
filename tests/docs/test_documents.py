"""The documents agree with the project: links, settings, folders, commands, decision records."""

import re
import shlex
from pathlib import Path
from urllib.parse import unquote

import pytest
from typer.testing import CliRunner

from ombud.cli import app as cli
from tests.docs.documents import NAMES, ROOT, anchors, blocks, headings, targets
from tools import settings_table

# `ombud` at the beginning, after variables and with a path or without.
COMMAND = re.compile(r"(?:[A-Z_]+=\S+ )*(?:\S*/)?ombud (.+)")
COMMANDS = [
    (name, found[1])
    for name in NAMES
    for block in blocks(name, "sh")
    for line in block.splitlines()
    if (found := COMMAND.match(line))
]
RECORDS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    for target in targets(name):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        assert file.exists(), f"{target} is not there"
        assert not anchor or anchor in anchors(file), f"{path} has no heading #{anchor}"


def test_no_link_leaves_the_project() -> None:
    """What lies elsewhere moves, and another version of it is documented there tomorrow."""
    outside = {(name, target) for name in NAMES for target in targets(name) if re.match(r"[a-z]+:", target)}
    assert {(name, target) for name, target in outside if ".example" not in target} == set()


def test_every_setting_is_described_and_listed() -> None:
    assert settings_table.undescribed() == []
    text = settings_table.DOCUMENT.read_text(encoding="utf-8")
    assert settings_table.with_table(text) == text, "run: python -m tools.settings_table"


def test_the_tree_names_every_folder() -> None:
    package = ROOT / "src" / "ombud"
    named = {
        code.strip("`")
        for code in re.findall(r"^\| (`[^`]+`) \|", (ROOT / "docs/architecture.md").read_text(), re.MULTILINE)
    }
    for entry in package.iterdir():
        if entry.name.startswith("_") or entry.suffix not in ("", ".py"):
            continue
        assert (entry.name + "/" if entry.is_dir() else entry.name) in named, (
            f"architecture.md misses {entry.name}"
        )
    for place in named:
        if place.endswith("/"):
            assert (package / place).is_dir(), f"architecture.md names a missing {place}"


@pytest.mark.parametrize(("name", "arguments"), COMMANDS)
def test_commands_exist(name: str, arguments: str) -> None:
    words = shlex.split(arguments, comments=True)
    if not words[0].startswith("-"):
        cli._add_commands(words[0])
    # With --help an unknown command or option is refused, and nothing is done.
    result = CliRunner().invoke(cli.app, [*words, "--help"])
    assert result.exit_code == 0, f"{name}: {result.output}"


def test_records_are_numbered_and_indexed() -> None:
    assert [path.name[:4] for path in RECORDS] == [f"{number:04}" for number in range(1, len(RECORDS) + 1)]
    assert [Path(target).name for target in targets("docs/adr/README.md")] == [path.name for path in RECORDS]


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_records_follow_the_template(record: Path) -> None:
    title, *sections = headings(record)
    assert title.startswith(f"{record.name[:4]}. ")
    assert sections == ["Context", "Decision", "Alternatives", "Consequences"]

"""The project's documents as their readers get them: blocks of code, links, tables."""

from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))
NAMES = [path.relative_to(ROOT).as_posix() for path in DOCUMENTS]

_MARKDOWN = MarkdownIt("commonmark").enable("table")


def tokens(name: str) -> list[Token]:
    """Return the parsed document, named from the project's root."""
    return _MARKDOWN.parse((ROOT / name).read_text(encoding="utf-8"))


def blocks(name: str, language: str) -> list[str]:
    """Return the fenced blocks of code in one language, in order."""
    return [token.content for token in tokens(name) if token.type == "fence" and token.info == language]


def targets(name: str) -> list[str]:
    """Return where links and images point."""
    inline = [child for token in tokens(name) for child in token.children or []]
    found = [child.attrGet("href") or child.attrGet("src") for child in inline]
    return [str(target) for target in found if target]


def headings(path: Path) -> list[str]:
    """Return the texts of a document's headings, in order."""
    parsed = _MARKDOWN.parse(path.read_text(encoding="utf-8"))
    return [text.content for mark, text in pairwise(parsed) if mark.type == "heading_open"]


def anchors(path: Path) -> set[str]:
    """Return the names of a document's headings, as they appear after `#` in links to them."""
    return {_slug(title) for title in headings(path)}


def _slug(title: str) -> str:
    kept = "".join(letter for letter in title.lower() if letter.isalnum() or letter in " -_")
    return kept.replace(" ", "-")

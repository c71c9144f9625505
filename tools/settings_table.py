"""Write the table of settings into docs/running.md: `python -m tools.settings_table`.

The words are the fields' descriptions in `ombud.config`. A test finds a table that was forgotten.
"""

import re
from pathlib import Path

from pydantic.fields import FieldInfo

from ombud.config import Settings

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "running.md"
BEGIN, END = "<!-- settings: python -m tools.settings_table -->\n", "<!-- end of settings -->\n"


def table() -> str:
    """Return the table in Markdown, a row for each setting."""
    rows = [
        f"| `OMBUD_{name.upper()}` | {_default(field)} | {field.description} |" for name, field in _fields()
    ]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows, ""])


def undescribed() -> list[str]:
    """Return the names of settings without a description."""
    return [name for name, field in _fields() if not field.description]


def with_table(text: str) -> str:
    """Return a document with the table between its marks; raises ValueError when they are missing."""
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"no marks for the table: {BEGIN.strip()}")
    return pattern.sub(lambda _found: BEGIN + table() + END, text)


def main() -> None:
    """Bring the document up to date."""
    DOCUMENT.write_text(with_table(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")


def _fields() -> list[tuple[str, FieldInfo]]:
    return list(Settings.model_fields.items())


def _default(field: FieldInfo) -> str:
    match field.default:
        case None:
            return "none"
        case bool() as flag:
            return "`1`" if flag else "`0`"
        case value:
            return f"`{value}`"


if __name__ == "__main__":
    main()

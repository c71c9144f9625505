"""Cells that no spreadsheet takes for a formula, and the way back. Pure."""

import re

# Spreadsheets run what begins so, also behind spaces and quotation marks (OWASP, "CSV injection").
_FORMULA = re.compile(r"""['"\s\x00]*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]""")


def safe_cell(text: str) -> str:
    """Return a text as it may stand in a CSV file: with an apostrophe in front where it could be a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def plain_cell(cell: str) -> str:
    """Return the text that `safe_cell` made a cell of."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell

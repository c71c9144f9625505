"""`{Column}` in a text, filled from a row. Values are put in as they are: braces in them mean nothing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_COLUMN = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """A text with columns in braces."""

    text: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the text names, in order."""
        return tuple(_COLUMN.findall(self.text))

    def fill(self, row: Mapping[str, str]) -> str:
        """Return the text with each column's value in its place."""
        return _COLUMN.sub(lambda found: row[found[1]], self.text)

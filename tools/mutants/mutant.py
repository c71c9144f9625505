"""What a mutant is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """A piece of text that is in the file exactly once, and what takes its place."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutant:
    """A defect of the guide in our code: the changes that put it back, and the test that must fail then.

    `shows` is a part of what the failing run says (a regular expression): a test that fails for another reason has not
    found the defect. `test` is a test of pytest, or `mypy` and a file where the type check is the test.
    """

    number: str
    test: str
    shows: str
    edits: tuple[Edit, ...]

    @property
    def is_of_the_schema(self) -> bool:
        """Whether databases are made in another way, so that those of other runs are of no use."""
        return any(edit.file.startswith("src/ombud/migrations/") for edit in self.edits)

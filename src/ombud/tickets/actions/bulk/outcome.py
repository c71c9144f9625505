"""What a bulk action answers: which tickets changed, which did not, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ombud.errors import Invalid


class SkipReason(StrEnum):
    """Why a ticket was left as it is."""

    NOT_FOUND = "not_found"
    """Missing, or not visible to the actor."""
    DELETED = "deleted"
    ILLEGAL_MOVE = "illegal_move"
    """The status cannot follow the present one."""
    DONE = "done"
    """Resolved and closed tickets are not handed out."""
    READ_ONLY = "read_only"
    """Its team is one whose tickets the actor only reads."""
    UNCHANGED = "unchanged"
    """It was so already."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A ticket that a bulk change left alone."""

    id: int
    reason: SkipReason


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """Every id asked for, once: changed or skipped, each in the order of ids."""

    changed: tuple[int, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    @property
    def count(self) -> int:
        """How many tickets changed."""
        return len(self.changed)

    def skipped_for(self, reason: SkipReason) -> tuple[int, ...]:
        """Return the ids that were left alone for one reason."""
        return tuple(one.id for one in self.skipped if one.reason is reason)


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with a row: its place in the list (from 0), the field, and the rule that it breaks."""

    index: int
    field: str
    rule: str


@dataclass(frozen=True, slots=True)
class BulkCreated:
    """One id per row given, in the same order; None for a row that was skipped. `numbers` goes with `ids`."""

    ids: tuple[int | None, ...] = ()
    numbers: tuple[str | None, ...] = ()
    problems: tuple[RowProblem, ...] = ()

    @property
    def count(self) -> int:
        """How many tickets were created."""
        return sum(one is not None for one in self.ids)


class BulkRefused(Invalid):
    """Some rows are bad, so none was created. `problems` has all of them."""

    code = "bulk_refused"

    def __init__(self, problems: Sequence[RowProblem]) -> None:
        self.problems = tuple(problems)
        rows = len({problem.index for problem in problems})
        first = problems[0]
        super().__init__(
            f"{rows} of the rows cannot be created. Row {first.index}: {first.field} {first.rule}",
            fields={f"{problem.index}.{problem.field}": problem.rule for problem in problems},
        )

"""A chore's turn ends when there was little to do: what others write meanwhile waits for the next one."""

from collections.abc import Iterator

from ombud.db.desk import Desk
from ombud.worker.chores import Chore, run_chore, run_turn


class Steps(Chore):
    """A chore that does what it is told to, without a database."""

    left: Iterator[int]

    def run(self, desk: Desk) -> int:
        return next(self.left)


def chore(*steps: int, again: bool = True) -> Chore:
    made = Steps("steps", 1.0, lambda _session: 0, again=again, full=10)
    object.__setattr__(made, "left", iter(steps))
    return made


def test_a_turn_ends_with_a_step_that_was_not_full() -> None:
    desk = Desk("postgresql://nowhere")
    assert run_turn(desk, chore(10, 12, 3, 7, 0)) == 25
    assert run_turn(desk, chore(0, 5)) == 0
    assert run_turn(desk, chore(10, 10, again=False)) == 10
    assert run_chore(desk, chore(10, 3, 7, 0, 5)) == 20

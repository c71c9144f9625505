"""The secrets of mailboxes: one door, so that how they are sealed is nobody else's business."""

from collections.abc import Callable

Place = tuple[str, str, int]
"""Table, column and row: a sealed secret opens nowhere else."""
OpenSecret = Callable[[bytes | None, Place], str]


def open_secret(sealed: bytes | None, _place: Place) -> str:
    """Return a secret in the clear, empty when there is none."""
    return (sealed or b"").decode()

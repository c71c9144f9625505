"""What a cluster's control file says of its server: whether that was shut down, or is being.

The state is after a number of eight bytes and two of four in every version (src/include/catalog/pg_control.h).
"""

from pathlib import Path

_STATE_AT, _STATE_SIZE = 16, 4
_SHUT_DOWN = (1, 2)
"""After an orderly end, also of a standby."""
_SHUTTING_DOWN = 3


def was_shut_down(cluster: Path) -> bool:
    """Tell whether the server ended in order. Raises OSError."""
    return _state(cluster) in _SHUT_DOWN


def is_shutting_down(cluster: Path) -> bool:
    """Tell whether sessions have ended and the last checkpoint is being written, or is. Raises OSError."""
    return _state(cluster) in (*_SHUT_DOWN, _SHUTTING_DOWN)


def _state(cluster: Path) -> int:
    with (cluster / "global" / "pg_control").open("rb") as file:
        file.seek(_STATE_AT)
        return int.from_bytes(file.read(_STATE_SIZE), "little")

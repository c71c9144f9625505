"""A board on the wall: a line for each thing that happens. Started again, it goes on where it stopped."""

import sys
from pathlib import Path

from ombud.client import Client


def main(address: str, token: str, place: Path) -> None:
    """Listen until somebody ends the program; `place` is a file that remembers what was shown last."""
    after = place.read_text() if place.exists() else None
    with Client(address, token) as desk:
        for heard in desk.listen(after):
            print(heard.event["at"], heard.event["number"], heard.event["type"], flush=True)
            place.write_text(heard.id)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))

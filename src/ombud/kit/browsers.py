"""The names of browsers and programs, from what they say of themselves (`User-Agent`): anybody can say anything."""

import re
from functools import lru_cache

UNKNOWN = "Unknown browser"
_PRODUCT = re.compile(r"[A-Za-z][\w .+-]{0,39}(?=/)")
_SYSTEMS = {"Mac OS X": "macOS"}
_DEVICES = ("iPhone", "iPad")


@lru_cache(maxsize=1000)
def name_of(user_agent: str) -> str:
    """Return a name in words: `Firefox on Linux`, `Safari on iPhone`, `curl`; UNKNOWN where none is to be seen."""
    from ua_parser import parse

    found = parse(user_agent)
    if found.user_agent is None:
        return _product(user_agent)
    browser = found.user_agent.family
    for part in ("Mobile ", " Mobile", " iOS"):
        browser = browser.replace(part, "")
    system = _SYSTEMS.get(found.os.family, found.os.family) if found.os is not None else ""
    if found.device is not None and found.device.family in _DEVICES:
        system = found.device.family
    return f"{browser} on {system}" if system else browser


def _product(user_agent: str) -> str:
    """Return what a program calls itself; every browser says Mozilla, so that is no name."""
    found = _PRODUCT.match(user_agent)
    return found[0] if found is not None and found[0] != "Mozilla" else UNKNOWN

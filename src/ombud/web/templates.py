"""The Jinja environment: where templates lie, and the few filters they know. No routes, no data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from ombud.kit.html import icon
from ombud.web.place import at
from ombud.web.wording import STATUS_ICONS, ago, exactly


def environment(asset: Callable[[str], str], now: Callable[[], datetime]) -> Environment:
    """Make the environment. `asset` maps a logical file name to its address, `now` is the desk's clock."""
    env = Environment(
        loader=PackageLoader("ombud.web", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.globals["asset"] = lambda name: at(asset(name))
    env.globals["at"] = at
    env.globals["icon"] = lambda name, label="": icon(at(asset("icons.svg")), name, label)
    env.globals["STATUS_ICONS"] = STATUS_ICONS
    env.filters["ago"] = lambda moment: ago(moment, now())
    env.filters["exactly"] = exactly
    return env

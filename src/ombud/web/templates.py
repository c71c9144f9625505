"""The Jinja environment: where templates lie, and the few filters they know. No routes, no data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from types import CodeType

from jinja2 import BytecodeCache, Environment, PackageLoader, StrictUndefined
from jinja2.bccache import Bucket

from ombud.kit.html import icon
from ombud.web.place import at
from ombud.web.wording import STATUS_ICONS, ago, exactly
from ombud.web.zone import local


class _InThisProcess(BytecodeCache):
    """What was compiled once serves every application of the process: a host that mounts two, and every test."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._compiled.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._compiled[bucket.key, bucket.checksum] = bucket.code


_COMPILED = _InThisProcess()


def environment(
    asset: Callable[[str], str], now: Callable[[], datetime], desk_name: Callable[[], str]
) -> Environment:
    """Make the environment.

    `asset` maps a logical file name to its address, `now` is the desk's clock, `desk_name` what it is called.
    """
    env = Environment(
        loader=PackageLoader("ombud.web", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        bytecode_cache=_COMPILED,
    )
    env.globals["asset"] = lambda name: at(asset(name))
    env.globals["at"] = at
    env.globals["desk_name"] = desk_name
    env.globals["icon"] = lambda name, label="": icon(at(asset("icons.svg")), name, label)
    env.globals["STATUS_ICONS"] = STATUS_ICONS
    env.filters["ago"] = lambda moment: ago(local(moment), local(now()))
    env.filters["exactly"] = lambda moment: exactly(local(moment))
    return env

"""How an embedding program uses the public names; never run, read by mypy and by pyright in strict mode."""

from datetime import datetime
from typing import assert_type

from ombud.clock import now

assert_type(now(), datetime)

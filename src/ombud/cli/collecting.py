"""The garbage collector while the program starts."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def imports_uncollected() -> Iterator[None]:
    """Import without the collector, and let it leave alone what was made: modules and classes stay to the end.

    Looking through them again and again while they become more takes a quarter of the time of importing a desk.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()

"""Handing a file out for as long as whoever asked for it may have it: rights that are taken away end downloads, too."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from ombud.errors import Conflict, Forbidden, NotFound, Unauthenticated, Unavailable
from ombud.kit.logs import Log

LOOK_EVERY = 0.8
"""Seconds after which the right is looked at again, before the next piece leaves."""

_log = Log(__name__)


async def while_allowed(
    pieces: AsyncIterator[bytes], look: Callable[[], Awaitable[object]]
) -> AsyncIterator[bytes]:
    """Yield the pieces of a file, and break off once `look` refuses: whoever reads misses the rest, and notices.

    A file that is sent at once is looked at no second time. What `look` cannot find out just now ends nothing.
    """
    loop = asyncio.get_running_loop()
    looked = loop.time()
    async for piece in pieces:
        if loop.time() - looked >= LOOK_EVERY:
            try:
                await look()
            except (Conflict, Forbidden, NotFound, Unauthenticated) as error:
                _log.info("download ended with the right to it", code=error.code)
                return
            except Unavailable:
                pass
            looked = loop.time()
        yield piece

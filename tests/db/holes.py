"""A door to a server that can be shut in silence."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from sqlalchemy import URL


class BlackHole:
    """It takes what is sent while it is shut, and nothing comes back; what was said meanwhile comes when it opens.

    Leads to a server on TCP, or to one at a socket file.
    """

    def __init__(self, target: URL) -> None:
        self.target = target
        self.is_open = asyncio.Event()
        self.is_open.set()

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[URL]:
        """Take connections; yields where."""
        tasks: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there, back = await self._server()
            for task in (self._pass(reader, back), self._pass(there, writer)):
                tasks.add(asyncio.ensure_future(task))

        door = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with door:
            port = door.sockets[0].getsockname()[1]
            yield self.target.set(host="127.0.0.1", port=port).difference_update_query(["host", "port"])
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _server(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        folder = self.target.query.get("host")
        if folder is None:
            return await asyncio.open_connection(self.target.host, self.target.port)
        return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{self.target.query['port']}")

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self.is_open.wait()
                writer.write(data)
        except OSError:
            pass  # one of the two has gone
        finally:
            writer.close()

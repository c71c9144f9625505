"""The embedded PostgreSQL server: a real one, in the data directory, behind a private Unix socket.

It needs a folder of PostgreSQL programs and nothing else. Not here: databases, roles and schemas inside
the server, and anything of SQLAlchemy.
"""

from __future__ import annotations

from ombud.db.embedded.connection import Connection
from ombud.db.embedded.errors import EmbeddedError
from ombud.db.embedded.layout import default_data_dir
from ombud.db.embedded.server import EmbeddedServer, open_server

__all__ = ["Connection", "EmbeddedError", "EmbeddedServer", "default_data_dir", "open_server"]

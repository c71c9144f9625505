"""What can go wrong with the embedded server, each with a message that says what to do.

Not here: the mapping to Ombud's own error tree; whoever opens a desk does that.
"""

from __future__ import annotations

#   EmbeddedError
#   +-- ProgramsMissing      no initdb, pg_ctl and postgres to be found, or they cannot be run
#   +-- WrongVersion         the cluster is of another major version, or the programs are too old
#   +-- DataDirUnusable      the data directory cannot be read, written, entered, or belongs to another user
#   +-- AccountUnavailable   no operating-system user to run the server as
#   +-- SocketUnusable       no private place with a short enough path for the socket
#   +-- DiskFull             no space left
#   +-- StartFailed          the server did not come up; the message ends with its log
#   +-- StopFailed           the server did not go down in time


class EmbeddedError(RuntimeError):
    """Any failure of the embedded server; the text is meant for the person who started Ombud."""


class ProgramsMissing(EmbeddedError):
    """PostgreSQL's programs are not there, or cannot be run."""


class WrongVersion(EmbeddedError):
    """The data directory and the programs are of different major versions, or the programs too old."""


class DataDirUnusable(EmbeddedError):
    """The data directory cannot be used as it is."""


class AccountUnavailable(EmbeddedError):
    """There is no operating-system user that the server could run as."""


class SocketUnusable(EmbeddedError):
    """There is no private folder with a path short enough for a Unix socket."""


class DiskFull(EmbeddedError):
    """The file system of the data directory has no space left."""


class StartFailed(EmbeddedError):
    """The server did not start."""


class StopFailed(EmbeddedError):
    """The server did not stop."""

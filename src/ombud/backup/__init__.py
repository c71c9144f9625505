"""Backups: the database and its files as one thing, checked when it is made and proven when it is put back.

A backup is a folder, or one tar file (`archive`):

    backup.json             what it is: format, versions, time (`manifest`)
    database/000001 ...     what pg_dump wrote, in pieces; put together they are a dump that pg_restore reads
    files/sha256/..         every file that the database speaks of
    audit/, keys/           exported checkpoints, and the public keys that they are signed with
    manifest.json           rows per table, checksums, the last seal of the audit log; written last

`make_backup` and `restore_backup` do the work. Not here: sealing the log before and proving it after, which the
command does.
"""

from ombud.backup.make import make_backup
from ombud.backup.manifest import Head, Manifest
from ombud.backup.restore import restore_backup

__all__ = ["Head", "Manifest", "make_backup", "restore_backup"]

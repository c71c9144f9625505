"""Files: bytes in a content-addressed store; records of them are attachments of tickets."""

from ombud.files.download import download_headers
from ombud.files.store import FileStore, StoredBytes, open_store

__all__ = ["FileStore", "StoredBytes", "download_headers", "open_store"]

"""Files: bytes in a content-addressed store; records of them are attachments of tickets."""

from ombud.files.download import NoSuchPart, Part, content_disposition, download_headers, part_of
from ombud.files.opening import files_of, place_of
from ombud.files.store import FileStore, StoredBytes, open_store
from ombud.files.watched import while_allowed

__all__ = [
    "FileStore",
    "NoSuchPart",
    "Part",
    "StoredBytes",
    "content_disposition",
    "download_headers",
    "files_of",
    "open_store",
    "part_of",
    "place_of",
    "while_allowed",
]

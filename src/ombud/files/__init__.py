"""Files: bytes in a content-addressed store; records of them are attachments of tickets."""

from ombud.files.download import Part, content_disposition, download_headers, wanted_part
from ombud.files.opening import files_of, place_of
from ombud.files.store import FileStore, StoredBytes, open_store
from ombud.files.watched import while_allowed

__all__ = [
    "FileStore",
    "Part",
    "StoredBytes",
    "content_disposition",
    "download_headers",
    "files_of",
    "open_store",
    "place_of",
    "wanted_part",
    "while_allowed",
]

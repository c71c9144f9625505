"""Names and types for attachments whose sender gave none, or an odd one. For display and download, never a path."""

from __future__ import annotations

import re

_EXTENSIONS = {
    "text/plain": "txt",
    "text/html": "html",
    "text/calendar": "ics",
    "text/csv": "csv",
    "text/vcard": "vcf",
    "text/x-vcard": "vcf",
    "text/rtf": "rtf",
    "text/rfc822-headers": "txt",
    "image/jpeg": "jpg",
    "image/jpg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/heic": "heic",
    "image/tiff": "tif",
    "image/bmp": "bmp",
    "image/svg+xml": "svg",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/basic": "au",
    "video/mp4": "mp4",
    "video/mpeg": "mpg",
    "video/quicktime": "mov",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/json": "json",
    "application/xml": "xml",
    "application/rtf": "rtf",
    "application/postscript": "ps",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.ms-excel": "xls",
    "application/pgp-signature": "asc",
    "application/pgp-encrypted": "asc",
    "application/pkcs7-signature": "p7s",
    "application/x-pkcs7-signature": "p7s",
    "application/pkcs7-mime": "p7m",
    "application/x-pkcs7-mime": "p7m",
    "application/ms-tnef": "dat",
    "message/rfc822": "eml",
    "message/delivery-status": "txt",
    "message/disposition-notification": "txt",
}
_FIXED = {
    "message/delivery-status": "delivery-status.txt",
    "message/disposition-notification": "disposition-notification.txt",
    "text/rfc822-headers": "headers.txt",
    "text/calendar": "invite.ics",
    "application/pgp-signature": "signature.asc",
    "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-signature": "smime.p7s",
    "application/pkcs7-mime": "smime.p7m",
    "application/x-pkcs7-mime": "smime.p7m",
    "application/ms-tnef": "winmail.dat",
}
_ODD = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]+")


def tidy_name(name: str) -> str:
    """Keep the last step of a path and drop what hides or reverses an ending."""
    name = _ODD.sub("", name).strip()
    if re.match(r"(?i)[a-z]:\\|\\\\|\.{0,2}/", name):
        name = re.split(r"[\\/]", name)[-1] or name
    return name[:255]


def default_name(content_type: str, number: int, title: str = "") -> str:
    """Make a name for a part without one; `title` is its description, or the subject of a message."""
    ending = _EXTENSIONS.get(content_type, "")
    title = re.sub(r"[\\/]+", " ", _ODD.sub("", title)).strip()[:120]
    if not title:
        return _FIXED.get(content_type) or f"attachment-{number}.{ending or 'bin'}"
    has_ending = re.search(r"\.[A-Za-z0-9]{1,5}$", title) and content_type != "message/rfc822"
    return title if has_ending or not ending else f"{title}.{ending}"

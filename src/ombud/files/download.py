"""Headers under which a file from outside is handed out, so that no browser ever runs it."""

import re
from urllib.parse import quote

# What a browser can do no harm with; everything else goes out as bytes without a meaning.
_HARMLESS = re.compile(
    r"(image/(png|jpeg|gif|webp)|application/(pdf|zip|json)|text/(plain|csv)|(audio|video)/[a-z0-9.+-]+)"
)
_UNSAFE_NAME = re.compile(r"[^A-Za-z0-9 ._()-]")


def download_headers(*, file_name: str, content_type: str, size: int) -> dict[str, str]:
    """Return the headers of a download: always an attachment (RFC 6266), never sniffed, never with an origin."""
    plain = _UNSAFE_NAME.sub("_", file_name).strip(" .") or "file"
    return {
        "Content-Type": content_type if _HARMLESS.fullmatch(content_type) else "application/octet-stream",
        "Content-Length": str(size),
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }

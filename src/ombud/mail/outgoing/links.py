"""Signed links to files that are too large for a mail: whoever has the link may fetch the file, until it ends."""

from datetime import UTC, datetime

from ombud.kit.tokens import same
from ombud.mail.tokens import TicketNamer

_PURPOSE = "file-link"
_MAX = 2**63 - 1


def file_link(namer: TicketNamer, attachment_id: int, until: datetime) -> str:
    """Return the path of a file's link: `/mailed-files/7-1796083200-abc...`."""
    end = int(until.timestamp())
    return f"/mailed-files/{attachment_id}-{end}-{namer.sign(_PURPOSE, attachment_id, str(end))}"


def file_of_link(namer: TicketNamer, token: str, now: datetime) -> int | None:
    """Return the file that a link's last part names; None when it is not ours or has ended."""
    number, _, rest = token.partition("-")
    end, _, signature = rest.partition("-")
    if not all(part.isascii() and part.isdigit() and len(part) < 20 for part in (number, end)):
        return None
    if int(number) > _MAX or int(end) > _MAX:
        return None
    expected = namer.sign(_PURPOSE, int(number), end)
    if not same(signature.encode(), expected.encode()):
        return None
    return int(number) if now.astimezone(UTC).timestamp() < int(end) else None

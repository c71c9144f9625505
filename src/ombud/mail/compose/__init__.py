"""Making messages: what the outbox says becomes the bytes that go out. No database, no network.

`letter` is what is said, `message` its form as MIME, `headers` the lines above it, `dkim` the signature.
"""

from ombud.mail.compose.letter import Letter, Part, Person
from ombud.mail.compose.message import build_message

__all__ = ["Letter", "Part", "Person", "build_message"]

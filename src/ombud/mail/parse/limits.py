"""Bounds that keep reading one message within seconds and megabytes, however hostile it is.

What lies beyond a bound is never lost: the caller keeps the raw message, an over-long body is offered
whole as an attachment, and the result says in `defects` that a bound was met. The numbers are far above
what ordinary mail needs (TRUST.md T70).
"""

from typing import Final

HEADER_BLOCK_BYTES: Final = 512 * 1024
HEADER_FIELDS: Final = 2_000
HEADER_VALUE_CHARS: Final = 128 * 1024
ENCODED_WORDS: Final = 2_000
ADDRESSES: Final = 1_000
REFERENCES: Final = 1_000
PARAMETERS: Final = 200

DEPTH: Final = 50
"""Levels of multiparts and embedded messages that are opened."""
PARTS: Final = 2_000
"""MIME parts in one message; what follows stays inside the last one."""
FALSE_DELIMITERS: Final = 20_000
SCAN_FACTOR: Final = 40
"""A message's bytes may be searched for boundaries this many times over."""
EMBEDDED_BYTES: Final = 8 * 1024 * 1024
"""An encoded embedded message larger than this is kept as a file and not opened."""

WHOLE_BYTES: Final = 1024 * 1024
"""Bytes of an encoded file that are decoded at once; larger ones go piece by piece."""
TEXT_BYTES: Final = 1024 * 1024
"""Bytes of one body part that are turned into text or HTML."""
HTML_ELEMENTS: Final = 20_000
HTML_OPEN_ELEMENTS: Final = 80
HTML_OPEN_INLINE: Final = 20
"""Formatting elements that may be open at once: browsers re-open all of them in every paragraph."""
HTML_OUTPUT_CHARS: Final = 2 * 1024 * 1024
CUT_LINES: Final = 8_000
CUT_LINE_CHARS: Final = 2_000
CHARSET_SAMPLE: Final = 16 * 1024
TNEF_ATTRIBUTES: Final = 2_000

"""Links without mark-up in Markdown (`see https://desk.example/a_b_c`), found in time that grows with the text.

markdown-it's own rule looks for the scheme in all the text before each `://`, which takes the square of a text of
many that are no links. Here it looks at as many characters as a scheme has, and at no more than an address may have.
"""

import re

from markdown_it.rules_inline import StateInline

LONGEST = 2000
"""Characters of an address; of a longer one no browser makes anything."""
_SCHEME = re.compile(r"(?:^|[^a-z0-9.+-])(https?|ftp)\Z", re.IGNORECASE)
_BEFORE = 6  # the longest scheme, and what stands before it


def bare_link(state: StateInline, silent: bool) -> bool:
    """Take an address that begins at this `://`: a rule for markdown-it, in the place of its `linkify`."""
    at = state.pos
    if state.linkLevel > 0 or state.md.linkify is None or not state.src.startswith("://", at, state.posMax):
        return False
    scheme = _SCHEME.search(state.pending[-_BEFORE:])
    if scheme is None:
        return False
    begins = at - len(scheme[1])
    found = state.md.linkify.match_at_start(state.src[begins : begins + LONGEST])
    if found is None or found.last_index >= LONGEST:
        return False
    text = str(found.url).rstrip("*")  # they end what is emphasised
    address = state.md.normalizeLink(text)
    if not state.md.validateLink(address):
        return False
    if not silent:
        state.pending = state.pending[: -len(scheme[1])]
        opened = state.push("link_open", "a", 1)
        opened.attrs = {"href": address}
        opened.markup, opened.info = "linkify", "auto"
        state.push("text", "", 0).content = state.md.normalizeLinkText(text)
        closed = state.push("link_close", "a", -1)
        closed.markup, closed.info = "linkify", "auto"
    state.pos += len(text) - len(scheme[1])
    return True

"""Pure decisions about notifications: who is mentioned in a note."""

from collections.abc import Iterable

MENTIONS_PER_NOTE = 20


def mentioned(note: str, staff: Iterable[tuple[int, str, str]]) -> list[int]:
    """Return the ids of the people whom a note names by `@`: by full name, or by the first part of the address.

    `staff` is (id, full name, address). Of two names that fit the longer one is meant ("@Ann Lee" is not "@Ann").
    What follows must not go on with a letter; an `@` inside a word is an address, not a mention.
    """
    handles: dict[str, int] = {}
    for user_id, name, email in staff:
        local = email.partition("@")[0].casefold()
        if local:
            handles.setdefault(local, user_id)
        if name.strip():
            # a name beats the address of another person
            handles[" ".join(name.casefold().split())] = user_id
    by_length = sorted(handles, key=len, reverse=True)
    text = note.casefold()
    found: dict[int, None] = {}
    at = text.find("@")
    while at >= 0 and len(found) < MENTIONS_PER_NOTE:
        if at == 0 or not _is_word(text[at - 1]):
            handle = next((one for one in by_length if _stands_at(text, at + 1, one)), None)
            if handle is not None:
                found[handles[handle]] = None
        at = text.find("@", at + 1)
    return list(found)


def _stands_at(text: str, start: int, handle: str) -> bool:
    end = start + len(handle)
    return text.startswith(handle, start) and (end == len(text) or not _is_word(text[end]))


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"

"""Grouping: by references and participants, in any order, never by subject."""

from __future__ import annotations

import random

import pytest

from ombud.mail.parse.commands import thread_messages
from ombud.mail.parse.threads import split_mbox
from tests.costs import growth


def message(own: str, sender: str, to: str = "team@example.org", refers: str = "", **fields: str) -> bytes:
    """Make a message that names others by number."""
    named = " ".join(f"<{n}@example.com>" for n in refers.split())
    lines = {
        "From": f"{sender}@example.com",
        "To": to,
        "Subject": "Same subject",
        "Message-ID": f"<{own}@example.com>",
        "References": named,
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }
    return "".join(f"{k}: {v}\r\n" for k, v in lines.items() if v).encode() + b"\r\nbody\r\n"


def groups(messages: list[bytes]) -> set[frozenset[str]]:
    """Give the groups as sets of Message-IDs' numbers."""
    found: dict[str, set[str]] = {}
    for row in thread_messages(messages):
        found.setdefault(row["ticket"], set()).add(row["message_id"].split("@")[0])
    return {frozenset(group) for group in found.values()}


CONVERSATION = [
    message("1", "jane"),
    message("2", "team", "jane@example.com", "1"),
    message("3", "jane", refers="1 2"),
    message("4", "bob"),
    message("6", "bob", refers="5"),  # 5 is not here
    message("7", "bob", refers="5"),
    message("8", "jane", In_Reply_To="<3@example.com>"),
]
EXPECTED = {frozenset("1238"), frozenset("4"), frozenset("67")}


def test_references_group() -> None:
    assert groups(CONVERSATION) == EXPECTED


@pytest.mark.parametrize("seed", range(10))
def test_order_does_not_matter(seed: int) -> None:
    shuffled = list(CONVERSATION)
    random.Random(seed).shuffle(shuffled)
    assert groups(shuffled) == EXPECTED
    labels = {row["message_id"]: row["ticket"] for row in thread_messages(CONVERSATION)}
    assert {row["message_id"]: row["ticket"] for row in thread_messages(shuffled)} == labels


def test_subject_alone_joins_nothing() -> None:
    assert groups([message("1", "jane"), message("2", "jane", Subject="Re: Same subject")]) == {
        frozenset("1"),
        frozenset("2"),
    }


def test_stranger_with_a_known_message_id_stays_out() -> None:
    stranger = message("2", "mallory", "other@example.org", "1")
    assert groups([message("1", "jane"), stranger]) == {frozenset("1"), frozenset("2")}


def test_stranger_who_repeats_a_message_id_stays_out() -> None:
    rows = thread_messages([message("1", "jane"), message("1", "mallory", "other@example.org")])
    assert rows[0]["ticket"] != rows[1]["ticket"]


def test_list_members_share_the_list() -> None:
    first = message("1", "jane", "x@example.org", List_Id="<a.list>")
    second = message("2", "bob", "y@example.org", "1", List_Id="<a.list>")
    assert groups([first, second]) == {frozenset("12")}


def test_archives_without_recipients() -> None:
    assert groups([message("1", "jane", ""), message("2", "bob", "", "1")]) == {frozenset("12")}


def test_addresses_in_in_reply_to_are_no_references() -> None:
    odd = 'Message from jane <jane@example.com> of "Fri" <{}@example.com>'
    one = message("2", "bob", "jane@example.com", In_Reply_To=odd.format(1))
    two = message("4", "bob", "jane@example.com", In_Reply_To=odd.format(3))
    assert groups([one, two]) == {frozenset("2"), frozenset("4")}


def test_same_message_twice_is_one_ticket() -> None:
    raw = message("1", "jane", Message_ID="")
    rows = thread_messages([raw, raw])
    assert rows[0] == rows[1]


def test_mailbox_file_is_split() -> None:
    box = (
        b"From jane@example.com Tue Mar  5 09:41:00 2024\nFrom: a@b.c\nMessage-ID: <1@x>\n\nFrom "
        b"here on it fails in 2024\n\n"
        b"From bob at example.com  Tue Mar  5 09:42:00 2024\nFrom: a@b.c\nMessage-ID: <2@x>\n\n>From there\n\n"
    )
    assert [row["message_id"] for row in thread_messages(split_mbox(box))] == ["1@x", "2@x"]
    assert split_mbox(b"Subject: x\n\nbody") == [b"Subject: x\n\nbody"]


def test_many_messages_are_quick() -> None:
    messages = [message(str(n), f"u{n % 50}", refers=str(n // 2)) for n in range(2_000)]
    assert growth(lambda size: groups(messages[:size]), 500) < 12, "not the square of their number"

"""What the sender wrote now: quotes and signatures of many programs and languages."""

from __future__ import annotations

import re

import pytest

from ombud.mail.parse.cutter import cut_lines, cut_text
from ombud.mail.parse.html_text import html_lines
from tests.mail.samples import rows, sections

REPLY = "Thanks, that works.\n\nOne more thing."
ATTRIBUTIONS = sections("attributions")
HEADER_BLOCKS = sections("header_blocks")
HTML_REPLIES = sections("html_replies")
WHOLE = sections("whole")


@pytest.mark.parametrize("title", ATTRIBUTIONS)
@pytest.mark.parametrize(
    "layout",
    [
        "{reply}\n\n{line}\n\n> first\n> second\n",
        "{reply}\n{line}\n> first\n",
        "{reply}\n\n{line}\n\nnot marked as a quote\nat all",
        "{line}\n\n> first\n> second\n\n{reply}",
        "{reply}\r\n\r\n{line}\r\n\r\n> first\r\n>\r\n> On Monday Bob wrote:\r\n>> older\r\n",
    ],
    ids=["above", "tight", "unmarked", "below", "nested"],
)
def test_attribution_begins_the_quote(title: str, layout: str) -> None:
    cut = cut_text(layout.format(reply=REPLY, line=ATTRIBUTIONS[title]))
    assert cut.reply.text == REPLY
    assert ATTRIBUTIONS[title].splitlines()[0] in cut.reply.quoted
    assert not cut.is_forward


@pytest.mark.parametrize("title", HEADER_BLOCKS)
def test_header_block_begins_the_quote(title: str) -> None:
    cut = cut_text(f"{REPLY}\n\n{HEADER_BLOCKS[title]}\n\nHello team,\nsome question\n")
    assert cut.reply.text == REPLY
    assert "some question" in cut.reply.quoted


def _other_spaces(lines: str) -> list[str]:
    """What programs write themselves, with spaces and marks that look like any others or like nothing."""
    return [
        lines.replace(" ", "\u00a0"),
        re.sub(r" (?=AM|PM)", "\u202f", lines),
        *(f"{mark}{lines}" for mark in "\u200e\u200b\ufeff"),
        f"{lines}\u200f",
        f"\u202a{lines}\u202c",
        "\n".join(f"\u00a0{line}\u00a0 " for line in lines.splitlines()),
    ]


@pytest.mark.parametrize("title", [*ATTRIBUTIONS, *HEADER_BLOCKS])
def test_spaces_and_marks_that_nobody_sees_make_no_difference(title: str) -> None:
    sample = ATTRIBUTIONS.get(title) or HEADER_BLOCKS[title]
    below = "> first\n> second\n" if title in ATTRIBUTIONS else "Hello team,\nsome question\n"
    for other in _other_spaces(sample):
        reply = cut_text(f"{REPLY}\n\n{other}\n\n{below}").reply
        assert reply.text == REPLY, ascii(other)


def test_what_the_sender_wrote_keeps_its_own_spaces() -> None:
    body = "\u200eBonjour\u00a0!\u202fMerci\u00a0: oui --- On Tue, Mar 5, 2024 at 9:41\u202fAM, a@b.org wrote:\n> Hi"
    assert cut_text(body).reply.text == "\u200eBonjour\u00a0!\u202fMerci\u00a0: oui"


@pytest.mark.parametrize("program", HTML_REPLIES)
def test_html_quote_of_each_program(program: str) -> None:
    lines, _ = html_lines(HTML_REPLIES[program])
    reply = cut_lines(lines).reply
    assert reply.text == "REPLY"
    assert "QUOTED" in reply.quoted


@pytest.mark.parametrize("line", rows("sent_from"))
def test_program_names_are_signatures(line: str) -> None:
    reply = cut_text(f"{REPLY}\n\n{line}\n").reply
    assert (reply.text, reply.signature) == (REPLY, line)


@pytest.mark.parametrize("title", WHOLE)
def test_nothing_is_cut_from_plain_writing(title: str) -> None:
    reply = cut_text(WHOLE[title]).reply
    assert reply.text == WHOLE[title]
    assert not reply.quoted


@pytest.mark.parametrize(
    ("body", "reply"),
    [
        # answers between quotes keep the quotes, without the attribution and what trails
        ("See inline.\n\nOn 5 Mar 2024 at 9:41, Al <al@example.com> wrote:\n> Q1?\n\nYes.\n\n> Q2?\n\nNo.\n\n> bye\n",
         "See inline.\n\n> Q1?\n\nYes.\n\n> Q2?\n\nNo."),
        # the reply and the attribution share a line
        ("fine with me --- On Tue, Mar 5, 2024 at 9:41 AM, al@example.com wrote:\n> Hi", "fine with me"),
        # text around the quote
        ("Top.\n\nOn 03/05/2024 09:41 AM, Al Roe wrote:\n\n>\n> Question\n\nBottom.", "Top.\n\nBottom."),
        # a quoted line that was wrapped without a mark
        ("Yes\n\nOn 03/05/2024 09:41 AM, Al wrote:\n> a line that is so long that the program of "
        "the one who sent it\n"
         "wrapped\n> it here\n", "Yes"),
        # a short citation of one's own is no reply quote
        ("You said\n> it works\nbut it does not.", "You said\n> it works\nbut it does not."),
        ("Done.\n\n> old text\n", "Done."),
        # a forwarded message below an answered one is quoted with it
        ("No.\n\n-----Original Message-----\n\nFYI\n\n---------- Forwarded message "
        "----------\nFrom: al@example.com\n", "No."),
        # an address torn over lines
        ("Ok\n\nOn Tue, Mar 5, 2024 at 9:41 AM Al Roe\n\n<\nmailto:al@example.com\n> wrote:\nolder", "Ok"),
        # rules above separators go with them
        ("Bonjour\n\n====\n\nMessage du : 05/03/2024 09:41\nDe : \"Al\" <al@example.com>\nA : "
        "x@example.org\nSujet : y\n\nz",
         "Bonjour"),
        ("Ja\n\n> On Mar 5, 2024, at 9:41, Al <al@example.com> wrote:\n> \n> text\n", "Ja"),
        # a citation of one's own above the quote
        ("Look:\n> spec\n\nOn 5 Mar 2024, Al <al@example.com> wrote:\n> q\n> > older", "Look:\n> spec"),
        # a list's footer below the quote
        ("Ok\n\nOn Mar 5, 2024, Al wrote:\n> q\n\n_______________________\nlist mailing "
        "list\nlist@example.org\n", "Ok"),
    ],
)  # fmt: skip
def test_layouts(body: str, reply: str) -> None:
    assert cut_text(body).reply.text == reply


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        ("Hello\n\n-- \nJane Roe\nExample Ltd", "-- \nJane Roe\nExample Ltd"),
        ("Hello\n\n--\nJane", "--\nJane"),
        ("Hello\n\n—\nJane", "—\nJane"),
        ("Hello\n\n__________\nJane Roe\n+49 30 1234567", "__________\nJane Roe\n+49 30 1234567"),
        ("Hello there,\nit fails.\n\nJane Roe\njane@example.com\n(555) 346-9947\nwww.example.com",
         "Jane Roe\njane@example.com\n(555) 346-9947\nwww.example.com"),
        ("Hello\n-----BEGIN PGP SIGNATURE-----\nabc\n-----END PGP SIGNATURE-----",
         "-----BEGIN PGP SIGNATURE-----\nabc\n-----END PGP SIGNATURE-----"),
    ],
)  # fmt: skip
def test_signatures(body: str, signature: str) -> None:
    reply = cut_text(body).reply
    assert reply.signature == signature
    assert reply.text == body.removesuffix(signature).strip()


def test_signature_above_the_quote_and_footer_below() -> None:
    cut = cut_text(
        "Hello\n\n-- \nJane\n\nOn Tue, Mar 5, 2024 at 9:41 AM Al <al@example.com> wrote:\n> q\n\n-- \nlist footer"
    )
    assert cut.reply.text == "Hello"
    assert cut.reply.signature == "-- \nJane\n\n-- \nlist footer"


def test_every_line_is_somewhere() -> None:
    body = "One\n\n-- \nJane\n\nOn Tue, Mar 5, 2024 at 9:41 AM Al <al@example.com> wrote:\n> two\n> three\n\nfour"
    reply = cut_text(body).reply
    for line in filter(None, body.splitlines()):
        assert line in reply.text + "\n" + reply.quoted + "\n" + reply.signature


def test_gmail_answers_between_quotes() -> None:
    markup = (
        '<div class="gmail_quote"><div class="gmail_attr">On Mar 5 Al wrote:</div><blockquote '
        'class="gmail_quote">Q1?</blockquote>'
        '<div>Yes.</div><blockquote class="gmail_quote">Q2?</blockquote><div>No.</div></div>'
    )
    assert cut_lines(html_lines(markup)[0]).reply.text == "> Q1?\n\nYes.\n\n> Q2?\n\nNo."


def test_text_beyond_the_bound_is_kept() -> None:
    body = "\n".join(f"line {n}" for n in range(30_000))
    assert cut_text(body).reply.text == body

"""Forwarded messages: recognised, kept whole, and whose they were."""

from __future__ import annotations

import pytest

from ombud.mail.parse import Address, parse_message
from tests.mail.samples import mail, sections

JANE = Address("Jane Roe", "jane.roe@example.net")
FROM = "Jane Roe <jane.roe@example.net>"

FORWARDS = sections("forwards")


@pytest.mark.parametrize("program", FORWARDS)
def test_forward_names_the_first_sender(program: str) -> None:
    subject, _, body = FORWARDS[program].partition("\n")
    found = parse_message(mail(body, subject, From="Agent <agent@example.org>"))
    assert found.is_forward
    assert found.forwarded_from == JANE
    assert "Body" in found.reply_text, "a forwarded message is what the sender sends"


def test_answer_to_a_forwarded_message_is_no_forward() -> None:
    found = parse_message(
        mail(f"No.\n\nFrom: {FROM}\nSent: Tuesday, March 5, 2024 9:41\nTo: x\nSubject: Q", "Re: Fwd: Q")
    )
    assert not found.is_forward
    assert found.reply_text == "No."


def test_forwarded_as_attachment() -> None:
    inner = f"From: {FROM}\r\nSubject: Broken printer\r\n\r\nBody\r\n"
    raw = mail(
        f"--b\r\nContent-Type: text/plain\r\n\r\nplease look\r\n--b\r\nContent-Type: "
        f"message/rfc822\r\n\r\n{inner}--b--\r\n",
        "Fwd: Broken printer",
        Content_Type="multipart/mixed; boundary=b",
    )
    found = parse_message(raw)
    assert found.is_forward
    assert found.forwarded_from == JANE
    assert [a.filename for a in found.attachments] == ["Broken printer.eml"]
    assert found.attachments[0].content == inner.removesuffix("\r\n").encode()


def test_gmail_forward_in_html() -> None:
    markup = (
        '<div>look</div><div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------<br>'
        "From: <b>Jane Roe</b> &lt;<a "
        'href="mailto:jane.roe@example.net">jane.roe@example.net</a>&gt;<br>Date: Tue, Mar 5, 2024'
        "<br>Subject: Q<br>To: a@b.c<br></div><br>Body</div>"
    )
    found = parse_message(mail(markup, "Fwd: Q", Content_Type="text/html"))
    assert found.is_forward
    assert found.forwarded_from == JANE
    assert "Body" in found.reply_text


def test_contact_form_is_from_the_one_who_filled_it_in() -> None:
    body = f"From: {FROM}\nSubject: Printer\n\nMessage Body:\nIt is broken.\n"
    found = parse_message(mail(body, "New message", From="Website <www@example.org>"))
    assert found.forwarded_from == JANE
    assert "It is broken." in found.reply_text

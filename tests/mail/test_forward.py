"""Forwarded messages: recognised, kept whole, and whose they were."""

from __future__ import annotations

import pytest

from ombud.mail.parse import Address, parse_message
from tests.mail.samples import mail

JANE = Address("Jane Roe", "jane.roe@example.net")
FROM = "Jane Roe <jane.roe@example.net>"

FORWARDS = [
    ("Fwd: Q", f"See below\n\n---------- Forwarded message ---------\nFrom: {FROM}\nDate: Tue, Mar 5, 2024\nSubject: Q\nTo: <a@b.c>\n\nBody"),
    ("Fwd: Q", f"Begin forwarded message:\n\nFrom: {FROM}\nSubject: Q\nDate: March 5, 2024 at 9:41:00 AM GMT+1\nTo: a@b.c\n\nBody"),
    ("Fwd: Q", f"FYI\n\n> Begin forwarded message:\n> \n> From: {FROM}\n> Subject: Q\n> Date: March 5, 2024\n> To: a@b.c\n> \n> Body"),
    ("FW: Q", "FYI\n\nFrom: Jane Roe [mailto:jane.roe@example.net]\nSent: Tuesday, March 5, 2024 9:41 AM\nTo: x\nSubject: Q\n\nBody"),
    ("WG: Q", f"Von: {FROM}\nGesendet: Dienstag, 5. März 2024 09:41\nAn: x\nBetreff: Q\n\nBody"),
    ("Q", f"-------- Weitergeleitete Nachricht --------\nBetreff: \tQ\nDatum: \tTue, 5 Mar 2024\nVon: \t{FROM}\nAn: \ta@b.c\n\nBody"),
    ("Q", f"-------- Forwarded Message --------\nSubject: Q\nDate: Tue, 5 Mar 2024 09:41:00 +0100\nFrom: {FROM}\nTo: a@b.c\n\nBody"),
    ("TR: Q", f"Bonjour\n\n---------- Message transféré ----------\nDe : {FROM}\nÀ : a@b.c\nDate : 5 mars 2024\nObjet : Q\n\nBody"),
    ("Fwd: Q", f"----- Forwarded message from {FROM} -----\n\nDate: Tue, 5 Mar 2024\nFrom: {FROM}\nTo: a@b.c\nSubject: Q\n\nBody"),
    ("Fwd: Q", f"-----Original Message-----\nFrom: {FROM}\nSent: Tuesday, March 5, 2024 9:41 AM\nTo: x\nSubject: Q\n\nBody"),
    ("Fwd: Q", f"Inizio messaggio inoltrato:\n\nDa: {FROM}\nOggetto: Q\nData: 5 marzo 2024\nA: a@b.c\n\nBody"),
    ("RV: Q", f"Hola\n\nDe: {FROM}\nEnviado el: martes, 5 de marzo de 2024 9:41\nPara: x\nAsunto: Q\n\nBody"),
    ("Fwd: Q", f"hi\n\nObjet: Q\nDate: 2024-03-05 09:41\nDe: {FROM}\nA: a@b.c\n\nBody"),
    ("转发: Q", f"---------- Forwarded message ---------\n发件人： {FROM}\nDate: 2024年3月5日\nSubject: Q\nTo: <a@b.c>\n\nBody"),
    ("Пересл: Q", '-------- Пересылаемое сообщение --------\n05.03.2024, 09:41, "Jane Roe" <jane.roe@example.net>:\n\nBody'),
]  # fmt: skip


@pytest.mark.parametrize(("subject", "body"), FORWARDS)
def test_forward_names_the_first_sender(subject: str, body: str) -> None:
    found = parse_message(mail(body, subject, From="Agent <agent@example.org>"))
    assert found.is_forward
    assert found.forwarded_from == JANE
    assert "Body" in found.reply_text, "a forwarded message is what the sender sends"


def test_answer_to_a_forwarded_message_is_no_forward() -> None:
    found = parse_message(mail(f"No.\n\nFrom: {FROM}\nSent: Tuesday, March 5, 2024 9:41\nTo: x\nSubject: Q", "Re: Fwd: Q"))
    assert not found.is_forward
    assert found.reply_text == "No."


def test_forwarded_as_attachment() -> None:
    inner = f"From: {FROM}\r\nSubject: Broken printer\r\n\r\nBody\r\n"
    raw = mail(
        f"--b\r\nContent-Type: text/plain\r\n\r\nplease look\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}--b--\r\n",
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
        'From: <b>Jane Roe</b> &lt;<a href="mailto:jane.roe@example.net">jane.roe@example.net</a>&gt;<br>Date: Tue, Mar 5, 2024'
        "<br>Subject: Q<br>To: a@b.c<br></div><br>Body</div>"
    )
    found = parse_message(mail(markup, "Fwd: Q", Content_Type="text/html"))
    assert found.is_forward
    assert found.forwarded_from == JANE
    assert "Body" in found.reply_text

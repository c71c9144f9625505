"""What is in the mail: words, pictures, files, signatures, quotes; other scripts; nothing that anybody smuggles in."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime

import pytest

from ombud import Actor, Ticket
from ombud.errors import Invalid
from ombud.mail.compose import Letter, Part, Person, build_message
from ombud.mail.outgoing.links import file_of_link
from ombud.mail.outgoing.templates import set_template
from ombud.models import TemplateKind
from ombud.tickets import StoredFile
from tests.mail_desk.conftest import OutTray

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def stored(tray: OutTray, name: str, content: bytes, kind: str) -> StoredFile:
    kept = tray.files.put([content])
    return StoredFile(name, kind, kept.size, kept.checksum, kept.storage_key)


def test_a_picture_stands_in_the_text_and_a_file_beside_it(tray: OutTray) -> None:
    files = [
        stored(tray, "shot 1.png", PNG, "image/png"),
        stored(tray, "größe.pdf", b"%PDF-1.4", "application/pdf"),
    ]
    tray.answer(
        tray.open_ticket(), "Look:\n\n![here](<shot 1.png>)\n\n![x](http://evil.example/p.png)", files=files
    )
    (sent,) = tray.send()
    message = email.message_from_bytes(sent.raw, policy=email.policy.default)
    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
    ]
    html = next(part.get_content() for part in message.walk() if part.get_content_type() == "text/html")
    content_id = next(part["Content-ID"] for part in message.walk() if part["Content-ID"])
    assert f'src="cid:{content_id.strip("<>")}"' in html
    assert "evil.example/p.png" not in html, "a mail fetches nothing"
    assert [(file.filename, file.content, file.inline) for file in sent.parsed.attachments] == [
        ("shot 1.png", PNG, True),
        ("größe.pdf", b"%PDF-1.4", False),
    ]


def test_files_that_are_too_large_go_as_links(tray: OutTray) -> None:
    tray.set_up(link_over=2000)
    tray.link_to("https://desk.example")
    files = [
        stored(tray, "small.txt", b"s" * 1000, "text/plain"),
        stored(tray, "<b>large.txt", b"l" * 1001, "text/plain"),
    ]
    comment = tray.answer(tray.open_ticket(), "Both.", files=files)
    (sent,) = tray.send()
    assert [file.filename for file in sent.parsed.attachments] == ["small.txt"]
    assert "&lt;b&gt;large.txt" in (sent.parsed.html or "")
    token = sent.parsed.text.partition("https://desk.example/mailed-files/")[2].split()[0]
    assert file_of_link(tray.namer, token, comment.created_at) == 2
    assert (
        file_of_link(tray.namer, token, comment.created_at.replace(year=comment.created_at.year + 1)) is None
    )
    assert (
        file_of_link(tray.namer, token[:-1] + ("a" if token[-1] != "a" else "b"), comment.created_at) is None
    )
    assert file_of_link(tray.namer, "1" + token[1:], comment.created_at) is None
    assert file_of_link(tray.namer, "²-1-x", comment.created_at) is None


def test_signature_of_the_team_and_the_last_words_quoted(tray: OutTray) -> None:
    admin = tray.cast.admin.actor
    tray.desk.run(admin, set_template, TemplateKind.SIGNATURE, "Everybody's.")
    words = "**{{agent.name}}**, {{ team.name }}\nTicket {{ticket.number}}: {{ticket.title}}"
    tray.desk.run(admin, set_template, TemplateKind.SIGNATURE, words, team_id=tray.cast.team.id)
    tray.set_up(quotes_history=True)
    title = "{{desk.url}} [click](http://evil.example) <b>"
    ticket = tray.open_ticket(title=title, description="It burns.\n\nHelp!", team_id=tray.cast.team.id)
    tray.answer(ticket, "Water.")
    (sent,) = tray.send()
    text, html = sent.parsed.text, sent.parsed.html or ""
    assert f"-- \nAgnes Agent**, {tray.cast.team.name}" in text.replace("**Agnes", "Agnes")
    assert title in text, "a value is never a template"
    assert "<strong>Agnes Agent</strong>" in html
    assert 'evil.example"' not in html
    assert "> It burns.\n>\n> Help!" in text
    assert sent.parsed.reply_text == "Water.", "our own reader cuts what we quote"


@pytest.mark.parametrize(
    "template",
    ["{{7*7}}", "{{ticket.__class__}}", "{% include 'x' %}", "{{requester.name}}", "{{#each}}", "x" * 70_000],
)
def test_templates_know_a_few_variables_and_nothing_else(tray: OutTray, template: str) -> None:
    kind = TemplateKind.ACKNOWLEDGEMENT
    with pytest.raises(Invalid) as refused:
        tray.desk.run(tray.cast.admin.actor, set_template, kind, template)
    assert "body" in refused.value.fields


def test_names_and_subjects_stay_in_their_line(tray: OutTray) -> None:
    evil = "x\r\nBcc: victim@example.org\r\n\r\n<script>"

    def rename(session: object) -> None:
        session.get_one(Ticket, ticket.id).title = evil  # type: ignore[attr-defined]  # a session

    ticket = tray.open_ticket()
    tray.desk.run(Actor.system("test"), rename)
    tray.answer(ticket, "Hello.")
    (sent,) = tray.send()
    assert sent.recipients == (tray.cast.customer.email,)
    message = email.message_from_bytes(sent.raw, policy=email.policy.default)
    assert message["Bcc"] is None
    assert message["Subject"] == "Re: x Bcc: victim@example.org <script>"


@pytest.mark.parametrize(
    "text",
    ["one\n.\ntwo", "a\r.\rb", ".\r\n..\r\n...", "x\n.\nMAIL FROM:<a@b>\nRCPT TO:<c@d>\nDATA\nhi\n.\n"],
)
def test_no_text_ends_a_message(tray: OutTray, text: str) -> None:
    """SMTP smuggling: what looks like the end of a message arrives as text, and nothing comes after it."""
    ticket = tray.open_ticket()
    tray.answer(ticket, f"start {text} end")
    tray.answer(ticket, "Next.")
    first, second = tray.send()
    assert first.parsed.text.startswith("start")
    assert first.parsed.text.rstrip().endswith("end")
    assert second.parsed.text.strip() == "Next."
    assert b"\r.\r" not in first.raw.replace(b"\r\n", b"\n")
    assert first.raw.count(b"\n") == first.raw.count(b"\r\n")


@pytest.mark.parametrize(
    "words",
    [
        "مرحبا، كيف الحال؟",
        "שלום עולם",
        "你好，世界",
        "Привет, мир",
        "👩‍👩‍👧 naïve façade",
        "ｆｕｌｌ　ｗｉｄｔｈ",
    ],
)
def test_every_script_arrives(tray: OutTray, words: str) -> None:
    ticket = tray.open_ticket(title=words)
    tray.answer(ticket, f"{words}\n\n- {words}")
    (sent,) = tray.send()
    assert sent.parsed.subject == f"Re: {words}".replace("\u3000", " ")
    assert words in sent.parsed.text
    assert 'dir="auto"' in sent.raw.decode() or words in (sent.parsed.html or "")
    message = email.message_from_bytes(sent.raw, policy=email.policy.default)
    assert message["Subject"] == sent.parsed.subject


def test_the_message_is_the_same_however_often_it_is_made() -> None:
    made = Letter(
        message_id="a@b.example",
        date=datetime(2026, 11, 27, tzinfo=UTC),
        subject="s",
        sender=Person("c@d.example"),
        to=[Person("e@f.example")],
        text="t",
        html="<p>h</p>",
        parts=[Part("x.bin", "application/octet-stream", b"1")],
    )
    assert build_message(made) == build_message(made)

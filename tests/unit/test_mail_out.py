"""What goes into a mail, without any server: headers that nobody can break out of, templates, addresses, retries."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombud.errors import Invalid
from ombud.kit.html import escape_markdown, render_letter
from ombud.kit.template import MAX_BYTES, check_template, render_template
from ombud.mail.compose import Letter, Part, Person, build_message
from ombud.mail.outgoing.rules import (
    GIVE_UP_AFTER,
    addresses_of,
    bare_subject,
    one_line,
    retry_at,
    state_after,
    thread_of,
    usable_address,
    usable_message_id,
)
from ombud.mail.parse import parse_message
from ombud.mail.smtp import verdict_of
from ombud.models import OutboundState, RecipientState
from tests.costs import growth

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
NASTY = st.one_of(
    st.text(max_size=200),
    st.text(alphabet='\r\n\t\0 :<>@,;"\\()=?.Bcc\u2028\u2029\x85\u202eé你', max_size=400),
    st.text(alphabet="ab=?utf-8?b?\r\n", min_size=50, max_size=2000),
)
HEADERS = {
    "date", "from", "to", "cc", "reply-to", "subject", "message-id", "in-reply-to", "references", "thread-topic",
    "auto-submitted", "x-auto-response-suppress", "mime-version", "content-type", "content-transfer-encoding",
}  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(subject=NASTY, name=NASTY, file_name=NASTY, text=NASTY)
def test_whatever_is_written_stays_where_it_was_put(
    subject: str, name: str, file_name: str, text: str
) -> None:
    """CRLF, NUL, over-long and other scripts in every field: no more headers, no more recipients (T63)."""
    raw = build_message(
        Letter(
            message_id="ombud.1@desk.example",
            date=NOW,
            subject=subject,
            sender=Person("a@desk.example", name),
            to=[Person("b@x.example", name), Person("c@x.example", name)],
            cc=[Person("d@x.example", name)],
            reply_to=Person("e@desk.example", name),
            references=["r@x.example"],
            in_reply_to="r@x.example",
            topic=subject,
            text=text,
            html="<p>x</p>",
            parts=[Part(file_name, "text/plain", b"hello"), Part(file_name, "image/png", b"p", "p@x")],
            is_automatic=True,
        )
    )
    lines = raw.split(b"\r\n")
    assert all(len(line) <= 998 for line in lines)
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert {key.lower() for key in message} <= HEADERS
    assert len(list(message.keys())) == len(set(message.keys()))
    to = message["To"].addresses
    assert [one.addr_spec for one in to] == ["b@x.example", "c@x.example"]
    assert [one.addr_spec for one in message["Cc"].addresses] == ["d@x.example"]
    ours = parse_message(raw)
    assert ours.subject == one_line(subject)
    assert [one.email for one in ours.to] == ["b@x.example", "c@x.example"]
    # Our reader drops quotes around a name.
    assert {_unquoted(one.name) for one in ours.to} == {_unquoted(one_line(name, 200))}
    assert len(ours.attachments) == 2


def _unquoted(name: str) -> str:
    return " ".join(name.replace('"', "").replace("'", "").split())


@settings(max_examples=200, deadline=None)
@given(value=st.text(max_size=300))
def test_a_value_of_a_template_is_only_text(value: str) -> None:
    html = str(
        render_letter(render_template("x {{ticket.title}} y", {"ticket.title": value}, escape_markdown), {})
    )
    assert html.count("<") == html.count("<p>") + html.count("</p>") + html.count("<br")
    assert "href" not in html or "href" in value


@pytest.mark.parametrize(
    "value", ["http://evil.example", "www.evil.example", "a@evil.example", "[x](http://e.example)"]
)
def test_a_value_becomes_no_link(value: str) -> None:
    assert "<a" not in str(render_letter(escape_markdown(value), {}))


def _render_start(template: str, values: dict[str, str], size: int) -> None:
    render_template(template[:size], values)


def test_a_template_is_bounded_in_size_and_time() -> None:
    values = {"a": "x" * 100_000}
    assert len(render_template("{{a}}" * 10_000, values).encode()) <= MAX_BYTES
    for unit in ("{{", "{{ ", "{{a", "{{a ", "{{ a}", " ", "}}"):
        longest = "{{ a" + unit * MAX_BYTES
        grown = growth(partial(_render_start, longest, values), 12_000)
        assert grown < 12, f"four times as long takes four times as long, not sixteen times (T59): {unit!r}"
    assert render_template("{{b}}{{ a }}", {"a": "{{b}}", "b": "1"}) == "1{{b}}", "rendered once"
    asked: list[str] = []

    def cleaned(value: str) -> str:
        asked.append(value)
        return value

    render_template("{{a}}" * 1_000, {"a": "value"}, cleaned)
    assert asked == ["value"], "what is slow is done once, however often it is named (T59)"


@pytest.mark.parametrize(
    "template", ["{{x}}", "{{ticket.__class__}}", "{{7*7}}", "{%if%}", "{{ ticket . number }}"]
)
def test_a_template_with_anything_else_is_refused(template: str) -> None:
    with pytest.raises(Invalid):
        check_template("body", template, {"ticket.number"})


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("ann@example.com", "ann@example.com"),
        (" Ann@Example.COM ", "Ann@example.com"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("a b@example.com", None),
        ("ann@example.com\r\nRCPT TO:<x@y>", None),
        ("jörg@example.com", None),
        ("ann", None),
        ("@example.com", None),
        ("ann@", None),
        ("a..b@example.com", None),
        ("<ann@example.com>", None),
        ("a" * 65 + "@example.com", None),
        ("ann@-example", None),
    ],
)
def test_which_addresses_mail_goes_to(written: str, used: str | None) -> None:
    assert usable_address(written) == used


def test_a_line_of_addresses() -> None:
    assert addresses_of("Ann <ann@x.example>, b@x.example; c@x.example,, ann@x.example") == (
        "ann@x.example",
        "b@x.example",
        "c@x.example",
    )


@pytest.mark.parametrize(
    ("subject", "bare"),
    [
        ("Re: AW: RE[2]: Printer", "Printer"),
        ("Fwd: 回复：打印机", "打印机"),
        ("Regarding: x", "Regarding: x"),
        ("re:", "(no subject)"),
        ("a\r\nBcc: x", "a Bcc: x"),
    ],
)
def test_a_subject_without_its_prefixes(subject: str, bare: str) -> None:
    assert bare_subject(subject) == bare


def test_a_thread_keeps_its_first_and_its_last_names() -> None:
    names = [f"{number}@x" for number in range(50)]
    assert thread_of(["bad id", *names, "<x@y>", "no-at"], 20) == [names[0], *names[-20:]]
    assert not usable_message_id("a@b\r\nX: y")
    assert not usable_message_id("x" * 300 + "@y")


@pytest.mark.parametrize(
    ("code", "text", "outcome"),
    [
        (250, "ok", "deferred"),
        (421, "busy", "deferred"),
        (450, "grey", "deferred"),
        (550, "no", "refused"),
        (552, "5.2.2 full", "deferred"),
        (552, "5.3.4 too large", "refused"),
        (-1, "", "deferred"),
    ],
)
def test_what_an_answer_means(code: int, text: str, outcome: str) -> None:
    assert verdict_of(code, text).outcome == outcome


def test_attempts_become_rarer_and_end() -> None:
    waits = [retry_at(NOW, number) - NOW for number in range(1, 30)]
    assert waits == sorted(waits)
    assert sum(wait <= timedelta(hours=1) for wait in waits) >= 2, "at least twice in the first hour"
    assert waits[-1] == timedelta(hours=4)
    deferred = [RecipientState.DEFERRED, RecipientState.REFUSED]
    young, old = NOW - timedelta(days=4), NOW - GIVE_UP_AFTER
    assert state_after(deferred, is_unknown=False, sends_at=young, now=NOW) is OutboundState.QUEUED
    assert state_after(deferred, is_unknown=True, sends_at=young, now=NOW) is OutboundState.UNKNOWN
    assert state_after(deferred, is_unknown=False, sends_at=old, now=NOW) is OutboundState.FAILED

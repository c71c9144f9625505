"""Robots, bounces, lists and spam, told apart from people."""

from __future__ import annotations

import pytest

from ombud.mail.parse import Classification, parse_message
from tests.mail.samples import mail

DSN = (
    "--b\r\nContent-Type: text/plain\r\n\r\nYour mail failed.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
    "Reporting-MTA: dns; mx.example.net\r\n\r\nFinal-Recipient: rfc822; bob@example.net\r\nAction: "
    "{action}\r\nStatus: {status}\r\n"
    "Diagnostic-Code: smtp; 550 no such user\r\n\r\n--b\r\nContent-Type: "
    "message/rfc822\r\n\r\nSubject: x\r\n\r\ny\r\n--b--\r\n"
)
REPORT = "multipart/report; report-type={kind}; boundary=b"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, "normal"),
        ({"Auto-Submitted": "no"}, "normal"),
        ({"X-Spam-Flag": "NO"}, "normal"),
        ({"X-Spam-Status": "No, score=-1"}, "normal"),
        ({"X-Auto-Response-Suppress": "DR"}, "normal"),
        ({"Subject": "Re: my out of office reply"}, "normal"),
        ({"Subject": "Automatic door does not open"}, "normal"),
        ({"From": "Bouncer Ltd <sales@bouncer.example>"}, "normal"),
        ({"Auto-Submitted": "auto-replied"}, "auto_reply"),
        ({"Auto-Submitted": "auto-generated (failure)"}, "auto_reply"),
        ({"X-Autoreply": "yes"}, "auto_reply"),
        ({"X-Auto-Response-Suppress": "All"}, "auto_reply"),
        ({"Precedence": "auto_reply"}, "auto_reply"),
        ({"Subject": "Automatic reply: Question"}, "auto_reply"),
        ({"Subject": "Out of Office: Question"}, "auto_reply"),
        ({"Subject": "Automatische Antwort: Frage"}, "auto_reply"),
        ({"Subject": "Abwesenheitsnotiz: Frage"}, "auto_reply"),
        ({"Subject": "Réponse automatique : Question"}, "auto_reply"),
        ({"Subject": "Respuesta automática: Pregunta"}, "auto_reply"),
        ({"Subject": "Автоответ: вопрос"}, "auto_reply"),
        ({"Subject": "自動応答: 質問"}, "auto_reply"),
        ({"From": "MAILER-DAEMON@example.com"}, "auto_reply"),
        ({"Precedence": "list"}, "list"),
        ({"Precedence": "bulk"}, "list"),
        ({"List-Id": "A list <list.example.com>"}, "list"),
        ({"List-Unsubscribe": "<https://example.com/u>"}, "list"),
        ({"X-Spam-Flag": "YES"}, "spam"),
        ({"X-Spam-Status": "Yes, score=9"}, "spam"),
        ({"X-SES-Spam-Verdict": "FAIL"}, "spam"),
        ({"X-MS-Exchange-Organization-SCL": "6"}, "spam"),
        ({"X-Forefront-Antispam-Report": "CIP:1.2.3.4;SFV:SPM;SCL:5;"}, "spam"),
        ({"Subject": "***SPAM*** win"}, "spam"),
        ({"Subject": "Re: [SPAM] Question"}, "normal"),
        ({"X-Spam-Flag": "YES", "List-Id": "x"}, "spam"),
        ({"From": "Mail Delivery System <MAILER-DAEMON@example.com>", "Subject": "Undelivered Mail Returned to Sender"},
         "bounce"),
        ({"Return-Path": "<>", "Subject": "Mail delivery failed: returning message to sender"}, "bounce"),
        ({"Return-Path": "<>", "Subject": "Unzustellbar: Frage"}, "bounce"),
        ({"X-Failed-Recipients": "bob@example.net"}, "bounce"),
        ({"Return-Path": "<>"}, "normal"),
    ],
)  # fmt: skip
def test_headers_decide(headers: dict[str, str], expected: str) -> None:
    subject = headers.get("Subject", "Question")
    others = {name.replace("-", "_"): value for name, value in headers.items() if name != "Subject"}
    assert parse_message(mail("Hello", subject, **others)).classification == expected


def test_delivery_report_is_read() -> None:
    raw = mail(
        DSN.format(action="failed", status="5.1.1"), Content_Type=REPORT.format(kind="delivery-status")
    )
    found = parse_message(raw)
    assert found.classification is Classification.BOUNCE
    (status,) = found.delivery
    assert (status.recipient, status.action, status.status) == ("bob@example.net", "failed", "5.1.1")
    assert status.is_permanent
    assert "550" in status.diagnostic


@pytest.mark.parametrize(
    ("action", "status", "expected"), [("delayed", "4.4.7", "bounce"), ("delivered", "2.0.0", "auto_reply")]
)
def test_other_delivery_reports(action: str, status: str, expected: str) -> None:
    raw = mail(DSN.format(action=action, status=status), Content_Type=REPORT.format(kind="delivery-status"))
    found = parse_message(raw)
    assert found.classification == expected
    assert not found.delivery[0].is_permanent


def test_read_receipt_is_automatic() -> None:
    notification = "Content-Type: message/disposition-notification\r\n\r\nDisposition: x; displayed"
    body = f"--b\r\n\r\nread\r\n--b\r\n{notification}\r\n--b--\r\n"
    raw = mail(body, Content_Type=REPORT.format(kind="disposition-notification"))
    assert parse_message(raw).classification is Classification.AUTO_REPLY


def test_a_report_about_reports_is_no_bounce() -> None:
    assert (
        parse_message(mail("Undelivered Mail Returned to Sender", "Undeliverable!")).classification
        == "normal"
    )


@pytest.mark.parametrize("body", ["", "   \r\n\r\n", "\u200b\u00a0".strip("\u00a0")])
def test_empty(body: str) -> None:
    assert parse_message(mail(body)).classification == "empty"


def test_a_picture_alone_is_not_empty() -> None:
    assert (
        parse_message(
            mail("iVBO", Content_Type="image/png", Content_Transfer_Encoding="base64")
        ).classification
        == "normal"
    )


def test_authentication_results_are_noted() -> None:
    found = parse_message(
        mail("x", Authentication_Results="mx.example.org; spf=pass; dkim=none; dmarc=fail action=none")
    )
    assert found.defects == ("authentication: dmarc=fail",)
    assert found.classification == "normal"
    assert parse_message(mail("x", Authentication_Results="mx; spf=pass; dmarc=pass")).defects == ()


def test_missing_sender_is_noted() -> None:
    found = parse_message(mail("x", From=""))
    assert found.sender is None
    assert any("From" in d for d in found.defects)

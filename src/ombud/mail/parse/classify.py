"""What kind of message this is, so that no robot gets an answer (RFC 3834) and no bounce opens a ticket.

Headers decide where they can; words in the subject only where programs are known to send nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ombud.mail.parse.headers import Headers
from ombud.mail.parse.model import Address, Classification, DeliveryStatus
from ombud.mail.parse.tree import Part

_DAEMON = re.compile(
    r"(?i)^(?:mailer[-_.]?daemon|postmaster|mail[-_.]?daemon|bounces?|microsoftexchange[0-9a-f]{8,})(?:[-+@]|$)"
)
_FAILURE_SUBJECT = re.compile(
    r"(?i)undeliver|delivery (?:status )?notification|delivery (?:has )?fail|"
    r"deliver(?:y|ing).{0,20}(?:problem|error|fail)|"
    r"returned mail|mail (?:delivery|system).{0,12}(?:fail|error|returned)|failure notice|"
    r"mail.{0,20}returned to sender|"
    r"message (?:not|could not be) delivered|not delivered|non[- ]?delivery|rejected mail|mail could not be|"
    r"unzustellbar|nicht zugestellt|zustellung.{0,20}fehl|non remis|échec de la remise|"
    r"non distribu|no se puede entregar|"
    r"no entregad|non recapitabile|mancato recapito|não entregue|falha na entrega|onbestelbaar|"
    r"niet bezorgd|olevererbar|"
    r"kan ikke leveres|niedostarczon|nie dostarczono|nedoručiteln|недоставлен|не доставлено|"
    r"teslim edilemedi|配信不能|"
    r"未送達|退信|系统退信|无法投递|배달되지"
)
_FAILURE_BODY = re.compile(
    r"(?i)this is the qmail-send program|could not be delivered|couldn't be delivered|"
    r"delivery to the following|"
    r"was undeliverable|wasn't delivered|permanent (?:fatal )?error|user unknown|"
    r"mailbox (?:unavailable|full)|"
    r"recipient address rejected|address not found|550 [0-9.]*\s|diagnostic(?:-code| information)"
)
_AUTO_SUBJECT = re.compile(
    r"(?i)^\s*(?:\[?auto(?:matic|mated|matisch\w*)?[- ]?(?:reply|response|responder|svar|antwort|"
    r"mated reply)\b|auto: |autoreply|"
    r"automatic (?:reply|response)|out of (?:the )?office|out-of-office|ooo: |abwesenheits?|"
    r"automatische antwort|"
    r"abwesend|réponse automatique|absence du bureau|réponse d'absence|respuesta automática|"
    r"fuera de (?:la )?oficina|"
    r"risposta automatica|fuori sede|automatisch antwoord|afwezig(?:heid)?\b|"
    r"resposta automática|fora do escritório|autosvar|"
    r"automatiskt? svar|ej på kontoret|ikke til stede|poissa(?:olo)?\b|automaattinen vastaus|"
    r"automatyczna odpowiedź|"
    r"odpowiedź automatyczna|automatická odpověď|nepřítomnost|автоответ|автоматический ответ|"
    r"автоматична відповідь|"
    r"otomatik yanıt|ofis dışında|自動応答|自動返信|不在通知|自动答复|自动回复|自動回覆|"
    r"자동 회신|자동 응답|부재 중|תשובה אוטומטית|"
    r"رد تلقائي|automatikus válasz|răspuns automat|αυτόματη απάντηση|trả lời tự động|"
    r"balasan otomatis|vacation (?:reply|response)|"
    r"away from (?:the )?(?:office|mail))"
)
_SPAM_SUBJECT = re.compile(r"(?i)\s*(?:\*{2,6}\s?spam\s?\*{2,6}|\[\s?spam\??\s?\]|\{\s?spam\??\s?\})")
"""How filters mark a subject; an answer to such a message begins with Re: and is none."""
_AUTO_HEADERS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponse",
    "x-autoresponder",
    "x-auto-reply",
    "x-autoreply-from",
    "x-mail-autoreply",
    "x-auto-respond",
    "x-ms-exchange-generated-message-source",
    "x-discourse-auto-generated",
    "x-discourse-post-id",
    "x-cron-env",
    "x-fc-machinegenerated",
    "x-vacation",
)
_LIST_HEADERS = (
    "list-id",
    "list-post",
    "list-unsubscribe",
    "list-help",
    "x-mailing-list",
    "x-mailman-version",
    "mailing-list",
)


def classify(
    root: Part,
    sender: Address | None,
    *,
    subject: str,
    text: str,
    delivery: Sequence[DeliveryStatus],
    is_empty: bool,
) -> Classification:
    """Name the kind of a message; the first that fits of bounce, spam, auto_reply, list, empty, normal."""
    headers = root.headers
    if is_bounce(root, sender, subject, text, delivery):
        return Classification.BOUNCE
    if is_spam(headers) or _SPAM_SUBJECT.match(subject):
        return Classification.SPAM
    precedence = headers.text("precedence").lower() or headers.text("x-precedence").lower()
    if is_automatic(headers, sender, subject) or "auto" in precedence or _is_receipt(root) or delivery:
        return Classification.AUTO_REPLY
    if precedence in ("list", "bulk", "junk") or any(headers.get(name) for name in _LIST_HEADERS):
        return Classification.LIST
    return Classification.EMPTY if is_empty else Classification.NORMAL


def is_bounce(
    root: Part, sender: Address | None, subject: str, text: str, delivery: Sequence[DeliveryStatus]
) -> bool:
    """Whether the message reports that another one did not arrive (or not yet)."""
    if any(
        status.action in ("failed", "delayed") or status.status[:1] in "45"
        for status in delivery
        if status.action
    ):
        return True
    headers = root.headers
    if "delivery-status" in root.params.get("report-type", "").lower():
        return not delivery
    if headers.get("x-failed-recipients"):
        return True
    from_daemon = bool(sender and _DAEMON.match(sender.email))
    null_path = headers.text("return-path") in ("<>", "< >", "<MAILER-DAEMON>")
    if from_daemon or null_path:
        return bool(
            _FAILURE_SUBJECT.search(subject[:500]) or (from_daemon and _FAILURE_BODY.search(text[:4_000]))
        )
    return False


def _is_receipt(root: Part) -> bool:
    """Whether it is a read receipt (RFC 8098) or an abuse report (RFC 5965)."""
    kind = root.params.get("report-type", "").lower()
    return root.content_type == "multipart/report" and kind in ("disposition-notification", "feedback-report")


def is_automatic(headers: Headers, sender: Address | None, subject: str) -> bool:
    """Whether a program sent it on its own (RFC 3834 and the headers used before and beside it)."""
    submitted = headers.text("auto-submitted").lower()
    if submitted and not submitted.startswith("no"):
        return True
    suppress = headers.text("x-auto-response-suppress").lower()
    if "all" in suppress or "autoreply" in suppress or "oof" in suppress:
        return True
    if any(headers.get(name) is not None for name in _AUTO_HEADERS):
        return True
    if "autoresponder" in (headers.text("delivered-to") + headers.text("x-post-messageclass")).lower():
        return True
    if sender and _DAEMON.match(sender.email):
        return True
    return bool(_AUTO_SUBJECT.match(subject[:300]))


def is_spam(headers: Headers) -> bool:
    """Whether a filter on the way called it spam (or a virus)."""
    verdicts = (
        ("x-spam-flag", r"(?i)yes|true|1"),
        ("x-spam-status", r"(?i)yes|spam"),
        ("x-spam", r"(?i)yes|true|spam"),
        ("x-ses-spam-verdict", r"(?i)fail"),
        ("x-ses-virus-verdict", r"(?i)fail"),
        ("x-bogosity", r"(?i)spam|yes"),
        ("x-dspam-result", r"(?i)spam"),
        ("x-crm114-status", r"(?i)spam"),
        ("x-barracuda-spam-flag", r"(?i)yes"),
        ("x-barracuda-spam-status", r"(?i)yes"),
        ("x-mailgun-sflag", r"(?i)yes"),
        ("x-rspamd-action", r"(?i)reject|add header|rewrite subject"),
        ("x-spamd-result", r"(?i)default: true"),
        ("x-gmail-spam", r"1"),
        ("x-yandex-spam", r"4"),
        ("x-spam-result", r"(?i)spam|yes"),
        ("x-virus-status", r"(?i)(?:yes|infected)"),
        ("x-amavis-alert", r"(?i)(?:infected|spam)"),
        ("x-spam-filter", r"(?i)spam"),
        ("x-pmx-spam", r"(?i)yes"),
        ("x-hes-spam", r"(?i)yes"),
        ("x-ms-exchange-organization-scl", r"[5-9]"),
    )
    for name, pattern in verdicts:
        value = headers.text(name)
        if value and re.match(pattern, value):
            return True
    forefront = headers.text("x-forefront-antispam-report") or headers.text(
        "x-forefront-antispam-report-untrusted"
    )
    return bool(re.search(r"SFV:(?:SPM|SKB|SKS)|SCL:[5-9]", forefront[:2_000]))


def authentication_defects(headers: Headers) -> list[str]:
    """Say what servers on the way noted against the sender (RFC 8601). Notes only: who is to be believed is
    decided where the receiving server is known.
    """
    found: list[str] = []
    for value in headers.get_all("authentication-results")[:20]:
        for method, result in re.findall(
            r"\b(dmarc|spf|dkim)\s*=\s*(\w+)", value.decode("latin-1")[:4_000].lower()
        ):
            if result in ("fail", "softfail", "permerror"):
                found.append(f"authentication: {method}={result}")
    received = headers.text("received-spf").lower()
    if received.startswith(("fail", "softfail")):
        found.append(f"authentication: spf={received.split(None, 1)[0].strip(';,')}")
    return list(dict.fromkeys(found))

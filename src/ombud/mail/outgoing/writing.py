"""What a queued message says: its words, files and addresses, from the rows that it is about. No session, no network.

Words of others never become more than words: templates know a few variables, Markdown is rendered by the desk's
own renderer, and automatic mail to strangers holds nothing that they could have chosen.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import escape

from ombud.kit.html import escape_markdown, pictures_of, render_letter
from ombud.kit.template import render_template
from ombud.mail.compose import Letter, Part, Person
from ombud.mail.outgoing.links import file_link
from ombud.mail.outgoing.rules import bare_subject, one_line
from ombud.mail.tokens import TicketNamer
from ombud.models import (
    AccountLetter,
    Attachment,
    Comment,
    Mailbox,
    MailboxSending,
    MailTemplate,
    NotificationKind,
    OutboundKind,
    OutboundMail,
    RecipientKind,
    TemplateKind,
    Ticket,
)

ATTACHED_AT_MOST = 20 * 2**20
"""Bytes of files in one message: base64 adds a third, and many servers end at 25 to 30 MB."""
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
LINK_LIFE = timedelta(days=30)
REPLY_VARIABLES = frozenset(
    {"ticket.number", "ticket.title", "requester.name", "agent.name", "team.name", "mailbox.name",
     "mailbox.address", "desk.name", "desk.url"}
)  # fmt: skip
ACKNOWLEDGEMENT_VARIABLES = frozenset(
    {"ticket.number", "team.name", "mailbox.name", "mailbox.address", "desk.name", "desk.url"}
)
"""Nothing that a sender could choose: an acknowledgement goes to whoever they claimed to be."""
VARIABLES: Mapping[TemplateKind, frozenset[str]] = {
    TemplateKind.SIGNATURE: REPLY_VARIABLES,
    TemplateKind.ACKNOWLEDGEMENT: ACKNOWLEDGEMENT_VARIABLES,
}
ACKNOWLEDGEMENT = (
    "We have received your message. Its number here is {{ticket.number}}.\n\n"
    "You can answer this mail if there is something to add."
)
_QUOTED = 20_000
_SAID = {
    NotificationKind.ASSIGNED: "{who} gave you this ticket.",
    NotificationKind.REPLIED: "{who} wrote on a ticket of yours.",
    NotificationKind.MENTIONED: "{who} mentioned you in a note.",
}


@dataclass(frozen=True, slots=True)
class Desk:
    """What is the same for all messages of a desk: its signature, its address, its files."""

    namer: TicketNamer
    base_url: str
    read: Callable[[str], bytes]
    name: str = "Ombud"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A queued message with all that it is made of (`queries.letter`), read in one short transaction."""

    mail: OutboundMail
    sending: MailboxSending | None
    templates: Sequence[MailTemplate] = ()
    before: Comment | None = None
    about: AccountLetter | None = None

    @property
    def mailbox(self) -> Mailbox:
        """The mailbox that sends it."""
        if self.mail.mailbox is None:
            raise ValueError("this message has no mailbox")
        return self.mail.mailbox

    @property
    def ticket(self) -> Ticket:
        """The ticket that it is about."""
        if self.mail.ticket is None:
            raise ValueError("this message has no ticket")
        return self.mail.ticket

    def template(self, kind: TemplateKind) -> str | None:
        """Return the words of the team, or of all."""
        return next((one.body for one in self.templates if one.kind is kind), None)


@dataclass(frozen=True, slots=True)
class _Words:
    """A text twice: as it is read, and as sanitised HTML."""

    text: str
    html: str


def write_letter(loaded: Loaded, desk: Desk) -> Letter:
    """Return the message that goes out."""
    match loaded.mail.kind:
        case OutboundKind.REPLY:
            return _reply(loaded, desk)
        case OutboundKind.ACKNOWLEDGEMENT:
            return _acknowledgement(loaded, desk)
        case OutboundKind.NOTIFICATION:
            return _notification(loaded, desk)
        case OutboundKind.ACCOUNT:
            raise ValueError("letters about accounts are written by their own module")


def _reply(loaded: Loaded, desk: Desk) -> Letter:
    mail, comment, mailbox = loaded.mail, loaded.mail.comment, loaded.mailbox
    if comment is None:
        raise ValueError("this reply's comment is gone")
    parts, links = _files(comment.attachments, comment.content, loaded, desk)
    pictures = {part.file_name: part.content_id for part in parts if part.content_id}
    said = [
        _Words(comment.content, str(render_letter(comment.content, pictures))),
        *([_linked(links)] if links else []),
        *_signature(loaded, desk),
        *_history(loaded),
    ]
    return Letter(
        message_id=mail.message_id,
        date=mail.sends_at,
        subject=mail.subject,
        sender=Person(mailbox.address, f"{comment.author.display_name} ({mailbox.name})"),
        to=_people(mail, RecipientKind.TO),
        cc=_people(mail, RecipientKind.CC),
        text="\n\n".join(words.text for words in said),
        html=_document("".join(words.html for words in said)),
        reply_to=Person(desk.namer.reply_address(mailbox.address, loaded.ticket.id), mailbox.name),
        in_reply_to=mail.in_reply_to,
        references=mail.thread,
        parts=parts,
        topic=bare_subject(mail.subject),
    )


def _acknowledgement(loaded: Loaded, desk: Desk) -> Letter:
    mail, mailbox = loaded.mail, loaded.mailbox
    words = _from_template(
        loaded.template(TemplateKind.ACKNOWLEDGEMENT) or ACKNOWLEDGEMENT,
        {name: value for name, value in _values(loaded, desk).items() if name in ACKNOWLEDGEMENT_VARIABLES},
    )
    return Letter(
        message_id=mail.message_id,
        date=mail.sends_at,
        subject=mail.subject,
        sender=Person(mailbox.address, mailbox.name),
        to=[Person(person.email) for person in _people(mail, RecipientKind.TO)],
        text=words.text,
        html=_document(words.html),
        reply_to=Person(desk.namer.reply_address(mailbox.address, loaded.ticket.id), mailbox.name),
        in_reply_to=mail.in_reply_to,
        references=mail.thread,
        is_automatic=True,
    )


def _notification(loaded: Loaded, desk: Desk) -> Letter:
    mail, mailbox, ticket, told = loaded.mail, loaded.mailbox, loaded.ticket, loaded.mail.notification
    if told is None:
        raise ValueError("this notification is gone")
    who = told.cause.display_name if told.cause is not None else desk.name
    comment = mail.comment
    is_for_colleagues = comment is not None and comment.is_internal
    domain = mailbox.address.rpartition("@")[2]
    # An answer to a note stays a note, even from a program that answers From and not Reply-To.
    make = desk.namer.note_address if is_for_colleagues else desk.namer.reply_address
    address = make(mailbox.address, ticket.id)
    title = f"{ticket.ticket_number}: {one_line(ticket.title, 200)}"
    lines = [_plain(_SAID[told.kind].format(who=one_line(who, 100))), _plain(title)]
    if comment is not None:
        lines.append(_Words(comment.content, str(render_letter(comment.content, {}))))
    if desk.base_url:
        href = f"{desk.base_url}/tickets/{ticket.ticket_number}" + (
            f"#comment-{comment.id}" if comment else ""
        )
        lines.append(_Words(href, f'<p><a href="{escape(href)}">Open the ticket</a></p>'))
    goes_to = "your colleagues, as a note" if is_for_colleagues else "the customer"
    lines.append(_plain(f"An answer to this mail goes to {goes_to}."))
    return Letter(
        message_id=mail.message_id,
        date=mail.sends_at,
        subject=mail.subject,
        sender=Person(address, f"{who} ({mailbox.name})"),
        to=_people(mail, RecipientKind.TO),
        text="\n\n".join(words.text for words in lines),
        html=_document("".join(words.html for words in lines)),
        reply_to=Person(address),
        references=[f"notifications.{ticket.id}@{domain}"],
        is_automatic=True,
    )


def _people(mail: OutboundMail, kind: RecipientKind) -> list[Person]:
    return [Person(one.email, one.name) for one in mail.recipients if one.kind is kind]


def _values(loaded: Loaded, desk: Desk) -> dict[str, str]:
    ticket, comment = loaded.ticket, loaded.mail.comment
    return {
        "ticket.number": ticket.ticket_number,
        "ticket.title": one_line(ticket.title),
        "requester.name": ticket.requester.display_name,
        "agent.name": comment.author.display_name if comment is not None else "",
        "team.name": ticket.team.name if ticket.team is not None else loaded.mailbox.name,
        "mailbox.name": loaded.mailbox.name,
        "mailbox.address": loaded.mailbox.address,
        "desk.name": desk.name,
        "desk.url": desk.base_url,
    }


def _from_template(template: str, values: Mapping[str, str]) -> _Words:
    text = render_template(template, values, one_line)
    return _Words(text, str(render_letter(render_template(template, values, escape_markdown), {})))


def _plain(line: str) -> _Words:
    return _Words(line, f"<p>{escape(line)}</p>")


def _signature(loaded: Loaded, desk: Desk) -> list[_Words]:
    template = loaded.template(TemplateKind.SIGNATURE) or loaded.mailbox.signature
    if not template.strip():
        return []
    words = _from_template(template, _values(loaded, desk))
    # "-- " and nothing else on its line: by that programs know a signature.
    return [_Words(f"-- \n{words.text}", f"<div>-- <br>{words.html}</div>")]


def _history(loaded: Loaded) -> list[_Words]:
    """Return what the customer said last, quoted, where the mailbox wants that."""
    if loaded.sending is None or not loaded.sending.quotes_history:
        return []
    before, ticket = loaded.before, loaded.ticket
    author, said, at = (
        (before.author, before.content, before.created_at)
        if before is not None
        else (ticket.requester, ticket.description, ticket.created_at)
    )
    if not said.strip():
        return []
    head = f"On {at:%d %b %Y, %H:%M} UTC, {one_line(author.display_name, 100)} wrote:"
    quoted = "\n".join(f"> {line}" if line else ">" for line in said[:_QUOTED].split("\n"))
    html = render_letter(said[:_QUOTED], {})
    return [
        _Words(f"{head}\n{quoted}", f"<p>{escape(head)}</p><blockquote{_QUOTE_STYLE}>{html}</blockquote>")
    ]


def _files(
    files: Sequence[Attachment], content: str, loaded: Loaded, desk: Desk
) -> tuple[list[Part], list[tuple[Attachment, str]]]:
    """Return the files that go along, and those that go as links because they would make it too large."""
    shown = set(pictures_of(content)) if files else set()
    limit = min(loaded.sending.link_over if loaded.sending else ATTACHED_AT_MOST // 2, ATTACHED_AT_MOST)
    if not desk.base_url:
        limit = ATTACHED_AT_MOST  # a link could not be followed
    parts: list[Part] = []
    links: list[tuple[Attachment, str]] = []
    size = 0
    for file in files:
        if size + file.size > limit:
            links.append((file, _link(file, loaded.mail.sends_at, desk)))
            continue
        size += file.size
        is_shown = file.file_name in shown and file.content_type in PICTURES
        content_id = f"file{file.id}.{loaded.mail.message_id}" if is_shown else ""
        parts.append(Part(file.file_name, file.content_type, desk.read(file.storage_key), content_id))
    return parts, links


def _link(file: Attachment, sent: datetime, desk: Desk) -> str:
    if not desk.base_url:
        return ""
    return desk.base_url + file_link(desk.namer, file.id, sent + LINK_LIFE)


def _linked(links: Sequence[tuple[Attachment, str]]) -> _Words:
    text, html = ["Files that are too large for a mail:"], []
    for file, href in links:
        name, size = one_line(file.file_name, 150), f"{file.size / 1e6:.1f} MB"
        text.append(f"- {name} ({size}): {href or 'ask us for it'}")
        shown = f'<a href="{escape(href)}">{escape(name)}</a>' if href else str(escape(name))
        html.append(f"<li>{shown} ({size})</li>")
    return _Words("\n".join(text), f"<p>{text[0]}</p><ul>{''.join(html)}</ul>")


_QUOTE_STYLE = ' style="margin:0 0 0 0.8ex;border-left:1px solid #ccc;padding-left:1ex"'


def _document(body: str) -> str:
    """Return a whole document; `dir="auto"` lets each language run in its own direction."""
    return (
        '<!doctype html><html><head><meta charset="utf-8"></head>'
        f'<body><div dir="auto">{body}</div></body></html>\n'
    )

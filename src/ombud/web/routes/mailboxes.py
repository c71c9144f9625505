"""Settings of mail: the desk's addresses, trying one out, and rules. For administrators."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from ombud.config import words_of
from ombud.db.actor import Actor
from ombud.errors import Conflict, Invalid
from ombud.kit.guard import Guard
from ombud.mail import queries
from ombud.mail.actions import (
    MailboxChanges,
    NewSecrets,
    RuleChanges,
    change_mailbox,
    create_mailbox,
    create_rule,
    delete_rule,
    get_mailbox,
)
from ombud.mail.actions.sending import change_sending, get_sending, read_dkim_key
from ombud.mail.oauth import OAuthSecret
from ombud.mail.policy import require_right_to_keep_mailboxes
from ombud.mail.probe import Probe, probe_mailbox
from ombud.models import MailAuth, Mailbox, MailField, Security, TicketPriority
from ombud.web import queries as web_queries
from ombud.web.answers import go_to, page
from ombud.web.around import Around, make_frame, read_around
from ombud.web.auth import SignedIn, Visitor
from ombud.web.forms import SignedForm, field_errors, id_of, text_of
from ombud.web.place import at
from ombud.web.routes.mail import _number
from ombud.web.sending_form import SENDING, sending_changes, sending_values
from ombud.web.settings import enter
from ombud.web.views.mail import MailboxRow
from ombud.web.views.menus import Option
from ombud.web.wording import PRIORITY_LABELS
from ombud.worker.access import AccessTokens
from ombud.worker.intake import vault_of

router = APIRouter(prefix="/settings")

TEXTS = {
    "name": "The name",
    "address": "The address",
    "trusted_authserv": "The trusted server",
    "signature": "The signature",
    "imap_host": "The IMAP server",
    "imap_user": "The IMAP user",
    "imap_folder": "The folder",
    "imap_moves_to": "The other folder",
    "smtp_host": "The SMTP server",
    "smtp_user": "The SMTP user",
    "oauth_token_url": "The token address",
    "oauth_client_id": "The client id",
    "oauth_scope": "The scope",
}
NUMBERS = {"imap_port": "The IMAP port", "smtp_port": "The SMTP port", "reopen_days": "The days"}
FLAGS = ("is_active", "acknowledges", "adds_followers", "joins_copies", "imap_skips_old")
SECRETS = {"imap_password": "imap_secret", "smtp_password": "smtp_secret"}
_SECURITY = {"tls": "TLS", "starttls": "STARTTLS", "plain": "None (only inside)"}
_FIELDS = {"sender": "Sender", "recipient": "Recipient", "subject": "Subject", "header": "Header"}


@router.get("/mailboxes")
async def list_mailboxes(request: Request, visitor: SignedIn) -> Response:
    """Show the desk's addresses and how fetching goes."""
    enter(visitor.actor, "mailboxes")
    async with visitor.desk.aread(visitor.actor) as session:
        around = read_around((await session.execute(web_queries.surroundings(visitor.actor))).one())
        boxes = (await session.scalars(queries.mailboxes())).all()
        places = {one.mailbox_id: one for one in await session.scalars(queries.mail_positions())}
        rules = (await session.scalars(queries.rule_by_position())).all()
    context = {
        "frame": make_frame(request, visitor, around, "settings"),
        "boxes": [
            MailboxRow.of(box, places.get(box.id), at(f"/settings/mailboxes/{box.id}")) for box in boxes
        ],
        "rules": rules,
        "teams": around.teams,
        "options": _rule_options(around),
    }
    return page(request, "pages/mailboxes.html", context)


@router.get("/mailboxes/new")
async def new_mailbox(request: Request, visitor: SignedIn) -> Response:
    """Show an empty form."""
    require_right_to_keep_mailboxes(visitor.actor)
    return await _form(request, visitor, None, _values(Mailbox(**_DEFAULTS)))


@router.post("/mailboxes")
async def create(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Set a mailbox up."""
    require_right_to_keep_mailboxes(visitor.actor)
    visitor.require_fresh()
    try:
        vault = await asyncio.to_thread(vault_of, visitor.parts.runtime.settings)
        made = await visitor.desk.arun(
            visitor.actor, create_mailbox, _changes(form), secrets=_secrets(form), vault=vault
        )
    except (Invalid, Conflict) as error:
        return await _form(request, visitor, None, _typed(form), error)
    return go_to(request, at(f"/settings/mailboxes/{made.id}"))


@router.get("/mailboxes/{mailbox_id}")
async def show_mailbox(request: Request, visitor: SignedIn, mailbox_id: str) -> Response:
    """Show how a mailbox is set up."""
    mailbox = await _find(visitor, _number(mailbox_id))
    return await _form(request, visitor, mailbox, _values(mailbox))


@router.post("/mailboxes/{mailbox_id}")
async def change(request: Request, visitor: SignedIn, form: SignedForm, mailbox_id: str) -> Response:
    """Change how a mailbox is set up."""
    mailbox = await _find(visitor, _number(mailbox_id))
    visitor.require_fresh()
    try:
        vault = await asyncio.to_thread(vault_of, visitor.parts.runtime.settings)
        await visitor.desk.arun(
            visitor.actor, change_mailbox, mailbox.id, _changes(form), secrets=_secrets(form), vault=vault
        )
    except (Invalid, Conflict) as error:
        return await _form(request, visitor, mailbox, _typed(form), error)
    return go_to(request, at(f"/settings/mailboxes/{mailbox.id}"))


@router.post("/mailboxes/{mailbox_id}/sending")
async def change_how_it_sends(
    request: Request, visitor: SignedIn, form: SignedForm, mailbox_id: str
) -> Response:
    """Change how a mailbox sends, beside its server."""
    mailbox = await _find(visitor, _number(mailbox_id))
    visitor.require_fresh()
    try:
        typed = text_of(form, "dkim_key").strip()
        key = await asyncio.to_thread(read_dkim_key, typed) if typed else None
        vault = await asyncio.to_thread(vault_of, visitor.parts.runtime.settings)
        changes = sending_changes(form)
        await visitor.desk.arun(visitor.actor, change_sending, mailbox.id, changes, key=key, vault=vault)
    except Invalid as error:
        return await _form(request, visitor, mailbox, _values(mailbox), error, sent=form)
    if key is None:
        return go_to(request, at(f"/settings/mailboxes/{mailbox.id}"))
    return await _form(request, visitor, mailbox, _values(mailbox), record=key.record)


@router.post("/mailboxes/{mailbox_id}/trial")
async def try_out(request: Request, visitor: SignedIn, _signed: SignedForm, mailbox_id: str) -> Response:
    """Try to fetch and to send, and show what is wrong."""
    mailbox = await _find(visitor, _number(mailbox_id))
    settings = visitor.parts.runtime.settings
    async with visitor.desk.aread(Actor.system("mail/trial")) as session:
        sealed = (await session.scalars(queries.mailbox_with_secrets(mailbox.id))).one()
    vault = await asyncio.to_thread(vault_of, settings)
    guard = Guard(words_of(settings.internal_hosts))
    tokens = AccessTokens(visitor.desk, vault, guard, Actor.system("mail/trial"))
    probes = await asyncio.to_thread(probe_mailbox, sealed, vault, guard, tokens.of)
    return await _form(request, visitor, mailbox, _values(mailbox), probes=probes)


@router.post("/mail-rules")
async def add_rule(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Make a rule."""
    changes: RuleChanges = {
        "name": text_of(form, "name"),
        "field": _member(MailField, "field", text_of(form, "field")),
        "header": text_of(form, "header"),
        "pattern": text_of(form, "pattern"),
        "ignores": bool(text_of(form, "ignores")),
        "team_id": id_of(form, "team"),
        "tag": text_of(form, "tag"),
        "priority": _member(TicketPriority, "priority", found)
        if (found := text_of(form, "priority"))
        else None,
    }
    await visitor.desk.arun(visitor.actor, create_rule, changes)
    return go_to(request, at("/settings/mailboxes"))


@router.post("/mail-rules/{rule_id}/deletion")
async def remove_rule(request: Request, visitor: SignedIn, _signed: SignedForm, rule_id: str) -> Response:
    """Delete a rule."""
    await visitor.desk.arun(visitor.actor, delete_rule, _number(rule_id))
    return go_to(request, at("/settings/mailboxes"))


async def _find(visitor: Visitor, mailbox_id: int) -> Mailbox:
    require_right_to_keep_mailboxes(visitor.actor)
    async with visitor.desk.aread(visitor.actor) as session:
        return await session.run_sync(get_mailbox, mailbox_id)


async def _form(
    request: Request,
    visitor: Visitor,
    mailbox: Mailbox | None,
    values: dict[str, str],
    error: Invalid | Conflict | None = None,
    *,
    probes: list[Probe] | None = None,
    sent: FormData | None = None,
    record: str = "",
) -> Response:
    """Show the form; `sent` is what was typed about sending, `record` what is to stand in the DNS."""
    async with visitor.desk.aread(visitor.actor) as session:
        around = read_around((await session.execute(web_queries.surroundings(visitor.actor))).one())
        sending = await session.run_sync(get_sending, mailbox.id) if mailbox is not None else None
    names = {**TEXTS, **NUMBERS, "imap_password": "The password", **SENDING}
    errors = field_errors(error, names) if isinstance(error, Invalid) else dict.fromkeys(names, "")
    context = {
        "frame": make_frame(request, visitor, around, "settings"),
        "mailbox": mailbox,
        "values": values,
        "errors": errors,
        "failure": error.message if error is not None and not any(errors.values()) else "",
        "is_fresh": visitor.is_fresh,
        "probes": probes or [],
        "sending": sending_values(sending, sent),
        "record": record,
        "options": {
            "team": _options(
                values["team"], [("", "Nobody's"), *((str(k), n) for k, n in around.teams.items())]
            ),
            "imap_security": _options(values["imap_security"], list(_SECURITY.items())),
            "smtp_security": _options(values["smtp_security"], list(_SECURITY.items())),
            "auth": _options(values["auth"], [("password", "Password"), ("oauth", "OAuth 2")]),
        },
    }
    return page(request, "pages/mailbox.html", context, status=422 if error is not None else 200)


_DEFAULTS: dict[str, Any] = {
    "name": "", "address": "", "team_id": None, "is_active": True, "acknowledges": True, "adds_followers": True,
    "joins_copies": True, "imap_skips_old": False, "reopen_days": 14, "trusted_authserv": "", "signature": "",
    "auth": MailAuth.PASSWORD, "imap_host": "", "imap_port": 993, "imap_security": Security.TLS, "imap_user": "",
    "imap_folder": "INBOX", "imap_moves_to": "", "smtp_host": "", "smtp_port": 587,
    "smtp_security": Security.STARTTLS, "smtp_user": "", "oauth_token_url": "", "oauth_client_id": "",
    "oauth_scope": "",
}  # fmt: skip


def _values(mailbox: Mailbox) -> dict[str, str]:
    shown = {name: str(getattr(mailbox, name)) for name in (*TEXTS, *NUMBERS)}
    flags = {name: "yes" if getattr(mailbox, name) else "" for name in FLAGS}
    return {
        **shown,
        **flags,
        "team": str(mailbox.team_id or ""),
        "auth": mailbox.auth.value,
        "imap_security": mailbox.imap_security.value,
        "smtp_security": mailbox.smtp_security.value,
    }


def _typed(form: FormData) -> dict[str, str]:
    names = (*TEXTS, *NUMBERS, *FLAGS, "team", "auth", "imap_security", "smtp_security")
    return {name: text_of(form, name) for name in names}


def _changes(form: FormData) -> MailboxChanges:
    changes: dict[str, Any] = {name: text_of(form, name) for name in TEXTS}
    for name in NUMBERS:
        text = text_of(form, name).strip()
        if not (text.isascii() and text.isdigit() and len(text) < 6):
            raise Invalid(fields={name: "must be a number."})
        changes[name] = int(text)
    changes |= {name: bool(text_of(form, name)) for name in FLAGS}
    changes["team_id"] = id_of(form, "team")
    changes["auth"] = _member(MailAuth, "auth", text_of(form, "auth"))
    for name in ("imap_security", "smtp_security"):
        changes[name] = _member(Security, name, text_of(form, name))
    return changes  # type: ignore[return-value]  # the fields of MailboxChanges, by name


def _secrets(form: FormData) -> NewSecrets:
    """Return what was typed; an empty field leaves a secret as it is, because it is never shown."""
    found = NewSecrets()
    if password := text_of(form, "imap_password"):
        found["imap_secret"] = password
    if password := text_of(form, "smtp_password"):
        found["smtp_secret"] = password
    if token := text_of(form, "oauth_refresh_token"):
        found["oauth_secret"] = OAuthSecret(token, text_of(form, "oauth_client_secret")).as_text()
    return found


def _rule_options(around: Around) -> dict[str, list[Option]]:
    return {
        "field": _options("sender", list(_FIELDS.items())),
        "team": _options("", [("", "As the mailbox"), *((str(k), n) for k, n in around.teams.items())]),
        "priority": _options("", [("", "Medium, as usual"), *PRIORITY_LABELS.items()]),
    }


def _options(chosen: str, pairs: list[tuple[str, str]]) -> list[Option]:
    return [Option(value, label, value == chosen) for value, label in pairs]


def _member(kind: Any, name: str, text: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise Invalid(fields={name: "is not one of the choices."}) from None

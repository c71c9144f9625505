"""The desk's addresses and the rules for what comes there. Staff see the addresses, administrators keep all of it."""

import asyncio
from collections.abc import Sequence

from sqlalchemy.orm import Session

from ombud.api.calls import Call, CurrentCall
from ombud.api.created import Created
from ombud.api.routing import api_router, problems
from ombud.api.schemas.base import Page, PathId
from ombud.api.schemas.mail import Mailbox, MailboxPatch, MailboxProbe, NewMailbox, NewRule, Rule, RulePatch
from ombud.api.schemas.outbox import Sending, SendingPatch
from ombud.config import words_of
from ombud.db.actor import Actor
from ombud.db.context import actor_of
from ombud.kit.guard import Guard
from ombud.kit.vault import Vault
from ombud.mail import queries
from ombud.mail.actions import (
    change_mailbox,
    change_rule,
    create_mailbox,
    create_rule,
    delete_rule,
    get_mailbox,
    get_rule,
)
from ombud.mail.actions.sending import (
    DkimKey,
    SendingChanges,
    change_sending,
    get_sending,
    read_dkim_key,
)
from ombud.mail.policy import require_right_to_keep_mailboxes
from ombud.mail.probe import probe_mailbox
from ombud.models import Mailbox as MailboxRow
from ombud.models import MailRule
from ombud.people.accounts import require_fresh
from ombud.tickets.policy import require_staff
from ombud.worker.access import AccessTokens
from ombud.worker.intake import vault_of

router = api_router("Mailboxes")


@router.get("/mailboxes")
async def list_mailboxes(call: CurrentCall) -> Page[Mailbox]:
    """List the desk's addresses."""
    rows = await call.read(_mailboxes)
    return Page(items=[Mailbox.of(row) for row in rows], next_cursor=None)


@router.post("/mailboxes", status_code=201, responses=problems(409, 413, 415))
async def create_new_mailbox(body: NewMailbox, call: CurrentCall, created: Created) -> Mailbox:
    """Set up a mailbox."""
    _require_proof(call)
    vault = await asyncio.to_thread(vault_of, call.runtime.settings)
    mailbox = await call.write(_create, body, vault)
    created.at(f"/mailboxes/{mailbox.id}")
    return mailbox


@router.get("/mailboxes/{mailbox_id}")
async def read_mailbox(mailbox_id: PathId, call: CurrentCall) -> Mailbox:
    """Read how a mailbox is set up."""
    return await call.read(_read, mailbox_id)


@router.patch("/mailboxes/{mailbox_id}", responses=problems(409, 413, 415))
async def update_mailbox(mailbox_id: PathId, body: MailboxPatch, call: CurrentCall) -> Mailbox:
    """Change how a mailbox is set up."""
    _require_proof(call)
    vault = await asyncio.to_thread(vault_of, call.runtime.settings)
    return await call.write(_change, mailbox_id, body, vault)


@router.post("/mailboxes/{mailbox_id}/trial")
async def try_mailbox(mailbox_id: PathId, call: CurrentCall) -> Page[MailboxProbe]:
    """Try to fetch and to send, and say what is wrong, step by step; nothing is changed and nothing is sent."""
    await call.read(_may_try, mailbox_id)
    settings = call.runtime.settings
    async with call.runtime.desk.aread(Actor.system("mail/trial")) as session:
        mailbox = (await session.scalars(queries.mailbox_with_secrets(mailbox_id))).one()
    vault = await asyncio.to_thread(vault_of, settings)
    guard = Guard(words_of(settings.internal_hosts))
    tokens = AccessTokens(call.runtime.desk, vault, guard, Actor.system("mail/trial"))
    probes = await asyncio.to_thread(probe_mailbox, mailbox, vault, guard, tokens.of)
    return Page(items=[MailboxProbe.of(probe) for probe in probes], next_cursor=None)


@router.get("/mailboxes/{mailbox_id}/sending")
async def read_sending(mailbox_id: PathId, call: CurrentCall) -> Sending:
    """Read how a mailbox sends, beside its server."""
    return await call.read(_sending, mailbox_id)


@router.patch("/mailboxes/{mailbox_id}/sending", responses=problems(413, 415))
async def update_sending(mailbox_id: PathId, body: SendingPatch, call: CurrentCall) -> Sending:
    """Change how a mailbox sends: hold its mail, quote, link to large files, sign by DKIM."""
    _require_proof(call)
    await call.read(_may_try, mailbox_id)
    pem = body.given().get("dkim_key")
    key = await asyncio.to_thread(read_dkim_key, pem) if pem is not None else None
    vault = await asyncio.to_thread(vault_of, call.runtime.settings)
    return await call.write(_change_sending, mailbox_id, body.changes(), key, vault)


@router.get("/mail/rules")
async def list_mail_rules(call: CurrentCall) -> Page[Rule]:
    """List the rules in the order in which they apply."""
    rows = await call.read(_rules)
    return Page(items=[Rule.of(row) for row in rows], next_cursor=None)


@router.post("/mail/rules", status_code=201, responses=problems(409, 413, 415))
async def create_mail_rule(body: NewRule, call: CurrentCall, created: Created) -> Rule:
    """Make a rule for messages that would open a ticket."""
    rule = await call.write(lambda session: Rule.of(create_rule(session, body.given())))  # type: ignore[arg-type]  # NewRule has the fields of RuleChanges
    created.at(f"/mail/rules/{rule.id}")
    return rule


@router.get("/mail/rules/{rule_id}")
async def read_mail_rule(rule_id: PathId, call: CurrentCall) -> Rule:
    """Read a rule."""
    return await call.read(_rule, rule_id)


@router.patch("/mail/rules/{rule_id}", responses=problems(409, 413, 415))
async def update_mail_rule(rule_id: PathId, body: RulePatch, call: CurrentCall) -> Rule:
    """Change a rule."""
    return await call.write(lambda session: Rule.of(change_rule(session, rule_id, body.given())))  # type: ignore[arg-type]  # RulePatch has the fields of RuleChanges


@router.delete("/mail/rules/{rule_id}", status_code=204)
async def delete_mail_rule(rule_id: PathId, call: CurrentCall) -> None:
    """Delete a rule; what it did stays."""
    await call.write(delete_rule, rule_id)


def _require_proof(call: Call) -> None:
    """Refuse who has not proved lately who they are: links for new passwords go through the server of a mailbox."""
    require_right_to_keep_mailboxes(call.actor)
    require_fresh(call.principal)


def _mailboxes(session: Session) -> Sequence[MailboxRow]:
    require_staff(actor_of(session))
    return session.scalars(queries.mailboxes()).all()


def _create(session: Session, body: NewMailbox, vault: Vault) -> Mailbox:
    made = create_mailbox(session, body.changes(), secrets=body.secrets(), vault=vault)
    return _read(session, made.id)


def _change(session: Session, mailbox_id: int, body: MailboxPatch, vault: Vault) -> Mailbox:
    change_mailbox(session, mailbox_id, body.changes(), secrets=body.secrets(), vault=vault)
    session.expire_all()  # updated_at is the database's
    return _read(session, mailbox_id)


def _read(session: Session, mailbox_id: int) -> Mailbox:
    require_staff(actor_of(session))
    return Mailbox.of(get_mailbox(session, mailbox_id))


def _sending(session: Session, mailbox_id: int) -> Sending:
    require_staff(actor_of(session))
    return Sending.of(get_sending(session, mailbox_id))


def _change_sending(
    session: Session, mailbox_id: int, given: SendingChanges, key: DkimKey | None, vault: Vault
) -> Sending:
    sending = change_sending(session, mailbox_id, given, key=key, vault=vault)
    return Sending.of(sending, key.record if key is not None else None)


def _may_try(session: Session, mailbox_id: int) -> None:
    require_right_to_keep_mailboxes(actor_of(session))
    get_mailbox(session, mailbox_id)


def _rule(session: Session, rule_id: int) -> Rule:
    require_right_to_keep_mailboxes(actor_of(session))
    return Rule.of(get_rule(session, rule_id))


def _rules(session: Session) -> Sequence[MailRule]:
    require_right_to_keep_mailboxes(actor_of(session))
    return session.scalars(queries.rule_by_position()).all()

"""Forgetting a person whose words are no longer where they were said: moved, purged, edited, given to others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from ombud import Actor, Desk, clock
from ombud.audit.keys import signing_key, trusted_keys
from ombud.audit.verify import verify
from ombud.curation import anonymise_person, merge_tickets, purge_deleted_tickets
from ombud.models import Attachment, Comment, Ticket, User
from ombud.testing import (
    Cast,
    ScratchDatabase,
    make_comment,
    make_customer,
    make_ticket,
    stored_file,
)  # fmt: skip
from ombud.tickets import attach_file, change_ticket, remove_attachment, soft_delete_ticket
from ombud.worker.logs import exported_checkpoints, keys_folder, seal_and_export
from tests.curation.haunting import dump

SYSTEM = Actor.system("test")
NAME = "Élodie Quillfeather"
EMAIL = "elo.quill@example.com"
HERS = {1, 3, 4, 5, 6, 8, 10, 11, 13, 19, 20}
"""Which marks are in her own words; the others are in what somebody else said, beside her name."""


@pytest.fixture
def database(quiet_database: ScratchDatabase) -> Iterator[ScratchDatabase]:
    """Sealing waits for every transaction of a server, so this one is alone."""
    yield quiet_database
    quiet_database.empty()


def _mail(session: Session, ticket: Ticket, comment: Comment | None, subject: str) -> None:
    session.execute(
        text(
            "INSERT INTO ombud.inbound_mails (mailbox_id, source, checksum, storage_key, size, sender_email,"
            " sender_name, subject, message_id, envelope_from, state, decided_at, ticket_id, comment_id)"
            " SELECT id, 'imap', encode(sha256(convert_to(:s, 'UTF8')), 'hex'), md5(:s), 5, :mail, :name, :s,"
            " :s || '@x.example', :mail, 'accepted', now(),"
            " :t, :c FROM ombud.mailboxes"
        ),
        {"s": subject, "mail": EMAIL, "name": NAME, "t": ticket.id, "c": comment.id if comment else None},
    )


def _letter(session: Session, person: User, ticket: Ticket, subject: str) -> None:
    session.execute(
        text(
            "WITH m AS (INSERT INTO ombud.outbound_mails (kind, mailbox_id, ticket_id, message_id, subject, state)"
            " SELECT 'reply', id, :t, md5(:s) || '@desk.example', :s, 'sent' FROM ombud.mailboxes RETURNING id)"
            " INSERT INTO ombud.outbound_recipients (mail_id, user_id, email, name) SELECT id, :u, :mail, :name FROM m"
        ),
        {"s": subject, "t": ticket.id, "u": person.id, "mail": EMAIL, "name": NAME},
    )


def _marks(dumped: str) -> set[int]:
    return {int(found) for found in re.findall(r"mkr(\d+)", dumped)}


def _by_agent(session: Session, file: Attachment, cast: Cast) -> None:
    file.uploader_id = cast.agent.id
    session.flush()


def test_what_moved_was_purged_or_edited_is_forgotten_too(
    desk: Desk, cast: Cast, database: ScratchDatabase
) -> None:
    agent = cast.agent.actor
    with desk.begin(SYSTEM) as session:
        session.execute(
            text("INSERT INTO ombud.mailboxes (name, address) VALUES ('box', 'help@ombud.example')")
        )
        person = make_customer(session, email=EMAIL, full_name=NAME)
        other = cast.customer.id
        # her ticket, answered by name and by mail, merged into somebody else's
        own = make_ticket(session, person, title="mkr1 title", description="mkr1 text")
        make_comment(session, own, cast.agent.id, f"Dear {NAME}, mkr2")
        heard = make_comment(session, own, person, "mkr3 says")
        _mail(session, own, heard, "mkr4 subject")
        _letter(session, person, own, "mkr5 subject")
        into = make_ticket(session, other, title="another's")
        # her words on somebody's ticket, merged into a third
        met = make_ticket(session, other, title="another's, too")
        make_comment(session, met, person, "mkr6 says")
        make_comment(session, met, cast.agent.id, f"mkr7 {NAME} said so")
        third = make_ticket(session, other, title="a third")
        # purged with mails, and answers that name her
        purged = make_ticket(session, person, title="mkr8 title")
        make_comment(session, purged, cast.agent.id, f"Dear {NAME}, mkr9")
        _mail(session, purged, None, "mkr10 subject")
        _letter(session, person, purged, "mkr11 subject")
        _by_agent(session, attach_file(session, purged.id, stored_file(f"mkr12 {NAME}.txt")), cast)
        # given to somebody else
        given = make_ticket(session, person, title="mkr13 title", description="mkr13 text")
        # named in an answer that was edited, in capitals, over a line, in a title and a file's name
        edited = make_ticket(session, person)
        said = make_comment(session, edited, cast.agent.id, f"Dear {NAME}, mkr14")
        session.flush()
        said.content = "Dear customer"
        make_comment(session, edited, cast.agent.id, f"mkr15 {NAME.upper()}")
        make_comment(session, edited, cast.agent.id, "mkr16 {}\n> {}".format(*NAME.split()))
        _by_agent(session, attach_file(session, edited.id, stored_file(f"mkr17 {NAME}.txt")), cast)
        about = make_ticket(session, other, title=f"mkr18 {NAME}", description=f"mkr18 {NAME}")
        make_comment(session, about, person, "me, too")
        # a file of hers on another's ticket, taken off; a passkey
        left = make_ticket(session, other)
        file = attach_file(session, left.id, stored_file("mkr19 .txt"))
        session.execute(
            text("UPDATE ombud.attachments SET uploader_id = :u WHERE id = :i"),
            {"u": person.id, "i": file.id},
        )
        session.execute(
            text(
                "INSERT INTO ombud.passkeys (user_id, name, credential_id, public_key)"
                " VALUES (:u, 'mkr20 phone', 'x', 'x')"
            ),
            {"u": person.id},
        )
    desk.run(agent, merge_tickets, [own.id], into.id, across_requesters=True)
    desk.run(agent, merge_tickets, [met.id], third.id)
    desk.run(agent, change_ticket, given.id, {"requester_id": other})
    desk.run(cast.admin.actor, remove_attachment, file.id)
    desk.run(agent, soft_delete_ticket, purged.id)
    with clock.frozen(clock.now() + timedelta(days=3)):
        assert desk.run(SYSTEM, purge_deleted_tickets, days=2).ticket_ids == (purged.id,)
    data = desk.settings.data_dir
    assert data is not None
    seal_and_export(desk, SYSTEM)
    before = dump(database)
    assert _marks(before) == set(range(1, 21))
    key = signing_key(keys_folder(data))
    desk.run(cast.admin.actor, anonymise_person, key, person.id)
    after = dump(database)
    for word in ("quillfeather", EMAIL):
        assert word not in after, [line[:400] for line in after.splitlines() if word in line]
    assert _marks(after) == set(range(1, 21)) - HERS, "what others said stays, without her name"
    seal_and_export(desk, SYSTEM)
    with desk.read(SYSTEM, snapshot=True) as session:
        report = verify(session, trusted_keys(keys_folder(data)), exported_checkpoints(data).lines())
    assert report.is_sound

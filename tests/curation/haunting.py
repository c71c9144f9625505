"""A person with a canary in everything that a desk could keep of them, and where to look for it."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from ombud import Actor, Desk, clock
from ombud.curation import merge_people, purge_deleted_tickets
from ombud.db.embedded.programs import wheel_programs
from ombud.db.migrate import libpq
from ombud.files import open_store
from ombud.models import TicketStatus
from ombud.people import actions as people
from ombud.testing import Cast, ScratchDatabase, make_comment, make_customer, make_ticket
from ombud.tickets import StoredFile, change_ticket, reply, save_draft, set_status, soft_delete_ticket

SYSTEM = Actor.system("test")
CANARY = "zqxcanary"
IN_BYTES = CANARY[1:].encode().hex()

# Every other table that holds texts has a canary in it when somebody is forgotten.
NO_CANARY = {
    "account_letters": "a kind and references, and a sealed secret until it is sent",
    "account_requests": "gone within seconds, and void when the person is let go",
    "account_tokens": "go when the person is let go, which forgetting begins with",
    "account_notices": "what happened to an account; a passkey's name goes with the person",
    "alike_finds": "when and how long",
    "alembic_version": "a revision",
    "audit_checkpoints": "digests and signatures",
    "audit_redactions": "digests and signatures",
    "audit_redacted_rows": "digests",
    "bounced_addresses": "see docs/curation.md: the log's key of such a row is the address",
    "desk_settings": "what administrators chose",
    "distinct_people": "references",
    "distinct_tickets": "references",
    "identities": "go when the person goes, by a trigger",
    "identity_providers": "what administrators wrote",
    "login_attempts": "digests of addresses",
    "known_browsers": "hashes of cookies, which go when the person goes, by a trigger",
    "logout_tokens": "hashes, for minutes",
    "mail_rules": "what administrators wrote",
    "mail_templates": "what administrators wrote",
    "mailboxes": "the desk's own addresses",
    "mailbox_positions": "numbers",
    "mailbox_sending": "the desk's own",
    "notifications": "a kind and references",
    "notification_settings": "how staff want to be told",
    "organizations": "a company is not a person",
    "organization_domains": "a company is not a person",
    "passkeys": "go when the person goes, by a trigger",
    "recovery_codes": "hashes; go when the person goes",
    "roles": "words of the desk",
    "sign_in_flows": "hashes, and an address of the desk, for minutes",
    "sign_in_steps": "hashes, for minutes",
    "totp_factors": "sealed; go when the person goes",
    "search_queue": "references",
    "search_words": "filled by the worker; its words go by `said`",
    "stale_files": "keys of files, which go",
    "tags": "words of the desk",
    "teams": "words of the desk",
    "ticket_links": "references",
    "ticket_stats": "sums",
    "ticket_stats_delta": "sums",
    "transfer_jobs": "names of files, which staff gave; the files go after seven days",
    "transfer_problems": "rows that did not come in, which go after seven days",
    "webhook_deliveries": "what of a ticket changed, without a word of it",
    "webhook_endpoints": "addresses of programs, which staff wrote",
    "webhook_position": "snapshots",
    "ticket_texts": "filled by the worker; its rows go with the ticket's",
}


def dump(database: ScratchDatabase) -> str:
    """Everything that the database holds, as text."""
    done = subprocess.run(
        [wheel_programs() / "pg_dump", "--dbname", libpq(database.admin_url), "--inserts"],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.lower()


def haunt(desk: Desk, cast: Cast, data: Path) -> tuple[int, list[str]]:
    """A person with a canary in everything that is theirs; returns them, and what others said that must stay."""
    store = open_store(data / "files", limit=10**6)
    put = store.put([f"{CANARY} in a file".encode()])
    file = StoredFile(f"{CANARY}.txt", "text/plain", put.size, put.checksum, put.storage_key)
    shared = store.put([b"a file of two people"])
    common = StoredFile("common.txt", "text/plain", shared.size, shared.checksum, shared.storage_key)
    with desk.begin(SYSTEM) as session:
        stub = make_customer(session, email=f"{CANARY}.old@example.com", full_name=f"Old {CANARY}")
        person = make_customer(session, email=f"{CANARY}@example.com", full_name=f"Ann {CANARY} O'Neil (x)")
        ticket = make_ticket(
            session, person, title=f"{CANARY} title", description=f"{CANARY} text", files=[file]
        )
        make_comment(session, ticket, person, f"{CANARY} says", files=[file, common])
        make_comment(session, ticket, cast.agent.id, f"Dear Ann {CANARY.upper()} o'neil (X), all is well.")
        make_comment(session, ticket, cast.agent.id, "Nothing personal here.", is_internal=True)
        elsewhere = make_ticket(session, cast.customer.id, title="somebody else's")
        make_comment(session, elsewhere, person, f"{CANARY} on another's ticket")
        make_comment(session, elsewhere, cast.customer.id, "mine stays", files=[common])
        purged = make_ticket(session, person, title=f"{CANARY} purged", description=CANARY)
        said = make_comment(session, purged, person, f"{CANARY} gone")
        said.content = f"{CANARY} gone, edited"
        session.flush()
        soft_delete_ticket(session, purged.id)
        mail = session.scalar(
            text(
                "WITH box AS (INSERT INTO ombud.mailboxes (name, address) VALUES ('box', 'help@ombud.example')"
                " RETURNING id) INSERT INTO ombud.inbound_mails (mailbox_id, source, checksum, storage_key, size,"
                " sender_email, sender_name, subject, message_id, envelope_from, state, decided_at, ticket_id)"
                " SELECT id, 'imap', :sum, :key, 5, :mail, :mail, :mail, :mid, :mail, 'accepted', now(), :t"
                " FROM box RETURNING id"
            ),
            {
                "sum": put.checksum,
                "key": put.storage_key,
                "mail": f"{CANARY}@example.com",
                "mid": f"1@{CANARY}.example",
                "t": ticket.id,
            },
        )
        assert mail is not None
        for statement in (
            "INSERT INTO ombud.mail_references (message_id, ticket_id) VALUES ('1@zqxcanary.example', :t)",
            "INSERT INTO ombud.external_refs (source, key, ticket_id) VALUES ('mbox', '1@zqxcanary.example', :t)",
            "INSERT INTO ombud.web_sessions (user_id, token_hash, user_agent, expires_at)"
            " VALUES (:u, 'x', 'zqxcanary', now())",
            "INSERT INTO ombud.api_tokens (user_id, name, key_id, secret_hash) VALUES (:u, 'zqxcanary', 'k', 'x')",
            "INSERT INTO ombud.access_logs (principal, kind, object, request_id)"
            " VALUES ('user:1', 'search', 'search:zqxcanary@example.com', 'r')",
            "INSERT INTO ombud.automatic_mails (address, kind) VALUES ('zqxcanary@example.com', 'acknowledgement')",
            "INSERT INTO ombud.kept_answers (user_id, route, key, request_hash, status, headers, body)"
            " VALUES (:a, 'GET', 'k', 'x', 200, '{}', convert_to('{\"name\": \"Zqxcanary@example.com\"}', 'UTF8'))",
            "INSERT INTO ombud.kept_answers (user_id, route, key, request_hash, status, headers, body)"
            " VALUES (:a, 'GET', 'l', 'x', 200, '{}', '\\xff00')",
        ):
            given = {"t": ticket.id, "u": person.id, "a": cast.agent.id}
            session.execute(text(statement), {k: v for k, v in given.items() if f":{k}" in statement})
        for state in ("sent", "queued"):
            _letter(session, (person.id, cast.agent.id), ticket.id, state, put.storage_key)
    desk.run(Actor.customer(person.id), save_draft, ticket.id, f"{CANARY} draft", is_internal=False)
    desk.run(SYSTEM, people.change_user, person.id, {"full_name": f"Anna {CANARY} O'Neil"})
    desk.run(Actor.customer(person.id), reply, ticket.id, f"{CANARY} again")
    desk.run(cast.agent.actor, change_ticket, ticket.id, {"title": f"{CANARY} better title"})
    desk.run(cast.agent.actor, set_status, ticket.id, TicketStatus.RESOLVED)
    desk.run(cast.admin.actor, merge_people, [stub.id], person.id)
    with clock.frozen(clock.now() + timedelta(days=3)):
        assert desk.run(SYSTEM, purge_deleted_tickets, days=2).ticket_ids == (purged.id,)
    return person.id, ["Nothing personal here.", "mine stays", "all is well."]


def _letter(session: Session, people: tuple[int, int], ticket: int, state: str, storage_key: str) -> None:
    """A reply that went out to the person, or waits to; the other one goes to somebody else, too."""
    person, agent = people
    mail = session.scalar(
        text(
            "INSERT INTO ombud.outbound_mails (kind, mailbox_id, ticket_id, message_id, in_reply_to, thread, subject,"
            " state, problem, storage_key) SELECT 'reply', b.id, :t, :mid, '1@zqxcanary.example',"
            " ARRAY['0@ombud.example', '1@zqxcanary.example'], 'Re: zqxcanary title', :s,"
            " 'no zqxcanary@example.com here', :key FROM ombud.mailboxes b RETURNING id"
        ),
        {"t": ticket, "mid": f"{state}@ombud.example", "s": state, "key": storage_key},
    )
    session.execute(
        text(
            "INSERT INTO ombud.outbound_recipients (mail_id, user_id, email, name, answer) VALUES"
            " (:m, :u, 'Zqxcanary@example.com', 'Ann Zqxcanary', '250 zqxcanary@example.com')"
        ),
        {"m": mail, "u": person},
    )
    if state == "sent":
        session.execute(
            text(
                "INSERT INTO ombud.outbound_recipients (mail_id, email, answer)"
                " VALUES (:m, 'colleague@example.com', '250 ok, as for zqxcanary@example.com')"
            ),
            {"m": mail},
        )
    session.execute(
        text(
            "SELECT ombud.notify_staff('assigned', ARRAY[CAST(:t AS bigint)], NULL, ARRAY[CAST(:a AS bigint)], true)"
        ),
        {"t": ticket, "a": agent},
    )

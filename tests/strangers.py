"""Things of all kinds that belong to others: for tests that what one may not know of looks like what is not there."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import text

from ombud import Desk, DeskSession
from ombud.db.actor import Actor
from ombud.files import FileStore
from ombud.testing.factories import make_comment, make_organization, make_tag, make_ticket
from ombud.testing.personas import Cast
from ombud.tickets import StoredFile, attach_file

SYSTEM = Actor.system("test")
MISSING = "999999"


@dataclass
class World:
    """The ids of things that belong to others, by the names of parameters; of mails by the address, too."""

    ids: dict[str, str] = field(default_factory=dict)

    def of(self, name: str, path: str) -> str:
        """Return what stands for a parameter of an address."""
        if name == "mail_id":
            return self.ids["outbound" if path.startswith("/outbox") else "inbound"]
        return self.ids[name]


def make_world(desk: Desk, cast: Cast, files: FileStore) -> World:
    """Make things that neither a customer nor an agent of one team may know of (but staff: the desk's own)."""
    stored = files.put([b"hello"])
    file = StoredFile("hello.txt", "text/plain", stored.size, stored.checksum, stored.storage_key)

    def row(session: DeskSession, statement: str, **given: object) -> str:
        return str(session.execute(text(f"INSERT INTO ombud.{statement} RETURNING id"), given).scalar_one())

    def make(session: DeskSession) -> dict[str, str]:
        other, admin = cast.other_customer.id, cast.admin.id
        ticket = make_ticket(session, other, title="Foreign", team_id=cast.other_team.id)
        second = make_ticket(session, other, title="Foreign, too", team_id=cast.other_team.id)
        comment = make_comment(session, ticket, other, "Hello")
        provider = row(
            session,
            "identity_providers (slug, label, issuer, client_id) VALUES ('x', 'X', 'https://x.example', 'c')",
        )
        mailbox = row(session, "mailboxes (name, address) VALUES ('Box', 'box@desk.example')")
        webhook = row(session, "webhook_endpoints (owner_id, url) VALUES (:u, 'https://x.example')", u=admin)
        made = {
            "number": ticket.ticket_number,
            "other": second.ticket_number,
            "comment_id": str(comment.id),
            "attachment_id": str(attach_file(session, ticket.id, file).id),
            "user_id": str(other),
            "other_id": str(admin),
            "team_id": str(cast.other_team.id),
            "organization_id": str(make_organization(session, "Initech").id),
            "tag_id": str(make_tag(session, "fire").id),
            "role_id": row(session, "roles (name) VALUES ('Answers')"),
            "provider_id": provider,
            "mailbox_id": mailbox,
            "webhook_id": webhook,
            "delivery_id": row(
                session, "webhook_deliveries (endpoint_id, event) VALUES (:w, 'webhook.test')", w=webhook
            ),
            "rule_id": row(
                session, "mail_rules (name, field, pattern, ignores) VALUES ('r', 'subject', 'x', true)"
            ),
            "inbound": row(
                session,
                "inbound_mails (mailbox_id, source, checksum, storage_key, size) VALUES (:m, 'http', :c, :k, 5)",
                m=mailbox,
                c=stored.checksum,
                k=stored.storage_key,
            ),
            "outbound": row(
                session,
                "outbound_mails (kind, message_id, mailbox_id, ticket_id, state) "
                "VALUES ('notification', 'm@x', :m, :t, 'canceled')",
                m=mailbox,
                t=ticket.id,
            ),
            "export_id": row(
                session, "transfer_jobs (kind, format, owner_id) VALUES ('export', 'csv', :u)", u=admin
            ),
            "import_id": row(
                session, "transfer_jobs (kind, format, owner_id) VALUES ('import', 'csv', :u)", u=other
            ),
            "passkey_id": row(
                session,
                "passkeys (user_id, name, credential_id, public_key) VALUES (:u, 'key', 'c', 'k')",
                u=other,
            ),
            "identity_id": row(
                session,
                "identities (user_id, provider_id, issuer, subject) VALUES (:u, :p, 'https://x.example', 's')",
                u=other,
                p=provider,
            ),
            "session_id": row(
                session,
                "web_sessions (user_id, token_hash, expires_at) VALUES (:u, 'h', now() + interval '1 day')",
                u=other,
            ),
            "token_id": row(
                session, "api_tokens (user_id, name, key_id, secret_hash) VALUES (:u, 't', 'k', 's')", u=other
            ),
            "request_id": "a-request-of-others",
        }
        session.execute(text("SET LOCAL ROLE ombud_owner"))  # a function of the database tells, nobody else
        told = "notifications (user_id, kind, ticket_id) VALUES (:u, 'assigned', :t)"
        return {**made, "notification_id": row(session, told, u=admin, t=ticket.id)}

    return World(desk.run(SYSTEM, make))

"""Mail that came back: which addresses take none, and what people see of it.

A report counts only for our own message, named by our signature, and only for people on that message's ticket:
whoever forges one cannot silence anybody else (TRUST.md T68).
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ombud import clock
from ombud.db.context import actor_of
from ombud.errors import NotFound
from ombud.mail.parse.model import DeliveryStatus
from ombud.mail.rules import Step
from ombud.models import BouncedAddress, InboundMail
from ombud.people.addresses import as_stored
from ombud.tickets.policy import require_writer

MOST = 20


def note_bounces(
    session: Session, mail: InboundMail, reports: Iterable[DeliveryStatus], participants: frozenset[str]
) -> Sequence[Step]:
    """Mark the participants' addresses that a report says are gone for good; returns what the report says."""
    steps = []
    for report in list(reports)[:MOST]:
        email = as_stored(report.recipient).lower()
        said = f"{report.status} {report.diagnostic}".strip()[:300]
        if email not in participants:
            steps.append(
                Step("bounce", f"{email[:100] or 'somebody'} takes no part in the ticket: not marked")
            )
        elif not report.is_permanent or report.action in ("delayed", "delivered", "relayed", "expanded"):
            steps.append(Step("bounce", f"delivery to {email} is {report.action or 'delayed'}: {said}"))
        else:
            steps.append(Step("bounce", f"{email} takes no mail: {said}"))
            _mark(session, mail, email, report)
    return steps


def works_again(session: Session, email: str) -> None:
    """Forget that an address bounced: it wrote to us."""
    session.execute(delete(BouncedAddress).where(BouncedAddress.email == email))


def clear_bounce(session: Session, email: str) -> None:
    """Let mail go to an address again that bounced; NotFound when it did not."""
    require_writer(actor_of(session))
    found = session.get(BouncedAddress, as_stored(email).lower())
    if found is None:
        raise NotFound("Mail to this address did not come back.")
    session.delete(found)
    session.flush()


def _mark(session: Session, mail: InboundMail, email: str, report: DeliveryStatus) -> None:
    marked = {
        "bounced_at": clock.now(),
        "status": report.status[:20],
        "diagnostic": report.diagnostic[:500],
        "ticket_id": mail.ticket_id,
        "mail_id": mail.id,
    }
    statement = insert(BouncedAddress).values(email=email, **marked)
    session.execute(statement.on_conflict_do_update(index_elements=["email"], set_=marked))

"""Forget a person, and keep their tickets and a log that still proves itself."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from ombud.audit.actions import record_redaction
from ombud.audit.redactions import RedactedRow
from ombud.curation import queries
from ombud.curation.actions.people import CannotMerge, get_people
from ombud.db.context import actor_of, take_time
from ombud.errors import Conflict
from ombud.people.policy import require_admin

if TYPE_CHECKING:
    from ombud.audit.keys import SigningKey


LONGEST = 900.0
"""Seconds. It grows with what a person wrote; who wrote much has the same right to be forgotten as anybody."""


class CannotAnonymise(Conflict):
    """This person cannot be forgotten now."""

    code = "cannot_anonymise"


@dataclass(frozen=True, slots=True)
class Anonymised:
    """Who was forgotten, and how many rows of the audit log were redacted for it."""

    person_id: int
    redacted_rows: int


def anonymise_person(
    session: Session, key: "SigningKey", person_id: int, *, texts: bool = True
) -> Anonymised:
    """Take a person's name, addresses, mails and sessions out of everything, the audit log included; for good.

    With `texts` also what they wrote and the files that they sent, and their name and address where others wrote
    them on tickets that they were on. Numbers, times, states and who answered stay. Files leave the store by
    the worker, an hour later. `key` signs what is taken out of the log, so that `verify` accepts it.
    It takes about a second for some hundred tickets, in one transaction: meanwhile these tickets can be read, not
    changed. TooSlow after `LONGEST` seconds, and nothing was changed.
    For administrators. Staff are deactivated first, and their texts, which are the desk's, stay.
    """
    require_admin(actor_of(session))
    person = get_people(session, [person_id])[person_id]
    if person.merged_into_id is not None:
        raise CannotMerge(f"{person.id} was merged into {person.merged_into_id}: anonymise that one.")
    if person.is_staff and (person.is_active or texts):
        raise CannotAnonymise("Deactivate staff first, and keep what they wrote: it is the desk's.")
    session.flush()
    take_time(session, LONGEST)
    rows = [RedactedRow(*row) for row in session.execute(queries.anonymise_step(person_id, texts=texts))]
    record_redaction(session, key, person_id, rows)
    session.expire_all()
    return Anonymised(person_id, len(rows))

"""Write down, signed, what was taken out of the log."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import insert
from sqlalchemy.orm import Session

from ombud.audit.redactions import RedactedRow, digest_of, words_of
from ombud.db.context import actor_of
from ombud.models import AuditRedactedRow, AuditRedaction

if TYPE_CHECKING:
    from ombud.audit.keys import SigningKey


def record_redaction(
    session: Session, key: "SigningKey", subject_id: int, rows: Sequence[RedactedRow]
) -> AuditRedaction | None:
    """Sign that these rows of the log were redacted, in the transaction that did it; None when there are none."""
    if not rows:
        return None
    request_id = actor_of(session).request_id
    redaction = AuditRedaction(
        subject_id=subject_id,
        request_id=request_id,
        row_count=len(rows),
        digest=digest_of(rows),
        key_id=key.key_id,
        signature=key.sign(words_of(subject_id, request_id, rows)),
    )
    session.add(redaction)
    session.flush()
    session.execute(
        insert(AuditRedactedRow),
        [
            {"redaction_id": redaction.id, "log_id": row.log_id, "was": row.was, "is_now": row.is_now}
            for row in rows
        ],
    )
    return redaction

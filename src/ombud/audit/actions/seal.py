"""Seal what is finished: one signed checkpoint over all rows whose transactions have ended."""

from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from ombud.audit import queries
from ombud.audit.checkpoints import NO_PREVIOUS, Statement
from ombud.audit.leaves import MerkleTree
from ombud.clock import now
from ombud.models import AuditCheckpoint

if TYPE_CHECKING:
    from ombud.audit.keys import SigningKey

# Any constant does: all processes that seal one desk take the same lock.
SEAL_LOCK = 7_246_841
FETCHED_AT_ONCE = 5000


def seal(session: Session, key: "SigningKey") -> int:
    """Seal the rows of all transactions that have ended since the last checkpoint; returns how many.

    A window of transactions, not of ids: below the oldest running transaction nothing can appear any more,
    so a late commit is never skipped. Needs READ COMMITTED, which is the default. Somebody else sealing at
    this moment, or nothing new, is 0.
    """
    if not session.scalar(queries.seal_lock(SEAL_LOCK)):
        return 0
    finished = session.scalars(queries.finished_before()).one()
    last = session.scalar(queries.last_checkpoint())
    if last is None:
        return _seal(session, key, None, 0, (0, finished))
    if finished >= last.xid_to:
        return _seal(session, key, last, last.after_id, (last.xid_to, finished))
    return _seal_restored(session, key, last, finished)


def _seal_restored(session: Session, key: "SigningKey", last: AuditCheckpoint, finished: int) -> int:
    """Go on after a backup was restored on a server that numbers its transactions anew, from a low number.

    What came with the backup unsealed has high numbers and is sealed first; what is newer has higher ids. Where there
    is nothing newer yet, an empty checkpoint begins the new numbers: once they have passed those of the earlier server,
    nobody could tell any more to which a row belongs.
    """
    highest_id, highest_xid = session.execute(queries.unsealed_edge(last)).one()
    sealed = 0
    if highest_id is not None:
        sealed = _seal(session, key, last, last.after_id, (last.xid_to, highest_xid + 1))
        last = session.scalars(queries.last_checkpoint()).one()
    edge = session.scalars(queries.last_sealed_id()).one()
    return sealed + _seal(session, key, last, edge, (0, finished), begins=True)


def _seal(
    session: Session,
    key: "SigningKey",
    last: AuditCheckpoint | None,
    after_id: int,
    window: tuple[int, int],
    *,
    begins: bool = False,
) -> int:
    tree, first_id, last_id = MerkleTree(), None, 0
    rows = session.execute(
        queries.leaves(after_id, *window), execution_options={"yield_per": FETCHED_AT_ONCE}
    )
    for last_id, leaf in rows:
        first_id = last_id if first_id is None else first_id
        tree.add(leaf)
    if first_id is None:
        if not begins:
            return 0
        first_id = last_id = after_id
    statement = Statement(
        number=last.number + 1 if last else 1,
        created_at=now(),
        after_id=after_id,
        xid_from=window[0],
        xid_to=window[1],
        first_id=first_id,
        last_id=last_id,
        row_count=tree.count,
        root=tree.root(),
        previous=Statement.of(last).digest() if last else NO_PREVIOUS,
        key_id=key.key_id,
    )
    session.add(AuditCheckpoint(**statement.fields(), signature=key.sign(statement.words())))
    session.flush()
    return tree.count

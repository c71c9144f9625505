"""Prove that the log is as it was written: hashes, roots, the chain of checkpoints, signatures, the export.

Everything is computed here, from what the rows say; no function of the database is believed. What cannot be
known is said too: rows that no checkpoint seals yet can be changed by a superuser without a trace.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from ombud.audit import queries
from ombud.audit.checkpoints import NO_PREVIOUS, Statement, read_line
from ombud.audit.coverage import EXEMPT
from ombud.audit.leaves import MerkleTree, changes_hash, leaf_of
from ombud.audit.redactions import Chains, RedactedRow, is_genuine
from ombud.db.doctor.recording import weaknesses
from ombud.errors import Invalid
from ombud.models import AuditCheckpoint

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ROWS_AT_ONCE = 50_000
FETCHED_AT_ONCE = 5000
SHOWN_PER_KIND = 100
"""More problems of one kind than this are counted, not listed."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it was written. `kind` is stable and snake_case."""

    kind: str
    what: str
    checkpoint: int | None = None
    row: int | None = None


@dataclass(slots=True)
class Report:
    """What verification found. No problem means: what is sealed is what was written."""

    checkpoints: int = 0
    sealed_rows: int = 0
    unsealed_rows: int = 0
    redacted_rows: int = 0
    problems: list[Problem] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def is_sound(self) -> bool:
        """True when nothing is wrong."""
        return not self.counts

    def add(self, kind: str, what: str, checkpoint: int | None = None, row: int | None = None) -> None:
        """Note a problem."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if self.counts[kind] <= SHOWN_PER_KIND:
            self.problems.append(Problem(kind, what, checkpoint, row))


def verify(session: Session, keys: Mapping[str, "Ed25519PublicKey"], exported: Sequence[str]) -> Report:
    """Check the whole log in a session that sees all of it; best in one snapshot.

    `exported` are the lines of the exported file, read before the session began, so that no checkpoint is
    missed that was made meanwhile. Takes time in proportion to the log; memory stays flat.
    """
    report = Report()
    checkpoints = session.scalars(queries.checkpoints()).all()
    report.checkpoints = len(checkpoints)
    for kind, what in weaknesses(session, EXEMPT):
        report.add(kind, what)
    _check_chain(checkpoints, keys, report)
    _check_export(checkpoints, keys, exported, report)
    proof = _Proof(_redactions(session, keys, report), set(session.scalars(queries.redaction_ids())))
    for generation in _generations(checkpoints):
        for batch in generation.batches():
            _check_rows(session, generation, batch, proof, report)
    _check_tail(session, checkpoints, proof, report)
    _check_redactions(proof, report)
    return report


@dataclass(slots=True)
class _Proof:
    """What is known beside the rows: redactions that are signed, which there are, and which the log tells of."""

    chains: Chains
    stored: set[int]
    logged: set[int | None] = field(default_factory=set)


def _redactions(session: Session, keys: Mapping[str, "Ed25519PublicKey"], report: Report) -> Chains:
    """Return the redactions that are signed; the others are forgeries, and their rows are checked as they are."""
    chains = Chains()
    if session.scalar(queries.rows_of_no_redaction()):
        report.add("false_redaction", "There are redacted rows that belong to no redaction.")
    for redaction in session.scalars(queries.redactions()):
        rows = [RedactedRow(*row) for row in session.execute(queries.redacted_rows(redaction.id))]
        if not is_genuine(redaction, rows, keys):
            report.add("false_redaction", f"Redaction {redaction.id} is not signed by a key of yours.")
            continue
        follows = [chains.add(row) for row in rows]
        if not all(follows):
            report.add("false_redaction", f"Redaction {redaction.id} does not follow the one before.")
    report.redacted_rows = len(chains)
    return chains


def _check_redactions(proof: _Proof, report: Report) -> None:
    for one in sorted(proof.stored ^ proof.logged, key=lambda number: number or 0):
        where = "stands in the log and is gone" if one in proof.logged else "does not stand in the log"
        report.add("false_redaction", f"Redaction {one} {where}.")
    for log_id in sorted(proof.chains.unseen):
        report.add("removed", f"Row {log_id} was redacted and is gone.", row=log_id)


@dataclass(frozen=True, slots=True)
class _Generation:
    """Checkpoints whose transactions are numbered by one server; `until_id` is None for the present one."""

    checkpoints: Sequence[AuditCheckpoint]
    until_id: int | None

    @property
    def ids(self) -> tuple[int | None, int | None]:
        # Nothing has an id below the first row: a row there is one too many, and must be looked at.
        return (self.checkpoints[0].after_id or None, self.until_id)

    def batches(self) -> Iterator[tuple[int, int]]:
        """Yield stretches of checkpoints that are read in one go, as indexes."""
        start, rows = 0, 0
        for position, checkpoint in enumerate(self.checkpoints):
            rows += checkpoint.row_count
            if rows >= ROWS_AT_ONCE:
                yield (start, position + 1)
                start, rows = position + 1, 0
        if start < len(self.checkpoints):
            yield (start, len(self.checkpoints))


def _generations(checkpoints: Sequence[AuditCheckpoint]) -> list[_Generation]:
    if not checkpoints:
        return []
    starts = [0]
    starts += [
        position
        for position in range(1, len(checkpoints))
        if checkpoints[position].after_id != checkpoints[position - 1].after_id
    ]
    ends = [*starts[1:], len(checkpoints)]
    return [
        _Generation(checkpoints[start:end], checkpoints[end].after_id if end < len(checkpoints) else None)
        for start, end in zip(starts, ends, strict=True)
    ]


def _check_chain(
    checkpoints: Sequence[AuditCheckpoint], keys: Mapping[str, "Ed25519PublicKey"], report: Report
) -> None:
    previous: Statement | None = None
    for checkpoint in checkpoints:
        statement = Statement.of(checkpoint)
        _check_signature(statement, checkpoint.signature, keys, report, "The database")
        if not _follows(statement, previous):
            report.add(
                "chain_broken",
                f"Checkpoint {statement.number} does not follow the one before.",
                statement.number,
            )
        previous = statement


def _follows(statement: Statement, previous: Statement | None) -> bool:
    if previous is None:
        return statement.number == 1 and statement.previous == NO_PREVIOUS and statement.xid_from == 0
    same_server = (statement.after_id, statement.xid_from) == (previous.after_id, previous.xid_to)
    restored = statement.after_id >= previous.last_id and statement.xid_from == 0
    return (
        statement.number == previous.number + 1
        and statement.previous == previous.digest()
        and (same_server or restored)
    )


def _check_signature(
    statement: Statement,
    signature: bytes,
    keys: Mapping[str, "Ed25519PublicKey"],
    report: Report,
    where: str,
) -> None:
    number, key = statement.number, keys.get(statement.key_id)
    if key is None:
        words = (
            f"{where} has checkpoint {number} signed with key {statement.key_id}, which is not among yours."
        )
        report.add("unknown_key", words, number)
    elif not statement.is_signed_by(key, signature):
        report.add("bad_signature", f"{where} has checkpoint {number} with a false signature.", number)


def _check_export(
    checkpoints: Sequence[AuditCheckpoint],
    keys: Mapping[str, "Ed25519PublicKey"],
    exported: Sequence[str],
    report: Report,
) -> None:
    stored = {one.number: (Statement.of(one), one.signature) for one in checkpoints}
    expected = 1
    for position, line in enumerate(exported, 1):
        try:
            statement, signature = read_line(line)
        except Invalid:
            report.add("export_damaged", f"Line {position} of the exported file is not a checkpoint.")
            continue
        number = statement.number
        if number != expected:
            report.add(
                "export_damaged", f"The exported file goes on with checkpoint {number}, not {expected}."
            )
        expected = number + 1
        if number not in stored:
            report.add("cut_off", f"Checkpoint {number} was exported and is not in the database.", number)
        elif stored[number] != (statement, signature):
            report.add("checkpoint_changed", f"Checkpoint {number} is not the one that was exported.", number)
        else:
            continue
        _check_signature(statement, signature, keys, report, "The exported file")


def _check_rows(
    session: Session, generation: _Generation, batch: tuple[int, int], proof: "_Proof", report: Report
) -> None:
    """Recompute the hashes and roots of a stretch of checkpoints."""
    sealed = generation.checkpoints[batch[0] : batch[1]]
    starts = [one.xid_from for one in sealed]
    trees = [MerkleTree() for _ in sealed]
    is_first, is_last = batch[0] == 0, batch[1] == len(generation.checkpoints)
    transactions = (
        None if is_first else sealed[0].xid_from,
        # An earlier server's rows end with its last checkpoint; the present one's go on.
        None if is_last and generation.until_id is not None else sealed[-1].xid_to,
    )
    for row in _rows(session, generation.ids, transactions):
        _check_leaf(row, proof, report)
        place = bisect_right(starts, row.xid) - 1
        if place < 0 or row.xid >= sealed[-1].xid_to:
            report.add("inserted", f"Row {row.id} belongs to no checkpoint that could be.", row=row.id)
        else:
            trees[place].add(row.leaf)
    for checkpoint, tree in zip(sealed, trees, strict=True):
        report.sealed_rows += tree.count
        _check_root(checkpoint, tree, report)


def _check_leaf(row: Any, proof: "_Proof", report: Report) -> None:
    if row.table_name == "audit_redactions" and row.action == "CREATE":
        proof.logged.add(row.record_id)
    changes = proof.chains.original(row.id, changes_hash(row))
    if changes is None or leaf_of(row, changes) != row.leaf:
        report.add("edited", f"Row {row.id} is not as it was written.", row=row.id)


def _check_root(checkpoint: AuditCheckpoint, tree: MerkleTree, report: Report) -> None:
    number, missing = checkpoint.number, checkpoint.row_count - tree.count
    if missing > 0:
        report.add("removed", f"Checkpoint {number} sealed {missing} rows more than there are.", number)
    elif missing < 0:
        report.add("inserted", f"Checkpoint {number} sealed {-missing} rows fewer than there are.", number)
    elif tree.root() != checkpoint.root:
        report.add("changed", f"Rows under checkpoint {number} were changed or moved.", number)


def _check_tail(
    session: Session, checkpoints: Sequence[AuditCheckpoint], proof: "_Proof", report: Report
) -> None:
    """What is not sealed yet: hashes must be right, and transactions must have happened."""
    last = checkpoints[-1] if checkpoints else None
    future = session.scalars(queries.not_begun_from()).one()
    ids = (last.after_id or None, None) if last else (None, None)
    for row in _rows(session, ids, (last.xid_to if last else None, None)):
        report.unsealed_rows += 1
        _check_leaf(row, proof, report)
        if row.xid >= future:
            report.add("inserted", f"Row {row.id} claims a transaction that has not happened.", row=row.id)


def _rows(
    session: Session, ids: tuple[int | None, int | None], transactions: tuple[int | None, int | None]
) -> Iterator[Any]:
    statement = queries.rows_to_prove(ids, transactions)
    yield from session.execute(statement, execution_options={"yield_per": FETCHED_AT_ONCE})

"""Undo of taking files off: they are on their message again, as long as the store has their bytes for certain."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import insert
from sqlalchemy.orm import Session

from ombud import clock
from ombud.audit import queries
from ombud.audit.actions.queries import anonymised_among, places_of_comments
from ombud.audit.history import typed
from ombud.audit.undoing import Plan
from ombud.db.actor import Actor
from ombud.models import Attachment

FILES_KEPT = timedelta(minutes=45)
"""The worker leaves the bytes of a file that was taken off for an hour at least."""


def changed_files(session: Session, actor: Actor, plan: Plan) -> Iterator[str]:
    """Say which files have no place to go back to, or no bytes; locks the tickets.

    The log has no column that was empty: a file without a comment was the ticket's own.
    """
    if not plan.files:
        return
    files = plan.files.values()
    tickets = {
        row.id: row
        for row in session.execute(queries.tickets_for_undo(actor, {f["ticket_id"] for f in files}))
    }
    comments = session.execute(places_of_comments({f["comment_id"] for f in files if "comment_id" in f}))
    places = {row.id: row.ticket_id for row in comments}
    forgotten = set(session.scalars(anonymised_among({f["uploader_id"] for f in files})))
    for file in files:
        name, ticket = f"file {file['file_name']!r}", tickets.get(file["ticket_id"])
        if plan.at < clock.now() - FILES_KEPT:
            yield f"{name} is no longer kept"
        elif file["uploader_id"] in forgotten:
            yield f"who sent {name} was forgotten"
        elif ticket is None or ticket.deleted_at is not None:
            yield f"the ticket of {name} is deleted"
        elif "comment_id" in file and places.get(file["comment_id"]) != ticket.id:
            yield f"the message of {name} is somewhere else now"


def restore_files(session: Session, plan: Plan) -> None:
    """Put the records back, under their former ids: links to them lead somewhere again."""
    for key, was in sorted(plan.files.items()):
        fields = {name: typed(Attachment, name, value) for name, value in was.items()}
        session.execute(insert(Attachment).values({**fields, "id": key}))

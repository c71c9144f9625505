"""`ombud curate`: find duplicates, merge, forget people, purge."""

from typing import Annotated

import typer
from sqlalchemy.orm import Session

from ombud import curation
from ombud.audit.keys import signing_key
from ombud.cli.common import DataDir, desk_for, out
from ombud.cli.people import person, show_table
from ombud.db.actor import Actor
from ombud.db.context import actor_of
from ombud.db.open import data_dir as data_dir_of
from ombud.errors import Invalid, NotFound
from ombud.tickets import queries as tickets
from ombud.worker.logs import keys_folder

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


def _curator() -> Actor:
    """Return who acts, in a request of its own: that is what is undone."""
    return Actor.system("cli/curate")


Limit = Annotated[int, typer.Option("--limit", min=1, max=200, help="At most so many.")]
Email = Annotated[str, typer.Argument(help="Their address.", show_default=False)]


@app.command("people")
def duplicate_people(limit: Limit = 50, data_dir: DataDir = None) -> None:
    """List pairs of customers who may be one person, the likeliest first."""
    with desk_for(data_dir) as desk, desk.read(_curator()) as session:
        found = curation.duplicate_people(session, limit=limit)
    show_table(
        ("score", "person", "other", "why"),
        [
            (f"{one.likeness.score:.2f}", one.person.email, one.other.email, ", ".join(one.likeness.reasons))
            for one in found
        ],
    )


@app.command("tickets")
def duplicate_tickets(limit: Limit = 50, data_dir: DataDir = None) -> None:
    """List pairs of open tickets of one requester that may be one matter."""
    with desk_for(data_dir) as desk, desk.read(_curator()) as session:
        found = curation.duplicate_tickets(session, limit=limit)
    show_table(
        ("score", "ticket", "other", "title", "why"),
        [
            (
                f"{one.likeness.score:.2f}",
                one.ticket.ticket_number,
                one.other.ticket_number,
                one.other.title[:60],
                ", ".join(one.likeness.reasons),
            )
            for one in found
        ],
    )


@app.command("merge-people")
def merge_people(
    target: Email,
    sources: Annotated[list[str], typer.Argument(help="Who becomes them.", show_default=False)],
    data_dir: DataDir = None,
) -> None:
    """Make customers one with another. `ombud undo` takes it back."""

    def work(session: Session) -> curation.Merged:
        into = person(session, target).id
        return curation.merge_people(session, [person(session, one).id for one in sources], into)

    with desk_for(data_dir) as desk:
        merged = desk.run(_curator(), work)
    out.print(f"To have them apart again: ombud undo {merged.request_id}", highlight=False, soft_wrap=True)


@app.command("merge-tickets")
def merge_tickets(
    target: Annotated[str, typer.Argument(help="The number of the ticket that goes on.", show_default=False)],
    sources: Annotated[list[str], typer.Argument(help="Numbers of those that end.", show_default=False)],
    across: Annotated[
        bool, typer.Option("--across-requesters", help="Of different requesters, too.")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--requesters-follow", help="Their requesters follow the one that goes on.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Let the conversations of tickets go on in one. `ombud undo` takes it back."""

    def number(session: Session, name: str) -> int:
        found = session.scalar(tickets.ticket_id(actor_of(session), name))
        if found is None:
            raise NotFound(f"There is no ticket {name} here.")
        return found

    def work(session: Session) -> curation.MergedTickets:
        ids = [number(session, one) for one in sources]
        into = number(session, target)
        return curation.merge_tickets(session, ids, into, across_requesters=across, requesters_follow=follow)

    with desk_for(data_dir) as desk:
        merged = desk.run(_curator(), work)
    out.print(
        f"{merged.comments:,} comments moved. To have them apart again: ombud undo {merged.request_id}",
        highlight=False,
        soft_wrap=True,
    )


@app.command("tags")
def tags(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Write all tags in one way, and merge those that are then the same. `ombud undo` takes it back."""
    actor = _curator()
    with desk_for(data_dir) as desk, desk.begin(actor) as session:
        changed = curation.normalise_tags(session, dry_run=dry_run)
    show_table(("tag", "was"), [(name, ", ".join(was)) for name, was in changed])
    if changed and not dry_run:
        out.print(
            f"To have them as they were: ombud undo {actor.request_id}", highlight=False, soft_wrap=True
        )


@app.command()
def anonymise(
    email: Email,
    keep_texts: Annotated[
        bool, typer.Option("--keep-texts", help="Keep what they wrote; only who they are is forgotten.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask. There is no way back.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Forget a person: in records, mails, files, search and the audit log, for good."""
    if not yes and typer.prompt(f"There is no way back. Type {email} to go on", default="") != email:
        raise Invalid("Nothing was changed.")
    with desk_for(data_dir) as desk:
        key = signing_key(keys_folder(data_dir_of(desk.settings)))
        done = desk.run(
            _curator(),
            lambda session: curation.anonymise_person(
                session, key, person(session, email).id, texts=not keep_texts
            ),
        )
    out.print(
        f"Person {done.person_id} is anonymised; {done.redacted_rows:,} rows of the audit log were redacted."
        " Files leave the store within two hours of the worker.",
        highlight=False,
        soft_wrap=True,
    )

"""`ombud curate`: tags written in one way, people forgotten. What stands twice is in `ombud duplicates`."""

from typing import Annotated

import typer

from ombud import curation
from ombud.audit.keys import signing_key
from ombud.cli.common import DataDir, desk_that_is_there, out
from ombud.cli.people import person, show_table
from ombud.db.actor import Actor
from ombud.db.open import data_dir as data_dir_of
from ombud.errors import Invalid
from ombud.worker.logs import keys_folder

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


def _curator() -> Actor:
    """Return who acts, in a request of its own: that is what is undone."""
    return Actor.system("cli/curate")


Email = Annotated[str, typer.Argument(help="Their address.", show_default=False)]


@app.command("tags")
def tags(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Write all tags in one way, and merge those that are then the same. `ombud undo` takes it back."""
    actor = _curator()
    with desk_that_is_there(data_dir) as desk, desk.begin(actor) as session:
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
    with desk_that_is_there(data_dir) as desk:
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

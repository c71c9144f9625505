"""`ombud demo`: a desk full of believable tickets to look around in, served like any other."""

import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from ombud.cli.common import out, settings_with
from ombud.cli.loading import Tally, load, progress_bar
from ombud.cli.serve import Host, NoBrowser, Port, serve
from ombud.clock import now
from ombud.config import Settings
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.embedded.layout import Layout
from ombud.db.open import data_dir as data_dir_of
from ombud.db.open import open_desk
from ombud.demo import DemoDesk, generate
from ombud.demo.load import SOURCE, guest_of, records, set_up
from ombud.errors import Conflict
from ombud.files import FileStore, files_of
from ombud.kit.passwords import hash_password
from ombud.people.queries import user_by_email, users
from ombud.transfer import LeftOut, TicketRecord, load_tickets, queries

# Printed at each start and good for made-up people only; a desk with it is not meant for a network.
PASSWORD = "tallybird-demo"
TICKETS = 2000
HOST = Actor.system("demo")

Fresh = Annotated[bool, typer.Option("--fresh", help="Throw the sample desk away and make a new one.")]
Tickets = Annotated[int, typer.Option("--tickets", min=1, max=5_000_000, help="How many tickets to make.")]
DemoDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", help="Where the sample desk is kept.", show_default="`demo` in the data folder"
    ),
]


def command(
    data_dir: DemoDir = None,
    host: Host = None,
    port: Port = None,
    *,
    no_browser: NoBrowser = False,
    fresh: Fresh = False,
    tickets: Tickets = TICKETS,
) -> None:
    """Start a sample desk: made on the first start, as you left it on the next ones."""
    plain = settings_with(host=host, port=port)
    # What was announced stays in sight: who looks around wants no line for each request, unless they ask.
    level = plain.log_level if "log_level" in plain.model_fields_set else "warning"
    settings = plain.model_copy(
        update={"data_dir": data_dir or data_dir_of(plain) / "demo", "files_url": None, "log_level": level}
    )
    sample = generate(now(), tickets=tickets)
    if fresh:
        _start_over(settings, sample)

    def prepare(desk: Desk) -> None:
        fill(desk, sample, files_of(settings))

    serve(
        settings,
        prepare=prepare,
        announce=lambda address: _announce(address, sample, data_dir_of(settings)),
        open_browser=not no_browser,
    )


def fill(desk: Desk, sample: DemoDesk, files: FileStore) -> None:
    """Load what is missing of the sample; Conflict when the desk is somebody's own."""
    if not _is_set_up(desk, sample):
        password_hash = hash_password(PASSWORD)
        with desk.begin(HOST) as session:
            set_up(session, sample, password_hash)
    with desk.read(HOST) as session:
        if session.scalars(queries.count_keys(SOURCE)).one() >= sample.ticket_count:
            return
        since = session.scalars(queries.database_time()).one()
    tally = Tally()
    load(
        desk,
        _watched(sample, files, tally),
        lambda batch: desk.run(HOST, load_tickets, SOURCE, batch, since),
        tally,
    )
    out.print(f"Made {tally.loaded.tickets:,} sample tickets in {tally.seconds:.1f} s.", highlight=False)


def _is_set_up(desk: Desk, sample: DemoDesk) -> bool:
    with desk.read(HOST) as session:
        if session.scalar(user_by_email(sample.agents[-1].email)) is not None:
            return True
        if session.scalar(users(HOST, limit=1)) is not None:
            raise Conflict("This desk is in use. A sample desk needs a place of its own: see --data-dir.")
    return False


def _watched(sample: DemoDesk, files: FileStore, tally: Tally) -> Iterator[TicketRecord | LeftOut]:
    with progress_bar() as bar:
        task = bar.add_task("Sample tickets", total=sample.ticket_count, rows=0, rate=0.0)
        for record in records(sample, lambda data: files.put([data])):
            yield record
            bar.update(task, completed=tally.read, rows=tally.read, rate=tally.rate)


def _start_over(settings: Settings, sample: DemoDesk) -> None:
    """Delete the sample desk's data, once it is sure to be one and nobody works on it."""
    if settings.database_url is not None:
        raise Conflict("--fresh is for the embedded server only; with your own, drop the schema ombud.")
    folder = Layout(data_dir_of(settings))
    if not folder.cluster.exists():
        return
    with open_desk(settings) as desk:
        _is_set_up(desk, sample)
    if (folder.cluster / "postmaster.pid").exists():
        raise Conflict("The sample desk is running. Stop it, then start over.")
    # Only what is ours: the folder may hold other things.
    shutil.rmtree(folder.cluster)
    shutil.rmtree(folder.data_dir / "files", ignore_errors=True)


def _announce(address: str, sample: DemoDesk, place: Path) -> None:
    out.print(f"\nThe sample desk is at [bold]{address}[/bold]  (Ctrl-C stops it)", highlight=False)
    out.print(
        f"Sign in with the password [bold]{PASSWORD}[/bold] as one of these. Everybody is made up, and the "
        "password is public: do not put this desk on a network.\n",
        highlight=False,
        soft_wrap=True,
    )
    administrator = sample.agents[-1]
    people = [(administrator.email, f"{administrator.full_name}, administrator")]
    people += [
        (agent.email, f"{agent.full_name}, {' and '.join(agent.teams)}") for agent in sample.agents[:-1]
    ]
    guest = guest_of(sample)
    people.append((guest.email, f"{guest.full_name}, a customer"))
    width = max(len(email) for email, _who in people)
    for email, who in people:
        # Plain lines: an address is for copying, so it is never cut off.
        out.print(f"  {email:{width}}  {who}", highlight=False, markup=False, soft_wrap=True)
    key = f"ombud token create {administrator.email} --name trial --data-dir {shlex.quote(str(place))}"
    out.print(f"\nA key for the API: {key}", highlight=False, markup=False, soft_wrap=True)

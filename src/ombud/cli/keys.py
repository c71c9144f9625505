"""`ombud keys`: the ring of keys that seals stored passwords. The desk may go on running."""

from datetime import timedelta

import typer

from ombud import webhooks
from ombud.cli.common import DataDir, desk_for, settings_with
from ombud.cli.people import CONSOLE
from ombud.db.open import data_dir as folder_of
from ombud.errors import Conflict
from ombud.kit.vault import add_key, open_vault, retire_keys, ring_age
from ombud.mail.actions import count_stale, reseal
from ombud.people import factors, openid

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

RESEAL = (reseal, webhooks.reseal, factors.reseal, openid.reseal)
"""Each seals again what one slice keeps."""
STALE = (count_stale, webhooks.count_stale, factors.count_stale, openid.count_stale)
"""Each counts what one slice keeps and the newest key did not seal."""
NOTICED = timedelta(minutes=1)
"""By then every transaction that sealed something with the key before has ended."""


@app.command()
def rotate(data_dir: DataDir = None) -> None:
    """Put a new key on the ring and seal everything with it. The old ones still open what is on its way."""
    folder = folder_of(settings_with(data_dir)) / "keys"
    with desk_for(data_dir) as desk:
        name = add_key(folder)
        vault = open_vault(folder)
        count = sum(desk.run(CONSOLE, each, vault) for each in RESEAL)
    typer.echo(f"{count} secrets are sealed with the new key {name}. In a minute: ombud keys retire")


@app.command()
def retire(data_dir: DataDir = None) -> None:
    """Forget all keys but the newest; refused while anything is sealed with one of them."""
    folder = folder_of(settings_with(data_dir)) / "keys"
    with desk_for(data_dir) as desk:
        vault = open_vault(folder)
        if ring_age(folder) < NOTICED:
            raise Conflict("The newest key is not a minute old. Wait until everybody has noticed it.")
        stale = sum(desk.run(CONSOLE, each, vault) for each in STALE)
        if stale:
            raise Conflict(f"{stale} secrets are sealed with an old key. First: ombud keys rotate")
        gone = retire_keys(folder)
    typer.echo(f"{gone} old keys are forgotten.")

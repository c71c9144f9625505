"""`ombud settings`: what is in force, and what administrators choose in the desk."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from ombud.cli.common import DataDir, desk_for, json_line, printable
from ombud.cli.people import CONSOLE, show_table
from ombud.errors import Invalid, NotFound
from ombud.settings import (
    EffectiveSetting,
    change_settings,
    effective_settings,
    queries,
    read_setting,
)

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="A setting: sign_in_links, or OMBUD_SIGN_IN_LINKS.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@app.command("list")
def list_settings(
    every: Annotated[bool, typer.Option("--all", help="Those that only the environment sets, too.")] = False,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """List what is chosen in the desk, with what is in force and who says so."""
    found = [one for one in _settings(data_dir) if every or one.key is not None]
    if as_json:
        typer.echo(json_line([asdict(one) for one in found]))
        return
    show_table(
        ("setting", "value", "from", "meaning"),
        [(one.key or one.name, _told(one), one.source.value, one.description) for one in found],
    )


@app.command()
def get(name: Name, as_json: Json = False, data_dir: DataDir = None) -> None:
    """Print one setting as it is in force."""
    wanted = _key(name)
    for one in _settings(data_dir):
        if wanted in (one.key, one.name.removeprefix("OMBUD_").lower()):
            typer.echo(json_line(asdict(one)) if as_json else printable(_told(one)))
            return
    raise NotFound(f"There is no setting {name}.")


@app.command("set")
def set_setting(
    name: Name,
    value: Annotated[str, typer.Argument(help="Its value; sizes in bytes.")],
    data_dir: DataDir = None,
) -> None:
    """Choose a setting. It is in force within a second, unless the environment sets it."""
    _change(name, lambda key: read_setting(key, value), data_dir)


@app.command()
def unset(name: Name, data_dir: DataDir = None) -> None:
    """Choose a setting no more: the default is in force."""
    _change(name, lambda _key: None, data_dir)


def _change(name: str, read: Any, data_dir: Any) -> None:
    key = _key(name)
    try:
        with desk_for(data_dir) as desk:
            desk.run(CONSOLE, change_settings, {key: read(key)}, desk.settings)
            found = getattr(desk.current, key)
    except Invalid as error:
        raise Invalid(" ".join([name, *error.fields.values()]), fields=error.fields) from None
    typer.echo(f"{key} is {_plain(found)}.")


def _settings(data_dir: Any) -> list[EffectiveSetting]:
    with desk_for(data_dir) as desk, desk.read(CONSOLE, fresh=True) as session:
        return effective_settings(CONSOLE, desk.settings, session.scalars(queries.rows()).all())


def _key(name: str) -> str:
    return name.strip().lower().removeprefix("ombud_")


def _told(setting: EffectiveSetting) -> str:
    return "[hidden]" if setting.is_secret else _plain(setting.value)


def _plain(value: object) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
    return str(value)

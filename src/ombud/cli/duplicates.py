"""`ombud duplicates`: customers and tickets that are here twice. Merge them, or say that they are two."""

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from ombud import curation
from ombud.audit import record_access
from ombud.cli.common import DataDir, desk_that_is_there, json_line, out
from ombud.cli.people import person, show_table
from ombud.curation.preview import person_sides, ticket_sides
from ombud.db.actor import Actor
from ombud.db.context import actor_of
from ombud.errors import NotFound
from ombud.models import AccessKind
from ombud.tickets import queries as tickets

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

AT_ONCE = 200


class Kind(StrEnum):
    """Of what: customers are named by address, tickets by number."""

    PEOPLE = "people"
    TICKETS = "tickets"


def _curator() -> Actor:
    """Return who acts, in a request of its own: that is what is undone."""
    return Actor.system("cli/duplicates")


Of = Annotated[Kind, typer.Argument(help="Of what.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, one pair a line, for programs.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="At most so many.")]
One = Annotated[str, typer.Argument(help="An address, or a ticket's number.", show_default=False)]


@app.command("list")
def list_pairs(of: Of, limit: Limit = 50, as_json: Json = False, data_dir: DataDir = None) -> None:
    """List pairs that may be one, the likeliest first."""
    with desk_that_is_there(data_dir) as desk:
        with desk.read(_curator()) as session:
            found = list(_people(session, limit) if of is Kind.PEOPLE else _tickets(session, limit))
        desk.run(_curator(), record_access, AccessKind.LIST, f"duplicates/{of.value}")
    if as_json:
        _print_lines(found)
        return
    rows = [
        (f"{one['score']:.2f}", one["one"], one["other"], one["about"], ", ".join(one["reasons"]))
        for one in found
    ]
    show_table(("score", "one", "other", "name or title", "why"), rows)


@app.command("kept-apart")
def list_kept_apart(of: Of, as_json: Json = False, data_dir: DataDir = None) -> None:
    """List pairs of which somebody said that they are two."""
    with desk_that_is_there(data_dir) as desk, desk.read(_curator()) as session:
        pairs = list(_kept_apart(session, of))
    if as_json:
        _print_lines(pairs)
    else:
        show_table(("one", "other"), [(pair["one"], pair["other"]) for pair in pairs])


@app.command("keep-apart")
def keep_apart(of: Of, one: One, other: One, data_dir: DataDir = None) -> None:
    """Say that two are not one: nobody is asked about them again. Doing so twice is harmless."""
    keep = curation.keep_people_apart if of is Kind.PEOPLE else curation.keep_tickets_apart
    with desk_that_is_there(data_dir) as desk, desk.begin(_curator()) as session:
        keep(session, _id(session, of, one), _id(session, of, other))
    typer.echo(f"{one} and {other} are kept apart.")


@app.command("compare-again")
def compare_again(of: Of, one: One, other: One, data_dir: DataDir = None) -> None:
    """Let two that are kept apart be looked at again."""
    compare = curation.compare_people_again if of is Kind.PEOPLE else curation.compare_tickets_again
    with desk_that_is_there(data_dir) as desk, desk.begin(_curator()) as session:
        compare(session, _id(session, of, one), _id(session, of, other))
    typer.echo(f"{one} and {other} are compared again.")


@app.command()
def merge(
    of: Of,
    target: Annotated[str, typer.Argument(help="Who stays, or the ticket that goes on.", show_default=False)],
    sources: Annotated[list[str], typer.Argument(help="Who becomes them, or what ends.", show_default=False)],
    *,
    across: Annotated[
        bool, typer.Option("--across-requesters", help="Tickets of different requesters, too.")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--requesters-follow", help="Their requesters follow the ticket that goes on.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Make customers one, or let tickets go on in one. `ombud undo` takes it back."""
    if of is Kind.PEOPLE and (across or follow):
        raise typer.BadParameter("--across-requesters and --requesters-follow are for tickets.")

    def work(session: Session) -> tuple[str, int | None]:
        ids, into = [_id(session, of, one) for one in sources], _id(session, of, target)
        if of is Kind.PEOPLE:
            return curation.merge_people(session, ids, into).request_id, None
        done = curation.merge_tickets(session, ids, into, across_requesters=across, requesters_follow=follow)
        return done.request_id, done.comments

    with desk_that_is_there(data_dir) as desk:
        request_id, comments = desk.run(_curator(), work)
    if as_json:
        typer.echo(json.dumps({"request_id": request_id, "comments": comments}))
        return
    moved = "" if comments is None else f"{comments:,} comments moved. "
    out.print(f"{moved}To have them apart again: ombud undo {request_id}", highlight=False, soft_wrap=True)


def _people(session: Session, limit: int) -> Iterator[dict[str, Any]]:
    after = None
    while limit > 0 and (found := curation.duplicate_people(session, limit=min(limit, AT_ONCE), after=after)):
        after, limit = curation.place_of(found[-1]), limit - len(found)
        for pair in found:
            yield {
                "score": pair.likeness.score,
                "one": pair.person.email,
                "other": pair.other.email,
                "about": pair.other.full_name or pair.person.full_name,
                "reasons": list(pair.likeness.reasons),
            }


def _tickets(session: Session, limit: int) -> Iterator[dict[str, Any]]:
    after = None
    while limit > 0 and (
        found := curation.duplicate_tickets(session, limit=min(limit, AT_ONCE), after=after)
    ):
        after, limit = curation.place_of(found[-1]), limit - len(found)
        for pair in found:
            yield {
                "score": pair.likeness.score,
                "one": pair.ticket.ticket_number,
                "other": pair.other.ticket_number,
                "about": pair.other.title[:60],
                "reasons": list(pair.likeness.reasons),
            }


def _kept_apart(session: Session, of: Kind) -> Iterator[dict[str, str]]:
    find = curation.people_kept_apart if of is Kind.PEOPLE else curation.tickets_kept_apart
    after = (0, 0)
    while pairs := find(session, after=after, limit=AT_ONCE):
        after = pairs[-1]
        names = _names(session, of, {one for pair in pairs for one in pair})
        # A ticket that is deleted is not shown; it comes back with its pair.
        known = [pair for pair in pairs if pair[0] in names and pair[1] in names]
        yield from ({"one": names[one], "other": names[other]} for one, other in known)


def _names(session: Session, of: Kind, ids: set[int]) -> dict[int, str]:
    if of is Kind.PEOPLE:
        return {key: side.email for key, side in person_sides(session, ids).items()}
    return {key: side.number for key, side in ticket_sides(session, ids).items()}


def _id(session: Session, of: Kind, name: str) -> int:
    if of is Kind.PEOPLE:
        return person(session, name).id
    found = session.scalar(tickets.ticket_id(actor_of(session), name))
    if found is None:
        raise NotFound(f"There is no ticket {name} here.")
    return found


def _print_lines(rows: list[dict[str, Any]] | list[dict[str, str]]) -> None:
    for row in rows:
        typer.echo(json_line(row))

"""`ombud curate`: each command once, and `ombud undo` after it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from ombud import Actor, Desk
from ombud.cli.app import run
from ombud.config import Settings
from ombud.models import Comment, Tag, Ticket, User
from ombud.testing import ScratchDatabase, make_comment, make_customer, make_tag, make_ticket

SYSTEM = Actor.system("test")
Command = Callable[..., str]


@pytest.fixture
def command(
    database: ScratchDatabase,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    monkeypatch.setenv("OMBUD_DATABASE_URL", database.admin_url.render_as_string(hide_password=False))
    monkeypatch.setenv("OMBUD_DATA_DIR", str(settings.data_dir))

    def call(*arguments: str, code: int = 0) -> str:
        with pytest.raises(SystemExit) as ended:
            run(list(arguments))
        captured = capsys.readouterr()
        assert (ended.value.code or 0) == code, captured.err
        return captured.out + captured.err

    return call


def test_a_desk_is_kept_clean(command: Command, desk: Desk) -> None:
    with desk.begin(SYSTEM) as session:
        one = make_customer(session, email="ann+1@example.com", full_name="Ann Lee")
        two = make_customer(session, email="ann@example.com", full_name="Ann Lee")
        first = make_ticket(session, one, title="Printer is on fire", description="It burns.")
        second = make_ticket(session, one, title="Printer is on fire!", description="It burns.")
        make_comment(session, second, one, "help")
        make_tag(session, "Two Words")
        numbers = (first.ticket_number, second.ticket_number)
    anns = ("ann+1@example.com", "ann@example.com")
    assert "same_inbox" in command("duplicates", "list", "people")
    assert numbers[1] in command("duplicates", "list", "tickets")
    for of, pair in (("people", anns), ("tickets", numbers)):
        found = json.loads(command("duplicates", "list", of, "--json"))
        assert (found["one"], found["other"]) == pair
        command("duplicates", "keep-apart", of, *reversed(pair))
        assert command("duplicates", "list", of, "--json") == ""
        apart = command("duplicates", "kept-apart", of, "--json")
        assert json.loads(apart) == {"one": pair[0], "other": pair[1]}
        assert pair[1] in command("duplicates", "kept-apart", of)
        command("duplicates", "compare-again", of, *pair)
        command("duplicates", "compare-again", of, *pair, code=3)
        assert json.loads(command("duplicates", "list", of, "--json")) == found
    told = command("duplicates", "merge", "people", "ann@example.com", "ann+1@example.com")
    told_tickets = command("duplicates", "merge", "tickets", *numbers)
    assert "1 comments moved" in told_tickets
    with desk.read(SYSTEM) as session:
        assert session.get_one(User, one.id).merged_into_id == two.id
        assert session.scalars(select(Comment.ticket_id)).one() == first.id
    for words in (told_tickets, told):
        found = re.search(r"ombud undo (\S+)", words)
        assert found is not None
        command("undo", found[1])
    with desk.read(SYSTEM) as session:
        assert session.get_one(User, one.id).is_active
        assert session.scalars(select(Comment.ticket_id)).one() == second.id
    assert "two-words" in command("curate", "tags", "--dry-run")
    command("curate", "tags")
    command("duplicates", "merge", "tickets", numbers[0], "no-such", code=3)
    command("duplicates", "merge", "people", *anns, "--requesters-follow", code=2)
    assert "request_id" in json.loads(command("duplicates", "merge", "tickets", *numbers, "--json"))
    with desk.read(SYSTEM) as session:
        assert session.scalars(select(Tag.name)).one() == "two-words"
    command("audit", "seal")
    command("curate", "anonymise", "ann+1@example.com", "--yes")
    assert command("audit", "verify")
    with desk.read(SYSTEM) as session:
        assert session.get_one(User, one.id).anonymised_at is not None
        assert session.scalar(select(func.count()).where(Ticket.title == "[anonymised]")) == 2

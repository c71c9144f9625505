"""`ombud user`, `ombud team`, `ombud token`: as typed, on a real desk."""

from pathlib import Path

import pytest
from pyotp import TOTP
from sqlalchemy import URL, select
from typer import Typer
from typer.testing import CliRunner

from ombud.cli import organization, role, team, token, user
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.errors import Conflict, Invalid, NotFound
from ombud.kit.passwords import verify_password
from ombud.kit.tokens import digest, split_api_token
from ombud.kit.vault import add_key, open_vault
from ombud.models import (
    AccountNotice,
    AccountRequest,
    AuditLog,
    Identity,
    IdentityProvider,
    Passkey,
    Team,
    Ticket,
    User,
)
from ombud.people import factors, queries
from ombud.people.accounts import start_session
from ombud.people.factors import begin_totp, confirm_totp
from ombud.people.factors.queries import has_second_factor
from ombud.testing import Cast
from ombud.testing.factories import make_ticket

runner = CliRunner()


@pytest.fixture(autouse=True)
def _on_the_tests_desk(database_url: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMBUD_DATABASE_URL", database_url.render_as_string(hide_password=False))


def test_people_are_made_listed_and_deactivated(desk: Desk) -> None:
    made = runner.invoke(
        user.app,
        ["create", "Ann@desk.example", "--name", "Ann", "--role", "agent", "--password-stdin"],
        input="correct horse battery\n",
    )
    assert made.exit_code == 0, made.output
    assert runner.invoke(user.app, ["create", "bob@home.example"]).exit_code == 0

    listed = runner.invoke(user.app, ["list"]).output.splitlines()
    assert [line.split("\t")[1:4] for line in listed] == [
        ["Ann@desk.example", "Ann", "agent"],
        ["bob@home.example", "", "customer"],
    ]
    assert "bob" not in runner.invoke(user.app, ["list", "--staff"]).output
    assert (
        runner.invoke(
            user.app, ["password", "ann@desk.example", "--password-stdin"], input="another long one\n"
        ).exit_code
        == 0
    )
    with desk.read(Actor.system("test")) as session:
        row = session.execute(queries.credentials("ann@desk.example")).one()
    assert verify_password(row.password_hash, "another long one")

    assert runner.invoke(user.app, ["deactivate", "ann@desk.example"]).exit_code == 0
    assert runner.invoke(user.app, ["list", "--staff"]).output.strip().endswith("no")


def test_who_somebody_is_and_where_they_are_signed_in(desk: Desk, cast: Cast) -> None:
    """What an administrator does on the pages is done without a browser, too."""
    email, actor = cast.agent.email, Actor.customer(cast.agent.id)
    for _ in range(2):
        desk.run(actor, start_session, cast.agent.id, ip="192.0.2.7", user_agent="curl/8.5.0")
    listed = runner.invoke(user.app, ["sessions", email]).output.splitlines()
    assert [line.split("\t")[4] for line in listed] == ["192.0.2.7"] * 2
    one = listed[0].split("\t")[0]
    foreign = runner.invoke(user.app, ["end-session", cast.customer.email, one])
    assert isinstance(foreign.exception, NotFound), "another's"
    assert runner.invoke(user.app, ["end-session", email, one]).exit_code == 0
    assert runner.invoke(user.app, ["sessions", email]).output.splitlines() == listed[1:]
    ended = runner.invoke(user.app, ["sign-out", email])
    assert ended.output.strip() == f"{email}: 1 web session ended."
    assert runner.invoke(user.app, ["sessions", email]).output == ""

    desk.run(actor, start_session, cast.agent.id)
    for command in (
        ["rename", email, "Agnes  Neu"],
        ["role", email, "admin"],
        ["address", email, "neu@desk.example"],
    ):
        done = runner.invoke(user.app, command)
        assert done.exit_code == 0, done.output
    with desk.read(Actor.system("test")) as session:
        found = session.get_one(User, cast.agent.id)
        assert (found.full_name, found.email, found.role.value) == ("Agnes Neu", "neu@desk.example", "admin")
        assert session.scalars(select(AccountRequest.email)).all() == [email], (
            "they are told at the old address"
        )
    assert runner.invoke(user.app, ["sessions", "neu@desk.example"]).output == "", "another role signs out"

    for command, field, kind in (
        (["address", "neu@desk.example", "nonsense"], "email", Invalid),
        (["rename", "neu@desk.example", "x" * 256], "full_name", Invalid),
        (["address", "neu@desk.example", cast.customer.email], "email", Conflict),
        (["sign-out", "nobody@desk.example"], "nobody@desk.example", NotFound),
    ):
        error = runner.invoke(user.app, command).exception
        assert isinstance(error, kind)
        assert field in f"{error} {getattr(error, 'fields', '')}"


def test_staff_without_a_password_are_told_how_to_get_one(desk: Desk) -> None:
    made = runner.invoke(user.app, ["create", "ann@desk.example", "--role", "admin"])
    assert made.exit_code == 0
    assert "ombud user invite ann@desk.example" in made.output
    refused = runner.invoke(user.app, ["password", "ann@desk.example"])
    assert "--password-stdin" in str(refused.exception)


@pytest.mark.parametrize(("command", "purpose"), [("invite", "invite"), ("reset", "reset")])
def test_where_no_mailbox_sends_the_link_is_printed(desk: Desk, command: str, purpose: str) -> None:
    runner.invoke(user.app, ["create", "ann@desk.example", "--name", "Ann", "--role", "agent"])
    older, newer = (runner.invoke(user.app, [command, "ANN@desk.example"]) for _ in range(2))
    assert (older.exit_code, newer.exit_code) == (0, 0), newer.output
    assert "Give them this link" in newer.stderr
    address, _, secret = newer.stdout.strip().rpartition("/link/")
    assert address == "http://127.0.0.1:8377"
    with desk.read(Actor.system("test")) as session:
        row = session.execute(queries.account_token(digest(secret))).one()
        assert (row.purpose, row.email) == (purpose, "ann@desk.example")
        former = older.stdout.strip().rpartition("/")[2]
        assert session.execute(queries.account_token(digest(former))).one_or_none() is None
        assert session.scalars(select(AccountRequest.id)).all() == [], "it is not mailed as well"
    assert isinstance(runner.invoke(user.app, [command, "nobody@desk.example"]).exception, NotFound)


def test_lost_factors_are_taken_away_and_keys_are_rotated_under_them(desk: Desk, tmp_path: Path) -> None:
    made = runner.invoke(user.app, ["create", "ann@desk.example", "--role", "agent"])
    user_id = int(made.output.split("number ")[1].split(".")[0])
    actor, vault = Actor.agent(user_id), open_vault(tmp_path / "keys")
    secret = desk.run(actor, begin_totp, vault=vault)
    assert len(desk.run(actor, confirm_totp, secret, TOTP(secret).now())) == 10
    add_key(tmp_path / "keys")
    newer, system = open_vault(tmp_path / "keys"), Actor.system("test")
    assert desk.run(system, factors.count_stale, newer) == 1
    assert desk.run(system, factors.reseal, newer) == 1
    assert desk.run(system, factors.count_stale, newer) == 0
    with desk.read(system) as session:
        assert session.scalar(has_second_factor(user_id)) is True
    done = runner.invoke(user.app, ["reset-factors", "ann@desk.example"])
    assert "no second factor any more" in done.output
    with desk.read(system) as session:
        assert session.scalar(has_second_factor(user_id)) is False


def test_one_way_in_of_many_is_taken_away(desk: Desk, cast: Cast) -> None:
    """Without a browser: a lost passkey, a connection that is somebody else's by now. They are told of both."""
    agent, system = cast.agent, Actor.system("test")
    with desk.begin(system) as session:
        there = IdentityProvider(slug="there", label="There", issuer="https://id.example", client_id="desk")
        keys = [
            Passkey(user_id=agent.id, credential_id=name.encode(), public_key=b"x", name=name, sign_count=0)
            for name in ("Lost", "Kept")
        ]
        session.add_all([there, *keys])
        session.flush()
        session.add(
            Identity(user_id=agent.id, provider_id=there.id, issuer="https://id.example", subject="s")
        )
    desk.run(Actor.customer(agent.id), start_session, agent.id)
    listed = [
        line.split("\t") for line in runner.invoke(user.app, ["ways-in", agent.email]).output.splitlines()
    ]
    assert [(kind, name) for kind, _id, name, _since in listed] == [
        ("passkey", "Lost"),
        ("passkey", "Kept"),
        ("connection", "There"),
    ]
    lost, _, connection = (one[1] for one in listed)
    for command, number in (("remove-passkey", lost), ("disconnect", connection)):
        foreign = runner.invoke(user.app, [command, cast.customer.email, number])
        assert isinstance(foreign.exception, NotFound), "another's"
        done = runner.invoke(user.app, [command, agent.email, number])
        assert done.exit_code == 0, done.output
    left = runner.invoke(user.app, ["ways-in", agent.email]).output.splitlines()
    assert [line.split("\t")[2] for line in left] == ["Kept"]
    assert runner.invoke(user.app, ["sessions", agent.email]).output == ""
    with desk.read(system) as session:
        told = session.scalars(select(AccountNotice).order_by(AccountNotice.id)).all()
    assert [(one.kind.value, one.by_other) for one in told] == [
        ("passkey_removed", True),
        ("identity_removed", True),
    ]


def test_a_token_is_shown_once_and_revoked(desk: Desk) -> None:
    runner.invoke(user.app, ["create", "ann@desk.example", "--role", "agent"])
    made = runner.invoke(
        token.app, ["create", "ANN@desk.example", "--name", "sync", "--read-only", "--days", "30"]
    )
    assert made.exit_code == 0, made.output
    secret = made.stdout.strip()
    assert split_api_token(secret) is not None

    listed = runner.invoke(token.app, ["list", "ann@desk.example"]).output
    token_id, name, may, *_, state = listed.strip().split("\t")
    assert (name, may, state) == ("sync", "read", "good")
    assert secret not in listed
    assert runner.invoke(token.app, ["revoke", token_id]).exit_code == 0
    assert runner.invoke(token.app, ["list", "ann@desk.example"]).output.strip().endswith("revoked")
    assert type(runner.invoke(token.app, ["revoke", "99999"]).exception).__name__ == "NotFound"
    assert type(runner.invoke(token.app, ["list", "nobody@x.example"]).exception).__name__ == "NotFound"


def test_teams(desk: Desk) -> None:
    runner.invoke(user.app, ["create", "ann@desk.example", "--role", "agent"])
    assert runner.invoke(team.app, ["create", "Night shift"]).exit_code == 0
    for _ in range(2):
        assert runner.invoke(team.app, ["add", "NIGHT SHIFT", "ann@desk.example"]).exit_code == 0
    assert runner.invoke(team.app, ["list"]).output.strip().endswith("Night shift\tann@desk.example")
    renamed = runner.invoke(team.app, ["rename", "night shift", " Late shift "])
    assert renamed.output == "The team is called Late shift now.\n"
    assert runner.invoke(team.app, ["list"]).output.strip().endswith("Late shift\tann@desk.example")
    refused = runner.invoke(team.app, ["rename", "late shift", " "]).exception
    assert isinstance(refused, Invalid)
    assert refused.fields == {"name": "must not be blank."}
    assert runner.invoke(team.app, ["rename", "late shift", "Night shift"]).exit_code == 0
    assert runner.invoke(team.app, ["remove", "night shift", "ann@desk.example"]).exit_code == 0
    assert runner.invoke(team.app, ["list"]).output.strip().endswith("Night shift")
    assert type(runner.invoke(team.app, ["add", "Day", "ann@desk.example"]).exception).__name__ == "NotFound"


def test_a_team_is_described(desk: Desk, cast: Cast) -> None:
    done = runner.invoke(team.app, ["describe", cast.team.name.upper(), "  First   line "])
    assert done.output == f"{cast.team.name}: First line\n"
    with desk.read(Actor.system("test")) as session:
        assert session.get_one(Team, cast.team.id).description == "First line"
    refused = runner.invoke(team.app, ["describe", cast.team.name, "x" * 501]).exception
    assert isinstance(refused, Invalid)
    assert list(refused.fields) == ["description"]
    assert runner.invoke(team.app, ["describe", cast.team.name, ""]).output.endswith(": no description\n")


def test_organizations(desk: Desk, cast: Cast) -> None:
    def run(*words: str) -> str:
        done = runner.invoke(organization.app, [*words])
        assert done.exit_code == 0, done.output
        return done.output

    assert "Bücher" in run("create", "Bücher", "--domain", "Bücher.example", "--domain", "b.example")
    assert run("list", "büch").strip().split("\t")[1:] == [
        "Bücher",
        "b.example, xn--bcher-kva.example",
        "each their own",
    ]
    assert run("sharing", "BÜCHER", "--on") == "People of Bücher see each other's tickets.\n"
    assert run("list", "büch").strip().endswith("shared")
    assert run("rename", "bücher", "Books").strip() == "The organization is called Books now."
    assert run("domains", "Books", "books.example") == "The domains of Books: books.example.\n"
    assert run("domains", "Books") == "The domains of Books: none.\n"
    assert run("sharing", "Books", "--off") == "People of Books see their own tickets only.\n"
    assert cast.organization.name in run("list")
    for command, kind in (
        (["rename", "Nobody", "x"], NotFound),
        (["rename", "Books", cast.organization.name], Conflict),
        (["rename", "Books", " "], Invalid),
        (["domains", "Books", "localhost"], Invalid),
        (["create", "BOOKS"], Conflict),
    ):
        assert isinstance(runner.invoke(organization.app, command).exception, kind), command
    assert runner.invoke(organization.app, ["sharing", "Books"]).exit_code == 2, "it must say which"


def test_the_last_administrator_is_not_let_go(desk: Desk, cast: Cast) -> None:
    """Not by the console either: nobody could come in, and whoever came by would set the desk up."""
    for command in (["deactivate"], ["role"]):
        words = [*command, cast.admin.email, *(["agent"] if command == ["role"] else [])]
        refused = runner.invoke(user.app, words).exception
        assert isinstance(refused, Conflict), words
        assert refused.code == "last_administrator"
    assert runner.invoke(user.app, ["role", cast.agent.email, "admin"]).exit_code == 0
    assert runner.invoke(user.app, ["deactivate", cast.admin.email]).exit_code == 0


def test_the_log_knows_that_it_was_the_console(desk: Desk) -> None:
    runner.invoke(team.app, ["create", "Night shift"])
    with desk.read(Actor.system("test")) as session:
        actors = {entry.actor for entry in session.query(AuditLog) if entry.table_name == "teams"}
    assert actors == {"system:cli"}


def test_roles_are_made_given_and_deleted(desk: Desk) -> None:
    assert runner.invoke(user.app, ["create", "bo@desk.example", "--role", "agent"]).exit_code == 0
    made = runner.invoke(role.app, ["create", "Answers", "--may", "tickets.reply", "--may", "notes.write"])
    assert made.exit_code == 0, made.output
    assert runner.invoke(role.app, ["create", "x", "--may", "everything"]).exit_code == 2
    given = runner.invoke(role.app, ["give", "bo@desk.example", "answers"])
    assert given.exit_code == 0, given.output
    assert "tickets.reply, notes.write" in runner.invoke(role.app, ["list"]).output
    changed = runner.invoke(role.app, ["change", "Answers", "--may", "notes.write"])
    assert changed.output == "Role Answers may: notes.write.\n"
    assert runner.invoke(role.app, ["rename", "answers", "Notes"]).output == "The role is called Notes now.\n"
    assert "Notes\tnotes.write" in runner.invoke(role.app, ["list"]).output
    assert runner.invoke(role.app, ["rename", "Notes", "Answers"]).exit_code == 0
    assert isinstance(runner.invoke(role.app, ["delete", "Answers"]).exception, Conflict)
    for other in ("light_agent", "agent"):
        assert runner.invoke(role.app, ["give", "bo@desk.example", other]).exit_code == 0
    assert runner.invoke(role.app, ["delete", "Answers"]).exit_code == 0
    assert isinstance(runner.invoke(role.app, ["give", "bo@desk.example", "Answers"]).exception, NotFound)


def test_who_was_deactivated_comes_back(desk: Desk) -> None:
    assert runner.invoke(user.app, ["create", "bo@desk.example", "--role", "agent"]).exit_code == 0
    assert runner.invoke(team.app, ["create", "Night"]).exit_code == 0
    assert runner.invoke(team.app, ["add", "Night", "bo@desk.example", "--reads-only"]).exit_code == 0
    for command in ("deactivate", "reactivate"):
        done = runner.invoke(user.app, [command, "bo@desk.example"])
        assert done.exit_code == 0, done.output
    assert runner.invoke(user.app, ["list"]).output.strip().endswith("yes")


def test_a_team_is_deleted_and_its_tickets_stay(desk: Desk, cast: Cast) -> None:
    with desk.begin(Actor.system("test")) as session:
        ticket = make_ticket(session, cast.customer.id, team_id=cast.team.id)
    name, other = cast.team.name, cast.other_team.name
    assert isinstance(runner.invoke(team.app, ["delete", name]).exception, Conflict)
    assert runner.invoke(team.app, ["delete", name, "--tickets-to", other, "--no-team"]).exit_code == 2
    done = runner.invoke(team.app, ["delete", name, "--no-team"])
    assert done.exit_code == 0, done.output
    assert "1 tickets changed hands" in done.output
    with desk.read(Actor.system("test")) as session:
        assert session.get_one(Ticket, ticket.id).team_id is None
        assert session.get(Team, cast.team.id) is None


@pytest.mark.parametrize(
    "command",
    [(token.app, ["create", "ann@home.example", "--name", "x"]), (user.app, ["list"])],
    ids=["token", "user"],
)
def test_what_asks_of_people_makes_no_desk(
    command: tuple[Typer, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMBUD_DATABASE_URL")
    app, words = command
    asked = runner.invoke(app, [*words, "--data-dir", str(tmp_path / "demo")])
    assert isinstance(asked.exception, NotFound)
    assert str(tmp_path / "demo") in str(asked.exception)
    assert not (tmp_path / "demo").exists()

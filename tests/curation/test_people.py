"""Merging people: everything moves, strangers see nothing new, and undo restores exactly."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ombud import Actor, Desk
from ombud.audit import ChangedSince, undo_request
from ombud.curation import duplicate_people, merge_people, people_like
from ombud.curation.actions import people as merging
from ombud.curation.actions.people import CannotMerge
from ombud.curation.rules import Known, likeness_of_people
from ombud.errors import Forbidden, Invalid, NotFound, OmbudError
from ombud.models import INCLUDE_DELETED, Ticket, User
from ombud.people import actions as people
from ombud.testing import Cast, make_comment, make_customer, make_organization, make_ticket, stored_file
from ombud.tickets import (
    bulk_create_tickets,
    change_ticket,
    open_ticket,
    reply,
    save_draft,
    soft_delete_ticket,
)

SYSTEM = Actor.system("test")
# What a merge may touch, all of it; times of tickets and comments among it.
TABLES = {
    "tickets": "version",  # people's edits conflict after a merge and after its undo
    "comments": "",
    "attachments": "",
    "ticket_participants": "",
    "drafts": "",
    "ticket_reads": "",
    "external_refs": "",
    "users": "updated_at",
}


def everything(session: Session) -> dict[str, list[dict[str, Any]]]:
    """Every row that refers to people, but for what moves with any change."""
    found = {}
    for table, without in TABLES.items():
        columns = session.scalars(
            text(
                "SELECT a.attname FROM pg_attribute a WHERE a.attrelid = to_regclass(:t) AND a.attnum > 0"
                " AND NOT a.attisdropped AND has_column_privilege(a.attrelid, a.attname, 'SELECT')"
            ),
            {"t": f"ombud.{table}"},
        ).all()
        wanted = ", ".join(
            c for c in columns if c not in (without, "updated_at" if table == "tickets" else "")
        )
        rows = session.execute(text(f"SELECT {wanted} FROM ombud.{table}")).mappings()
        found[table] = sorted((dict(row) for row in rows), key=str)
    return found


# What every column that refers to people becomes in a merge.
MERGED = {
    "tickets.requester_id": "moves",
    "tickets.creator_id": "moves",
    "comments.author_id": "moves",
    "attachments.uploader_id": "moves",
    "ticket_participants.user_id": "moves",
    "drafts.user_id": "is copied: the log does not know drafts, so undo finds the stub's",
    "ticket_reads.user_id": "is copied, as drafts are",
    "web_sessions.user_id": "ends",
    "known_browsers.user_id": "goes: nobody signs in as a stub",
    "api_tokens.user_id": "is revoked",
    "users.merged_into_id": "moves: a chain of stubs leads to one person",
    "distinct_people.user_id": "stays: a stub is found no more, and apart again it is a pair as before",
    "distinct_people.other_id": "stays, as the other side does",
    "outbound_recipients.user_id": "stays: it is who was written to, at the stub's address, which still leads there",
    "notifications.cause_id": "stays: the stub keeps its name, and notifications know no undo",
    "kept_answers.user_id": "stays for its day: the stub's tokens are revoked, so nobody can ask for it",
    "tickets.assignee_id": "is staff's, who are not merged",
    "team_members.user_id": "is staff's",
    "account_tokens.user_id": "is void: a trigger deletes it when the stub is deactivated",
    "account_requests.user_id": "stays for the second until it is looked at: nobody writes to a stub",
    "account_letters.user_id": "stays: it is whose account the letter was about",
    "webhook_endpoints.owner_id": "is staff's",
    "transfer_jobs.owner_id": "is staff's",
    "notifications.user_id": "is staff's",
    "notification_settings.user_id": "is staff's",
    "totp_factors.user_id": "stays and opens nothing: undo gives back an account that is as safe as before",
    "recovery_codes.user_id": "stays, as its app does",
    "passkeys.user_id": "stays, as its app does",
    "sign_in_steps.user_id": "goes by the trigger drop_factors: a stub signs in no more",
    "account_notices.user_id": "stays: it is whose account it was about",
    "identities.user_id": "goes by the trigger drop_identities: a stub signs in no more",
}


def test_every_reference_to_people_has_been_thought_of(desk: Desk) -> None:
    """A new column that refers to people must be moved by a merge, or say here why not."""
    with desk.read(SYSTEM) as session:
        found = session.scalars(
            text(
                "SELECT t.relname || '.' || a.attname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid"
                " JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (c.conkey)"
                " WHERE c.contype = 'f' AND c.confrelid = 'ombud.users'::regclass"
            )
        ).all()
        body = session.scalar(
            text("SELECT string_agg(prosrc, ' ') FROM pg_proc WHERE proname LIKE 'merge\\_people%'")
        )
    assert set(found) == set(MERGED)
    for column, what in MERGED.items():
        if what.startswith(("moves", "is copied", "ends", "is revoked")):
            table, _, name = column.partition(".")
            assert f"ombud.{table}" in str(body), column
            assert name in str(body), column


def look(desk: Desk) -> dict[str, list[dict[str, Any]]]:
    with desk.read(SYSTEM) as session:
        return everything(session)


@pytest.fixture
def pair(desk: Desk, cast: Cast) -> tuple[int, int]:
    """Two records of one customer, with everything that a person can have."""

    def make(session: Session) -> tuple[int, int]:
        acme = make_organization(session, "Merged Inc.", shares_tickets=True)
        source = make_customer(
            session, email="Ann.Lee+shop@example.com", full_name="Ann Lee", organization_id=acme.id
        )
        target = make_customer(session, email="ann.lee@example.com", full_name="LEE, Ann")
        for owner in (source, target):
            ticket = make_ticket(session, owner, title=f"of {owner.email}")
            make_comment(session, ticket, owner, "mine", files=[stored_file(f"{owner.id}.txt")])
        gone = make_ticket(session, source, title="gone")
        soft_delete_ticket(session, gone.id)
        followed = make_ticket(session, cast.customer.id)
        both = make_ticket(session, cast.customer.id)
        odd = make_ticket(session, source)
        odd.organization_id = cast.organization.id
        session.flush()
        session.execute(
            text(
                "INSERT INTO ombud.ticket_participants (ticket_id, user_id, created_at)"
                " VALUES (:f, :s, now() - interval '1 day'), (:b, :s, now()), (:b, :t, now() - interval '2 days')"
            ),
            {"f": followed.id, "b": both.id, "s": source.id, "t": target.id},
        )
        assert odd.organization_id == cast.organization.id
        return source.id, target.id

    source, target = desk.run(SYSTEM, make)
    with desk.read(SYSTEM) as session:
        own = session.scalars(select(Ticket.id).where(Ticket.requester_id == source)).first()
    assert own is not None
    desk.run(Actor.customer(source), save_draft, own, "half a sentence", is_internal=False)
    return source, target


@pytest.mark.parametrize("portion", [merging.ROWS, 1])
def test_everything_moves_and_comes_back_exactly(
    desk: Desk, cast: Cast, pair: tuple[int, int], portion: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "ROWS", portion)
    source, target = pair
    before = look(desk)
    desk.run(cast.admin.actor.for_request("merge"), merge_people, [source], target)
    after = look(desk)
    for table, rows in after.items():
        for row in rows:
            for column in ("requester_id", "creator_id", "author_id", "uploader_id"):
                assert row.get(column) != source, (table, row)
    assert {row["user_id"] for row in after["ticket_participants"]} == {target}
    assert len(after["ticket_participants"]) == 2
    assert [row["content"] for row in after["drafts"] if row["user_id"] == target] == ["half a sentence"]
    stub = next(row for row in after["users"] if row["id"] == source)
    assert (stub["merged_into_id"], stub["is_active"]) == (target, False)
    undone = desk.run(cast.admin.actor.for_request("undo"), undo_request, "merge")
    assert undone.records > 0
    assert look(desk) == before
    desk.run(cast.admin.actor.for_request("redo"), undo_request, "undo")
    redone = look(desk)
    assert {k: v for k, v in redone.items() if k not in ("drafts", "ticket_reads")} == {
        k: v for k, v in after.items() if k not in ("drafts", "ticket_reads")
    }
    desk.run(cast.admin.actor.for_request("again"), undo_request, "redo")
    assert look(desk) == before


def test_an_undo_says_what_has_changed_since(desk: Desk, cast: Cast, pair: tuple[int, int]) -> None:
    source, target = pair
    third = desk.run(SYSTEM, make_customer).id
    desk.run(cast.admin.actor.for_request("merge"), merge_people, [source], target)
    desk.run(cast.admin.actor.for_request("second"), merge_people, [target], third)
    merged = look(desk)
    assert {row["merged_into_id"] for row in merged["users"] if row["id"] in pair} == {third}
    with pytest.raises(ChangedSince):
        desk.run(cast.admin.actor, undo_request, "merge")
    assert look(desk) == merged
    desk.run(cast.admin.actor, undo_request, "second")
    desk.run(cast.admin.actor, undo_request, "merge")


def test_a_ticket_of_who_was_merged_is_that_of_who_they_are(
    desk: Desk, cast: Cast, pair: tuple[int, int]
) -> None:
    source, target = pair
    desk.run(cast.admin.actor, merge_people, [source], target)
    other = desk.run(SYSTEM, lambda session: make_ticket(session, cast.customer.id).id)
    for actor in (SYSTEM, cast.agent.actor):
        with desk.begin(actor) as session:
            opened = open_ticket(session, title="Printer", requester_id=source)
            change_ticket(session, other, {"requester_id": source})
            bulk = bulk_create_tickets(session, [{"title": "Many", "requester_id": source}])
        with desk.read(SYSTEM) as session:
            made = [session.get_one(Ticket, one) for one in (opened.id, other, *bulk.ids)]
            assert [one.requester_id for one in made] == [target] * 3
            assert made[0].creator_id == (actor.user_id or target)
        assert (opened.requester_id, opened.creator_id) == (target, actor.user_id or target)
        desk.run(SYSTEM, change_ticket, other, {"requester_id": cast.customer.id})


def test_undo_and_merge_at_once_leave_nothing_with_a_stub(desk: Desk, cast: Cast) -> None:
    """Undone by two, merged on by another, and written to meanwhile; by nobody without the right."""
    admin = cast.admin.actor
    for turn in range(5):
        one, two, three = (desk.run(SYSTEM, make_customer).id for _ in range(3))
        kept = desk.run(SYSTEM, make_ticket, one).id
        request = f"merge {turn}"
        desk.run(admin.for_request(request), merge_people, [one], two)
        for stranger in (cast.customer, cast.light_agent, cast.agent):
            with pytest.raises((Forbidden, NotFound)):
                desk.run(stranger.actor, undo_request, request)
        works: list[Callable[[], object]] = [
            partial(desk.run, admin.for_request(f"first {turn}"), undo_request, request),
            partial(desk.run, admin.for_request(f"second {turn}"), undo_request, request),
            partial(desk.run, admin, merge_people, [two], three),
            partial(desk.run, cast.agent.actor, open_ticket, title="just now", requester_id=two),
            partial(desk.run, SYSTEM, make_ticket, one),
        ]
        with ThreadPoolExecutor(len(works)) as pool:
            told = [future.exception() for future in [pool.submit(work) for work in works]]
        assert all(error is None or isinstance(error, OmbudError) for error in told), told
        assert sum(error is None for error in told[:2]) <= 1, "it was undone twice"
        with desk.read(SYSTEM) as session:
            owners = set(session.scalars(select(Ticket.requester_id).where(Ticket.id >= kept)))
            stubs = set(session.scalars(select(User.id).where(User.merged_into_id.is_not(None))))
        assert owners & stubs == set(), (told, one, two, three)


def test_who_was_merged_is_found_as_who_they_are(desk: Desk, cast: Cast, pair: tuple[int, int]) -> None:
    source, target = pair
    desk.run(cast.admin.actor, merge_people, [source], target)
    found = desk.run(SYSTEM, people.find_or_create_customer, email="ann.lee+shop@example.com")
    assert found.id == target
    with pytest.raises(Forbidden), desk.begin(cast.agent.actor) as session:
        merge_people(session, [cast.customer.id], target)


def test_sessions_end_and_tokens_are_revoked(desk: Desk, cast: Cast) -> None:
    target = desk.run(SYSTEM, make_customer).id
    with desk.begin(SYSTEM) as session:
        session.execute(
            text(
                "INSERT INTO ombud.web_sessions (user_id, token_hash, expires_at)"
                " VALUES (:u, 'x', now() + interval '1 day')"
            ),
            {"u": cast.customer.id},
        )
        session.execute(
            text(
                "INSERT INTO ombud.api_tokens (user_id, name, key_id, secret_hash) VALUES (:u, 'k', 'k', 'x')"
            ),
            {"u": cast.customer.id},
        )
    desk.run(cast.admin.actor, merge_people, [cast.customer.id], target)
    with desk.read(SYSTEM) as session:
        assert session.scalar(text("SELECT count(*) FROM ombud.web_sessions")) == 0
        assert (
            session.scalar(
                text("SELECT count(*) FROM ombud.api_tokens WHERE revoked_at IS NULL AND user_id = :u"),
                {"u": cast.customer.id},
            )
            == 0
        )


def test_what_is_no_merge_is_refused_as_a_whole(desk: Desk, cast: Cast, pair: tuple[int, int]) -> None:
    source, target = pair
    before = look(desk)
    refused: list[tuple[list[int], int, type[Exception]]] = [
        ([source, cast.agent.id], target, CannotMerge),
        ([source, 10**12], target, NotFound),
        ([source, target], target, Invalid),
        ([], target, Invalid),
        ([source], cast.agent.id, CannotMerge),
    ]
    for sources, into, error in refused:
        with pytest.raises(error):
            desk.run(cast.admin.actor, merge_people, sources, into)
    for persona in (cast.agent, cast.light_agent, cast.team_agent, cast.customer):
        with pytest.raises(Forbidden):
            desk.run(persona.actor, merge_people, [source], target)
        with desk.begin(persona.actor) as session, pytest.raises(Exception, match="administrator"):
            session.execute(text("SELECT ombud.merge_people(ARRAY[:s], :t)"), {"s": source, "t": target})
    assert look(desk) == before


def test_duplicates_are_found_with_reasons(desk: Desk, cast: Cast, pair: tuple[int, int]) -> None:
    source, target = pair
    with desk.begin(SYSTEM) as session:
        make_customer(session, email="someone@else.example", full_name="Quite Different")
        gmail = make_customer(session, email="B.o.b@gmail.com", full_name="Bob")
        other = make_customer(session, email="bob+x@googlemail.com", full_name="Robert")
        gmail_ids = {gmail.id, other.id}
    with desk.read(cast.agent.actor) as session:
        found = duplicate_people(session)
        assert [{one.person.id, one.other.id} for one in found] == [{source, target}, gmail_ids]
        assert found[0].likeness.reasons[0] == "same_inbox"
        assert found[0].likeness.score > found[1].likeness.score >= 0.9
        like = people_like(session, source)
        assert [one.other.id for one in like] == [target]
    with pytest.raises(Forbidden), desk.read(cast.customer.actor) as session:
        duplicate_people(session)
    desk.run(cast.admin.actor, merge_people, [source], target)
    with desk.read(cast.agent.actor) as session:
        assert [{one.person.id, one.other.id} for one in duplicate_people(session)] == [gmail_ids]


def test_similar_names_count_where_something_else_is_alike(desk: Desk, cast: Cast) -> None:
    """A typo anywhere; a short form in the same organization, or with the same part before the @; no more."""
    with desk.begin(SYSTEM) as session:
        firm = make_organization(session, "Firm").id
        ann = make_customer(
            session,
            email="annabel.lee@one.example",
            full_name="Annabel Johanna Winterbottom",
            organization_id=firm,
        ).id
        typo = make_customer(session, email="al@one.example", full_name="Annabell Johanna Winterbottom").id
        short = make_customer(
            session, email="short@two.example", full_name="Annabel Johana Winterbotom", organization_id=firm
        ).id
        other_inbox = make_customer(
            session, email="Annabel.Lee+x@three.example", full_name="Annabel J. Winterbottom"
        ).id
        make_customer(session, email="other@four.example", full_name="Annabel J. Winterbottom")
        make_customer(session, email="bo@one.example", full_name="Bo Ng", organization_id=firm)
    with desk.read(cast.agent.actor) as session:
        found = {one.other.id: one.likeness.reasons for one in people_like(session, ann)}
    assert found == {
        typo: ("similar_name", "same_domain"),
        short: ("similar_name", "same_organization"),
        other_inbox: ("similar_name", "same_local_part"),
    }


def test_a_shared_name_is_not_proof() -> None:
    ann = Known(1, "ann@a.example", "Ann Lee", "ann@a.example", 1)
    same = likeness_of_people(ann, Known(2, "a@gmail.com", "Ann Lee", "a@gmail.com", None), 1.0)
    assert same.score == 0.5
    colleague = likeness_of_people(ann, Known(2, "lee@a.example", "Ann Lee", "lee@a.example", 1), 1.0)
    assert colleague.score == 0.85
    assert colleague.reasons == ("same_name", "same_organization", "same_domain")


def test_the_stub_can_do_nothing(desk: Desk, cast: Cast, pair: tuple[int, int]) -> None:
    source, target = pair
    desk.run(cast.admin.actor, merge_people, [source], target)
    with pytest.raises(Exception, match="merged into another"):
        desk.run(cast.admin.actor, people.change_user, source, {"is_active": True})
    with desk.read(SYSTEM) as session:
        assert session.get_one(User, source).merged_into_id == target
        tickets = session.scalars(
            select(Ticket).where(Ticket.requester_id == target).execution_options(**{INCLUDE_DELETED: True})
        ).all()
        assert len(tickets) == 4
    desk.run(Actor.customer(target), reply, tickets[0].id, "still me")

"""Tags: rename, merge, normalise; back by undo."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ombud import Actor, Desk
from ombud.audit import ChangedSince, undo_request
from ombud.curation import change_tag, delete_tag, merge_tags, normalise_tags
from ombud.curation.rules import normal_tag
from ombud.errors import Conflict, Forbidden, Invalid, NotFound
from ombud.models import Tag, TicketTag
from ombud.testing import Cast, make_tag, make_ticket
from ombud.tickets import add_tags, create_tag

SYSTEM = Actor.system("test")


def tags(desk: Desk) -> tuple[list[Any], list[Any]]:
    with desk.read(SYSTEM) as session:
        return (
            list(
                session.execute(
                    select(Tag.id, Tag.name, Tag.color, Tag.description, Tag.created_at).order_by(Tag.id)
                )
            ),
            list(
                session.execute(
                    select(TicketTag.ticket_id, TicketTag.tag_id, TicketTag.created_at).order_by(
                        TicketTag.ticket_id, TicketTag.tag_id
                    )
                )
            ),
        )


@pytest.fixture
def named(desk: Desk, cast: Cast) -> dict[str, int]:
    """Three spellings of a tag on overlapping tickets, and another tag."""

    def make(session: Session) -> dict[str, int]:
        ids = {
            name: make_tag(session, name, description=f"about {name}").id
            for name in ("billing question", "Billing_Question", "billing-question", "vip")
        }
        for names in (["billing question"], ["Billing_Question", "vip"], list(ids), ["vip"]):
            add_tags(session, make_ticket(session, cast.customer.id).id, names)
        return ids

    return desk.run(SYSTEM, make)


def test_merged_tags_are_one_and_come_back(desk: Desk, cast: Cast, named: dict[str, int]) -> None:
    before = tags(desk)
    sources = [named["billing question"], named["Billing_Question"]]
    gained = desk.run(cast.agent.actor.for_request("merge"), merge_tags, sources, named["billing-question"])
    assert gained == 2
    after = tags(desk)
    assert [tag.name for tag in after[0]] == ["billing-question", "vip"]
    assert [row.tag_id for row in after[1]].count(named["billing-question"]) == 3
    desk.run(cast.agent.actor.for_request("undo"), undo_request, "merge")
    assert tags(desk) == before


def test_an_undo_does_not_take_a_name_away(desk: Desk, cast: Cast, named: dict[str, int]) -> None:
    desk.run(cast.agent.actor.for_request("merge"), merge_tags, [named["vip"]], named["billing-question"])
    desk.run(cast.agent.actor, create_tag, "VIP")
    with pytest.raises(ChangedSince):
        desk.run(cast.agent.actor, undo_request, "merge")


def test_normalising_merges_what_is_the_same(desk: Desk, cast: Cast, named: dict[str, int]) -> None:
    before = tags(desk)
    expected = [("billing-question", ("billing question", "Billing_Question", "billing-question"))]
    with desk.begin(cast.agent.actor) as session:
        assert normalise_tags(session, dry_run=True) == expected
    assert tags(desk) == before
    assert desk.run(cast.agent.actor.for_request("n"), normalise_tags) == expected
    assert [(tag.id, tag.name) for tag in tags(desk)[0]] == [
        (named["billing question"], "billing-question"),
        (named["vip"], "vip"),
    ]
    assert desk.run(cast.agent.actor, normalise_tags) == []
    desk.run(cast.agent.actor, undo_request, "n")
    assert tags(desk) == before


def test_renaming(desk: Desk, cast: Cast, named: dict[str, int]) -> None:
    before = tags(desk)
    desk.run(
        cast.agent.actor.for_request("r"), change_tag, named["vip"], name=" Very  important ", color="#000000"
    )
    assert tags(desk)[0][-1][1:3] == ("Very important", "#000000")
    with pytest.raises(Conflict):
        desk.run(cast.agent.actor, change_tag, named["vip"], name="BILLING question")
    desk.run(cast.agent.actor, undo_request, "r")
    assert tags(desk) == before


def test_who_may(desk: Desk, cast: Cast, named: dict[str, int]) -> None:
    before = tags(desk)
    for persona in (cast.team_agent, cast.light_agent, cast.customer):
        with pytest.raises(Forbidden):
            desk.run(persona.actor, merge_tags, [named["vip"]], named["billing-question"])
        with pytest.raises(Forbidden):
            desk.run(persona.actor, normalise_tags)
    for sources, target, error in (
        ([10**12], named["vip"], NotFound),
        ([named["vip"]], named["vip"], Invalid),
        ([], named["vip"], Invalid),
    ):
        with pytest.raises(error):
            desk.run(cast.agent.actor, merge_tags, sources, target)
    assert tags(desk) == before


@pytest.mark.parametrize(
    ("name", "normal"),
    [
        ("  Billing_Question ", "billing-question"),
        ("a -- b", "a-b"),
        ("C++", "c++"),
        ("v2.1", "v2.1"),
        ("ＶＩＰ", "vip"),
        ("-", "-"),
        ("日本", "日本"),
    ],
)
def test_normal_names(name: str, normal: str) -> None:
    assert normal_tag(name) == normal
    assert normal_tag(normal) == normal


def test_a_deleted_tag_is_gone_and_comes_back(desk: Desk, cast: Cast, named: dict[str, int]) -> None:
    before = tags(desk)
    desk.run(cast.agent.actor.for_request("delete"), delete_tag, named["vip"])
    kept, used = tags(desk)
    assert (len(kept), len(used)) == (3, len(before[1]) - 3)
    assert all(tag_id != named["vip"] for _, tag_id, _ in used)
    desk.run(cast.agent.in_new_request(), undo_request, "delete")
    assert tags(desk) == before
    for who in (cast.light_agent, cast.customer, cast.team_agent):
        with pytest.raises(Forbidden):
            desk.run(who.in_new_request(), delete_tag, named["vip"])
    with pytest.raises(NotFound):
        desk.run(cast.agent.in_new_request(), delete_tag, 10**9)
    assert tags(desk) == before

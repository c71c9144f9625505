"""Which plans a transaction's statements get."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ombud import Actor, Desk
from ombud.db.plans import by_key, keys_follow
from ombud.db.statements import counted

SHOW = text("SHOW plan_cache_mode")


def test_reading_plans_for_the_values_and_writing_keeps_plans(desk: Desk, system: Actor) -> None:
    with desk.read(system) as session:
        assert session.scalar(SHOW) == "force_custom_plan"
    with desk.begin(system) as session:
        assert session.scalar(SHOW) == "auto"
    with desk.read(system) as session:
        assert session.scalar(SHOW) == "force_custom_plan", "the next one begins anew"


@pytest.mark.parametrize("read_only", [True, False])
def test_look_ups_by_key_keep_theirs_and_put_back_what_was(
    desk: Desk, system: Actor, read_only: bool
) -> None:
    with (desk.read if read_only else desk.begin)(system) as session:
        before = session.scalar(SHOW)
        with by_key(session):
            assert session.scalar(SHOW) == "force_generic_plan"
        assert session.scalar(SHOW) == before


def test_an_error_inside_a_savepoint_puts_back_what_was(desk: Desk, system: Actor) -> None:
    def fail(session: Session) -> None:
        with session.begin_nested(), by_key(session):
            raise LookupError

    with desk.read(system) as session:
        with pytest.raises(LookupError):
            fail(session)
        assert session.scalar(SHOW) == "force_custom_plan"


def test_what_only_reads_switches_back_when_something_follows(desk: Desk, system: Actor) -> None:
    with desk.read(system) as session, counted() as sent:
        with by_key(session):
            assert session.scalar(SHOW) == "force_generic_plan"
        with by_key(session), by_key(session):
            assert session.scalar(SHOW) == "force_generic_plan", "still, without another switch"
        assert len(sent) == 3, str(sent)
        assert session.scalar(SHOW) == "force_custom_plan"
        assert session.scalar(SHOW) == "force_custom_plan"
        assert len(sent) == 6, f"one of them switched: {sent}"


def test_a_statement_may_begin_it_in_a_column(desk: Desk, system: Actor) -> None:
    with desk.read(system) as session, counted() as sent:
        session.execute(select(keys_follow())).one()
        with by_key(session, switched=True):
            assert session.scalar(SHOW) == "force_generic_plan"
        assert len(sent) == 2, str(sent)
        assert session.scalar(SHOW) == "force_custom_plan"


def test_a_savepoint_that_is_rolled_back_takes_the_way_back_with_it(desk: Desk, system: Actor) -> None:
    def switch_back_and_fail(session: Session) -> None:
        with session.begin_nested():
            assert session.scalar(SHOW) == "force_custom_plan"
            raise LookupError

    with desk.read(system) as session:
        with by_key(session):
            pass
        with pytest.raises(LookupError):
            switch_back_and_fail(session)
        assert session.scalar(SHOW) == "force_custom_plan"

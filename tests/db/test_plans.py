"""Which plans a transaction's statements get."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from ombud import Actor, Desk
from ombud.db.plans import by_key

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

"""Settings that are chosen: in force with the commit, and never without one."""

from __future__ import annotations

from ombud import Desk
from ombud.settings import change_settings
from ombud.testing import Cast


def test_what_was_rolled_back_is_not_learnt_with_the_next_commit(desk: Desk, cast: Cast) -> None:
    admin = cast.admin.actor
    with desk.begin(admin) as session:
        change_settings(session, {"desk_name": "First"}, desk.settings)
        assert desk.choices.current.desk_name != "First"
    assert desk.choices.current.desk_name == "First"

    with desk.begin(admin) as session:
        savepoint = session.begin_nested()
        change_settings(session, {"desk_name": "Second"}, desk.settings)
        savepoint.rollback()
    assert desk.choices.current.desk_name == "First"

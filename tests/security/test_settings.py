"""Row security of what administrators chose: plain SQL, without any of our conditions."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from ombud import Actor, Desk
from ombud.errors import Forbidden
from ombud.settings import change_settings
from ombud.testing import Cast

SYSTEM = Actor.system("test")


def test_only_administrators_read_and_write_and_nobody_takes_a_row_away(desk: Desk, cast: Cast) -> None:
    desk.run(cast.admin.actor, change_settings, {"desk_name": "Help"}, desk.settings)
    rows = text("SELECT name, value, version FROM ombud.desk_settings ORDER BY id")
    change = text("UPDATE ombud.desk_settings SET value = '\"Mine\"', version = 1 RETURNING version")
    add = text("INSERT INTO ombud.desk_settings (name, value) VALUES ('sign_in_links', 'true')")
    for who in ("agent", "team_agent", "light_agent", "customer"):
        actor = getattr(cast, who).actor
        with desk.begin(actor) as session:
            assert session.execute(rows).all() == [], who
            assert session.execute(change).all() == [], who
        with pytest.raises(Forbidden), desk.begin(actor) as session:
            session.execute(add)
        with desk.read(actor) as session:
            assert session.scalar(text("SELECT ombud.chosen_settings()")) == {"desk_name": "Help"}, who
    for actor in (cast.admin.actor, SYSTEM):
        with pytest.raises(Forbidden), desk.begin(actor) as session:
            session.execute(text("DELETE FROM ombud.desk_settings"))
    with desk.begin(cast.admin.actor) as session:
        assert session.scalar(change) == 2, "the database counts, whatever the writer says"

"""How many tickets each view of the sidebar holds."""

from contextlib import nullcontext

from sqlalchemy.orm import Session

from ombud.db.actor import Scope
from ombud.db.context import actor_of
from ombud.db.plans import by_key
from ombud.tickets import queries
from ombud.tickets.filters import View


def count_views(session: Session) -> dict[View, int]:
    """Return for each view how many tickets it holds that the actor sees, counted up to 1,000."""
    actor = actor_of(session)
    statement = queries.view_counters(actor)
    session.flush()
    with nullcontext() if actor.scope is Scope.ALL else by_key(session):
        row = session.execute(statement).one()._mapping
    return {view: row[view.value] for view in View}

"""How many tickets each view of the sidebar holds."""

from sqlalchemy.orm import Session

from ombud.db.context import actor_of
from ombud.db.plans import by_key
from ombud.tickets import queries
from ombud.tickets.filters import View


def count_views(session: Session) -> dict[View, int]:
    """Return for each view how many tickets it holds that the actor sees, counted up to 1,000."""
    statement = queries.view_counters(actor_of(session))
    session.flush()
    with by_key(session):
        row = session.execute(statement).one()._mapping
    return {view: row[view.value] for view in View}

"""Soft deletion: one rule, applied to every ORM SELECT of tickets that does not ask for deleted ones."""

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria

from ombud.db.context import DeskSession
from ombud.models.ticket import Ticket

INCLUDE_DELETED = "include_deleted"


@event.listens_for(DeskSession, "do_orm_execute")
def _hide_deleted(state: ORMExecuteState) -> None:
    """Leave deleted tickets out; `execution_options(include_deleted=True)` keeps them."""
    wants_them = state.execution_options.get(INCLUDE_DELETED, False)
    if not state.is_select or state.is_column_load or state.is_relationship_load or wants_them:
        return
    state.statement = state.statement.options(
        with_loader_criteria(Ticket, Ticket.deleted_at.is_(None), include_aliases=True)
    )

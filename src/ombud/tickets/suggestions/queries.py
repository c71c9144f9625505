"""Statements of suggestions. Nothing is executed here."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, Text, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from ombud.db.actor import Actor
from ombud.models import INCLUDE_DELETED, Ticket
from ombud.tickets.filters import TicketFilter
from ombud.tickets.queries import Common, tickets_matching


def similar_words(actor: Actor, words: Sequence[str]) -> Select[*tuple[Any, ...]]:
    """Return place (from 1), folded (the word as it is searched for), word and seen: words like those given."""
    found = func.ombud.similar_words(
        literal(list(words), ARRAY(Text)), actor.kind.value, actor.user_id, actor.organization_id
    ).table_valued("place", "folded", "word", "seen", name="alike")
    return select(found.c.place, found.c.folded, found.c.word, found.c.seen)


def weights(texts: Sequence[str]) -> Select[*tuple[Any, ...]]:
    """Return one row: about how many tickets have the words of each text."""
    return select(*(func.ombud.search_weight(text).label(f"w{n}") for n, text in enumerate(texts)))


def lead_somewhere(actor: Actor, tried: Sequence[tuple[TicketFilter, Common]]) -> Select[*tuple[Any, ...]]:
    """Return one row: for each filter, whether the actor would find a ticket by it."""
    found = (
        select(Ticket.id).where(*tickets_matching(actor, wanted, common=common)).exists().label(f"f{n}")
        for n, (wanted, common) in enumerate(tried)
    )
    statement: Select[*tuple[Any, ...]] = select(*found)
    return statement.execution_options(**{INCLUDE_DELETED: True})

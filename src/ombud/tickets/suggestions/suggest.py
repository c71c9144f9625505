"""Suggestions for a search that found nothing."""

from dataclasses import replace

from sqlalchemy.orm import Session

from ombud.db.context import actor_of
from ombud.tickets.filters import TicketFilter
from ombud.tickets.grammar import understand
from ombud.tickets.queries import Common
from ombud.tickets.suggestions import queries
from ombud.tickets.suggestions.rules import Candidate, alternatives, typed_words

SUGGESTIONS = 3
_TRIED = 6


def suggest(session: Session, typed: str, wanted: TicketFilter | None = None) -> tuple[str, ...]:
    """Return up to three texts to type instead of `typed`, likely ones first; three statements at most.

    Each finds at least one ticket that the actor may see and that fulfils the other conditions of `wanted`, so
    a suggestion says nothing that a search would not. Terms such as `status:open` stay as they are. Raises
    Invalid for terms with bad values.
    """
    actor = actor_of(session)
    others = understand(replace(wanted or TicketFilter(), text=typed))
    words = typed_words(typed)
    if not words or others.text is None:
        return ()
    found = session.execute(queries.similar_words(actor, [word.text for word in words])).all()
    candidates = [Candidate(row.place - 1, row.folded, row.word, row.seen) for row in found]
    texts = alternatives(typed, words, candidates)[:_TRIED]
    if not texts:
        return ()
    tried = [replace(others, text=understand(TicketFilter(text=text)).text) for text in texts]
    weights = session.execute(queries.weights([one.text or "" for one in tried])).one()
    pairs = [(one, Common.of(weight, None)) for one, weight in zip(tried, weights, strict=True)]
    leads = session.execute(queries.lead_somewhere(actor, pairs)).one()
    return tuple(text for text, leading in zip(texts, leads, strict=True) if leading)[:SUGGESTIONS]

"""Merge tickets: several about one matter go on as one conversation."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ombud.curation import queries
from ombud.curation.actions.people import CannotMerge
from ombud.db.context import actor_of
from ombud.errors import Invalid, NotFound
from ombud.kit.ids import is_id
from ombud.models import (
    Attachment,
    Comment,
    InboundMail,
    Ticket,
    TicketParticipant,
    TicketStatus,
    TicketTag,
)
from ombud.tickets.policy import require_right_in_team, require_writer
from ombud.tickets.rules import TicketDeleted

AT_ONCE = 50
QUIET = {"synchronize_session": False}


@dataclass(frozen=True, slots=True)
class MergedTickets:
    """Which tickets go on in which. Undo `request_id` to have them apart again."""

    request_id: str
    target_id: int
    source_ids: tuple[int, ...]
    comments: int


def merge_tickets(
    session: Session,
    source_ids: Iterable[int],
    target_id: int,
    *,
    across_requesters: bool = False,
    requesters_follow: bool = False,
) -> MergedTickets:
    """Let the conversations of some tickets go on in another one.

    Comments, files and mails move to the target; it gets the tags and followers too. The sources stay with their
    number, title and text: closed, and with a link to the target, where replies to them arrive. What was
    internal stays internal. Tickets of different requesters are refused unless `across_requesters`: the
    target's requester will read what was publicly said on the sources. Theirs, and the customers who follow them,
    read nothing of the target then, and mail of theirs opens a ticket of their own that follows it, unless
    `requesters_follow` makes them followers. All or nothing; goes back by undo.
    Raises NotFound when one is missing or not visible, Forbidden in teams that one only reads, TicketDeleted,
    CannotMerge, Invalid.
    """
    actor = actor_of(session)
    require_writer(actor)
    sources = tuple(dict.fromkeys(source_ids))
    if not sources or len(sources) > AT_ONCE:
        raise Invalid(fields={"tickets": f"must be 1 to {AT_ONCE}."})
    if target_id in sources:
        raise Invalid(fields={"target": "must be another ticket."})
    tickets = _get(session, [*sources, target_id])
    for ticket in tickets.values():
        require_right_in_team(actor, ticket.team_id)
    _check(tickets, target_id, across_requesters=across_requesters)
    moved = len(session.scalars(queries.comments_of(sources)).all())
    _move(session, sources, target_id)
    _add_to_target(session, tickets, target_id, everybody=requesters_follow)
    _close(session, sources, target_id)
    session.expire_all()
    return MergedTickets(actor.request_id, target_id, sources, moved)


def _get(session: Session, ids: list[int]) -> dict[int, Ticket]:
    if not all(is_id(one) for one in ids):
        raise NotFound("There is no such ticket here.")
    found = {one.id: one for one in session.scalars(queries.tickets_for_merge(actor_of(session), ids))}
    if len(found) < len(ids):
        raise NotFound("There is no such ticket here.")
    return found


def _check(tickets: dict[int, Ticket], target_id: int, *, across_requesters: bool) -> None:
    target = tickets[target_id]
    for ticket in tickets.values():
        if ticket.deleted_at is not None:
            raise TicketDeleted
        if ticket.merged_into_id is not None:
            raise CannotMerge(f"Ticket {ticket.ticket_number} was merged already.", field="tickets")
        if ticket.requester_id != target.requester_id and not across_requesters:
            raise CannotMerge(
                f"Ticket {ticket.ticket_number} is another person's: {target.ticket_number}'s requester would"
                " read what was said on it. Say that this is meant.",
                field="across_requesters",
            )


def _move(session: Session, sources: tuple[int, ...], target_id: int) -> None:
    for model in (Attachment, InboundMail):
        # A file or mail that belongs to no comment is part of its ticket's own text, and stays with it.
        session.execute(
            update(model)
            .where(model.ticket_id.in_(sources), model.comment_id.is_not(None))
            .values(ticket_id=target_id),
            execution_options=QUIET,
        )
    session.execute(
        update(Comment).where(Comment.ticket_id.in_(sources)).values(ticket_id=target_id),
        execution_options=QUIET,
    )


def _add_to_target(session: Session, tickets: dict[int, Ticket], target_id: int, *, everybody: bool) -> None:
    sources = [one for one in tickets if one != target_id]
    tags = session.scalars(queries.tags_of(sources)).all()
    if tags:
        rows = [{"ticket_id": target_id, "tag_id": tag} for tag in sorted(tags)]
        session.execute(insert(TicketTag).values(rows).on_conflict_do_nothing())
    asks = tickets[target_id].requester_id
    own = [one for one in sources if everybody or tickets[one].requester_id == asks]
    followers = set(session.scalars(queries.participants_of(sources, own)))
    if everybody:
        followers |= {tickets[one].requester_id for one in sources} - {asks}
    if followers:
        people = [{"ticket_id": target_id, "user_id": person} for person in sorted(followers)]
        session.execute(insert(TicketParticipant).values(people).on_conflict_do_nothing())


def _close(session: Session, sources: tuple[int, ...], target_id: int) -> None:
    # What was merged into a source before goes on where the source goes on: the way is always one step.
    session.execute(
        update(Ticket).where(Ticket.merged_into_id.in_(sources)).values(merged_into_id=target_id),
        execution_options=QUIET,
    )
    session.execute(
        update(Ticket)
        .where(Ticket.id.in_(sources))
        .values(merged_into_id=target_id, status=TicketStatus.CLOSED),
        execution_options=QUIET,
    )
    session.execute(
        update(Ticket)
        .where(Ticket.id == target_id)
        .values(last_activity_at=func.greatest(Ticket.last_activity_at, func.now())),
        execution_options=QUIET,
    )

"""Mail that answers a ticket which was merged: where it arrives, and who must have a part in what goes on."""

import pytest
from sqlalchemy import select

from ombud import Actor
from ombud.curation import merge_tickets
from ombud.mail.tokens import TicketNamer
from ombud.models import Comment, MailState, TicketLink
from tests.mail_desk.conftest import SUPPORT, PostOffice, letter

SYSTEM = Actor.system("test")
BOB = "Bob Else <bob@else.example>"


def said_on(office: PostOffice, ticket_id: int) -> list[str]:
    wanted = select(Comment.content).where(Comment.ticket_id == ticket_id).order_by(Comment.id)
    found: list[str] = office.look(lambda session: session.scalars(wanted).all())
    return [text.strip() for text in found]


def test_an_answer_to_a_merged_ticket_arrives_where_it_goes_on(
    office: PostOffice, namer: TicketNamer
) -> None:
    target = office.ticket_of(letter())
    source = office.ticket_of(letter("Once more", message_id="<second@customer.example>"))
    office.desk.run(SYSTEM, merge_tickets, [source], target)
    by_name = letter(
        "By its name", message_id="<a@customer.example>", In_Reply_To="<second@customer.example>"
    )
    by_address = letter(
        "By address", message_id="<b@customer.example>", to=namer.reply_address(SUPPORT, source)
    )
    for answer in (by_name, by_address):
        assert office.ticket_of(answer) == target
    assert said_on(office, target) == ["By its name", "By address"]


@pytest.mark.parametrize("follows", [True, False])
def test_an_answer_of_another_requester_shows_nothing_unless_they_follow(
    office: PostOffice, namer: TicketNamer, follows: bool
) -> None:
    target = office.ticket_of(letter())
    source = office.ticket_of(letter("Mine too", sender=BOB, message_id="<bob@else.example>"))
    office.desk.run(
        SYSTEM, merge_tickets, [source], target, across_requesters=True, requesters_follow=follows
    )
    for number, how in enumerate(
        ({"In_Reply_To": "<bob@else.example>"}, {"to": namer.reply_address(SUPPORT, source)})
    ):
        decision, mail = office.deliver(
            letter("And now?", sender=BOB, message_id=f"<later{number}@else.example>", **how)
        )
        assert decision is not None
        assert mail.state is MailState.ACCEPTED
        links = office.look(
            lambda session: session.scalars(
                select(TicketLink.follows_id).where(TicketLink.ticket_id == mail.ticket_id)  # noqa: B023
            ).all()
        )
        if follows:
            assert (decision.code, mail.ticket_id, links) == ("reply", target, [])
        else:
            assert (decision.code, links) == ("merged_into_anothers", [target])
            assert mail.ticket_id not in (target, source)
    assert said_on(office, target) == (["And now?", "And now?"] if follows else [])
    # Who has no part in either is still a stranger.
    _, strange = office.deliver(
        letter(
            "Hm",
            sender="x@else.example",
            message_id="<x@else.example>",
            to=namer.reply_address(SUPPORT, source),
        )
    )
    assert strange.state is MailState.QUARANTINED

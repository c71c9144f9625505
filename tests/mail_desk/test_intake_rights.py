"""What members of the staff write by mail: no more than on the desk's own pages (TRUST.md T38)."""

from typing import Any

import pytest
from sqlalchemy import select

from ombud import Actor, User, UserRole
from ombud.mail.tokens import TicketNamer
from ombud.models import Comment, TicketParticipant
from ombud.people.actions import add_team_member, change_user, create_team, create_user
from ombud.people.roles import create_role
from ombud.tickets import change_ticket
from tests.mail_desk.conftest import SUPPORT, PostOffice, letter

SYSTEM = Actor.system("test")


@pytest.mark.parametrize(
    ("who", "named_by"),
    [
        ("agent", "token"),
        ("light", "token"),
        ("light", "reference"),
        ("reads_only", "token"),
        ("mute", "token"),
        ("elsewhere", "token"),
        ("elsewhere", "reference"),
        ("elsewhere_asks", "token"),
    ],
)
def test_by_mail_the_staff_write_what_they_may_write_on_a_page(
    office: PostOffice, namer: TicketNamer, who: str, named_by: str
) -> None:
    """T38: a confirmed address is who they are, and gives no right that their role or team has not."""
    verdict = "mx.desk.example; dmarc=pass header.from=desk.example"
    role = UserRole.LIGHT_AGENT if who == "light" else UserRole.AGENT
    is_narrow = who.startswith("elsewhere") or who == "reads_only"

    def make(session: Any) -> int:
        person = create_user(session, email="anna@desk.example", role=role, sees_all_teams=not is_narrow)
        team = create_team(session, name="Billing").id
        if who == "reads_only":
            add_team_member(session, team, person.id, reads_only=True)
        if who == "mute":
            rights = create_role(session, name="Opens", permissions=["tickets.open"])
            change_user(session, person.id, {"custom_role_id": rights.id})
        return team

    team_id = office.desk.run(SYSTEM, make)
    asks = who == "elsewhere_asks"
    first = letter(Authentication_Results=verdict, **({"sender": "anna@desk.example"} if asks else {}))
    ticket_id = office.ticket_of(first)
    office.desk.run(SYSTEM, change_ticket, ticket_id, {"team_id": team_id})
    names: dict[str, str] = {"to": namer.reply_address(SUPPORT, ticket_id)}
    if named_by == "reference":
        names = {"In_Reply_To": "<first@customer.example>"}
    answer = letter(
        "Try water.", sender="anna@desk.example", message_id="<answer@desk.example>", Cc="Zoe <zoe@else.example>",
        Authentication_Results=verdict, **names,
    )  # fmt: skip
    decision, _mail = office.deliver(answer)
    assert decision is not None
    comments = select(Comment.content, Comment.is_internal).where(Comment.ticket_id == ticket_id)
    said = [tuple(row) for row in office.look(lambda session: session.execute(comments).all())]
    if who in ("mute", "elsewhere"):
        assert said == []
        assert decision.code == ("token_of_stranger" if named_by == "token" else "new_conversation")
    else:
        is_note = who in ("light", "reads_only")
        assert said == [("Try water.", is_note)]
        follows = select(User.email).join(TicketParticipant, TicketParticipant.user_id == User.id)
        followers = office.look(
            lambda session: session.scalars(follows.where(TicketParticipant.ticket_id == ticket_id)).all()
        )
        assert ("zoe@else.example" in followers) is not is_note, "a note brings nobody in"

"""What becomes of a message: tickets, comments, quarantine; each decision with its reason."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from ombud import Actor, TicketStatus, User, UserRole, clock
from ombud.errors import NotFound
from ombud.mail.tokens import TicketNamer
from ombud.models import (
    Attachment,
    Comment,
    InboundMail,
    Mailbox,
    MailField,
    MailRule,
    MailSource,
    MailState,
    Ticket,
    TicketChannel,
    TicketLink,
    TicketParticipant,
    TicketPriority,
)
from ombud.people.actions import create_organization, create_team, create_user
from ombud.settings import change_settings
from ombud.tickets import reply, set_status, soft_delete_ticket
from tests.mail_desk.conftest import SUPPORT, PostOffice, letter

SYSTEM = Actor.system("test")
ANSWER = "<answer@customer.example>"


def _comments(office: PostOffice, ticket_id: int) -> list[Comment]:
    wanted = select(Comment).where(Comment.ticket_id == ticket_id).order_by(Comment.id)
    found: list[Comment] = office.look(lambda session: session.scalars(wanted).all())
    return found


def _count(office: PostOffice, model: type) -> int:
    found: int = office.look(lambda session: session.scalar(select(func.count()).select_from(model)))
    return found


def test_a_letter_opens_a_ticket_with_its_sender_text_and_files(office: PostOffice) -> None:
    office.desk.run(SYSTEM, create_organization, name="Kunde AG", domains=["customer.example"])
    message = letter("It burns.\n\nEva")
    message.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="fire.png")
    decision, mail = office.deliver(message)
    assert decision is not None
    assert decision.code == "new_conversation"
    ticket = office.ticket(mail.ticket_id or 0)
    assert (ticket.title, ticket.channel, ticket.status) == (
        "Printer",
        TicketChannel.EMAIL,
        TicketStatus.OPEN,
    )
    assert "It burns." in ticket.description
    requester = office.look(lambda session: session.get_one(User, ticket.requester_id))
    assert (requester.email, requester.full_name, requester.role) == (
        "eva@customer.example",
        "Eva Kunde",
        UserRole.CUSTOMER,
    )
    assert requester.organization_id is not None
    assert ticket.organization_id == requester.organization_id
    files = office.look(lambda session: session.scalars(select(Attachment)).all())
    assert [(file.file_name, file.ticket_id, file.size) for file in files] == [("fire.png", ticket.id, 4)]
    assert (mail.state, mail.sender_email, mail.subject) == (
        MailState.ACCEPTED,
        "eva@customer.example",
        "Printer",
    )
    assert [step["step"] for step in mail.steps] == ["kind", "conversation"]


def test_a_stranger_waits_in_quarantine_where_the_desk_wants_it(office: PostOffice) -> None:
    environment = office.desk.settings
    office.desk.run(SYSTEM, change_settings, {"unknown_senders": False}, environment)
    decision, mail = office.deliver(letter())
    assert decision is not None
    assert (decision.code, mail.state, mail.ticket_id) == ("unknown_sender", MailState.QUARANTINED, None)
    assert (
        office.look(lambda session: session.scalar(select(User.id).where(User.email == mail.sender_email)))
        is None
    )
    office.desk.run(SYSTEM, create_user, email="eva@customer.example")
    decision, _ = office.deliver(letter(message_id="<known@customer.example>"))
    assert decision is not None
    assert decision.code == "new_conversation"


def test_a_signed_address_together_with_a_participant_joins(office: PostOffice, namer: TicketNamer) -> None:
    ticket_id = office.ticket_of(letter())
    tagged = namer.reply_address(SUPPORT, ticket_id)
    answer = letter("More smoke.\n\n> Hello", to=tagged, message_id=ANSWER, subject="Something else")
    decision, mail = office.deliver(answer)
    assert decision is not None
    assert (decision.code, mail.ticket_id) == ("reply", ticket_id)
    assert [comment.content for comment in _comments(office, ticket_id)] == ["More smoke."]


def test_our_own_message_id_joins_too(office: PostOffice, namer: TicketNamer) -> None:
    ticket_id = office.ticket_of(letter())
    ours = f"<{namer.message_id('desk.example', ticket_id)}>"
    assert office.ticket_of(letter("Yes", message_id=ANSWER, In_Reply_To=ours)) == ticket_id


def test_a_signed_address_in_a_strangers_hand_goes_to_quarantine(
    office: PostOffice, namer: TicketNamer
) -> None:
    ticket_id = office.ticket_of(letter())
    stolen = letter(
        "Let me in",
        sender="mallory@evil.example",
        to=namer.reply_address(SUPPORT, ticket_id),
        message_id=ANSWER,
    )
    decision, mail = office.deliver(stolen)
    assert decision is not None
    assert (decision.code, mail.state, mail.ticket_id) == ("token_of_stranger", MailState.QUARANTINED, None)
    assert _comments(office, ticket_id) == []
    assert (
        office.look(lambda session: session.scalar(select(User.id).where(User.email.like("mallory%"))))
        is None
    )


@pytest.mark.parametrize("forgery", ["address", "message id", "another key"])
def test_a_forged_name_joins_nothing(office: PostOffice, namer: TicketNamer, forgery: str) -> None:
    ticket_id = office.ticket_of(letter())
    other = TicketNamer(b"x" * 32)
    headers = {
        "address": {
            "to": namer.reply_address(SUPPORT, ticket_id + 1).replace(
                f"+t{ticket_id + 1}-", f"+t{ticket_id}-"
            )
        },
        "message id": {"In_Reply_To": f"<ombud.{ticket_id}.{'0' * 16}.{'a' * 16}@desk.example>"},
        "another key": {"to": other.reply_address(SUPPORT, ticket_id)},
    }[forgery]
    decision, mail = office.deliver(letter("Hm", message_id=ANSWER, **headers))
    assert decision is not None
    assert (decision.code, mail.state, mail.ticket_id) == ("forged_token", MailState.QUARANTINED, None)
    assert _comments(office, ticket_id) == []
    assert any("not signed by us" in step["result"] for step in mail.steps)


def test_references_join_only_who_takes_part(office: PostOffice) -> None:
    ticket_id = office.ticket_of(letter())
    named = {"In_Reply_To": "<first@customer.example>"}
    assert office.ticket_of(letter("Again", message_id=ANSWER, **named)) == ticket_id
    stranger = letter("Me too", sender="bob@else.example", message_id="<bob@else.example>", **named)
    assert office.ticket_of(stranger) != ticket_id


def test_a_subject_alone_joins_nothing(office: PostOffice) -> None:
    ticket_id = office.ticket_of(letter())
    assert office.ticket_of(letter("Again", message_id=ANSWER, subject="Re: Printer")) != ticket_id


def test_an_answer_that_comes_before_its_question_ends_in_one_ticket(office: PostOffice) -> None:
    answer = letter("And one more thing", message_id=ANSWER, References="<first@customer.example>")
    ticket_id = office.ticket_of(answer)
    assert office.ticket_of(letter()) == ticket_id


def test_a_customers_answer_reopens_and_a_late_one_follows(office: PostOffice) -> None:
    ticket_id = office.ticket_of(letter())
    office.desk.run(SYSTEM, set_status, ticket_id, TicketStatus.CLOSED)
    named = {"In_Reply_To": "<first@customer.example>"}
    assert office.ticket_of(letter("Not done", message_id=ANSWER, **named)) == ticket_id
    assert office.ticket(ticket_id).status is TicketStatus.OPEN

    office.desk.run(SYSTEM, set_status, ticket_id, TicketStatus.CLOSED)
    office.desk.run(SYSTEM, _done_at, ticket_id, clock.now() - timedelta(days=15))
    decision, mail = office.deliver(letter("After all", message_id="<late@customer.example>", **named))
    assert decision is not None
    assert decision.code == "follows_done_ticket"
    links = office.look(lambda session: session.scalars(select(TicketLink)).all())
    assert [(link.ticket_id, link.follows_id) for link in links] == [(mail.ticket_id, ticket_id)]


def _done_at(session: "object", ticket_id: int, at: object) -> None:
    session.execute(  # type: ignore[attr-defined]
        text("UPDATE ombud.tickets SET resolved_at = :at WHERE id = :id"), {"at": at, "id": ticket_id}
    )


def test_an_automatic_answer_changes_no_status(office: PostOffice) -> None:
    ticket_id = office.ticket_of(letter())
    office.desk.run(SYSTEM, set_status, ticket_id, TicketStatus.RESOLVED)
    away = letter(
        "I am away.", message_id=ANSWER, In_Reply_To="<first@customer.example>", Auto_Submitted="auto-replied"
    )
    decision, _ = office.deliver(away)
    assert decision is not None
    assert (decision.code, decision.is_automatic) == ("automatic_reply", True)
    assert office.ticket(ticket_id).status is TicketStatus.RESOLVED
    assert len(_comments(office, ticket_id)) == 1


def test_a_deleted_ticket_takes_no_answers(office: PostOffice) -> None:
    ticket_id = office.ticket_of(letter())
    office.desk.run(SYSTEM, soft_delete_ticket, ticket_id)
    decision, mail = office.deliver(
        letter("Hello?", message_id=ANSWER, In_Reply_To="<first@customer.example>")
    )
    assert decision is not None
    assert decision.code == "ticket_deleted"
    assert mail.ticket_id not in (None, ticket_id)


def test_our_own_addresses_are_never_answered(office: PostOffice) -> None:
    decision, mail = office.deliver(letter(sender=SUPPORT))
    assert decision is not None
    assert (decision.code, mail.state, mail.ticket_id) == ("own_address", MailState.IGNORED, None)


def test_copies_through_two_mailboxes_make_one_ticket(office: PostOffice) -> None:
    def second(session: object) -> None:
        session.add(Mailbox(name="Sales", address="sales@desk.example"))  # type: ignore[attr-defined]

    office.desk.run(SYSTEM, second)
    both = letter(to=f"{SUPPORT}, sales@desk.example")
    ticket_id = office.ticket_of(both, envelope_to=[SUPPORT])
    copy = b"Received: from elsewhere\r\n" + both.as_bytes()
    decision, mail = office.deliver(copy, envelope_to=["sales@desk.example"])
    assert decision is not None
    assert (decision.code, mail.state, mail.ticket_id) == ("copy", MailState.IGNORED, ticket_id)
    assert _count(office, Ticket) == 1


def test_the_same_bytes_twice_are_one_message(office: PostOffice) -> None:
    office.bring(letter())
    again = office.intake.receive(letter().as_bytes(), MailSource.LMTP)
    assert again.mail_id is None
    assert office.intake.decide_waiting() == 1
    assert office.intake.decide_waiting() == 0
    assert _count(office, InboundMail) == 1


def test_nobody_acts_as_an_agent_by_writing_their_address(office: PostOffice) -> None:
    agent = office.desk.run(
        SYSTEM, create_user, email="anna@desk.example", full_name="Anna", role=UserRole.AGENT
    )
    ticket_id = office.ticket_of(letter())
    answer = {"sender": "anna@desk.example", "In_Reply_To": "<first@customer.example>"}
    for number, results in enumerate(
        [
            None,
            "mx.evil.example; dmarc=pass header.from=desk.example",
            "mx.desk.example; dmarc=fail header.from=desk.example",
            "mx.desk.example; dkim=pass header.d=evil.example",
            "mx.desk.example; spf=pass smtp.mailfrom=desk.example",
        ]
    ):
        headers = {**answer, **({"Authentication_Results": results} if results else {})}
        decision, mail = office.deliver(letter("Pay here", message_id=f"<{number}@evil.example>", **headers))
        assert decision is not None
        assert (decision.code, mail.state) == ("unverified_staff", MailState.QUARANTINED)
    assert _comments(office, ticket_id) == []

    verdict = "mx.desk.example; spf=none; dmarc=pass (p=reject) header.from=desk.example"
    good = letter("Try water.", message_id="<good@desk.example>", Authentication_Results=verdict, **answer)
    assert office.ticket_of(good) == ticket_id
    assert [(c.content, c.author_id) for c in _comments(office, ticket_id)] == [("Try water.", agent.id)]
    assert office.ticket(ticket_id).first_response_at is not None


def test_only_the_topmost_verdict_counts(office: PostOffice) -> None:
    office.desk.run(SYSTEM, create_user, email="anna@desk.example", full_name="Anna", role=UserRole.AGENT)
    forged = letter(sender="anna@desk.example", Authentication_Results="mx.desk.example; dmarc=pass")
    raw = b"Authentication-Results: mx.desk.example; dmarc=fail\r\n" + forged.as_bytes()
    decision, _ = office.deliver(raw)
    assert decision is not None
    assert decision.code == "unverified_staff"


def test_other_recipients_follow_where_the_policy_is_so(office: PostOffice) -> None:
    office.desk.run(SYSTEM, create_user, email="anna@desk.example", full_name="Anna", role=UserRole.AGENT)
    ticket_id = office.ticket_of(
        letter(Cc="odd@customer..example, Boss <boss@customer.example>, anna@desk.example")
    )
    wanted = select(User.email).join(TicketParticipant, TicketParticipant.user_id == User.id)
    assert office.look(lambda session: session.scalars(wanted).all()) == ["boss@customer.example"]
    boss = letter(
        "I agree", sender="boss@customer.example", message_id=ANSWER, In_Reply_To="<first@customer.example>"
    )
    assert office.ticket_of(boss) == ticket_id


def test_rules_ignore_route_tag_and_set_a_priority(office: PostOffice) -> None:
    team = office.desk.run(SYSTEM, create_team, name="Hardware")

    def rules(session: object) -> None:
        session.add_all(  # type: ignore[attr-defined]
            [
                MailRule(
                    name="Fire", position=1, field=MailField.SUBJECT, pattern="printer", team_id=team.id
                ),
                MailRule(
                    name="Boss",
                    position=2,
                    field=MailField.SENDER,
                    pattern="*@customer.example",
                    tag="vip",
                    priority=TicketPriority.HIGH,
                ),
                MailRule(
                    name="Noise",
                    position=3,
                    field=MailField.HEADER,
                    header="X-Noise",
                    pattern="yes",
                    ignores=True,
                ),
            ]
        )

    office.desk.run(SYSTEM, rules)
    ticket = office.ticket(office.ticket_of(letter()))
    assert (ticket.team_id, ticket.priority) == (team.id, TicketPriority.HIGH)
    decision, mail = office.deliver(letter(message_id=ANSWER, X_Noise="yes"))
    assert decision is not None
    assert (decision.code, mail.state, mail.ticket_id) == ("rule", MailState.IGNORED, None)
    assert [step["result"] for step in mail.steps if step["step"] == "rule"][-1] == "'Noise' applies"


def test_a_bounce_counts_only_for_a_message_that_we_signed(office: PostOffice, namer: TicketNamer) -> None:
    ticket_id = office.ticket_of(letter())

    def report(about: str) -> bytes:
        return (
            b"From: MAILER-DAEMON@mx.example\r\nTo: support@desk.example\r\nSubject: Undelivered\r\n"
            b"MIME-Version: 1.0\r\nAuto-Submitted: auto-replied\r\nIn-Reply-To: <" + about.encode() + b">\r\n"
            b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
            b"--b\r\nContent-Type: text/plain\r\n\r\nNo such user.\r\n"
            b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
            b"Final-Recipient: rfc822; eva@customer.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
        )

    decision, mail = office.deliver(report("first@customer.example"))
    assert decision is not None
    assert (decision.code, mail.state) == ("unknown_bounce", MailState.QUARANTINED)
    decision, mail = office.deliver(report(namer.message_id("desk.example", ticket_id)))
    assert decision is not None
    assert (decision.code, mail.state, mail.ticket_id) == ("bounce", MailState.ACCEPTED, ticket_id)
    assert _comments(office, ticket_id) == []


def test_a_message_that_ends_the_process_again_and_again_goes_to_quarantine(office: PostOffice) -> None:
    poison = office.bring(letter())
    fine = office.bring(letter(message_id=ANSWER))

    def attempts(session: object) -> None:
        session.execute(  # type: ignore[attr-defined]
            text("UPDATE ombud.inbound_mails SET attempts = 3 WHERE id = :id"), {"id": poison}
        )

    office.desk.run(SYSTEM, attempts)
    assert office.intake.decide_waiting() == 2
    assert (office.mail(poison).state, office.mail(poison).decision) == (MailState.QUARANTINED, "unreadable")
    assert office.mail(fine).state is MailState.ACCEPTED


def test_bytes_that_are_missing_from_the_store_do_not_stop_the_others(office: PostOffice) -> None:
    lost = office.bring(letter())
    office.bring(letter(message_id=ANSWER))

    def forget(session: object) -> None:
        key = "sha256/00/" + "0" * 64
        session.execute(  # type: ignore[attr-defined]
            text("UPDATE ombud.inbound_mails SET storage_key = :key WHERE id = :id"), {"key": key, "id": lost}
        )

    office.desk.run(SYSTEM, forget)
    assert office.intake.decide_waiting() == 2
    assert (office.mail(lost).state, office.mail(lost).decision) == (MailState.QUARANTINED, "not_found")


def test_a_letter_to_nobody_here_is_refused(office: PostOffice) -> None:
    with pytest.raises(NotFound, match="No mailbox"):
        office.bring(letter(to="nobody@desk.example"))


def test_an_agents_answer_on_the_page_does_not_disturb_the_thread(office: PostOffice) -> None:
    agent = office.desk.run(
        SYSTEM, create_user, email="anna@desk.example", full_name="Anna", role=UserRole.AGENT
    )
    ticket_id = office.ticket_of(letter())
    office.desk.run(Actor.agent(agent.id), reply, ticket_id, "Try water.")
    thanks = letter("Thanks", message_id=ANSWER, References="<first@customer.example> <unknown@desk.example>")
    assert office.ticket_of(thanks) == ticket_id

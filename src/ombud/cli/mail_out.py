"""`ombud mail send | outbox | requeue-out`: look after mail that goes out."""

import asyncio
from typing import Annotated

import typer

from ombud.cli.common import DataDir, desk_for, out, settings_with

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

State = Annotated[str | None, typer.Option("--state", help="Only those in this state.", show_default=False)]


@app.command()
def send(data_dir: DataDir = None) -> None:
    """Send what is due now, once, and say how it went."""
    from ombud.db.actor import Actor
    from ombud.db.open import data_dir as folder_of
    from ombud.mail.tokens import open_namer
    from ombud.notifications import mail_notifications
    from ombud.worker.mail_out import open_sender

    settings = settings_with(data_dir)
    with desk_for(data_dir) as desk:
        desk.run(Actor.system("cli/mail"), mail_notifications, open_namer(folder_of(settings)))
        sender = open_sender(desk, settings)

        async def work() -> int:
            try:
                return await sender.run_until_idle()
            finally:
                await sender.close()

        attempts = asyncio.run(work())
        out.print(f"{attempts:,} attempts.", highlight=False)
        _show_counts(desk)


@app.command()
def outbox(state: State = None, data_dir: DataDir = None) -> None:
    """List what goes out or did, newest first, with what servers said."""
    from ombud.audit import record_access
    from ombud.cli.people import show_table
    from ombud.db.actor import Actor
    from ombud.db.types import one_of
    from ombud.mail.outgoing import queries
    from ombud.models import AccessKind, OutboundState

    actor = Actor.system("cli/mail")
    wanted = one_of(OutboundState, state) if state else None
    with desk_for(data_dir) as desk:
        with desk.read(actor) as session:
            mails = session.scalars(queries.outbox(actor, state=wanted)).all()
            rows = [
                (
                    mail.id,
                    mail.state.value,
                    f"{mail.queued_at:%Y-%m-%d %H:%M}",
                    ", ".join(one.email for one in mail.recipients),
                    mail.subject,
                    mail.problem,
                )
                for mail in mails
            ]
        desk.run(actor, record_access, AccessKind.LIST, "outbox")
        show_table(("id", "state", "queued (UTC)", "to", "subject", "problem"), rows)
        _show_counts(desk)


@app.command("resend")
def resend(
    mail_id: Annotated[int, typer.Argument(metavar="ID", help="The message's number in the outbox.", min=1)],
    data_dir: DataDir = None,
) -> None:
    """Queue a message again that failed, waits or is paused; it keeps its Message-ID."""
    from ombud.db.actor import Actor
    from ombud.mail.outgoing.actions import retry

    with desk_for(data_dir) as desk:
        mail = desk.run(Actor.system("cli/mail"), retry, mail_id)
    out.print(f"{mail.id}: {mail.state.value}", highlight=False)


def _show_counts(desk: object) -> None:
    from ombud.db.actor import Actor
    from ombud.db.desk import Desk
    from ombud.mail.outgoing import queries

    if not isinstance(desk, Desk):
        raise TypeError
    actor = Actor.system("cli/mail")
    with desk.read(actor) as session:
        counts = session.execute(queries.outbox_counts(actor)).all()
    words = ", ".join(f"{number:,} {state.value}" for state, number, _ in counts) or "nothing waits or failed"
    out.print(f"Outbox: {words}.", highlight=False)

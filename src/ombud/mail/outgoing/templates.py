"""Keep the words that mail of a team ends with, or consists of."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from ombud.db.context import actor_of
from ombud.errors import Invalid
from ombud.kit.template import check_template
from ombud.kit.text import clean_body
from ombud.mail.outgoing import queries
from ombud.mail.outgoing.writing import VARIABLES
from ombud.models import MailTemplate, Team, TemplateKind
from ombud.people.policy import require_admin


def set_template(
    session: Session, kind: TemplateKind, body: str, *, team_id: int | None = None
) -> MailTemplate | None:
    """Keep a template for a team, or for all without one; an empty body removes it.

    Raises Invalid for an unknown variable, a team that does not exist, and more than 64 KB.
    """
    require_admin(actor_of(session))
    words = clean_body("body", body, required=False)
    check_template("body", words, VARIABLES[kind])
    if team_id is not None and session.get(Team, team_id) is None:
        raise Invalid(fields={"team": "does not exist."})
    found = session.scalar(queries.template(kind.value, team_id))
    if not words:
        if found is not None:
            session.delete(found)
        found = None
    elif found is None:
        found = MailTemplate(kind=kind, team_id=team_id, body=words)
        session.add(found)
    else:
        found.body = words
    session.flush()
    return found


def templates(session: Session) -> Sequence[MailTemplate]:
    """Return all templates, those of everybody first."""
    return session.scalars(queries.templates()).all()

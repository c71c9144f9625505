"""Rules that look at a message before a ticket is opened: an administrator's work."""

from typing import Any, TypedDict

from sqlalchemy.orm import Session

from ombud.db.context import actor_of
from ombud.errors import Invalid, NotFound
from ombud.kit.ids import is_id
from ombud.kit.text import clean_line, clean_title
from ombud.mail.policy import require_right_to_keep_mailboxes
from ombud.models import MailField, MailRule, Team, TicketPriority


class RuleChanges(TypedDict, total=False):
    """The fields of a rule; only those present are changed."""

    name: str
    position: int
    is_active: bool
    field: MailField
    header: str
    pattern: str
    ignores: bool
    team_id: int | None
    tag: str
    priority: TicketPriority | None


def create_rule(session: Session, changes: RuleChanges) -> MailRule:
    """Make a rule; `name`, `field` and `pattern` are required."""
    require_right_to_keep_mailboxes(actor_of(session))
    missing = {name: "must be given." for name in ("name", "field", "pattern") if name not in changes}
    if missing:
        raise Invalid(fields=missing)
    rule = MailRule()
    _apply(session, rule, changes)
    session.add(rule)
    session.flush()
    return rule


def change_rule(session: Session, rule_id: int, changes: RuleChanges) -> MailRule:
    """Change some fields of a rule and return it."""
    require_right_to_keep_mailboxes(actor_of(session))
    rule = get_rule(session, rule_id)
    _apply(session, rule, changes)
    session.flush()
    return rule


def delete_rule(session: Session, rule_id: int) -> None:
    """Delete a rule; what it did stays."""
    require_right_to_keep_mailboxes(actor_of(session))
    session.delete(get_rule(session, rule_id))
    session.flush()


def get_rule(session: Session, rule_id: int) -> MailRule:
    """Return a rule; NotFound when there is none."""
    rule = session.get(MailRule, rule_id) if is_id(rule_id) else None
    if rule is None:
        raise NotFound("There is no such rule here.")
    return rule


def _apply(session: Session, rule: MailRule, changes: RuleChanges) -> None:
    for field, value in changes.items():
        setattr(rule, field, _checked(session, field, value))


def _checked(session: Session, field: str, value: Any) -> Any:
    match field:
        case "name" | "tag":
            return clean_title(field, value, limit=100, required=field == "name")
        case "header":
            return clean_line(field, value, limit=100, required=False)
        case "pattern":
            return clean_line(field, value, limit=300)
        case "team_id" if value is not None and (not is_id(value) or session.get(Team, value) is None):
            raise Invalid(fields={"team_id": "does not exist."})
        case _ if field not in RuleChanges.__annotations__:
            raise Invalid(fields={field: "is not a field of a rule."})
    return value

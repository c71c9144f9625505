"""Choose settings. For administrators."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from ombud.config import Settings
from ombud.db.choices import choices_of
from ombud.db.context import actor_of
from ombud.errors import Invalid, StaleVersion
from ombud.models import DeskSetting
from ombud.people.policy import require_admin
from ombud.settings import queries
from ombud.settings.effective import settings_version
from ombud.settings.looking import learn
from ombud.settings.rules import clean_setting


def change_settings(
    session: Session, changes: Mapping[str, Any], environment: Settings, *, seen: int | None = None
) -> list[DeskSetting]:
    """Choose settings by name, None to choose nothing any more, and return all rows that there are.

    With `seen`, only while that is the version (else StaleVersion). Invalid names what is no setting, is not as its
    rule says, or is set by `environment`. In force in this process with the commit, in others within a second.
    """
    require_admin(actor_of(session))
    wanted = _cleaned(changes, environment)
    session.execute(queries.one_at_a_time())
    rows = {row.name: row for row in session.scalars(queries.rows())}
    version = settings_version(rows.values())
    if seen is not None and seen != version:
        raise StaleVersion(current=version)
    for name, value in wanted.items():
        row = rows.get(name)
        if row is not None:
            row.value = value
        elif value is not None:
            rows[name] = DeskSetting(name=name, value=value)
            session.add(rows[name])
    session.flush()
    _learn_with_the_commit(session, {row.name: row.value for row in rows.values() if row.value is not None})
    return list(rows.values())


def _cleaned(changes: Mapping[str, Any], environment: Settings) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, value in changes.items():
        try:
            cleaned[name] = clean_setting(name, value)
        except Invalid as error:
            wrong |= error.fields
        if name in environment.model_fields_set:
            wrong[name] = f"is set by the environment (OMBUD_{name.upper()}), and not to be changed here."
    if wrong:
        raise Invalid(fields=wrong)
    return cleaned


def _learn_with_the_commit(session: Session, values: Mapping[str, Any]) -> None:
    """Learn what was chosen when it is committed, and nothing after a rollback, of a savepoint as well.

    A rollback that took back something else makes no difference for long: the live hub looks each half second.
    """
    choices = choices_of(session)
    if choices is None:
        return
    chosen = {"values": values}

    def learn_chosen(_session: Session) -> None:
        if chosen:
            learn(choices, choices.turn(), chosen.pop("values"))

    event.listen(session, "after_commit", learn_chosen, once=True)
    event.listen(session, "after_soft_rollback", lambda _session, _transaction: chosen.clear(), once=True)

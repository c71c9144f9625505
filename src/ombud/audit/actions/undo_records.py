"""Undo of merging and deleting: comments, files and mails go back, people come apart, tags and teams are back."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import cast, column, insert, update, values
from sqlalchemy.orm import Session

from ombud.audit import queries
from ombud.audit.history import typed
from ombud.audit.undoing import Plan
from ombud.models import Attachment, Comment, InboundMail, Tag, Team, Ticket, User

AT_ONCE = 1000
Model = type[Ticket] | type[Comment] | type[Attachment] | type[InboundMail] | type[User] | type[Tag]
MODELS: dict[str, Model] = {
    "tags": Tag,
    "users": User,
    "comments": Comment,
    "attachments": Attachment,
    "inbound_mails": InboundMail,
}


def changed_records(session: Session, plan: Plan) -> Iterator[str]:
    """Say what was moved again, or is gone; locks what is looked at, in one order."""
    for table, model in MODELS.items():
        wanted = {key: fields for (name, key), fields in sorted(plan.records.items()) if name == table}
        names = sorted({name for fields in wanted.values() for name in fields})
        found = {
            row.id: row
            for row in (
                session.execute(queries.records_for_undo(model, names, list(wanted))) if wanted else ()
            )
        }
        noun = table.removesuffix("s").replace("_", " ")
        for key, fields in wanted.items():
            if key not in found:
                yield f"{noun} {key} is gone"
            elif any(getattr(found[key], n) != typed(model, n, c.after) for n, c in fields.items()):
                yield f"{noun} {key} is somewhere else now"
    names_taken = [tag["name"] for tag in plan.tags.values()]
    renamed = {key for table, key in plan.records if table == "tags"}
    for key, name in session.execute(queries.tags_named(names_taken)) if names_taken else ():
        if key not in renamed:
            yield f"there is another tag {name!r}"
    names_taken = [team["name"] for team in plan.teams.values()]
    for name in session.scalars(queries.teams_named(names_taken)) if names_taken else ():
        yield f"there is another team {name!r}"


def restore_records(session: Session, plan: Plan) -> None:
    """Put everything back; tags first, because links to them follow."""
    _part_people(session, plan)
    for table, model in MODELS.items():
        targets = sorted(
            (sorted(fields), key, {n: typed(model, n, c.before) for n, c in fields.items()})
            for (name, key), fields in plan.records.items()
            if name == table
        )
        for names, group in groupby(targets, key=lambda target: target[0]):
            rows = [(key, *(to[n] for n in names)) for _, key, to in group]
            for start in range(0, len(rows), AT_ONCE):
                update_rows(session, model, names, rows[start : start + AT_ONCE])
    lost: tuple[tuple[type[Tag | Team], dict[int, dict[str, Any]]], ...] = (
        (Tag, plan.tags),
        (Team, plan.teams),
    )
    for kind, rows_lost in lost:
        for key, was in sorted(rows_lost.items()):
            fields = {name: typed(kind, name, value) for name, value in was.items()}
            session.execute(insert(kind).values({**fields, "id": key}))


def update_rows(session: Session, model: Model, names: list[str], rows: list[tuple[Any, ...]]) -> None:
    """Write rows of (id, value, ...) in one statement."""
    kinds = {name: getattr(model, name).type for name in ["id", *names]}
    given = values(*(column(name, kind) for name, kind in kinds.items()), name="given").data(rows)
    session.execute(
        update(model)
        .where(model.id == cast(given.c.id, kinds["id"]))
        .values({name: cast(given.c[name], kinds[name]) for name in names}),
        execution_options={"synchronize_session": False},
    )


def _part_people(session: Session, plan: Plan) -> None:
    """Take back what merging people copied, which the log does not know."""
    merged: dict[int, list[int]] = defaultdict(list)
    for (table, key), fields in sorted(plan.records.items()):
        change = fields.get("merged_into_id")
        if table == "users" and change is not None and change.after is not None:
            merged[change.after].append(key)
    for target, sources in merged.items():
        session.execute(queries.unmerge_people_step(sources, target))

"""What bringing files back looks up: builders that return a Select."""

from collections.abc import Collection

from sqlalchemy import Select, select

from ombud.db.arrays import one_of
from ombud.models import Comment, User


def places_of_comments(ids: Collection[int]) -> Select[int, int]:
    """Return on which tickets these comments are."""
    return select(Comment.id, Comment.ticket_id).where(one_of(Comment.id, ids))


def anonymised_among(ids: Collection[int]) -> Select[int]:
    """Return which of these people were forgotten."""
    return select(User.id).where(one_of(User.id, ids), User.anonymised_at.is_not(None))

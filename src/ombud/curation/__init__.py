"""Keeping the desk's data clean: find duplicates, merge people, tickets and tags, forget people, purge.

What is merged is taken back by `ombud.audit.undo_request`; what is purged or anonymised is gone.
"""

from ombud.curation.actions import (
    Anonymised,
    Merged,
    MergedTickets,
    PurgeStep,
    TeamInUse,
    anonymise_person,
    change_tag,
    delete_tag,
    delete_team,
    duplicate_people,
    duplicate_tickets,
    forget_stale_files,
    hand_over,
    merge_people,
    merge_tags,
    merge_tickets,
    normalise_tags,
    people_like,
    purge_deleted_tickets,
    tickets_like,
)
from ombud.curation.rules import Likeness, LikePeople, LikeTickets

__all__ = [
    "Anonymised",
    "LikePeople",
    "LikeTickets",
    "Likeness",
    "Merged",
    "MergedTickets",
    "PurgeStep",
    "TeamInUse",
    "anonymise_person",
    "change_tag",
    "delete_tag",
    "delete_team",
    "duplicate_people",
    "duplicate_tickets",
    "forget_stale_files",
    "hand_over",
    "merge_people",
    "merge_tags",
    "merge_tickets",
    "normalise_tags",
    "people_like",
    "purge_deleted_tickets",
    "tickets_like",
]

"""The verbs of curation, by what they are about."""

from ombud.curation.actions.anonymise import Anonymised, anonymise_person
from ombud.curation.actions.apart import (
    compare_people_again,
    compare_tickets_again,
    keep_people_apart,
    keep_tickets_apart,
    people_kept_apart,
    tickets_kept_apart,
)
from ombud.curation.actions.duplicates import (
    duplicate_people,
    duplicate_tickets,
    keep_alike,
    people_like,
    place_of,
    tickets_like,
)
from ombud.curation.actions.people import Merged, merge_people
from ombud.curation.actions.retention import PurgeStep, forget_stale_files, purge_deleted_tickets
from ombud.curation.actions.tags import change_tag, delete_tag, merge_tags, normalise_tags
from ombud.curation.actions.teams import TeamInUse, delete_team, hand_over
from ombud.curation.actions.tickets import MergedTickets, merge_tickets

__all__ = [
    "Anonymised",
    "Merged",
    "MergedTickets",
    "PurgeStep",
    "TeamInUse",
    "anonymise_person",
    "change_tag",
    "compare_people_again",
    "compare_tickets_again",
    "delete_tag",
    "delete_team",
    "duplicate_people",
    "duplicate_tickets",
    "forget_stale_files",
    "hand_over",
    "keep_alike",
    "keep_people_apart",
    "keep_tickets_apart",
    "merge_people",
    "merge_tags",
    "merge_tickets",
    "normalise_tags",
    "people_kept_apart",
    "people_like",
    "place_of",
    "purge_deleted_tickets",
    "tickets_kept_apart",
    "tickets_like",
]

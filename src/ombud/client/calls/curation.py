"""Keeping things tidy: tags, and what may be the same twice."""

from collections.abc import Sequence
from typing import Any, Literal

from ombud.client.calls.making import Call, Json, Listing, given, part
from ombud.client.shapes import MergeResult


def tags(**params: Any) -> Listing[Json]:
    """List tags."""
    return Listing("tags", params)


def tag_details(tag_id: int) -> Call[Json]:
    """Read a tag."""
    return Call("GET", f"tags/{tag_id}")


def add_tag(name: str, **fields: str) -> Call[Json]:
    """Make a tag; `description` and `color` may be given."""
    return Call("POST", "tags", json={"name": name, **fields})


def change_tag(tag_id: int, **fields: str) -> Call[Json]:
    """Change a tag, on all tickets that have it."""
    return Call("PATCH", f"tags/{tag_id}", json=fields)


def delete_tag(tag_id: int) -> Call[None]:
    """Delete a tag, and take it off all tickets."""
    return Call("DELETE", f"tags/{tag_id}")


def merge_tags(tag_id: int, tag_ids: Sequence[int]) -> Call[MergeResult]:
    """Let tickets with other tags have this one in their place."""
    return Call("POST", f"tags/{tag_id}/merges", json={"tag_ids": list(tag_ids)})


def normalise_tags(*, dry_run: bool = False) -> Call[Json]:
    """Make one of tags that differ in nothing but spelling; with `dry_run` only say which."""
    return Call("POST", "tags/normalisation", json={"dry_run": dry_run})


def duplicates(kind: Literal["users", "tickets"]) -> Listing[Json]:
    """List pairs that may be one, the likeliest first."""
    return Listing(f"duplicates/{kind}")


def duplicates_of_user(user_id: int, *, limit: int | None = None) -> Call[Json]:
    """Read who may be the same person."""
    return Call("GET", f"users/{user_id}/duplicates", given(limit=limit))


def duplicates_of_ticket(number: str, *, limit: int | None = None) -> Call[Json]:
    """Read which tickets may be about the same."""
    return Call("GET", f"tickets/{part(number)}/duplicates", given(limit=limit))


def dismissals(kind: Literal["users", "tickets"]) -> Listing[Json]:
    """List pairs of which somebody said that they are two."""
    return Listing(f"duplicates/{kind}/dismissals")


def dismiss_users(user_id: int, other_id: int) -> Call[None]:
    """Say that two people are two."""
    return Call("POST", "duplicates/users/dismissals", json={"user_ids": [user_id, other_id]})


def dismiss_tickets(number: str, other: str) -> Call[None]:
    """Say that two tickets are two."""
    return Call("POST", "duplicates/tickets/dismissals", json={"numbers": [number, other]})


def undismiss_users(user_id: int, other_id: int) -> Call[None]:
    """Take back that two people are two."""
    return Call("DELETE", f"duplicates/users/dismissals/{user_id}/{other_id}")


def undismiss_tickets(number: str, other: str) -> Call[None]:
    """Take back that two tickets are two."""
    return Call("DELETE", f"duplicates/tickets/dismissals/{part(number)}/{part(other)}")

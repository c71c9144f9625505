"""People, organizations, teams and roles. Most changes of who may what want a fresh proof: `account.confirm`."""

from collections.abc import Mapping, Sequence
from typing import Any

from ombud.client.calls.making import Call, Json, Listing, given
from ombud.client.shapes import Factors, MergePreview, MergeResult, Token, WebSession


def users(**params: Any) -> Listing[Json]:
    """List people."""
    return Listing("users", params)


def user(user_id: int, *, include: Sequence[str] | None = None) -> Call[Json]:
    """Read a person; with `include`, the whole `organization`."""
    return Call("GET", f"users/{user_id}", given(include=include))


def add_user(email: str, **fields: Any) -> Call[Json]:
    """Add a person: a customer, unless `role` says otherwise."""
    return Call("POST", "users", json={"email": email, **fields})


def change_user(user_id: int, **fields: Any) -> Call[Json]:
    """Change a person: name, address, role, activity, ..."""
    return Call("PATCH", f"users/{user_id}", json=fields)


def invite(user_id: int) -> Call[None]:
    """Mail somebody a link with which they set their password."""
    return Call("POST", f"users/{user_id}/invitation")


def revoke_invitation(user_id: int) -> Call[None]:
    """Make somebody's invitation void."""
    return Call("DELETE", f"users/{user_id}/invitation")


def send_password_reset(user_id: int) -> Call[None]:
    """Mail somebody a link for a new password."""
    return Call("POST", f"users/{user_id}/password-reset")


def sessions_of(user_id: int) -> Listing[WebSession]:
    """List where somebody is signed in."""
    return Listing(f"users/{user_id}/sessions")


def sign_out(user_id: int) -> Call[None]:
    """Sign somebody out everywhere; their tokens stay."""
    return Call("DELETE", f"users/{user_id}/sessions")


def tokens_of(user_id: int) -> Listing[Token]:
    """List somebody's tokens, which `revoke_token` makes useless."""
    return Listing(f"users/{user_id}/tokens")


def factors_of(user_id: int) -> Call[Factors]:
    """Read what somebody has besides the password."""
    return Call("GET", f"users/{user_id}/factors")


def reset_factors(user_id: int) -> Call[None]:
    """Take all of somebody's factors away, for who lost them."""
    return Call("DELETE", f"users/{user_id}/factors")


def remove_passkey_of(user_id: int, passkey_id: int) -> Call[None]:
    """Take one of somebody's passkeys away, as a lost one."""
    return Call("DELETE", f"users/{user_id}/factors/passkeys/{passkey_id}")


def end_session_of(user_id: int, session_id: int) -> Call[None]:
    """Sign somebody out of one browser."""
    return Call("DELETE", f"users/{user_id}/sessions/{session_id}")


def identities_of(user_id: int) -> Listing[Json]:
    """List the providers' accounts that open somebody's."""
    return Listing(f"users/{user_id}/identities")


def remove_identity_of(user_id: int, identity_id: int) -> Call[None]:
    """Remove a connection of somebody's."""
    return Call("DELETE", f"users/{user_id}/identities/{identity_id}")


def merge_users_preview(user_id: int, user_ids: Sequence[int]) -> Call[MergePreview]:
    """Show what making people one with this one would mean. Nothing is changed; for administrators."""
    return Call("GET", f"users/{user_id}/merge-preview", params={"user_ids": list(user_ids)})


def merge_users(user_id: int, user_ids: Sequence[int]) -> Call[MergeResult]:
    """Let other people become this one."""
    return Call("POST", f"users/{user_id}/merges", json={"user_ids": list(user_ids)})


def anonymise_user(user_id: int, **options: bool) -> Call[Json]:
    """Forget a person, for good; with `texts=True` also what they wrote."""
    return Call("POST", f"users/{user_id}/anonymisation", json=options)


def organizations(**params: Any) -> Listing[Json]:
    """List organizations."""
    return Listing("organizations", params)


def organization(organization_id: int, *, include: Sequence[str] | None = None) -> Call[Json]:
    """Read an organization; with `include`, its first `people`."""
    return Call("GET", f"organizations/{organization_id}", given(include=include))


def add_organization(name: str, **fields: Any) -> Call[Json]:
    """Add an organization."""
    return Call("POST", "organizations", json={"name": name, **fields})


def change_organization(organization_id: int, **fields: Any) -> Call[Json]:
    """Change an organization."""
    return Call("PATCH", f"organizations/{organization_id}", json=fields)


def teams(**params: Any) -> Listing[Json]:
    """List teams."""
    return Listing("teams", params)


def team(team_id: int) -> Call[Json]:
    """Read a team, with who is in it."""
    return Call("GET", f"teams/{team_id}")


def add_team(name: str, *, description: str | None = None) -> Call[Json]:
    """Add a team."""
    return Call("POST", "teams", json={"name": name, **given(description=description)})


def change_team(team_id: int, **fields: str) -> Call[Json]:
    """Change a team's name or description."""
    return Call("PATCH", f"teams/{team_id}", json=fields)


def delete_team(team_id: int, *, tickets_to: int | str | None = None) -> Call[None]:
    """Delete a team; `tickets_to` is the team that gets its tickets and mailboxes, or "none"."""
    return Call("DELETE", f"teams/{team_id}", given(tickets_to=tickets_to))


def team_members(team_id: int) -> Listing[Json]:
    """List who is in a team."""
    return Listing(f"teams/{team_id}/members")


def add_team_member(team_id: int, user_id: int, *, reads_only: bool = False) -> Call[None]:
    """Put somebody into a team, or say anew whether they only read there."""
    params: Mapping[str, Any] = {"reads_only": "true" if reads_only else "false"}
    return Call("PUT", f"teams/{team_id}/members/{user_id}", params)


def remove_team_member(team_id: int, user_id: int) -> Call[None]:
    """Take somebody out of a team."""
    return Call("DELETE", f"teams/{team_id}/members/{user_id}")


def roles(**params: Any) -> Listing[Json]:
    """List the desk's own roles."""
    return Listing("roles", params)


def role(role_id: int) -> Call[Json]:
    """Read a role."""
    return Call("GET", f"roles/{role_id}")


def add_role(name: str, permissions: Sequence[str], *, description: str | None = None) -> Call[Json]:
    """Add a role."""
    told = {"name": name, "permissions": list(permissions), **given(description=description)}
    return Call("POST", "roles", json=told)


def change_role(role_id: int, **fields: Any) -> Call[Json]:
    """Change a role, for all who have it."""
    return Call("PATCH", f"roles/{role_id}", json=fields)


def delete_role(role_id: int) -> Call[None]:
    """Delete a role that nobody has."""
    return Call("DELETE", f"roles/{role_id}")

"""Letters about accounts: invite, take an invitation back, a link for a new password, another address of one's own."""

from ombud.api.auth import require_whole_proof
from ombud.api.calls import CurrentCall
from ombud.api.routing import api_router, problems
from ombud.api.schemas.base import PathId
from ombud.api.schemas.me import NewAddress
from ombud.people import letters
from ombud.people.accounts import require_fresh
from ombud.people.policy import require_admin
from ombud.tickets.policy import require_staff

router = api_router("People")


@router.post("/users/{user_id}/invitation", status_code=202, responses=problems(409))
async def invite_user(user_id: PathId, call: CurrentCall) -> None:
    """Mail somebody a link with which they set their password. An earlier one is void."""
    require_staff(call.actor)
    require_fresh(call.principal)
    await call.write(letters.invite, user_id)


@router.delete("/users/{user_id}/invitation", status_code=204)
async def revoke_invitation(user_id: PathId, call: CurrentCall) -> None:
    """Make somebody's invitation void."""
    require_staff(call.actor)
    await call.write(letters.revoke_invitation, user_id)


@router.post("/users/{user_id}/password-reset", status_code=202, responses=problems(409))
async def send_password_reset(user_id: PathId, call: CurrentCall) -> None:
    """Mail somebody a link for a new password. For administrators."""
    require_admin(call.actor)
    require_fresh(call.principal)
    await call.write(letters.send_reset, user_id)


@router.post("/me/address", status_code=202, responses=problems(413, 415))
async def change_address(body: NewAddress, call: CurrentCall) -> None:
    """Mail a link to another address of one's own; it counts once the link was used."""
    require_whole_proof(call.principal)
    await call.write(letters.ask_for_address, body.email)

"""The settings that the environment gives the desk, to look at. What administrators change has addresses of its own."""

from pydantic import Field

from ombud.api.calls import CurrentCall
from ombud.api.routing import api_router
from ombud.api.schemas.base import Output, Page
from ombud.health.effective import effective_settings

router = api_router("Settings")


class Setting(Output):
    """A setting as it is in force in the process that answers."""

    name: str = Field(description="The environment variable.")
    description: str
    is_set: bool = Field(description="Whether anybody set it; else the default is in force.")
    is_secret: bool = Field(description="Its value is never shown.")
    default: str | int | float | bool | None
    value: str | int | float | bool | None = Field(description="Null for a secret.")


@router.get("/settings")
async def list_settings(call: CurrentCall) -> Page[Setting]:
    """List what the environment set. For administrators; changed there, and in force after a restart."""
    found = effective_settings(call.actor, call.runtime.settings)
    items = [Setting(**{name: getattr(one, name) for name in Setting.model_fields}) for one in found]
    return Page(items=items, next_cursor=None)

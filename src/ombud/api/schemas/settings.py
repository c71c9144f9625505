"""Settings, and what administrators choose of them. Names, types and limits are those of `ombud.config`."""

from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, Strict, create_model

from ombud.api.schemas.base import Input, Output, Page, optional
from ombud.config import in_browser
from ombud.settings import EffectiveSetting, Source, kind_of


class Setting(Output):
    """A setting as it is in force in the process that answers."""

    name: str = Field(description="The environment variable.")
    key: str | None = Field(
        description="Its name in `PATCH /settings`; null for what only the environment sets."
    )
    description: str
    is_set: bool = Field(description="Whether anybody set it; else the default is in force.")
    is_secret: bool = Field(description="Its value is never shown.")
    source: Source = Field(description="Who set it: the environment wins over the desk.")
    is_changeable: bool = Field(
        description="Whether `PATCH /settings` takes it: not what the environment sets."
    )
    default: str | int | float | bool | None
    value: str | int | float | bool | None = Field(description="Null for a secret.")

    @classmethod
    def of(cls, setting: EffectiveSetting) -> Self:
        """Show a setting."""
        return cls(**{name: getattr(setting, name) for name in cls.model_fields})


class SettingsPage(Page[Setting]):
    """All settings; there is no further page."""

    version: int = Field(description="Grows with what is chosen; also the `ETag`.")


def _fields() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, (field, _) in in_browser().items():
        kind: Any = kind_of(field)
        limited: Any = Annotated[kind, Strict(), *field.metadata, Field(description=field.description)]
        found[name] = (limited | None, optional())
    return found


if TYPE_CHECKING:

    class SettingsPatch(Input):
        """What to choose, by `key`; what is absent stays, and null chooses nothing any more."""

else:
    SettingsPatch = create_model(
        "SettingsPatch",
        __base__=Input,
        __doc__="What to choose, by `key`; what is absent stays, and null chooses nothing any more.",
        **_fields(),
    )

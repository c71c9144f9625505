"""What a setting may be. Its type and limits stand in `ombud.config`; here they are applied, and put into words."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from ombud.config import in_browser
from ombud.errors import Invalid
from ombud.kit.text import clean_title

_LIMITS = ("ge", "min_length", "le", "max_length")


def clean_setting(name: str, value: Any) -> Any:
    """Return a value as it is kept, None for who chooses nothing; Invalid names the setting and its rule."""
    return _checked(name, value, strict=True)


def read_setting(name: str, text: str) -> Any:
    """Return the value that somebody typed."""
    return _checked(name, text.strip(), strict=False)


def usable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of the kept values this version of the desk knows and takes."""
    found = {}
    for name in in_browser().keys() & values.keys():
        try:
            found[name] = clean_setting(name, values[name])
        except Invalid:
            continue  # written past the desk, or by a version with other limits: the default holds
    return found


def rule_of(name: str) -> str:
    """Return in words what a setting may be: "must be ..."."""
    kind = kind_of(in_browser()[name][0])
    if kind is bool:
        return "must be true or false."
    least, most = limits_of(name)
    if kind is str:
        return f"must be a line of {least} to {most} characters."
    return f"must be {'a whole number' if kind is int else 'a number'} from {least} to {most}."


def limits_of(name: str) -> tuple[Any, Any]:
    """Return the least and the most that a number may be, or how long a text."""
    field, _ = in_browser()[name]
    found = {key: getattr(part, key) for part in field.metadata for key in _LIMITS if hasattr(part, key)}
    least, most = (key for key in _LIMITS if key in found)
    return found[least], found[most]


def kind_of(field: FieldInfo) -> type:
    """Return what a setting is when it is not None."""
    annotation: Any = field.annotation
    kind: type = next(one for one in (*get_args(annotation), annotation) if one is not type(None))
    return kind


def _checked(name: str, value: Any, *, strict: bool) -> Any:
    known = in_browser()
    if name not in known:
        raise Invalid(fields={name: "is no setting that is chosen in the desk."})
    if value is None:
        return None
    try:
        checked = _adapter(name).validate_python(value, strict=strict)
    except ValidationError:
        raise Invalid(fields={name: rule_of(name)}) from None
    return clean_title(name, checked, limit=limits_of(name)[1]) if isinstance(checked, str) else checked


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    field, _ = in_browser()[name]
    # Its metadata are the limits; the type without None, because None chooses nothing.
    constrained: Any = Annotated[kind_of(field), *field.metadata]
    adapter: TypeAdapter[Any] = TypeAdapter(constrained)
    return adapter

"""The page of the desk's settings: each with its words, what it is, and why it cannot be changed where it cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from ombud.config import in_browser
from ombud.errors import Invalid
from ombud.settings import EffectiveSetting, Source, clean_setting, limits_of, read_setting

SECTIONS = ("This desk", "Sign-in", "Mail", "Files", "Keeping")
MB = 2**20


@dataclass(frozen=True, slots=True)
class SettingView:
    """One field; `value` is what stands in it. `is_locked` where the environment decides."""

    name: str
    variable: str
    label: str
    hint: str
    unit: str
    value: str
    is_flag: bool
    is_text: bool
    is_locked: bool
    error: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """What belongs together, under a heading."""

    title: str
    settings: tuple[SettingView, ...]


def sections(
    settings: Sequence[EffectiveSetting], typed: Mapping[str, str], errors: Mapping[str, str]
) -> list[Section]:
    """Return the form: what was typed where something is wrong, else what is in force."""
    found: dict[str, list[SettingView]] = {title: [] for title in SECTIONS}
    for one in settings:
        if one.key is None:
            continue
        field, mark = in_browser()[one.key]
        is_flag = isinstance(one.default, bool)
        default = shown(one.default, mark.unit)
        is_locked = one.source is Source.ENVIRONMENT
        rest = "" if is_flag or is_locked or not default else f" Empty: {default}."
        error = errors.get(one.key, "")
        found[mark.section].append(
            SettingView(
                name=one.key,
                variable=one.name,
                label=mark.label,
                hint=f"{mark.hint or field.description}{rest}",
                unit=mark.unit,
                value=typed.get(one.key, shown(one.value, mark.unit)),
                is_flag=is_flag,
                is_text=isinstance(one.default, str),
                is_locked=is_locked,
                error=error[:1].upper() + error[1:],
            )
        )
    return [Section(title, tuple(views)) for title, views in found.items()]


def changes_of(settings: Sequence[EffectiveSetting], typed: Mapping[str, str]) -> dict[str, Any]:
    """Return what was typed as changes: nothing for what stands there already, None for a default.

    Raises Invalid with every field that is not as its rule says.
    """
    changes: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for one in settings:
        if one.key is None or one.key not in typed:
            continue
        unit = in_browser()[one.key][1].unit
        text = typed[one.key].strip()
        if text == shown(one.value, unit):
            continue
        try:
            changes[one.key] = _read(one, text, unit)
        except Invalid as error:
            wrong |= error.fields
    if wrong:
        raise Invalid(fields=wrong)
    return changes


def shown(value: object, unit: str) -> str:
    """Return a value as it is typed: sizes in MB; a flag is `yes` or empty."""
    if value is None or value is False:
        return ""
    if value is True:
        return "yes"
    if isinstance(value, int | float):
        number = value / MB if unit == "MB" else value
        return f"{number:.2f}".rstrip("0").rstrip(".")
    return str(value)


def _read(setting: EffectiveSetting, text: str, unit: str) -> Any:
    if text == shown(setting.default, unit) or (not text and not isinstance(setting.default, bool)):
        return None
    name = setting.key or ""
    if isinstance(setting.default, bool):
        return bool(text)
    return _read_size(name, text) if unit == "MB" else read_setting(name, text)


def _read_size(name: str, text: str) -> Any:
    try:
        return clean_setting(name, int(Decimal(text) * MB))
    except (Invalid, InvalidOperation, OverflowError, ValueError):
        least, most = (shown(limit, "MB") for limit in limits_of(name))
        raise Invalid(fields={name: f"must be a number of MB from {least or 0} to {most}."}) from None

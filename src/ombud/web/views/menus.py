"""Menus that filter as one types: options of a field, of a filter, of a bulk action."""

from __future__ import annotations

from dataclasses import dataclass

from ombud.web.views.people import PersonView


@dataclass(frozen=True, slots=True)
class Option:
    """One choice. It shows a person's face, a status or priority glyph, a swatch, or only its label."""

    value: str
    label: str
    selected: bool = False
    person: PersonView | None = None
    color: str | None = None
    hint: str = ""
    href: str | None = None
    """Set for a filter: choosing is following a link. Otherwise choosing submits the menu's form."""


@dataclass(frozen=True, slots=True)
class Menu:
    """A field that changes in place. `kind` is the glyph family: status, priority, person, tag or plain."""

    name: str
    label: str
    options: tuple[Option, ...]
    kind: str = "plain"
    action: str = ""
    seen: str | None = None
    """The value that the page shows; when it is another one by now, the change is refused as a conflict."""
    key: str | None = None
    fresh: str = ""
    """With a label, a text field makes what is not there yet (a tag)."""

    @property
    def chosen(self) -> tuple[Option, ...]:
        """Return the options that are selected now."""
        return tuple(option for option in self.options if option.selected)

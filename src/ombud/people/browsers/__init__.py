"""Known browsers: a sign-in from another one is told of, by the bell and by a letter."""

from ombud.people.browsers.actions import meet, set_new_browser_letters

__all__ = ["meet", "set_new_browser_letters"]

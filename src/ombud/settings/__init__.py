"""Settings that administrators choose in the desk: what there is, what holds, and how every process learns of it.

Each is defined once, in `ombud.config`: name, type, limits, words. What the environment sets explicitly wins; else what
was chosen here; else the default.
"""

from ombud.settings.actions import change_settings
from ombud.settings.effective import EffectiveSetting, Source, effective_settings, settings_version
from ombud.settings.looking import alook, learn, look
from ombud.settings.rules import clean_setting, kind_of, limits_of, read_setting, rule_of

__all__ = [
    "EffectiveSetting",
    "Source",
    "alook",
    "change_settings",
    "clean_setting",
    "effective_settings",
    "kind_of",
    "learn",
    "limits_of",
    "look",
    "read_setting",
    "rule_of",
    "settings_version",
]

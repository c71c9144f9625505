"""The application as Django sees it: no models, only checks."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks
from django.core.signals import setting_changed


class OmbudConfig(AppConfig):
    """Registers the checks when the project starts."""

    name = "ombud.contrib.django"
    label = "ombud"
    verbose_name = "Ombud"

    def ready(self) -> None:
        """Register checks, and read the settings anew when a test changes them."""
        from ombud.contrib.django import checks as own
        from ombud.contrib.django.desk import forget

        checks.register(own.settings_are_usable, "ombud")
        checks.register(own.schema_is_current, "ombud", checks.Tags.database)
        setting_changed.connect(forget, dispatch_uid="ombud")

"""`manage.py ombud ...`: the `ombud` command with the project's settings."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from pydantic import SecretStr

from ombud.contrib.django.conf import desk_settings, values


class Command(BaseCommand):
    """Passes its arguments on as they are; `manage.py ombud --help` lists what there is."""

    help = "Works with the desk: manage.py ombud db upgrade, manage.py ombud ticket show 1001 ..."
    requires_system_checks = ()

    def run_from_argv(self, argv: list[str]) -> None:
        # Not Django's parser: the options behind `ombud` are all the desk's.
        self.handle(arguments=argv[2:])

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("arguments", nargs="*")

    def handle(self, *_args: Any, **options: Any) -> None:
        from ombud.cli.app import run

        for name, value in desk_settings(values()).model_dump(exclude_none=True, exclude_unset=True).items():
            text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            os.environ[f"OMBUD_{name.upper()}"] = text
        run(list(options["arguments"]))

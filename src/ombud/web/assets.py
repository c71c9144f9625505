"""Where the built scripts and styles lie, under names that change with their content. No routes, no build."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

PREFIX = "/static"


class Assets:
    """The built files of the front end. Made once at start; raises when they were never built."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(str(files("ombud.web"))) / "static" / "dist"
        manifest = self.folder / "manifest.json"
        if not manifest.is_file():
            raise FileNotFoundError(f"{manifest} is missing: the front end was not built (run `make assets`)")
        self._names: dict[str, str] = json.loads(manifest.read_text())

    def __call__(self, name: str) -> str:
        """Return the address of a file by its logical name, such as `app.css`."""
        return f"{PREFIX}/{self._names[name]}"

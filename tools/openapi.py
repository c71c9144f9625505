"""Write the API's description into docs/openapi.json, so that reviews see every change of it.

`python -m tools.openapi` writes it; a test compares. It is what `/api/v1/openapi.json` answers, but for the
version of Ombud.
"""

import json
import sys
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from ombud.api.app import ROUTERS
from ombud.api.openapi import describe

SNAPSHOT = Path(__file__).parent.parent / "docs" / "openapi.json"


def described() -> str:
    """Return the description as text, in the same order each time."""
    app = FastAPI(openapi_url=None)
    for router in ROUTERS:
        app.router.routes.extend(router.routes)
    return written(describe(app))


def written(document: dict[str, Any]) -> str:
    """Return a description as the snapshot has it: without the version, which each release changes."""
    told = {**document, "info": {**document["info"], "version": "of this Ombud"}}
    return json.dumps(told, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> int:
    """Write the file."""
    SNAPSHOT.write_text(described(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

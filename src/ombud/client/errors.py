"""What can go wrong between a program and a desk."""

from collections.abc import Mapping
from typing import Any


class Unreachable(Exception):
    """No answer came, however often it was tried. An unsafe call may have been done: its key is `key`."""

    def __init__(self, key: str | None) -> None:
        self.key = key
        super().__init__("The desk does not answer.")


class Problem(Exception):
    """The desk refused. Look at `code`, which is stable; `errors` names the parts of the request."""

    def __init__(self, status: int, told: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(told.get("code", "error"))
        self.detail = str(told.get("detail", "The answer is not one of a desk."))
        self.errors: list[dict[str, str]] = list(told.get("errors") or ())
        self.request_id = str(told.get("instance", "")).removeprefix("urn:uuid:")
        self.retry_after: int | None = told.get("retry_after")
        self.current_version: int | None = told.get("current_version")
        parts = "; ".join(f"{_place(one)} {one.get('detail', '')}" for one in self.errors)
        super().__init__(f"{status} {self.code}: {self.detail}" + (f" ({parts})" if parts else ""))


def _place(part: Mapping[str, str]) -> str:
    return next((part[name] for name in ("pointer", "parameter", "header") if part.get(name)), "")

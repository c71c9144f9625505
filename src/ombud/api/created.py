"""Saying where a new thing is: the `Location` header, which every 201 carries."""

from typing import Annotated

from fastapi import Depends, Request, Response


class Place:
    """Where the answer says that the new thing is."""

    def __init__(self, request: Request, response: Response) -> None:
        self._root: str = request.scope.get("root_path", "")
        self._headers = response.headers

    def at(self, path: str) -> None:
        """Name the new thing's address, relative to the API's own root."""
        self._headers["Location"] = f"{self._root}{path}"


Created = Annotated[Place, Depends(Place)]

"""The description and its page: complete, consistent, and from nowhere else."""

import re

import httpx
import pytest
from bs4 import BeautifulSoup
from fastapi.routing import APIRoute

from ombud.api.app import ROUTERS
from ombud.api.problems import known_codes
from tests.api.conftest import Caller
from tools.openapi import SNAPSHOT, written

pytestmark = pytest.mark.asyncio


@pytest.fixture
def nobody(caller: Caller) -> httpx.AsyncClient:
    return caller(None)


async def test_every_route_is_described(nobody: httpx.AsyncClient) -> None:
    document = (await nobody.get("openapi.json")).json()
    described = {(path, method.upper()) for path, item in document["paths"].items() for method in item}
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]

    assert document["openapi"] == "3.1.0"
    assert described == {(route.path_format, method) for route in routes for method in route.methods or ()}
    assert document["security"] == [{"token": []}]
    ids = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(ids) == len(set(ids)) == len(routes)


async def test_the_committed_snapshot_shows_each_change(nobody: httpx.AsyncClient) -> None:
    """After a change that is meant: `python -m tools.openapi`, and commit what it writes."""
    document = (await nobody.get("openapi.json")).json()
    assert written(document) == SNAPSHOT.read_text(encoding="utf-8")


async def test_every_operation_names_its_errors(nobody: httpx.AsyncClient) -> None:
    document = (await nobody.get("openapi.json")).json()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            wanted = {"401", "403", "422", "503"} | ({"404"} if "{" in path else set())
            wanted |= {"413", "415"} if "requestBody" in operation else set()
            assert wanted <= set(operation["responses"]), (method, path)
            for status, response in operation["responses"].items():
                if status >= "400":
                    assert list(response["content"]) == ["application/problem+json"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


async def test_inputs_take_no_unknown_fields_and_outputs_have_no_secrets(nobody: httpx.AsyncClient) -> None:
    schemas = (await nobody.get("openapi.json")).json()["components"]["schemas"]
    for name, schema in schemas.items():
        if name.startswith("New") or name.endswith("Patch"):
            assert schema["additionalProperties"] is False, name
        if name in ("NewProof", "NewPassword"):
            continue
        assert not {"password", "password_hash", "secret_hash", "token_hash", "storage_key"} & set(
            schema.get("properties", {})
        ), name


async def test_the_page_shows_everything_and_needs_nothing(nobody: httpx.AsyncClient) -> None:
    answer = await nobody.get("docs")
    document = (await nobody.get("openapi.json")).json()
    page = BeautifulSoup(answer.text, "html.parser")

    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; ")
    assert "unsafe" not in policy
    assert not page.find_all(["script", "img", "iframe", "style"])
    assert not page.find_all(style=True)
    assert [link["href"] for link in page.find_all("link")] == ["docs/style.css"]
    assert (await nobody.get("docs/style.css")).headers["Content-Type"].startswith("text/css")
    ids = [str(tag["id"]) for tag in page.find_all(id=True)]
    assert sorted(ids) == sorted(set(ids))
    targets = {str(link["href"]) for link in page.find_all("a")}
    assert {target.removeprefix("#") for target in targets if target.startswith("#")} <= set(ids)
    assert not [target for target in targets if re.match(r"\w+:|//", target)]
    for item in document["paths"].values():
        assert {operation["operationId"] for operation in item.values()} <= set(ids)
    assert {f"problem-{code}" for _, code, _ in known_codes()} <= set(ids)


async def test_what_has_not_changed_is_not_sent_again(nobody: httpx.AsyncClient) -> None:
    for path in ("openapi.json", "docs", "docs/style.css"):
        tag = (await nobody.get(path)).headers["ETag"]
        again = await nobody.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")

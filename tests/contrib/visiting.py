"""What a visitor does with any of the example shops, and with the desk's own pages below their prefix."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

import httpx

from ombud.testing import Persona

ANN = ("ann@example.com", "ann-likes-tea")
BOB = ("bob@example.com", "bob-likes-chess")
SAM = ("sam@shop.example", "sam-answers-all")
PROBLEM = "application/problem+json"
_LINK = re.compile(r'(?:href|src|action|hx-get|hx-post|sse-connect|data-draft)="([^"#]+)"')
_TOKEN = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


def use_the_shop(web: httpx.Client) -> str:
    """Ask, list, answer, be refused; return the ticket's number."""
    made = web.post("/requests", json={"title": "Broken reader", "text": "It says E-1042."}, auth=ANN)
    assert made.status_code == 201, made.text
    number: str = made.json()["number"]
    assert [one["number"] for one in web.get("/requests", auth=ANN).json()] == [number]
    assert web.get("/requests", auth=BOB).json() == []
    assert [one["title"] for one in web.get("/requests", auth=SAM).json()] == ["Broken reader"]

    for who in (ANN, SAM):
        assert web.post(f"/requests/{number}/comments", json={"text": "Hello."}, auth=who).status_code == 201
    hidden = web.post(f"/requests/{number}/comments", json={"text": "Let me see."}, auth=BOB)
    missing = web.post("/requests/999999/comments", json={"text": "Let me see."}, auth=BOB)
    for refused in (hidden, missing):
        assert (refused.status_code, refused.headers["content-type"]) == (404, PROBLEM)
        assert refused.json()["code"] == "not_found"
    assert hidden.json() == missing.json(), "what is hidden cannot be told from what is missing"

    blank = web.post("/requests", json={"title": " "}, auth=ANN)
    assert (blank.status_code, blank.headers["content-type"]) == (422, PROBLEM)
    assert [one["pointer"] for one in blank.json()["errors"]] == ["#/title"]
    for odd in (b"{", b"[]", b"{}", b'{"title": 1}'):
        answer = web.post("/requests", content=odd, headers={"Content-Type": "application/json"}, auth=ANN)
        assert 400 <= answer.status_code < 500, odd
    assert web.get("/requests", auth=("ann@example.com", "wrong")).status_code == 401
    assert len(web.get("/requests", auth=ANN).json()) == 1, "what was refused left nothing"
    return number


def use_the_pages(web: httpx.Client, prefix: str, agent: Persona, number: str, *, live: bool) -> None:
    """Sign in below the prefix, read and answer a ticket: no link, cookie or redirect leads out of it."""
    assert web.get(prefix).headers["location"] in (f"{prefix}/", urljoin(str(web.base_url), f"{prefix}/"))
    asked = web.get(f"{prefix}/tickets?view=all")
    assert asked.headers["location"] == f"{prefix}/sign-in?next=%2Fsupport%2Ftickets%3Fview%3Dall"
    form = web.get(asked.headers["location"])
    assert form.status_code == 200
    assert f"report-uri {prefix}/csp-report" in form.headers["content-security-policy"]
    data = {
        "csrf": _token(form),
        "email": agent.email,
        "password": agent.password,
        "next": f"{prefix}/tickets?view=all",
    }
    # the form's own target, not one that the test knows
    signed_in = web.post(_action(form), data=data)
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, f"{prefix}/tickets?view=all")
    assert {cookie.path for cookie in web.cookies.jar} == {prefix}

    listed = web.get(f"{prefix}/tickets?view=all")
    page = web.get(f"{prefix}/tickets/{number}?view=all")
    for shown in (form, listed, page):
        assert shown.status_code == 200
        found = _LINK.findall(shown.text)
        assert [one for one in found if one.startswith("/") and not one.startswith(f"{prefix}/")] == []
    for address in {one for one in _LINK.findall(page.text) if "/static/" in one}:
        assert web.get(address.partition("#")[0]).status_code == 200
    assert ("sse-connect" in page.text) is live

    answered = web.post(
        f"{prefix}/tickets/{number}/comments?view=all",
        data={"csrf": _token(page), "text": "We look at it.", "kind": "reply"},
    )
    assert answered.status_code == 303
    assert urlsplit(answered.headers["location"]).path == f"{prefix}/tickets/{number}"
    use_live_updates(web, prefix, live=live)
    left = web.post(f"{prefix}/sign-out", data={"csrf": _token(page)})
    assert left.headers["location"] == f"{prefix}/sign-in"
    assert web.get(f"{prefix}/tickets").status_code == 303


def use_live_updates(web: httpx.Client, prefix: str, *, live: bool) -> None:
    """Ask for the stream: it says hello, or that there is none and no reason to ask again."""
    with web.stream("GET", f"{prefix}/live") as stream:
        if not live:
            assert stream.status_code == 204
            return
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert next(stream.iter_text()).startswith("retry:")


def use_the_api(web: httpx.Client, prefix: str, agent: Persona) -> None:
    """Call the API below the prefix: its addresses carry it too."""
    headers = {"Authorization": f"Bearer {agent.token}"}
    api = f"{prefix}/api/v1"
    made = web.post(f"{api}/tickets", json={"title": "By API"}, headers=headers)
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"{api}/tickets/{made.json()['number']}"
    page = web.get(f"{api}/tickets?limit=1", headers=headers)
    assert page.headers["link"].startswith(f"<{api}/tickets?limit=1&cursor=")
    assert web.get(f"{api}/openapi.json").json()["servers"] == [{"url": api}]
    refused = web.get(f"{api}/tickets/999999", headers=headers)
    assert refused.json()["type"] == f"{api}/docs#problem-not_found"


def _token(response: httpx.Response) -> str:
    found = _TOKEN.search(response.text)
    assert found is not None
    return found[1]


def _action(response: httpx.Response) -> str:
    found = re.search(r'method="post" action="([^"]+)"', response.text)
    assert found is not None
    return found[1]

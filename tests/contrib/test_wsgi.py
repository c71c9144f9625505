"""The bridge for WSGI hosts: a worker is free again whatever the client does."""

from __future__ import annotations

import gc
import re
import threading
import warnings
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from werkzeug.test import Client, EnvironBuilder

from ombud import Settings
from ombud.contrib.host import HostDesk
from ombud.contrib.wsgi import DeskBelow
from ombud.errors import Invalid
from ombud.testing import Cast


def hosts_own(_environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"the host's own"]


@pytest.fixture
def below(settings: Settings, built: None) -> Iterator[DeskBelow]:
    made = DeskBelow(hosts_own, HostDesk(settings), "/support/")
    yield made
    made.close()


def test_only_what_lies_below_the_prefix_is_the_desks(below: DeskBelow) -> None:
    web = Client(below)
    for path in ("/", "/supportive", "/support.txt", "/a/support/"):
        assert web.get(path).data == b"the host's own"
    assert web.get("/support?a=1").headers["Location"].endswith("/support/?a=1")
    assert web.get("/support/healthz").json == {"status": "ok"}


@pytest.mark.parametrize("prefix", ["", "/", "support", "/a/../b", "/a b", "/a//b", "//evil.example"])
def test_a_prefix_is_a_plain_path(prefix: str) -> None:
    with pytest.raises(Invalid):
        DeskBelow(hosts_own, HostDesk(), prefix)


def test_a_client_that_breaks_off_its_upload_frees_the_worker(below: DeskBelow, cast: Cast) -> None:
    """What is announced and never comes would be waited for without end."""
    builder = EnvironBuilder(path="/support/api/v1/tickets", method="POST", content_type="application/json")
    environ = builder.get_environ()
    environ["HTTP_AUTHORIZATION"] = f"Bearer {cast.agent.token}"
    environ["CONTENT_LENGTH"], environ["wsgi.input"] = "1000", BytesIO(b'{"title": "cut o')
    with pytest.raises(ConnectionError):
        list(below(environ, lambda *_: None))
    assert Client(below).get("/support/healthz").status_code == 200


def test_a_client_that_leaves_early_ends_the_desks_work(below: DeskBelow) -> None:
    """The server closes the answer before its end: what was writing it is over, too."""
    environ = EnvironBuilder(path="/support/sign-in").get_environ()
    answer: Any = below(environ, lambda *_: None)
    next(answer)
    answer.close()
    ended = threading.Event()
    task = environ["ombud.task"]
    task.get_loop().call_soon_threadsafe(task.add_done_callback, lambda _: ended.set())
    assert ended.wait(10)


def test_what_is_closed_holds_nothing_and_opens_again(settings: Settings, built: None) -> None:
    made = DeskBelow(hosts_own, HostDesk(settings), "/support/")
    for _ in range(2):
        assert Client(made).get("/support/healthz").status_code == 200
        assert [thread.name for thread in threading.enumerate()].count("ombud-desk") == 1
        made.close()
        assert "ombud-desk" not in [thread.name for thread in threading.enumerate()]
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)  # pytest fails on what a collector finds open
        gc.collect()


def test_there_is_no_stream_that_holds_a_worker(below: DeskBelow, cast: Cast) -> None:
    web = Client(below)
    form = web.get("/support/sign-in").text
    token = re.search(r'name="csrf" value="([0-9a-f]{64})"', form)
    assert token is not None
    data = {"csrf": token[1], "email": cast.agent.email, "password": cast.agent.password, "next": ""}
    assert web.post("/support/sign-in", data=data).status_code == 303
    assert web.get("/support/live").status_code == 204
    assert "sse-connect" not in web.get("/support/tickets?view=all").text

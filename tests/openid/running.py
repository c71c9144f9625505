"""oidc-provider, a real OpenID provider, as a process of the tests (`provider/`). Skips, aloud, without Node.js."""

from __future__ import annotations

import fcntl
import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import hatch_build

FOLDER = Path(__file__).parent / "provider"
CLIENT_ID, CLIENT_SECRET = "desk", "a secret of the tests"


@contextmanager
def provider_running(
    redirect_uri: str,
    accounts: Mapping[str, Mapping[str, Any]],
    *,
    signed_out_uri: str = "",
    logout_uri: str = "",
) -> Iterator[str]:
    """Start a provider that knows the desk and these accounts; yields its issuer."""
    node = hatch_build.some_node()
    if node is None:
        pytest.skip("Node.js with npm is missing: no real OpenID provider to test against")
    with (FOLDER / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test processes install once, one after the other
        hatch_build.install_packages(node, FOLDER)
    client: dict[str, Any] = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uris": [redirect_uri],
        "post_logout_redirect_uris": [signed_out_uri] if signed_out_uri else [],
    }
    if logout_uri:
        client |= {"backchannel_logout_uri": logout_uri, "backchannel_logout_session_required": True}
    process = subprocess.Popen(
        [*node.node, "server.mjs"],
        cwd=FOLDER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps({"clients": [client], "accounts": accounts}) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        assert line, "the provider did not start"
        yield json.loads(line)["issuer"]
    finally:
        process.stdin.close()
        process.terminate()
        process.wait(10)
        process.stdout.close()

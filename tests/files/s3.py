"""An S3 server for tests: moto's, in a process of its own on 127.0.0.1, that can be stopped and frozen."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
from pydantic import SecretStr

from ombud.config import Settings

BUCKET = "desk"
KEY = "canary-of-the-key"
_RUNNING = re.compile(rb"Running on (http://127\.0\.0\.1:\d+)")


@dataclass
class S3:
    """Where it is, and its process."""

    endpoint: str
    process: subprocess.Popen[bytes]

    def settings(self, base: Settings, prefix: str) -> Settings:
        """Return the settings of a desk whose files are there, under a prefix of its own."""
        return base.model_copy(
            update={
                "files_url": f"s3://{BUCKET}/{prefix}",
                "files_endpoint": self.endpoint,
                "files_region": "us-east-1",
                "files_access_key": SecretStr("desk"),
                "files_secret_key": SecretStr(KEY),
            }
        )


@contextlib.contextmanager
def s3_running() -> Iterator[S3]:
    """Start one with an empty bucket."""
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    try:
        said = b""
        while not (found := _RUNNING.search(said)):
            line = process.stderr.readline()
            assert line, said.decode()
            said += line
        endpoint = found[1].decode()
        httpx.put(f"{endpoint}/{BUCKET}").raise_for_status()
        yield S3(endpoint, process)
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()
        process.stderr.close()

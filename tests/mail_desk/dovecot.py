"""Debian's Dovecot with a configuration, users and mail of its own, on ports of 127.0.0.1."""

import contextlib
import imaplib
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAM = "/usr/sbin/dovecot"
USER, PASSWORD = "support", "s3cret-Pässword"

_BY_TOKEN = """passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
"""
_CONFIG = """
base_dir = {folder}/run
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2
mail_location = maildir:{folder}/mail/%u
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
first_valid_gid = 1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
{by_token}passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%u
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """A running server; `add` puts a message into the user's folder."""

    folder: Path
    port: int
    tls_port: int

    def add(self, *messages: bytes, folder: str = "INBOX") -> None:
        """Deliver messages as a mail server would, directly into the maildir."""
        place = self.folder / "mail" / USER / ("" if folder == "INBOX" else f".{folder}")
        with self.client() as client:
            if folder != "INBOX":
                client.create(folder)
        for number, message in enumerate(messages):
            name = f"{time.time_ns()}.{number}.test"
            path = place / "tmp" / name
            path.write_bytes(message)
            shutil.chown(path, *_owner())
            path.rename(place / "new" / name)

    def flags(self, folder: str = "INBOX") -> list[bytes]:
        """Return the flags of the messages in a folder, in order."""
        with self.client() as client:
            client.select(folder, readonly=True)
            _, found = client.fetch("1:*", "(FLAGS)")
            return [row for row in found if isinstance(row, bytes)]

    def count(self, folder: str = "INBOX") -> int:
        """Return how many messages are in a folder."""
        with self.client() as client:
            _, found = client.select(folder, readonly=True)
            return int(found[0] or 0) if found[0] and found[0].isdigit() else 0

    @contextlib.contextmanager
    def client(self) -> Iterator[imaplib.IMAP4]:
        """Sign in as the user."""
        client = imaplib.IMAP4("127.0.0.1", self.port)
        client.authenticate("PLAIN", lambda _: f"\0{USER}\0{PASSWORD}".encode())
        try:
            yield client
        finally:
            client.logout()


@contextlib.contextmanager
def dovecot_running(folder: Path, *, asks: str = "") -> Iterator[Dovecot]:
    """Run Dovecot below `folder`; the test is skipped, aloud, where it is missing.

    `asks`: an address that tells whose access token that is which is put behind it.
    """
    if not Path(PROGRAM).exists():
        pytest.skip(f"{PROGRAM} is missing (see .ci/system-packages)")
    folder.mkdir(parents=True, exist_ok=True)
    for parent in (folder, *folder.parents):
        if parent.stat().st_uid == os.geteuid() and not parent.stat().st_mode & 0o001 and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    user, group = _owner()
    server = Dovecot(folder, *_free_ports(2))
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
    (folder / "oauth2.conf").write_text(f"tokeninfo_url = {asks}\nusername_attribute = email\n")
    (folder / "mail").mkdir()
    (folder / "run").mkdir()
    _certify(folder)
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, user, group)
    config = folder / "dovecot.conf"
    config.write_text(
        _CONFIG.format(
            by_token=_BY_TOKEN.format(folder=folder) if asks else "",
            folder=folder,
            port=server.port,
            tls_port=server.tls_port,
            user=user,
            group=group,
        )
    )
    process = subprocess.Popen([PROGRAM, "-F", "-c", str(config)], stderr=subprocess.PIPE)
    try:
        _wait_for(server.port, process)
        with server.client() as client:
            client.select("INBOX")
        yield server
    finally:
        process.terminate()
        process.wait(timeout=20)
        if process.stderr is not None:
            process.stderr.close()


@contextlib.contextmanager
def public_folder() -> Iterator[Path]:
    """Make a folder that Dovecot's own user may enter for as long as the block lasts.

    Not below pytest's: whenever another run begins, it shuts that to everybody but us.
    """
    with tempfile.TemporaryDirectory(prefix="ombud-dovecot-") as name:
        place = Path(name)
        place.chmod(0o755)
        yield place


def _owner() -> tuple[str, str]:
    return ("mail", "mail") if os.geteuid() == 0 else (str(os.geteuid()), str(os.getegid()))


def _certify(folder: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(folder / "key.pem"),
         "-out", str(folder / "cert.pem")],
        check=True, capture_output=True,
    )  # fmt: skip


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait until the server answers: connecting blocks in the kernel, there is nothing else to wait on."""
    for _ in range(200):
        if process.poll() is not None:
            raise AssertionError(process.stderr.read().decode() if process.stderr else "dovecot ended")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as found:
            if found.recv(4) == b"* OK":
                return
        _pause()
    raise AssertionError("dovecot does not answer")


def _pause() -> None:
    threading.Event().wait(0.05)


def context_for(server: Dovecot) -> ssl.SSLContext:
    """Return a TLS context that trusts the server's own certificate."""
    return ssl.create_default_context(cafile=str(server.folder / "cert.pem"))

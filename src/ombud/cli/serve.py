"""`ombud serve`: one process with pages, API, live updates and chores, on the embedded server or your own."""

import contextlib
import socket
import threading
import webbrowser
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from ombud.cli.collecting import imports_uncollected
from ombud.cli.common import DataDir, err, out, settings_with
from ombud.config import Settings
from ombud.db.desk import Desk
from ombud.db.open import open_desk
from ombud.errors import Unavailable
from ombud.kit.log_lines import write_logs

if TYPE_CHECKING:
    import uvicorn

Host = Annotated[str | None, typer.Option("--host", help="Address to listen on.", show_default="127.0.0.1")]
Port = Annotated[int | None, typer.Option("--port", help="Port to listen on.", show_default="8377")]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")]

KEEP_ALIVE_SECONDS = 75
"""How long an idle connection stays open: longer than proxies keep theirs (60 s is usual), for one that is closed while
a request is on its way is an error to whoever sent it."""


def command(
    data_dir: DataDir = None, host: Host = None, port: Port = None, no_browser: NoBrowser = False
) -> None:
    """Start the desk and keep it running until Ctrl-C."""
    serve(settings_with(data_dir, host=host, port=port), open_browser=not no_browser)


def serve(
    settings: Settings,
    *,
    prepare: Callable[[Desk], None] | None = None,
    announce: Callable[[str], None] | None = None,
    open_browser: bool = False,
) -> None:
    """Run the desk of `settings` until it is told to stop.

    `prepare` runs once the database is ready and before anybody is served; `announce` is called with the
    desk's address when it answers. Raises Unavailable when the port is taken.
    """
    write_logs(settings.log_format, settings.log_level)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(_listener(settings))
        desk = stack.enter_context(open_desk(settings))
        if prepare is not None:
            prepare(desk)
        _run(desk, settings, listener, announce or _announce, open_browser)


def _run(
    desk: Desk, settings: Settings, listener: socket.socket, announce: Callable[[str], None], browse: bool
) -> None:
    with imports_uncollected():
        import uvicorn

        from ombud.asgi import build_app
        from ombud.cli.bounded import BoundedHttp
        from ombud.settings import look
        from ombud.worker import chores_running, mail_running

        app = build_app(desk, settings)
    look(desk)  # chores and mail begin before the live hub listens
    address = f"http://{_shown_host(settings.host)}:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        app,
        http=BoundedHttp,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        # Only a proxy on this machine is believed; others are named by the environment of uvicorn.
        proxy_headers=True,
    )
    server = uvicorn.Server(config)
    with (
        chores_running(desk),
        mail_running(desk, settings) as ports,
        _told_when_started(server, lambda: _ready(address, announce, browse)),
    ):
        for port in ports:
            err.print(f"Mail is taken on {settings.mail_host}, port {port}.", highlight=False)
        server.run(sockets=[listener])
    err.print("The desk is closed.")


@contextlib.contextmanager
def _told_when_started(server: "uvicorn.Server", tell: Callable[[], None]) -> Iterator[None]:
    """Call `tell` from a thread once the server answers; give up when the block ends before that."""
    ended = threading.Event()

    def wait() -> None:
        while not server.started:
            if ended.wait(0.02):
                return
        tell()

    thread = threading.Thread(target=wait, name="ombud-announce", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(timeout=5)


def _ready(address: str, announce: Callable[[str], None], browse: bool) -> None:
    announce(address)
    if browse:
        webbrowser.open(address)


def _announce(address: str) -> None:
    out.print(f"Ombud is ready at [bold]{address}[/bold]  (Ctrl-C stops it)", highlight=False)


@contextlib.contextmanager
def _listener(settings: Settings) -> Iterator[socket.socket]:
    """Take the port before anything slow happens, so that a taken one is told at once."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            raise Unavailable(
                f"Port {settings.port} on {settings.host} cannot be used ({error.strerror}). "
                "Is a desk running there already? Choose another one with --port."
            ) from error
        yield listener


def _shown_host(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host

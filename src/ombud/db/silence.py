"""A server that went silent: what waits for it is given up, and what would ask next is refused.

A statement that takes long and a server that is gone look the same from its connection, and a limit that would tell
them apart in time would cut off what may take long. So the server itself is asked: when something has waited for
DOUBT_SECONDS, one thread of the process knocks where its connection leads, by PostgreSQL's own request for encryption,
which every server and pooler answers before anything else, and which takes no place and no rights. Whoever answers is
alive, whatever its statements do, and a refusal is an answer, too. Where nothing comes for ANSWER_SECONDS, all
connections of the engine are cut, busy or not, and for a moment no other is made: second tries would only wait again.

Where nothing takes long this costs two entries in a dictionary for each statement.
"""

import contextlib
import errno
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary, ref

from sqlalchemy import Engine, ExceptionContext, event

from ombud.db.alive import file_number
from ombud.errors import Unavailable

DOUBT_SECONDS = 1.0
"""How long something waits until it is asked whether the server is there."""
ANSWER_SECONDS = 2.0
"""How long the server may take to say that it is: a loaded one needs milliseconds."""
ASK_EVERY = 1.0
TICK_SECONDS = 0.25
REFUSE_SECONDS = 1.0
"""How long nobody else tries, once it is known."""
GONE = {errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN}
"""How the operating system says that nobody answers. Whatever else it says, somebody did."""
# Length and number of an SSLRequest (PostgreSQL, "Message Formats"); the answer is one byte.
_KNOCK = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")


class Silence:
    """What waits for one engine's server, and whether that is known to be silent."""

    def __init__(self) -> None:
        self._records: dict[int, ref[Any]] = {}
        self._waiting: dict[int, float] = {}
        self._answered = 0.0
        self._refused_until = 0.0

    def begun(self, link: Any) -> None:
        """Something is asked on a connection."""
        self._waiting[id(link)] = time.monotonic()
        _WATCH.follow(self)

    def ended(self, link: Any, *, is_answer: bool = False) -> None:
        """Nothing is asked there any more; `is_answer` where the server said something."""
        self._waiting.pop(id(link), None)
        if is_answer:
            self._answered = time.monotonic()

    @contextmanager
    def waiting(self, link: Any) -> Iterator[None]:
        """Ask something on a connection inside the block."""
        self.begun(link)
        try:
            yield
        except BaseException:
            self.ended(link)
            raise
        self.ended(link, is_answer=True)

    @property
    def is_busy(self) -> bool:
        """Whether anything waits."""
        return bool(self._waiting)

    def doubted(self) -> Any:
        """Return where to knock, when something has waited for long."""
        key, since = min(list(self._waiting.items()), key=lambda one: one[1], default=(0, time.monotonic()))
        if time.monotonic() - since < DOUBT_SECONDS:
            return None
        return next((_peer(link) for link in self._connections() if id(link) == key), None)

    def known(self, place: Any, asked: float) -> None:
        """Give all up that leads to a place where nobody answered what was `asked` then."""
        links = [link for link in self._connections() if _peer(link) == place]
        if not links or self._answered >= asked:
            return
        self.refuse()
        for link in links:
            _cut(link, place)

    def refuse(self) -> None:
        """Make no connection for a moment."""
        self._refused_until = time.monotonic() + REFUSE_SECONDS

    def watch(self, engine: Engine, connect_seconds: float) -> None:
        """Follow what the engine asks from now on. A connection that takes `connect_seconds` tells, too."""
        for name in ("do_ping", "do_commit", "do_rollback"):
            setattr(engine.dialect, name, self._followed(getattr(engine.dialect, name)))
        engine.dialect.connect = self._connecting(engine.dialect.connect, connect_seconds)  # type: ignore[method-assign]  # of this engine's dialect only

        @event.listens_for(engine, "connect")
        def made(_link: Any, record: Any) -> None:
            # Weakly, and no copies of their sockets: who forgets a connection closes it.
            key = id(record)
            self._records[key] = ref(record, lambda _gone: self._records.pop(key, None))

        @event.listens_for(engine, "before_cursor_execute")
        def asked(connection: Any, *_rest: Any) -> None:
            self.begun(connection.connection.dbapi_connection)

        @event.listens_for(engine, "after_cursor_execute")
        def answered(connection: Any, *_rest: Any) -> None:
            self.ended(connection.connection.dbapi_connection, is_answer=True)

        @event.listens_for(engine, "handle_error")
        def failed(context: ExceptionContext) -> None:
            if context.connection is not None and not context.connection.invalidated:
                self.ended(context.connection.connection.dbapi_connection)

        @event.listens_for(engine, "checkin")
        @event.listens_for(engine, "close")
        def left(link: Any, *_rest: Any) -> None:
            self.ended(link)

    def _connections(self) -> list[Any]:
        records = [found() for found in list(self._records.values())]
        return [record.dbapi_connection for record in records if record is not None]

    def _connecting(self, connect: Callable[..., Any], seconds: float) -> Callable[..., Any]:
        def connected(*arguments: Any, **options: Any) -> Any:
            begun = time.monotonic()
            if begun < self._refused_until:
                raise Unavailable
            try:
                return connect(*arguments, **options)
            except BaseException:
                if time.monotonic() - begun > seconds - TICK_SECONDS:
                    self.refuse()
                raise

        return connected

    def _followed(self, ask: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def asking(link: Any) -> Any:
            self.begun(connection := getattr(link, "dbapi_connection", link))
            try:
                return ask(link)
            finally:
                self.ended(connection)  # perhaps no answer: a driver does nothing where nothing was begun

        return asking


_silences: "WeakKeyDictionary[Engine, Silence]" = WeakKeyDictionary()


def watch_for_silence(engine: Engine, connect_seconds: float) -> None:
    """Give up what waits for a silent server, and refuse what would ask next."""
    silence = _silences[engine] = Silence()
    silence.watch(engine, connect_seconds)


def silence_of(engine: Engine) -> Silence:
    """Return who watches over an engine, for whoever asks below SQLAlchemy."""
    return _silences[engine]


class _Watch:
    """One thread that looks while anything waits, and sleeps otherwise."""

    def __init__(self) -> None:
        self._followed: dict[int, Silence] = {}
        self._is_asleep = False
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None

    def follow(self, silence: Silence) -> None:
        """Look after it as long as something waits there."""
        self._followed[id(silence)] = silence
        if self._thread is None or self._is_asleep:
            with self._wake:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._look, name="ombud-silence", daemon=True)
                    self._thread.start()
                self._wake.notify()

    def _look(self) -> None:
        asked: dict[Any, float] = {}
        while True:
            self._sleep()
            begun = time.monotonic()
            asked = {place: then for place, then in asked.items() if begun - then < ASK_EVERY}
            for place in {silence.doubted() for silence in list(self._followed.values())} - {None, *asked}:
                asked[place] = begun = time.monotonic()
                if not _is_there(place):
                    for silence in list(self._followed.values()):  # also those that did not doubt it yet
                        silence.known(place, begun)

    def _sleep(self) -> None:
        """Return a moment later, or when something waits again."""
        for key, silence in list(self._followed.items()):
            self._followed.pop(key, None)
            if silence.is_busy:
                self._followed[key] = silence
        with self._wake:
            self._is_asleep = True  # before looking: whoever comes now wakes us
            if not self._followed:
                self._wake.wait()
            self._is_asleep = False
        time.sleep(TICK_SECONDS)


_WATCH = _Watch()


def _begin_anew() -> None:
    global _WATCH  # noqa: PLW0603 - a forked process has no threads, and locks as they were
    _WATCH = _Watch()


os.register_at_fork(after_in_child=_begin_anew)


def _peer(link: Any) -> Any:
    """Return the address that a connection leads to, a host's or a file's; None when it has ended."""
    number = file_number(link)
    try:
        with socket.socket(fileno=os.dup(-1 if number is None else number)) as copy:
            return copy.getpeername() or None
    except OSError:
        return None


def _cut(link: Any, place: Any) -> None:
    """End a connection that leads to `place`. Its number may be another's by now: that one leads elsewhere."""
    number = file_number(link)
    if number is None:
        return
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(number)) as copy:
        if copy.getpeername() == place:
            copy.shutdown(socket.SHUT_RDWR)


def _is_there(place: Any) -> bool:
    try:
        return _answers(place)
    except OSError:  # we cannot even ask, for want of files, say
        return True


def _answers(place: Any) -> bool:
    """Knock at a socket's address, a host's or a file's; False when nothing comes back, or nobody is there."""
    family = (
        socket.AF_UNIX if isinstance(place, str) else socket.AF_INET6 if len(place) == 4 else socket.AF_INET
    )
    deadline = time.monotonic() + ANSWER_SECONDS
    with socket.socket(family) as door:
        door.setblocking(False)
        failure = door.connect_ex(place)
        while failure == errno.EAGAIN and time.monotonic() < deadline:  # the queue of a file's is full
            time.sleep(TICK_SECONDS)
            failure = door.connect_ex(place)
        if failure == errno.EAGAIN or not _ready(door, select.POLLOUT, deadline):
            return False
        failure = (
            failure if failure != errno.EINPROGRESS else door.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        )
        if failure:
            return failure not in GONE
        with contextlib.suppress(ConnectionError):
            door.send(_KNOCK)
            return _ready(door, select.POLLIN, deadline)
    return True


def _ready(door: socket.socket, what: int, deadline: float) -> bool:
    look = select.poll()
    look.register(door, what)
    return bool(look.poll(max(0.0, deadline - time.monotonic()) * 1000))

"""The desk's own pages and API below OMBUD['MOUNT'], in a project's `asgi.py` or `wsgi.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ombud.contrib import asgi, wsgi
from ombud.contrib.django.conf import configuration
from ombud.contrib.django.desk import host

DEFAULT = "/support"


def mount_asgi(application: asgi.HostApplication) -> asgi.DeskBelow:
    """Return the project's ASGI application with the desk below its path: `mount_asgi(get_asgi_application())`.

    It answers the server's lifespan events, which Django does not. Needs `ombud[server]`.
    """
    return asgi.DeskBelow(application, host(), configuration().mount or DEFAULT)


def mount_wsgi(application: Callable[[Any, Any], Iterable[bytes]]) -> wsgi.DeskBelow:
    """Return the project's WSGI application with the desk below its path. Pages are not told live of changes."""
    return wsgi.DeskBelow(application, host(), configuration().mount or DEFAULT)

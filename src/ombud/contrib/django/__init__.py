"""A desk in a Django project: a session a request, committed before the answer leaves, errors, pages, checks.

    INSTALLED_APPS = [..., "ombud.contrib.django"]
    MIDDLEWARE = [..., "ombud.contrib.django.middleware.DeskMiddleware"]
    OMBUD = {"ACTOR": "shop.support.actor_of", "DATABASE_URL": ..., "MOUNT": "/support"}

A view writes with `desk_of(request).session`, or in a block of its own, `with desk_of(request).begin()`. The
desk's tables are not Django models: they have migrations of their own (`manage.py ombud db upgrade`).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ombud.contrib.django.desk import DeskOfRequest, aactor_for, actor_for, desk_of, host
    from ombud.contrib.django.mount import mount_asgi, mount_wsgi

__all__ = ["DeskOfRequest", "aactor_for", "actor_for", "desk_of", "host", "mount_asgi", "mount_wsgi"]


def __getattr__(name: str) -> Any:
    # Django imports this package to read its configuration, before there are any settings.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ombud.contrib.django import desk, mount

    return getattr(mount if name.startswith("mount_") else desk, name)

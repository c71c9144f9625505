"""Who is who: the shop's users as actors of the desk."""

import base64
import binascii

from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.http import HttpRequest

from ombud import Actor, UserRole
from ombud.contrib.django import actor_for
from ombud.errors import Unauthenticated


def actor_of(request: HttpRequest) -> Actor:
    """Say who has signed in to the shop (here by HTTP Basic, so that curl is enough to try it)."""
    user = authenticate(request, **_credentials(request))
    if not isinstance(user, User):
        raise Unauthenticated
    role = UserRole.AGENT if user.is_staff else UserRole.CUSTOMER
    return actor_for(user.email, full_name=user.get_full_name(), role=role)


def _credentials(request: HttpRequest) -> dict[str, str]:
    _, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        username, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Unauthenticated from None
    return {"username": username, "password": password}

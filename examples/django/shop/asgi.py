"""For ASGI servers: the same, and open pages of the desk are told what changes."""

import os

from django.core.asgi import get_asgi_application

from ombud.contrib.django import mount_asgi

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
application = mount_asgi(get_asgi_application())

"""For WSGI servers, `manage.py runserver` among them: the shop, and the desk's own pages below /support."""

import os

from django.core.wsgi import get_wsgi_application

from ombud.contrib.django import mount_wsgi

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
application = mount_wsgi(get_wsgi_application())

"""The shop's settings. Its own tables are in SQLite; the desk's are in PostgreSQL."""

import os
import secrets
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent

DEBUG = False
SECRET_KEY = os.environ.get("SECRET_KEY") or secrets.token_urlsafe(50)
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("SHOP_DATABASE", str(HERE / "shop.sqlite3")),
    }
}
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "ombud.contrib.django", "shop"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "ombud.contrib.django.middleware.DeskMiddleware",
]
# OMBUD_DATABASE_URL of the environment counts unless DATABASE_URL stands here.
OMBUD = {"ACTOR": "shop.support.actor_of", "MOUNT": "/support"}

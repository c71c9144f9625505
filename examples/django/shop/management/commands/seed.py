"""`manage.py seed`: three people to try the shop with."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand

PEOPLE = (
    ("ann@example.com", "ann-likes-tea", False),
    ("bob@example.com", "bob-likes-chess", False),
    ("sam@shop.example", "sam-answers-all", True),
)


class Command(BaseCommand):
    """Makes those who are missing."""

    help = "Makes Ann and Bob, who are customers, and Sam, who answers."

    def handle(self, *_args: Any, **_options: Any) -> None:
        for email, password, is_staff in PEOPLE:
            if not User.objects.filter(username=email).exists():
                User.objects.create_user(email, email, password, is_staff=is_staff)

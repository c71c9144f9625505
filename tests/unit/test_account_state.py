"""What an administrator reads about the last letter to somebody."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ombud.models import LetterKind, OutboundState, User, UserRole
from ombud.web.views.accounts import AccountState


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        (LetterKind.INVITE, "Set one up, or run: ombud user invite ann@example.org"),
        (LetterKind.RESET, "Set one up, or run: ombud user reset ann@example.org"),
        (LetterKind.NEW_BROWSER, "Set one up."),
    ],
)
def test_a_command_is_named_for_what_it_stands_in_for(kind: LetterKind, advice: str) -> None:
    row = SimpleNamespace(
        kind=kind.value,
        state=OutboundState.SKIPPED.value,
        problem="no_mailbox",
        is_asked=False,
        invited_until=None,
    )
    said = AccountState.of(User(email="ann@example.org", role=UserRole.AGENT), row)
    assert said.trouble == f"no mailbox can send. {advice}"

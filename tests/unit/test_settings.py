"""Settings that administrators choose: what they may be, and what wins over what. No database."""

import traceback

import pytest
from pydantic import SecretStr, ValidationError

from ombud.cli.common import settings_with
from ombud.config import Settings, in_browser
from ombud.db.choices import Choices
from ombud.errors import Invalid
from ombud.models import UserRole
from ombud.people.accounts import session_limits
from ombud.settings import clean_setting, learn, read_setting, rule_of


def test_the_environment_wins_over_the_desk_and_the_desk_over_the_default() -> None:
    environment = Settings(staff_idle_hours=1)
    choices = Choices(environment)
    assert choices.current is environment, "nothing is copied while nothing is chosen"
    assert learn(choices, choices.turn(), {"staff_idle_hours": 5, "desk_name": "Help", "sign_in_links": True})
    now = choices.current
    assert (now.staff_idle_hours, now.desk_name, now.sign_in_links) == (1, "Help", True)
    assert now.staff_session_days == Settings().staff_session_days
    assert choices.current is now, "made once"
    other = Settings(desk_name="Mine")
    assert (choices.over(other).desk_name, choices.over(other).staff_idle_hours) == ("Mine", 5)
    assert learn(choices, choices.turn(), {})
    assert choices.current is environment


def test_an_older_look_does_not_undo_what_a_newer_one_saw() -> None:
    choices = Choices(Settings())
    older, newer = choices.turn(), choices.turn()
    assert learn(choices, newer, {"desk_name": "New"})
    assert not learn(choices, older, {"desk_name": "Old"})
    assert choices.current.desk_name == "New"
    assert not learn(choices, choices.turn(), {"desk_name": "New"}), "no news"


def test_what_the_program_does_not_take_is_left_alone() -> None:
    """Rows written by SQL, or by a version with other limits: the default holds, and nothing breaks."""
    choices = Choices(Settings())
    kept = {
        "gone_since": 1,
        "staff_idle_hours": 10**6,
        "sign_in_links": "yes",
        "database_url": "x",
        "desk_name": "A",
    }
    learn(choices, choices.turn(), kept)
    assert choices.current == Settings().model_copy(update={"desk_name": "A"})


def test_every_setting_says_its_rule_and_keeps_it() -> None:
    assert len(in_browser()) >= 11
    for name, (field, mark) in in_browser().items():
        assert field.description
        assert mark.label
        assert rule_of(name).startswith("must be ")
        if field.default is not None:
            assert clean_setting(name, field.default) == field.default
        others: tuple[object, ...] = (
            [],
            {},
            "",
            "\x00",
            -1,
            10**12,
            "1.5" if name == "mail_undo_seconds" else 1.5,
        )
        for wrong in others:
            with pytest.raises(Invalid) as raised:
                clean_setting(name, wrong)
            assert list(raised.value.fields) == [name]
    for name, wrong in (
        ("sign_in_links", 1),
        ("staff_idle_hours", True),
        ("desk_name", "x" * 61),
        ("port", 1),
    ):
        with pytest.raises(Invalid):
            clean_setting(name, wrong)


def test_what_is_typed_is_read_by_its_type() -> None:
    assert read_setting("sign_in_links", " yes ") is True
    assert read_setting("staff_idle_hours", "24") == 24
    assert read_setting("mail_undo_seconds", "2.5") == 2.5
    assert read_setting("desk_name", "  Tally   Bird ") == "Tally Bird"
    for name, text in (
        ("sign_in_links", "perhaps"),
        ("staff_idle_hours", "1.5"),
        ("mail_undo_seconds", "nan"),
    ):
        with pytest.raises(Invalid):
            read_setting(name, text)


def test_sessions_of_staff_and_customers_have_their_own_limits() -> None:
    settings = Settings(
        staff_idle_hours=1, staff_session_days=2, customer_idle_days=3, customer_session_days=4
    )
    hours = {
        role: [limit.total_seconds() / 3600 for limit in session_limits(settings, role)] for role in UserRole
    }
    assert hours.pop(UserRole.CUSTOMER) == [72, 96]
    assert set(map(tuple, hours.values())) == {(1, 48)}


PASSWORD = "canary-pw"
UNREADABLE = (
    f"postgresql://u:p@{PASSWORD}:{PASSWORD}/x",
    f"postgresql://u:pa:ss@{PASSWORD}:5x/x",
    f"postgresql://u:{PASSWORD}@[::1/x",
    f"u:{PASSWORD}@h/x",
    f"redis:/:{PASSWORD}@h",
    PASSWORD,
    f"postgresql://u@h:{PASSWORD}",
)


@pytest.mark.parametrize("name", ["database_url", "replica_url", "redis_url"])
@pytest.mark.parametrize("url", UNREADABLE)
def test_what_is_no_address_is_refused_without_its_password(
    name: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T84, T85: a password that was not written as addresses have it is in no error and no trace."""
    with pytest.raises(ValidationError) as refused:
        Settings(**{name: SecretStr(url)})  # type: ignore[arg-type]
    assert PASSWORD not in "".join(traceback.format_exception(refused.value))
    monkeypatch.setenv(f"OMBUD_{name.upper()}", url)
    with pytest.raises(Invalid, match=f"OMBUD_{name.upper()}: .*is no address") as told:
        settings_with()
    assert PASSWORD not in "".join(traceback.format_exception(told.value))


def test_a_wrong_setting_is_told_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMBUD_PORT", PASSWORD)
    with pytest.raises(Invalid, match="OMBUD_PORT: Input should be a valid integer") as told:
        settings_with()
    assert PASSWORD not in "".join(traceback.format_exception(told.value))

"""The texts of the sample desk: every one can be filled, and no thread lacks what a conversation needs."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime
from random import Random

import pytest

from ombud.demo import content, wording
from ombud.demo.slots import Slots

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
KNOWN = ("first", "me", "company", "home", "city", "agent_first", "email", "domain", "team", "title")
SCENARIOS = content.load().scenarios


def _filled(template: str, seed: int) -> str:
    rng = Random(seed)
    return wording.render(template, Slots(rng, AT, dict.fromkeys(KNOWN, "x")), rng)


@pytest.mark.parametrize("key", sorted({scenario.key for scenario in SCENARIOS}))
def test_a_scenario_can_be_told(key: str) -> None:
    for scenario in (s for s in SCENARIOS if s.key == key):
        assert scenario.titles
        assert scenario.open
        assert scenario.fix
        assert scenario.detail or not scenario.ask
        texts = [text for column in content.COLUMNS for text in getattr(scenario, column)]
        assert all(_filled(text, seed).strip() for text in (*texts, *scenario.thanks) for seed in range(4))


def test_every_phrase_can_be_filled() -> None:
    for section in content.load().phrases.values():
        for texts in section.values():
            assert [_filled(text, seed) is not None for text in texts for seed in range(4)]


def test_there_is_much_to_tell() -> None:
    by_language = Counter(scenario.language for scenario in {s.key: s for s in SCENARIOS}.values())
    assert by_language["en"] >= 60
    assert len(by_language) >= 15


def test_weights_of_threads_add_up() -> None:
    weights: dict[str, float] = defaultdict(float)
    for scenario in SCENARIOS:
        weights[scenario.key] += scenario.weight
    assert weights["pairing"] == pytest.approx(3)
    assert weights["outage-web"] == 0


def test_choices_and_slots() -> None:
    rng = Random(1)
    seen = {wording.render("{a|b|$x}!", {"x": "c"}, rng) for _ in range(60)}
    assert seen == {"a!", "b!", "c!"}
    with pytest.raises(KeyError):
        wording.render("$nobody_knows", Slots(rng, AT, {}), rng)
    assert wording.render('{"code": 1}', {}, rng) == '{"code": 1}'


def test_hurry_leaves_code_alone() -> None:
    code = "It's this:\n\n```\nDon't touch\n```"
    assert wording.hurry(code, Random(1)) == code


def test_an_unknown_tag_is_refused() -> None:
    raw = {"key": "x", "team": "care", "tags": ["nonsense"], **{key: ["a"] for key in content.COLUMNS}}
    with pytest.raises(ValueError, match="nonsense"):
        list(content._threads(raw, {"billing": []}, {}))

"""Cursors go through a URL and back; any other text is refused in words."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ombud.errors import Invalid
from ombud.kit.cursor import CursorValue, decode_cursor, encode_cursor

values = st.lists(
    st.one_of(
        st.datetimes(timezones=st.just(UTC)),
        st.integers(-(2**63), 2**63 - 1),
        st.text(st.characters(exclude_categories=["Cs"])),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    max_size=4,
)


@given(sort=st.text(st.characters(exclude_categories=["Cs"]), max_size=20), items=values)
def test_round_trip(sort: str, items: list[CursorValue]) -> None:
    cursor = encode_cursor(sort, tuple(items))
    assert decode_cursor(cursor, sort=sort, types=tuple(map(type, items))) == tuple(items)
    assert cursor.isascii()
    assert not set(cursor) & set("+/=&?#% ")


@given(text=st.text(max_size=60))
@example("é")
@example("W10")
@example("[" * 50)
def test_any_other_text_is_invalid(text: str) -> None:
    with pytest.raises(Invalid):
        decode_cursor(text, sort="-activity", types=(datetime, int))


def _raw(payload: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip("=")


NOW = {"t": "2026-01-01T00:00:00+00:00"}


def test_an_honest_cursor_is_taken() -> None:
    assert decode_cursor(_raw(["-activity", [NOW, 7]]), sort="-activity", types=(datetime, int))[1] == 7


@pytest.mark.parametrize(
    "payload",
    [
        None,
        1,
        {},
        [],
        ["-activity"],
        ["-activity", None],
        ["-activity", [None, 1]],
        ["-activity", [True, 1]],
        ["-activity", [[], 1]],
        ["-activity", [{"t": "2026-01-01T00:00:00"}, 1]],
        ["-activity", [{"t": 5}, 1]],
        ["-activity", [{"x": "2026-01-01T00:00:00+00:00"}, 1]],
        ["-activity", [NOW, 2**63]],
        ["-activity", [NOW, -(2**63) - 1]],
        ["-activity", [NOW]],
        ["-activity", [NOW, 2, 3]],
        ["-activity", [NOW, "2"]],
        ["-activity", [NOW, 2.0]],
        ["-activity", [1, 2]],
        ["activity", [NOW, 2]],
        [["-activity"], [NOW, 2]],
        ["-activity", "ab"],
    ],
)
def test_a_forged_cursor_is_invalid(payload: object) -> None:
    with pytest.raises(Invalid) as caught:
        decode_cursor(_raw(payload), sort="-activity", types=(datetime, int))
    assert "cursor" in caught.value.fields


def test_deep_nesting_is_invalid_rather_than_a_crash() -> None:
    packed = base64.urlsafe_b64encode(b"[" * 200_000).decode().rstrip("=")
    with pytest.raises(Invalid):
        decode_cursor(packed, sort="-activity", types=(datetime, int))


def test_a_time_keeps_its_microseconds() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC) + timedelta(microseconds=1)
    (decoded,) = decode_cursor(encode_cursor("x", (moment,)), sort="x", types=(datetime,))
    assert decoded == moment

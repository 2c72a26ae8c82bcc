"""Durations mean what people write, and a slip is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bealert_engine._durations import LONGEST, milliseconds, positive, signed
from bealert_engine._tables import Wrong


@pytest.mark.parametrize(
    ("written", "ms"),
    [
        ("2h", 7_200_000),
        ("10m", 600_000),
        ("5s", 5_000),
        ("500ms", 500),
        ("1h30m", 5_400_000),
        ("1 h 30 m", 5_400_000),
        ("1.5s", 1_500),
        ("2d", 172_800_000),
        ("-1h", -3_600_000),
        (0, 0),
        (-5, -5_000),
        (0.25, 250),
        (timedelta(minutes=1), 60_000),
        (timedelta(microseconds=1), 1),
    ],
)
def test_what_is_meant(written: str | float | timedelta, ms: int) -> None:
    assert milliseconds(signed(written)) == ms


@pytest.mark.parametrize(
    "slip", ["", "h", "5", "5 hours", "h5", "1h-5m", "5S", "1e3s", True, None, [], float("nan")]
)
def test_slips(slip: object) -> None:
    with pytest.raises(Wrong, match=r'write "2h"'):
        signed(slip)


@pytest.mark.parametrize("long", ["367d", "9999999999999999999d", 1e300, float("inf"), -1e300])
def test_nothing_lasts_longer_than_a_year(long: object) -> None:
    with pytest.raises(Wrong, match="at most 366 days"):
        signed(long)


@pytest.mark.parametrize("nothing", [0, "0s", -1, "-1ms", timedelta(0)])
def test_a_wait_is_longer_than_nothing(nothing: object) -> None:
    with pytest.raises(Wrong, match="longer than 0"):
        positive(nothing)


@given(st.integers(min_value=0, max_value=int(LONGEST.total_seconds()) * 1_000))
def test_every_millisecond_survives_writing(ms: int) -> None:
    assert milliseconds(signed(f"{ms}ms")) == ms
    hours, rest = divmod(ms, 3_600_000)
    assert milliseconds(signed(f"{hours}h{rest}ms")) == ms

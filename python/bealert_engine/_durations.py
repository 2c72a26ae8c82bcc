"""Durations as people write them: "2h", "1h30m", "500ms", a number of seconds, a timedelta."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import TypeAlias

from bealert_engine._tables import Wrong

Duration: TypeAlias = str | int | float | timedelta
"""What may be given wherever a duration is asked for; a bare number counts seconds."""

LONGEST = timedelta(days=366)
"""No setting of an alert is longer; what is beyond it is a slip of the unit."""

OLDEST = timedelta(days=36_525)
"""No record is kept for longer than a century."""

_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_PIECE = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_WHOLE = re.compile(rf"(-?)((?:{_PIECE.pattern})+)")
_HOW = 'write "2h", "10m", "5s", "500ms" or a number of seconds'


def positive(value: object) -> timedelta:
    """Read a duration that is longer than nothing."""
    duration = signed(value)
    if duration <= timedelta(0):
        raise Wrong("must be longer than 0")
    return duration


def signed(value: object) -> timedelta:
    """Read a duration that may lie in the past: whoever uses it judges that.

    >>> signed("1h30m").total_seconds(), signed("-500ms").total_seconds()
    (5400.0, -0.5)
    """
    duration = _read(value)
    if abs(duration) > LONGEST:
        raise Wrong(f"must be at most {LONGEST.days} days")
    return duration


def age(value: object) -> timedelta:
    """Read how old something may become, which may be years.

    >>> age("400d").days
    400
    """
    duration = _read(value)
    if not timedelta(0) < duration <= OLDEST:
        raise Wrong(f"must be longer than 0, and at most {OLDEST.days} days")
    return duration


def _read(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and value == value:
        return _from_ms(value * 1_000)
    raise Wrong(f"must be a duration: {_HOW}")


def milliseconds(duration: Duration) -> int:
    """Whole milliseconds, never rounding something down to nothing."""
    exact = signed(duration) / timedelta(milliseconds=1)
    return math.ceil(exact) if exact > 0 else math.floor(exact)


def _from_text(text: str) -> timedelta:
    whole = _WHOLE.fullmatch(text.replace(" ", ""))
    if whole is None:
        raise Wrong(f"{text!r} is not a duration: {_HOW}")
    sign = -1 if whole[1] else 1
    total_ms = sum(float(amount) * _UNITS_MS[unit] for amount, unit in _PIECE.findall(whole[2]))
    return _from_ms(sign * total_ms)


def _from_ms(amount: float) -> timedelta:
    try:
        return timedelta(milliseconds=amount)
    except (OverflowError, ValueError) as error:
        raise Wrong(f"must be at most {LONGEST.days} days") from error

"""How often and how fast a message is tried again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from typing import Any

from bealert_engine import _readers as readers
from bealert_engine._durations import Duration, milliseconds, positive
from bealert_engine._tables import Problem, Reader, Table, Values, Wrong, settle
from bealert_engine.errors import ConfigError

__all__ = ["RETRY", "Retry", "retry_of", "retry_reader"]

ATTEMPTS_LIMIT = 20
"""Attempts of one dispatch: with the longest pause between them, hours of trying."""


@dataclass(frozen=True)
class Retry:
    """How often and how fast a message is tried again that the far end refused for now.

    Attributes:
        attempts: In all, the first one included: 1 means no retry, None as many as there is time
            for until the message expires.
        first: The pause before the second attempt; every further pause is twice as long.
        max: The longest pause.

    >>> Retry(attempts=5, first="2s").first.total_seconds()
    2.0
    """

    _: KW_ONLY
    attempts: int | None = 3
    first: Duration = timedelta(seconds=5)
    max: Duration = timedelta(minutes=5)

    def __post_init__(self) -> None:
        problems = settle(self, RETRY, "Retry")
        if problems:
            raise ConfigError(problems)

    def wire(self) -> dict[str, Any]:
        """As the Rust core takes it."""
        return {
            "attempts": self.attempts,
            "first_ms": milliseconds(self.first),
            "max_ms": milliseconds(self.max),
        }


def retry_reader(default: Retry) -> Reader:
    """Read a `Retry`, or a table that leaves out what is as in `default`."""
    return lambda value: retry_of(value, default)


def retry_of(value: object, default: Retry) -> Retry:
    """Read a `Retry`, or a table that leaves out what is as in `default`."""
    if isinstance(value, Retry):
        return value
    if not isinstance(value, Mapping):
        raise Wrong('must be a table like { attempts = 3, first = "5s", max = "5m" }')
    given = {"attempts": default.attempts, "first": default.first, "max": default.max}
    values, problems = RETRY.read({**given, **value}, Retry)
    if problems:
        raise Wrong(problems)
    return Retry(**values)


def _attempts(value: object) -> int | None:
    return None if value is None else _counted(value)


_counted = readers.whole(1, ATTEMPTS_LIMIT)


def _pauses_grow(values: Values) -> Iterator[Problem]:
    if "first" in values and "max" in values and values["first"] > values["max"]:
        yield Problem("first", "must not be longer than max")


RETRY = Table(
    keys={
        "attempts": _attempts,
        "first": positive,
        "max": positive,
    },
    between=_pauses_grow,
)
"""What may stand in `retry = { ... }`."""

"""Reading a table of settings, so that every problem in it is found at once.

The TOML file and the Python constructors go through the same `Table`, which is why both refuse
the same values with the same words. A problem knows its key; whoever reads the table adds the
place (a file and a table, or a constructor).
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Reader: TypeAlias = Callable[[object], Any]
"""Turns what was written into what is used, or raises `Wrong`."""

Values: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Problem:
    """One thing to correct, at a dotted key relative to the table; "" is the table itself."""

    key: str
    message: str

    def at(self, place: str) -> str:
        """The line a person reads."""
        return f"{place} {self.key}: {self.message}" if self.key else f"{place}: {self.message}"

    def under(self, key: str) -> Problem:
        """The same problem, seen from the table that holds this one as `key`."""
        return Problem(f"{key}.{self.key}" if self.key else key, self.message)


class Wrong(Exception):
    """A value that cannot be used, with one or more reasons."""

    def __init__(self, reason: str | Iterable[Problem]) -> None:
        super().__init__(reason)
        self.problems = [Problem("", reason)] if isinstance(reason, str) else list(reason)


def _nothing_between(_values: Values) -> Iterator[Problem]:
    return iter(())


@dataclass(frozen=True)
class Table:
    """What may stand in one table: its keys, what holds between them, what comes later."""

    keys: Mapping[str, Reader]
    between: Callable[[Values], Iterator[Problem]] = _nothing_between
    later: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Keys of channels that this version does not have, with the name of the channel."""

    def read(self, raw: Mapping[str, object], record: type) -> tuple[dict[str, Any], list[Problem]]:
        """Read all of `raw`; what it leaves out takes the default of the dataclass `record`."""
        values, required = _defaults(record)
        problems = [self._unknown(key) for key in raw if key not in self.keys]
        problems += [
            Problem(key, "missing") for key in self.keys if key in required and key not in raw
        ]
        for key, reader in self.keys.items():
            if key not in raw or (raw[key] is None and values.get(key, ...) is None):
                continue
            values.pop(key, None)
            try:
                values[key] = reader(raw[key])
            except Wrong as wrong:
                problems += [problem.under(key) for problem in wrong.problems]
        return values, [*problems, *self.between(values)]

    def _unknown(self, key: str) -> Problem:
        if key in self.later:
            channel = self.later[key]
            return Problem(key, f"unknown key: the {channel} channel is not in this version")
        return Problem(key, f"unknown key{did_you_mean(key, self.keys)}")


def settle(record: Any, table: Table, place: str) -> list[str]:
    """Replace the fields of a frozen dataclass by what they read as; return what is wrong."""
    raw = {name: getattr(record, name) for name in table.keys}
    values, problems = table.read(raw, type(record))
    for name in table.keys.keys() & values.keys():
        object.__setattr__(record, name, values[name])
    return [problem.at(place) for problem in problems]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint to append to "unknown ...", or what is known when nothing is near."""
    known = sorted(known)
    near = difflib.get_close_matches(word.lower(), known, n=1)
    if near:
        return f'; did you mean "{near[0]}"?'
    return f"; known are {', '.join(known)}"


def _defaults(record: type) -> tuple[dict[str, Any], set[str]]:
    values: dict[str, Any] = {}
    required: set[str] = set()
    for field in dataclasses.fields(record):
        if field.default is not dataclasses.MISSING:
            values[field.name] = field.default
        elif field.default_factory is not dataclasses.MISSING:
            values[field.name] = field.default_factory()
        else:
            required.add(field.name)
    return values, required

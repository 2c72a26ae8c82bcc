"""Readers of single values: each says what it takes, in words for whoever wrote the value."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from bealert_engine._tables import Problem, Reader, Wrong


def text(value: object) -> str:
    """Read any text, the empty one too."""
    if not isinstance(value, str):
        raise Wrong(f"must be text in quotes, not {_kind(value)}")
    return value


def filled(value: object) -> str:
    """Read text that is not blank."""
    if not text(value).strip():
        raise Wrong("must not be empty")
    return text(value)


def path(value: object) -> str:
    """Read a path that a file system and a report can both hold."""
    if "\0" in filled(value):
        raise Wrong("must not hold a NUL character")
    try:
        filled(value).encode()
    except UnicodeEncodeError as error:
        raise Wrong("must be UTF-8 text") from error
    return filled(value)


def host(value: object) -> str:
    """Read a host name or an address, without spaces and signs that no name has."""
    if not _HOST.fullmatch(filled(value)):
        raise Wrong(f"{value!r} is not a host name or an address")
    return filled(value)


_HOST = re.compile(r"[\w.:%\[\]-]{1,253}")


def characters(low: int, high: int) -> Reader:
    """Read text of `low` to `high` printable ASCII characters, as a protocol field takes them."""

    def read(value: object) -> str:
        if not (text(value).isascii() and text(value).isprintable()):
            raise Wrong("must be plain ASCII text")
        if not low <= len(text(value)) <= high:
            raise Wrong(f"must have from {low} to {high} characters, not {len(text(value))}")
        return text(value)

    return read


def name(value: object) -> str:
    """Read the name of a gateway or scenario: it stands in ledgers, metrics and file names."""
    if not _NAME.fullmatch(text(value)):
        raise Wrong("a name has 1 to 64 letters, digits, '.', '_' or '-', first a letter or digit")
    return text(value)


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def whole(low: int, high: int) -> Reader:
    """Read a whole number from `low` to `high`."""

    def read(value: object) -> int:
        if isinstance(value, float):
            raise Wrong(f"must be a whole number, not {value}")
        if not isinstance(value, int) or isinstance(value, bool):
            raise Wrong(f"must be a whole number, not {_kind(value)}")
        if not low <= value <= high:
            raise Wrong(f"must be from {low} to {high}, not {value}")
        return value

    return read


def number(value: object) -> float:
    """Read any finite number; whether it makes sense is judged where it is used."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Wrong(f"must be a number, not {_kind(value)}")
    if not -sys.float_info.max <= value <= sys.float_info.max:
        raise Wrong("must be a finite number")
    return value


def flag(value: object) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise Wrong(f"must be true or false, not {_kind(value)}")
    return value


def one_of(*choices: str) -> Reader:
    """Read one of a few words."""

    def read(value: object) -> str:
        if text(value) not in choices:
            raise Wrong(f"must be one of {', '.join(choices)}, not {value!r}")
        return text(value)

    return read


def listed(value: object, each: Reader) -> tuple[Any, ...]:
    """Read a list without repetitions; a problem names the place in it, counted from 0."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise Wrong(f"must be a list, not {_kind(value)}")
    items: list[Any] = []
    problems: list[Problem] = []
    for place, raw in enumerate(value):
        try:
            item = each(raw)
        except Wrong as wrong:
            problems += [problem.under(str(place)) for problem in wrong.problems]
            continue
        if item in items:
            problems.append(Problem(str(place), f"{item!r} is there twice"))
        items.append(item)
    if problems:
        raise Wrong(problems)
    return tuple(items)


def _kind(value: object) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", str: "text"}
    names |= {list: "a list", tuple: "a list", dict: "a table", type(None): "nothing"}
    return names.get(type(value), f"a value of type {type(value).__name__}")

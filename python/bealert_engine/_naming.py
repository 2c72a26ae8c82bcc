"""What callers name and count: the key of a launch, who launches it, seconds."""

from __future__ import annotations

__all__ = ["check_id_or_key", "check_names", "check_seconds"]

LONGEST_S = 366 * 86_400
"""No campaign lives as long; beyond it, it is a slip of the unit."""


def check_names(*, by: str, key: str) -> None:
    """Refuse names that are none.

    A blank key is mostly a variable that was not set: the second alert of such a program would
    be taken for the first one, and would never be sent.

    Raises:
        ValueError: One of them is blank, or holds half a character.

    >>> check_names(by="coordinator", key="")
    Traceback (most recent call last):
    ValueError: key must not be blank: it names this launch, and the same key is never sent twice
    """
    _check("key", key, "it names this launch, and the same key is never sent twice")
    _check("by", by, "it says who launches this, and stands in the report")


def check_id_or_key(name: object) -> None:
    """Refuse what names no campaign.

    Raises:
        TypeError: It is neither a number nor a key.
    """
    if not isinstance(name, int | str):
        kind = type(name).__name__
        raise TypeError(f"a campaign is named by its number (int) or its key (str), not {kind}")


def check_seconds(name: str, seconds: object) -> None:
    """Refuse what is no span of time that anybody waits.

    Raises:
        TypeError: It is no number.
        ValueError: It is negative, no finite number, or longer than a year.

    >>> check_seconds("every_s", -1)
    Traceback (most recent call last):
    ValueError: every_s must be from 0 to 31622400 seconds, not -1
    """
    if not isinstance(seconds, int | float):
        raise TypeError(f"{name} must be a number of seconds, not {type(seconds).__name__}")
    if not 0 <= seconds <= LONGEST_S:
        raise ValueError(f"{name} must be from 0 to {LONGEST_S} seconds, not {seconds}")


def _check(name: str, value: object, why: str) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    if not value.strip():
        raise ValueError(f"{name} must not be blank: {why}")
    if any("\ud800" <= sign <= "\udfff" for sign in value):
        raise ValueError(f"{name} holds half a character: {value!r}")

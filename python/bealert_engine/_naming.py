"""The two names that a launch carries: its key, and who launches it."""

from __future__ import annotations

__all__ = ["check_names"]


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


def _check(name: str, value: object, why: str) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    if not value.strip():
        raise ValueError(f"{name} must not be blank: {why}")
    if any("\ud800" <= sign <= "\udfff" for sign in value):
        raise ValueError(f"{name} holds half a character: {value!r}")

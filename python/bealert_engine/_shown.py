"""Text of others in words for people: it may say anything, and steer nothing."""

from __future__ import annotations

import unicodedata

BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""What turns the direction of the text behind it: UAX #9, "directional formatting characters"."""

STEERING = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Categories of what moves a cursor, ends a line, or is no character at all."""


def shown(text: str, *, kept: str = "") -> str:
    """`text` with U+FFFD for every sign that would steer a terminal or turn a line around.

    Args:
        text: Anything.
        kept: Signs that may stay all the same.

    >>> shown("Anna" + chr(27) + "[31m")
    'Anna�[31m'
    >>> shown("two" + chr(10) + "lines, " + chr(0x202E) + "desrever")
    'two�lines, �desrever'
    """
    if text.isprintable():
        return text
    return "".join("\ufffd" if sign not in kept and _steers(sign) else sign for sign in text)


def _steers(sign: str) -> bool:
    return sign in BIDI or unicodedata.category(sign) in STEERING

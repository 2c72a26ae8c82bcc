"""Addresses in a configuration, judged by the Rust core as it judges those of recipients."""

from __future__ import annotations

from typing import Literal, TypeAlias

from bealert_engine import _engine
from bealert_engine import _readers as readers
from bealert_engine._tables import Wrong

Kind: TypeAlias = Literal["mailbox", "address", "bounces", "domain"]


def line(value: object) -> str:
    """Read text that stands in a header or a command: nothing in it may end the line."""
    if not readers.filled(value).isprintable():
        raise Wrong("must not hold control characters")
    return readers.filled(value)


def mailbox(value: object) -> str:
    """Read "Name <address>", or an address.

    >>> mailbox("BE-Alert <no-reply@be-alert.example>")
    'BE-Alert <no-reply@be-alert.example>'
    """
    return _judged("mailbox", value)


def return_path(value: object) -> str:
    """Read an address that has room for a token in front of its @."""
    return _judged("bounces", value)


def domain(value: object) -> str:
    """Read a domain that mail goes to, in lower case."""
    return _judged("domain", value).lower()


def allowed(value: object) -> str:
    """Read an address, or "@domain" for all of a domain."""
    text = line(value).strip()
    _judge("domain" if text.startswith("@") else "address", text.removeprefix("@"))
    return text


def _judged(kind: Kind, value: object) -> str:
    _judge(kind, line(value))
    return line(value)


def _judge(kind: Kind, text: str) -> None:
    try:
        problem = _engine.mail_problem(kind, text)
    except UnicodeEncodeError:
        raise Wrong("holds half a character (a lone surrogate)") from None
    if problem is not None:
        raise Wrong(problem)

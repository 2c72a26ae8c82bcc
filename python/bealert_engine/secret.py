"""Secrets: named by reference in a configuration, resolved on open, shown nowhere."""

from __future__ import annotations

import hmac
import os
from pathlib import Path
from typing import Any, NoReturn

from bealert_engine._tables import Wrong

__all__ = ["Secret"]

LARGEST_FILE_OCTETS = 64 * 1024
"""A secret file is a password or a key; something larger is the wrong file."""

_HOW = 'write "env:NAME" or "file:PATH", or give Secret(value) from Python'


class Secret:
    """A secret that the host application took from its own store.

    It compares, but it does not print, format or pickle: a password must not reach a log or a
    task queue by accident.

    >>> Secret("hunter2")
    Secret('***')
    >>> f"{Secret('hunter2')}"
    "Secret('***')"
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        if not isinstance(value, str):
            raise TypeError(f"Secret takes a str, not {type(value).__name__}")
        self._value = value

    def reveal(self) -> str:
        """The secret itself. Hand it on at once; do not keep it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError('a Secret is not pickled: pass "env:NAME" or "file:PATH" instead')


def reference(value: object) -> str | Secret:
    """Read a secret or a reference to one, without looking it up.

    What is refused is never repeated in the message: it may be the password itself.
    """
    if isinstance(value, Secret):
        return value
    if isinstance(value, str):
        scheme, _, rest = value.partition(":")
        if scheme in ("env", "file") and rest.strip():
            return value
    raise Wrong(f"a secret does not stand here in plain text: {_HOW}")


def resolve(secret: str | Secret, base: Path) -> str:
    """The secret in plain text; `base` is where a relative `file:` path starts."""
    if isinstance(secret, Secret):
        return secret.reveal()
    file = file_of(secret, base)
    return _from_environment(secret.partition(":")[2]) if file is None else _from_file(file)


def file_of(secret: str | Secret, base: Path) -> Path | None:
    """The file that the secret stands in, as an absolute path, or None."""
    if isinstance(secret, Secret) or not secret.startswith("file:"):
        return None
    return (base / secret.removeprefix("file:")).absolute()


def _from_environment(variable: str) -> str:
    value = os.environ.get(variable)
    if value is None:
        raise Wrong(f"the environment variable {variable} is not set")
    if not value:
        raise Wrong(f"the environment variable {variable} is empty")
    return value


def _from_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            octets = file.read(LARGEST_FILE_OCTETS + 1)
    except OSError as error:
        raise Wrong(f"cannot read the secret file {path}: {error.strerror}") from error
    if len(octets) > LARGEST_FILE_OCTETS:
        raise Wrong(f"the secret file {path} has over {LARGEST_FILE_OCTETS} octets")
    try:
        value = octets.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise Wrong(f"the secret file {path} is not UTF-8 text") from error
    if not value:
        raise Wrong(f"the secret file {path} is empty")
    return value

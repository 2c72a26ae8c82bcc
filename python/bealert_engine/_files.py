"""Files that a configuration names: read once, up to a limit, and named in every problem."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeAlias

from bealert_engine import _readers as readers
from bealert_engine._tables import Wrong

Place: TypeAlias = str | os.PathLike[str]
"""A file; a relative one starts at the configuration file, or at the working directory."""


def place(value: object) -> str:
    """Read the path of a file, without looking for it."""
    if not isinstance(value, str | os.PathLike):
        raise Wrong("must be the path of a file, in quotes")
    return readers.path(os.fspath(value))


def octets_of(path: Path, most: int, too_large: str) -> bytes:
    """What is in a file of at most `most` octets."""
    try:
        with path.open("rb") as file:
            octets = file.read(most + 1)
    except OSError as error:
        raise Wrong(f"cannot read {path}: {error.strerror}") from error
    if len(octets) > most:
        raise Wrong(f"{path}: {too_large}")
    return octets


def text_of(path: Path, most: int, too_large: str) -> str:
    """The text in a file of at most `most` octets; a mark of its byte order is no part of it."""
    try:
        return octets_of(path, most, too_large).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Wrong(f"{path} is not UTF-8 text") from error

"""The standard streams: they take any text, and a reader who leaves stops nothing."""

from __future__ import annotations

import codecs
import io
import os
import sys
from contextlib import suppress
from typing import IO

from rich.console import Console

__all__ = ["StreamConsole", "settle_streams", "stdout_takes_all", "typed", "write_out"]


def settle_streams() -> None:
    """Let both streams take any text: what an old locale cannot say leaves as an escape.

    Otherwise a name with an accent would end a command in the middle of what it says.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def stdout_takes_all() -> bool:
    """Whether standard output takes every character as it is."""
    return codecs.lookup(sys.stdout.encoding or "ascii").name == "utf-8"


def write_out(text: str) -> None:
    """Write to standard output, if anybody still reads it."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _nobody_reads(sys.stdout)


def typed(text: str) -> str:
    r"""A word of the command line, read as UTF-8 where the locale could not read it at all.

    Not for paths: those must stay as the system gave them.

    >>> typed("Andr" + "\udcc3\udca9")
    'André'
    """
    if not any("\udc80" <= sign <= "\udcff" for sign in text):
        return text
    with suppress(UnicodeError):
        return text.encode("utf-8", "surrogateescape").decode("utf-8")
    return text


class StreamConsole(Console):
    """A console that falls silent when its reader leaves.

    Rich would end the process then. `launch --wait | head` must go on sending.
    """

    def on_broken_pipe(self) -> None:
        """Go on without a reader."""
        self.quiet = True
        _nobody_reads(self.file)


def _nobody_reads(stream: IO[str]) -> None:
    """Lead a stream to nowhere, or what is left in its buffer fails once more when Python ends."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)

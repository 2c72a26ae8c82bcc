"""Exit codes, and how an error becomes one of them."""

from __future__ import annotations

import functools
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from types import FrameType
from typing import ParamSpec

import typer

from bealert_engine.cli.output import Output
from bealert_engine.errors import (
    BealertError,
    ConfigError,
    DirectoryHeld,
    KeyConflict,
    NobodySends,
    PlanRefused,
    PlanStale,
    UnknownCampaign,
)

P = ParamSpec("P")


class ExitCode(IntEnum):
    """What a script can tell from how a command ended; see docs/reference/commands.md."""

    DONE = 0
    FAILED = 1  # not balanced, or something went wrong
    USAGE = 2  # wrong options, configuration, or nothing at the place that was named
    REFUSED = 3  # plan, people or key
    HELD = 4
    NOBODY_SENDS = 5
    INTERRUPTED = 130  # the campaign is kept; 128 + SIGINT, as shells count


class Unusable(BealertError):
    """What was named on the command line cannot be used."""


class Terminated(BaseException):
    """SIGTERM came. No `Exception`: nothing between here and the command may swallow it."""


CODES: tuple[tuple[type[BealertError], ExitCode], ...] = (
    (Unusable, ExitCode.USAGE),
    (ConfigError, ExitCode.USAGE),
    (UnknownCampaign, ExitCode.USAGE),
    (PlanRefused, ExitCode.REFUSED),
    (PlanStale, ExitCode.REFUSED),
    (KeyConflict, ExitCode.REFUSED),
    (DirectoryHeld, ExitCode.HELD),
    (NobodySends, ExitCode.NOBODY_SENDS),
)
"""Every other `BealertError` is `FAILED`."""


def exit_code(error: BealertError) -> ExitCode:
    """The exit code of an error.

    >>> exit_code(DirectoryHeld(4711)).value
    4
    """
    return next((code for kind, code in CODES if isinstance(error, kind)), ExitCode.FAILED)


def guarded(command: Callable[P, ExitCode]) -> Callable[P, None]:
    """A command that says its errors in words and leaves with the exit code it returns."""

    @functools.wraps(command)
    def leave(*args: P.args, **kwargs: P.kwargs) -> None:
        out = Output(as_json=bool(kwargs.get("as_json", False)))
        try:
            code = command(*args, **kwargs)
        except BealertError as error:
            out.fail(type(error).__name__, str(error), getattr(error, "problems", ()))
            code = exit_code(error)
        except UnicodeEncodeError as error:
            out.fail("Usage", f"The command line holds what is no UTF-8 text: {error.object!r}.")
            code = ExitCode.USAGE
        except OSError as error:  # a report on a full disk, a file that may not be read
            out.fail("OSError", _said(error))
            code = ExitCode.FAILED
        except (KeyboardInterrupt, Terminated):
            out.fail("Interrupted", "Interrupted. What was launched is kept.")
            code = ExitCode.INTERRUPTED
        raise typer.Exit(code)

    # Typer reads the signature of what is wrapped; its annotations hold for the wrapper too, but
    # for the result.
    return leave


def _said(error: OSError) -> str:
    """Where, and what the system says: its number helps nobody."""
    if error.filename is None or error.strerror is None:
        return error.strerror or str(error)
    return f"{error.filename}: {error.strerror}"


@contextmanager
def sigterm_raises() -> Iterator[None]:
    """Turn SIGTERM into `Terminated`, so that what is open is drained and closed."""

    def terminate(_number: int, _frame: FrameType | None) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

"""Every error that bealert_engine raises on purpose, and what to do about each.

All of them are `BealertError`. The first paragraph of a docstring is the default message, so
that what is documented and what is raised cannot drift apart. The Rust core raises the same
classes.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any, Self

from bealert_engine._shown import shown

__all__ = [
    "BealertError",
    "CampaignEnded",
    "CampaignRuns",
    "ConfigError",
    "DirectoryHeld",
    "EngineClosed",
    "EngineFailed",
    "EngineForked",
    "EventsGone",
    "KeyConflict",
    "LedgerError",
    "NobodySends",
    "PlanRefused",
    "PlanStale",
    "UnknownCampaign",
]


class BealertError(Exception):
    """Something in bealert_engine went wrong; the message of the subclass says what to do.

    Catch this class to catch all of them.

    >>> str(EngineClosed())
    'The engine is closed. Open a new Engine on the same data directory to go on.'
    """

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message if message is not None else _default_message(type(self)))


class _Refusal(BealertError):
    """Something was refused; correct what is listed and try again."""

    problems: tuple[str, ...]

    def __init__(self, problems: Iterable[str] | str) -> None:
        given = (problems,) if isinstance(problems, str) else problems
        found = tuple(shown(problem) for problem in given)
        lines = [_default_message(type(self)), *(f"  - {problem}" for problem in found)]
        super().__init__("\n".join(lines))
        self.problems = found

    def __reduce__(self) -> tuple[type[Self], tuple[tuple[str, ...]]]:
        return type(self), (self.problems,)


class ConfigError(_Refusal):
    """The configuration cannot be used; correct every line below and open again.

    Attributes:
        problems: One line per problem, all that were found, each with its place.

    >>> ConfigError(["bealert.toml: [gateways.sms-a] port: missing"]).problems
    ('bealert.toml: [gateways.sms-a] port: missing',)
    """


class PlanRefused(_Refusal):
    """The plan was refused and nothing was sent; correct every line below and plan again.

    Attributes:
        problems: One line per problem, all that were found, naming recipients where it matters.
    """


class PlanStale(BealertError):
    """The plan is older than 24 hours or the gateways changed since. Plan again, then launch.

    So is one with an e-mail that is larger than any relay takes, as they have said meanwhile.
    """


class KeyConflict(BealertError):
    """This key already launched another plan. Take a new key, or launch the plan it belongs to."""


class UnknownCampaign(BealertError, LookupError):
    """No campaign has this id or key. `campaigns()` lists those that there are."""


class CampaignEnded(BealertError):
    """The campaign has ended: nothing is left to pause, resume or cancel. Its report is ready."""


class CampaignRuns(BealertError):
    """The campaign has not ended, so it cannot be erased or archived. Cancel it, or wait."""


class NobodySends(BealertError):
    """No process holds the data directory. Start `bealert run`, or open an Engine on it."""


class DirectoryHeld(BealertError):
    """Another process holds the data directory. Stop it, or use another directory.

    Attributes:
        pid: The process that holds it, or None where the system does not tell.

    >>> print(DirectoryHeld(4711))
    Another process holds the data directory. Stop it, or use another directory. Its pid is 4711.
    """

    pid: int | None

    def __init__(self, pid: int | None = None, message: str | None = None) -> None:
        text = message if message is not None else _default_message(type(self))
        if message is None and pid is not None:
            text = f"{text} Its pid is {pid}."
        super().__init__(text)
        self.pid = pid

    def __reduce__(self) -> tuple[type[Self], tuple[Any, ...]]:
        return type(self), (self.pid, self.args[0])


class LedgerError(BealertError):
    """The ledger cannot be read or written. Run `bealert verify DIR`, which names what is wrong."""


class EventsGone(BealertError):
    """The events asked for are no longer kept. Take a snapshot, then go on from its sequence."""


class EngineClosed(BealertError):
    """The engine is closed. Open a new Engine on the same data directory to go on."""


class EngineForked(BealertError):
    """This engine was opened before a fork. Open the Engine in the process that uses it."""


class EngineFailed(BealertError):
    """The engine stopped on a fault of its own. Open it again: running campaigns go on."""


def _default_message(error: type[BealertError]) -> str:
    """First paragraph of the docstring, on one line; the class name where docstrings are off."""
    paragraph = inspect.cleandoc(error.__doc__ or error.__name__).split("\n\n", 1)[0]
    return " ".join(paragraph.split())

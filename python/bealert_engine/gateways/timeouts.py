"""How long a mail relay may take for each step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, fields
from datetime import timedelta
from typing import Any

from bealert_engine._durations import Duration, milliseconds, positive
from bealert_engine._tables import Table, Wrong, settle
from bealert_engine.errors import ConfigError

__all__ = ["TIMEOUTS", "SmtpTimeouts", "timeouts_of"]


@dataclass(frozen=True)
class SmtpTimeouts:
    """How long a relay may take for each step; by default what RFC 5321 (4.5.3.2) asks for.

    Attributes:
        connect: Until there is a connection, TLS included.
        greeting: From then to its greeting.
        command: For the reply to a command.
        data: For the reply to DATA.
        block: For a piece of a message to leave.
        dot: For the reply to a whole message. What has none by then is uncertain: shorter means
            duplicates.

    >>> SmtpTimeouts(connect="5s").dot.total_seconds()
    600.0
    """

    _: KW_ONLY
    connect: Duration = timedelta(seconds=30)
    greeting: Duration = timedelta(minutes=5)
    command: Duration = timedelta(minutes=5)
    data: Duration = timedelta(minutes=2)
    block: Duration = timedelta(minutes=3)
    dot: Duration = timedelta(minutes=10)

    def __post_init__(self) -> None:
        problems = settle(self, TIMEOUTS, "SmtpTimeouts")
        if problems:
            raise ConfigError(problems)

    def wire(self) -> dict[str, Any]:
        """As the Rust core takes it."""
        return {f"{step.name}_ms": milliseconds(getattr(self, step.name)) for step in _steps()}


def timeouts_of(value: object) -> SmtpTimeouts:
    """Read `SmtpTimeouts`, or a table with its keys."""
    if isinstance(value, SmtpTimeouts):
        return value
    if not isinstance(value, Mapping):
        raise Wrong('must be a table like { connect = "10s", dot = "10m" }')
    values, problems = TIMEOUTS.read(value, SmtpTimeouts)
    if problems:
        raise Wrong(problems)
    return SmtpTimeouts(**values)


def _steps() -> list[Any]:
    return [step for step in fields(SmtpTimeouts) if step.name != "_"]


TIMEOUTS = Table(
    keys={
        "connect": positive,
        "greeting": positive,
        "command": positive,
        "data": positive,
        "block": positive,
        "dot": positive,
    }
)
"""What may stand in `timeouts = { ... }`."""

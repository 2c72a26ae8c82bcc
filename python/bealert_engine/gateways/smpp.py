"""SMS gateways, reached over SMPP."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import timedelta
from typing import Any, Literal, TypeAlias, get_args

from bealert_engine import _readers as readers
from bealert_engine._durations import Duration, milliseconds, positive
from bealert_engine._tables import Problem, Table, Values, Wrong, settle
from bealert_engine.errors import ConfigError
from bealert_engine.gateways.retry import Retry, retry_of, retry_reader
from bealert_engine.secret import Secret, reference

__all__ = ["SMPP", "Bind", "Smpp"]

Bind: TypeAlias = Literal["transceiver", "transmitter"]
"""How a session is bound (SMPP 3.4 §2.2): a transmitter gets no receipts."""

WINDOW_LIMIT = 10_000
"""Unanswered requests per session: 500/s over a far end of 20 s; memory is bound by it."""

SESSIONS_LIMIT = 64
"""Connections per gateway; an SMSC account rarely allows more than a dozen."""


@dataclass(frozen=True)
class Smpp:
    """An account at an SMS gateway (SMSC), reached over SMPP 3.4.

    Attributes:
        name: What reports, metrics and logs call it.
        host: Name or address of the SMSC.
        port: Its TCP port.
        system_id: The account.
        password: "env:NAME", "file:PATH" or `Secret(value)`.
        sender: What the recipient sees as sender: up to 11 characters, or a number. A plan
            refuses any other.
        system_type: As the operator prescribes it; mostly empty.
        bind: "transceiver", or "transmitter" where the account allows no other; that one gets
            no receipts, so it wants `receipts=False`.
        window: Unanswered requests per session. At a given round trip it decides the speed:
            window / round trip = messages per second and session.
        sessions: Connections at once, all behind one limit.
        parts_per_second: The rate agreed with the operator, in message parts; None: no limit of
            ours. A plan refuses a rate of 0 or below.
        receipts: Whether to ask for delivery receipts.
        receipt_wait: How long after the answer a receipt may come before the message ends as
            `accepted`.
        response_timeout: When a request without an answer becomes uncertain.
        enquire_interval: How long a session may be silent before it is asked for a sign of life.
        prefixes: Which numbers it takes; the longest prefix that fits wins, "+" fits all.
        priority: Among gateways with the same prefix, lower goes first; without it, their order.
        retry: See `Retry`; a mapping with the same keys will do.
        validity: Whether to tell the SMSC until when the message is worth delivering.
        reconnect_max: The longest pause between two attempts to connect; the first is at once.

    Raises:
        ConfigError: With everything that is wrong.

    >>> smsc = Smpp("sms-a", host="127.0.0.1", port=2775, system_id="bealert",
    ...             password="env:SMSC_PASSWORD", sender="BE-Alert", receipt_wait="5m")
    >>> smsc.receipt_wait.total_seconds()
    300.0
    """

    name: str
    _: KW_ONLY
    host: str
    port: int
    system_id: str
    password: str | Secret
    sender: str
    system_type: str = ""
    bind: Bind = "transceiver"
    window: int = 100
    sessions: int = 1
    parts_per_second: float | None = None
    receipts: bool = True
    receipt_wait: Duration = timedelta(minutes=10)
    response_timeout: Duration = timedelta(seconds=60)
    enquire_interval: Duration = timedelta(seconds=30)
    prefixes: Sequence[str] = ("+",)
    priority: int | None = None
    retry: Retry | Mapping[str, Any] = field(default_factory=Retry)
    validity: bool = True
    reconnect_max: Duration = timedelta(seconds=30)

    def __post_init__(self) -> None:
        place = f"Smpp({self.name!r})"
        problems = settle(self, SMPP, place)
        try:
            readers.name(self.name)
        except Wrong as wrong:
            problems += [problem.at(place) for problem in wrong.problems]
        if problems:
            raise ConfigError(problems)

    def secrets(self) -> dict[str, str | Secret]:
        """The secrets that it is opened with, by their keys."""
        return {"password": self.password}

    def wire(
        self, *, secrets: Mapping[str, str], files: Mapping[str, str], order: int
    ) -> dict[str, Any]:
        """As the Rust core takes it, with its secrets; `order` is the place among the gateways."""
        del files
        return {
            "name": self.name,
            "type": "smpp",
            "host": self.host,
            "port": self.port,
            "system_id": self.system_id,
            "password": secrets.get("password", ""),
            "sender": self.sender,
            "system_type": self.system_type,
            "bind": self.bind,
            "window": self.window,
            "sessions": self.sessions,
            "parts_per_second": self.parts_per_second,
            "receipts": self.receipts,
            "receipt_wait_ms": milliseconds(self.receipt_wait),
            "response_timeout_ms": milliseconds(self.response_timeout),
            "enquire_interval_ms": milliseconds(self.enquire_interval),
            "prefixes": list(self.prefixes),
            "priority": order if self.priority is None else self.priority,
            "retry": retry_of(self.retry, Retry()).wire(),
            "validity": self.validity,
            "reconnect_max_ms": milliseconds(self.reconnect_max),
        }


def _prefix(value: object) -> str:
    if not re.fullmatch(r"\+\d{0,15}", readers.text(value)):
        raise Wrong(f'{value!r} is not a prefix like "+32", or "+" for every number')
    return readers.text(value)


def _prefixes(value: object) -> tuple[str, ...]:
    prefixes = readers.listed(value, _prefix)
    if not prefixes:
        raise Wrong('must not be empty: "+" takes every number')
    return prefixes


def _receipts_can_come(values: Values) -> Iterator[Problem]:
    if values.get("bind") == "transmitter" and values.get("receipts"):
        yield Problem("receipts", 'must be false with bind "transmitter", which gets none')


SMPP = Table(
    keys={
        "host": readers.host,
        "port": readers.whole(1, 65_535),
        "system_id": readers.characters(1, 15),  # SMPP 3.4 §5.2.1
        "password": reference,
        "sender": readers.filled,
        "system_type": readers.characters(0, 12),  # SMPP 3.4 §5.2.3
        "bind": readers.one_of(*get_args(Bind)),
        "window": readers.whole(1, WINDOW_LIMIT),
        "sessions": readers.whole(1, SESSIONS_LIMIT),
        "parts_per_second": readers.number,
        "receipts": readers.flag,
        "receipt_wait": positive,
        "response_timeout": positive,
        "enquire_interval": positive,
        "prefixes": _prefixes,
        "priority": readers.whole(0, 1_000),
        "retry": retry_reader(Retry()),
        "validity": readers.flag,
        "reconnect_max": positive,
    },
    between=_receipts_can_come,
)
"""What may stand in a `[gateways.NAME]` of `type = "smpp"`."""

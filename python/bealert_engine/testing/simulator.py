"""The simulated SMSC, served on loopback by threads of the Rust core."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from bealert_engine import _engine
from bealert_engine.gateways import Smpp
from bealert_engine.secret import Secret

__all__ = ["Message", "Simulator", "smsc"]


@dataclass(frozen=True, slots=True)
class Message:
    """One part that the simulator accepted.

    Attributes:
        source: The sender.
        destination: The recipient's number, without "+".
        text: What it says, decoded; of a long SMS, this part.
        remote: The id that it was given.
        part: Which part of a long SMS, from 1 on.
        parts: How many it has.
    """

    source: str
    destination: str
    text: str
    remote: str
    part: int = 1
    parts: int = 1


class Simulator:
    """An SMSC that accepts every account, and keeps books of what it accepted.

    Args:
        host: Where it listens; this machine alone, unless told otherwise.
        port: 0 takes a free one.
        response_ms: How long it takes to answer a message.
        receipt_ms: How long after the answer the receipt follows.
        receipts: Share of the accepted messages that get a receipt.
        failed: Share of the receipts that say "undeliverable".
        limit: Messages per second; more are refused with ESME_RTHROTTLED.
        seed: Decides which messages the shares hit; the same for the same messages.

    >>> with Simulator() as simulator:
    ...     simulator.host, simulator.books()["submits"]
    ('127.0.0.1', 0)
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        response_ms: float = 0,
        receipt_ms: float = 0,
        receipts: float = 1.0,
        failed: float = 0.0,
        limit: float | None = None,
        seed: int = 1,
    ) -> None:
        faults = {
            "response_ms": response_ms,
            "receipt_ms": receipt_ms,
            "receipts": receipts,
            "failed": failed,
            "limit": limit,
            "seed": seed,
        }
        self._host = host
        self._native = _engine.Smsc.open(host, port, json.dumps(faults))

    @property
    def host(self) -> str:
        """Where it listens."""
        return self._host

    @property
    def port(self) -> int:
        """At which port."""
        return self._native.port

    def books(self) -> dict[str, int]:
        """What it has counted: submits, accepted, unique, duplicates, receipts, throttled."""
        return self._native.books()

    def messages(self) -> list[Message]:
        """Everything it accepted, in order."""
        return [Message(*row) for row in self._native.messages()]

    def gateway(self, name: str = "sms-a", **options: Any) -> Smpp:
        """A gateway that leads here.

        Args:
            name: Its name.
            **options: As `Smpp` takes them.
        """
        given: Mapping[str, Any] = {
            "host": self.host,
            "port": self.port,
            "system_id": "bealert",
            "password": Secret("password"),
            "sender": "BE-Alert",
        }
        return Smpp(name, **{**given, **options})

    def close(self) -> None:
        """Hang up. The books stay readable; closing twice does no harm."""
        self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Simulator at {self.host}:{self.port}>"


smsc = Simulator
"""`with testing.smsc(response_ms=20) as simulator`: see `Simulator`."""

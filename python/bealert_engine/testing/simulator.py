"""The simulated SMSC, served on loopback by a thread of the Rust core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bealert_engine import _engine
from bealert_engine.gateways import Smpp
from bealert_engine.secret import Secret
from bealert_engine.testing.far_end import FarEnd

__all__ = ["Message", "Simulator", "smsc"]


@dataclass(frozen=True, slots=True)
class Message:
    """A message that the simulator accepted, put together from its parts.

    Attributes:
        source: The sender.
        destination: The recipient's number, without "+".
        text: What it says.
        parts: How many different parts of it came.
        total: How many it has.
        accepted: How often it came; more than once is a duplicate.
        ids: What the simulator calls its parts.
    """

    source: str
    destination: str
    text: str
    parts: int
    total: int
    accepted: int
    ids: Sequence[str]


class Simulator(FarEnd[_engine.Smsc]):
    """An SMSC that keeps books of what it accepted, and has the faults it is given.

    Args:
        host: Where it listens; this machine alone, unless told otherwise.
        port: 0 takes a free one.
        response_ms: How long it takes to answer a message.
        receipt_ms: How long after the answer the receipt follows.
        receipts: Share of the accepted messages that get a receipt.
        failed: Share of the receipts that say "undeliverable".
        limit: Messages per second; more are refused with ESME_RTHROTTLED.
        burst: How many may come at once within the limit.
        tells_load: Whether its answers tell how loaded it is (congestion_state), by the limit.
        seed: Decides which messages the shares hit; the same for the same messages.
        early_receipts: Share of the receipts that come before the answer.
        repeated_receipts: Share of the receipts that come twice.
        silent: Share of the messages that are accepted and never answered.
        swallowed: Share of the messages that are neither accepted nor answered.
        queue_full: Share of the messages that are refused for now, with ESME_RMSGQFUL.
        reset_every: Resets the connection after so many messages.
        unanswered_receipts: Receipts that it sends without waiting for an answer.
        receipt_form: Whether receipts tell in text, in optional parameters, or in both.
        receipt_retry_ms: How long it waits before it repeats a receipt that was refused.
        receipt_timeout_ms: After how long without an answer it repeats a receipt.
        receipts_first: Whether it answers nothing while one of its receipts is unanswered.
        deaf: Whether it has stopped reading.
        refuse_binds: The status with which it refuses every bind; None lets them in.
        numbers: What happens to some numbers: `[{"suffix": "13", "status": 0x0B}]` refuses those
            that end so. Others: `{"prefix": ..., "receipt": "UNDELIV"}`, and "times".
        system_id: The account that it lets in; None lets any.
        password: Its password; None takes any.
        name: What it calls itself.
        id_prefix: What its message ids begin with; two simulators give the same ids otherwise.
        id_start: The number of the first of them.
        ids: How many different ids it gives: with 1 every message has the same, with 0 none has
            any; None never repeats one.
        keep_messages: Whether `messages` can tell what came; it costs memory.

    Raises:
        ValueError: An option is out of its range; the text names it.
        OSError: It cannot listen there.

    >>> with Simulator(response_ms=20) as simulator:
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
        burst: int | None = None,
        tells_load: bool = False,
        seed: int = 1,
        early_receipts: float = 0.0,
        repeated_receipts: float = 0.0,
        silent: float = 0.0,
        swallowed: float = 0.0,
        queue_full: float = 0.0,
        reset_every: int | None = None,
        unanswered_receipts: int = 1_000,
        receipt_form: Literal["both", "text", "tlvs"] = "both",
        receipt_retry_ms: float = 1_000,
        receipt_timeout_ms: float = 60_000,
        receipts_first: bool = False,
        deaf: bool = False,
        refuse_binds: int | None = None,
        numbers: Sequence[Mapping[str, Any]] = (),
        system_id: str | None = None,
        password: str | None = None,
        name: str = "SMSC",
        id_prefix: str = "",
        id_start: int = 1,
        ids: int | None = None,
        keep_messages: bool = True,
    ) -> None:
        options = {
            "response_ms": response_ms,
            "receipt_ms": receipt_ms,
            "receipts": receipts,
            "failed": failed,
            "limit": limit,
            "burst": burst,
            "tells_load": tells_load,
            "seed": seed,
            "early_receipts": early_receipts,
            "repeated_receipts": repeated_receipts,
            "silent": silent,
            "swallowed": swallowed,
            "queue_full": queue_full,
            "reset_every": reset_every,
            "unanswered_receipts": unanswered_receipts,
            "receipt_form": receipt_form,
            "numbers": [dict(rule) for rule in numbers],
            "system_id": system_id,
            "password": password,
            "name": name,
            "id_prefix": id_prefix,
            "id_start": id_start,
            "ids": ids,
            "keep_messages": keep_messages,
        }
        super().__init__(_engine.Smsc.open, host, port, options)

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


smsc = Simulator
"""`with testing.smsc(response_ms=20) as simulator`: see `Simulator`."""

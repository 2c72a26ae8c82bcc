"""What a gateway says when it is asked."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GatewayCheck"]


@dataclass(frozen=True, slots=True)
class GatewayCheck:
    """What `Engine.check` found out about one gateway.

    Attributes:
        gateway: Its name.
        ok: Whether it can be sent through.
        text: What was found, or what is wrong and what to do.
        smsc: The name it gives itself.
        version: The version of SMPP it speaks: 0x34 is 3.4.
        window: Unanswered requests per session, as configured.
        round_trip_ms: How long it takes to answer.

    >>> GatewayCheck("sms-a", ok=True, text="bound", window=100, round_trip_ms=20.0).at_most
    5000.0
    """

    gateway: str
    ok: bool
    text: str
    smsc: str | None = None
    version: int | None = None
    window: int = 0
    round_trip_ms: float | None = None

    @property
    def at_most(self) -> float | None:
        """Messages per second that one session can carry: the window over the round trip."""
        if not self.round_trip_ms:
            return None
        return self.window * 1000 / self.round_trip_ms

"""What a gateway says when it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["GatewayCheck", "RelayCheck", "SmscCheck"]


@dataclass(frozen=True, slots=True)
class SmscCheck:
    """What an SMSC says of itself.

    Attributes:
        name: What it calls itself.
        version: The version of SMPP it speaks: 0x34 is 3.4.
        window: Unanswered requests per session, as configured.

    >>> SmscCheck("SMSC", version=0x34, window=100).window
    100
    """

    name: str
    version: int | None = None
    window: int = 0


@dataclass(frozen=True, slots=True)
class RelayCheck:
    """What a mail relay offers.

    Attributes:
        greeting: What it says of itself.
        tls: How the connection is encrypted; None where it is not.
        authenticated: Whether it knows who we are.
        mode: The rung of the dialogue that connections begin with.
        offers: The extensions that are of use, as they are called on the wire.
        largest: The largest message it takes, in bytes, where it says so.

    >>> offers = ("PIPELINING", "DSN")
    >>> RelayCheck("mx.example ESMTP", tls="TLS 1.3", mode="joined", offers=offers).offers
    ('PIPELINING', 'DSN')
    """

    greeting: str
    tls: str | None = None
    authenticated: bool = False
    mode: str = "lockstep"
    offers: tuple[str, ...] = ()
    largest: int | None = None


@dataclass(frozen=True, slots=True)
class GatewayCheck:
    """What `Engine.check` found out about one gateway.

    Attributes:
        gateway: Its name.
        ok: Whether it can be sent through.
        text: What was found, or what is wrong and what to do.
        round_trip_ms: How long it takes to answer; of a mail relay, to come up from the first byte.
        smsc: What an SMSC says of itself.
        relay: What a mail relay offers.
        warnings: What works and will not do what the configuration asks for.

    >>> smsc = SmscCheck("SMSC", version=0x34, window=100)
    >>> GatewayCheck("sms-a", ok=True, text="bound", round_trip_ms=20.0, smsc=smsc).at_most
    5000.0
    """

    gateway: str
    ok: bool
    text: str
    round_trip_ms: float | None = None
    smsc: SmscCheck | None = None
    relay: RelayCheck | None = None
    warnings: tuple[str, ...] = ()

    @property
    def at_most(self) -> float | None:
        """SMS per second that one session can carry: the window over the round trip."""
        if not self.round_trip_ms or self.smsc is None:
            return None
        return self.smsc.window * 1000 / self.round_trip_ms


CheckRow: TypeAlias = tuple[
    str,
    bool,
    str,
    float | None,
    tuple[str, int | None, int] | None,
    tuple[str, str | None, bool, str, list[str], int | None] | None,
    list[str],
]


def checked(row: CheckRow) -> GatewayCheck:
    """What the engine said of a gateway."""
    gateway, ok, text, round_trip_ms, smsc, relay, warnings = row
    said = None if smsc is None else SmscCheck(*smsc)
    offered = None
    if relay is not None:
        greeting, tls, authenticated, mode, offers, largest = relay
        offered = RelayCheck(greeting, tls, authenticated, mode, tuple(offers), largest)
    return GatewayCheck(gateway, ok, text, round_trip_ms, said, offered, tuple(warnings))

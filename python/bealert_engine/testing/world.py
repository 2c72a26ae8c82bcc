"""A simulated world: the engine against simulated gateways, in virtual time, from one seed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Self

from bealert_engine import _engine
from bealert_engine._durations import Duration, signed
from bealert_engine._naming import check_names
from bealert_engine._planning import Audience, Values, fill, pairs
from bealert_engine._tables import Wrong
from bealert_engine.bounces import Bounces
from bealert_engine.campaign import find
from bealert_engine.config import Config
from bealert_engine.errors import EngineClosed
from bealert_engine.events import Event, Notice, cursor, entry, moment
from bealert_engine.gateways import Smpp, Smtp
from bealert_engine.plan import Plan
from bealert_engine.scenario import Scenario
from bealert_engine.secret import Secret
from bealert_engine.testing.relay import Mail
from bealert_engine.testing.simulator import Message
from bealert_engine.testing.world_campaign import WorldCampaign

__all__ = ["World"]

GONE = "The process of this world has died: `reopen` it, then launch again with the same key."

LONGEST_RUN_S = 48 * 3_600
"""How long `World.run` and `WorldCampaign.wait` let a campaign take: longer than any that ends."""


class World:
    """The engine and its far ends in a world where time passes only when it is told to.

    Plans, campaigns, progress, events and reports are those of `Engine`, made by the same code; the
    dispatcher, the SMPP and SMTP sessions and the far ends run in it without a socket, a thread or
    a clock. An hour takes milliseconds, and the same seed gives the same world, faults and crashes
    included.

    Args:
        seed: Decides everything that is left to chance.
        scenarios: The reusable messages.
        gateways: Where to send; None has one, "sms-a". Their host, port, password, certificates
            and DKIM keys play no part, and mail counts as encrypted where they want it so.
        default_country: Two letters; completes phone numbers written without a country.
        languages: For recipients whose own language a scenario does not have, in this order.
        far_ends: How the far end of a gateway behaves, by its name, as `Simulator` or `Relay`
            takes it.
        **faults: How every far end behaves; `far_ends` has the last word. With SMSCs and relays,
            say in `far_ends` what only one of them knows.

    Raises:
        ConfigError: A gateway or scenario is wrong.
        ValueError: An option of a far end is unknown or out of its range.

    >>> from bealert_engine import Recipient, Scenario, testing
    >>> flood = Scenario("flood", kind="warning", expiry="2h", sms={"en": "Go up, {{ name }}."})
    >>> people = [Recipient("p1", phone="+33639981234", name="Anna")]
    >>> with testing.World(seed=7, scenarios=[flood], response_ms=50, receipt_ms=2_000) as world:
    ...     plan = world.plan("flood", to=people)
    ...     campaign = world.launch(plan, by="docs", key="flood-1")
    ...     world.advance("1s")
    ...     campaign.snapshot().sms.accepted
    ...     world.crash()
    ...     world.advance("5s")
    ...     campaign.state, campaign.snapshot().sms.delivered, world.books()["duplicates"]
    1
    ('done', 1, 0)
    """

    def __init__(
        self,
        seed: int = 1,
        *,
        scenarios: Sequence[Scenario],
        gateways: Sequence[Smpp | Smtp] | None = None,
        default_country: str | None = None,
        languages: Sequence[str] = (),
        far_ends: Mapping[str, Mapping[str, Any]] | None = None,
        **faults: Any,
    ) -> None:
        self._config = Config(
            data=None,
            default_country=default_country,
            languages=languages,
            gateways=[_gateway()] if gateways is None else gateways,
            scenarios=scenarios,
            bounces=_bounces(gateways or ()),
        )
        names = [gateway.name for gateway in self._config.gateways]
        strangers = sorted(set(far_ends or {}) - set(names))
        if strangers:
            raise ValueError(f"far_ends: there is no gateway {strangers[0]!r}")
        options = [
            (name, json.dumps({**faults, **(far_ends or {}).get(name, {})}, default=list))
            for name in names
        ]
        self._names = names
        self._native = _engine.World.open(self._config.to_wire(secrets=False), seed, options)
        self._open = True

    @property
    def native(self) -> _engine.World:
        """The world itself.

        Raises:
            EngineClosed: After `close`.
        """
        if not self._open:
            raise EngineClosed
        return self._native

    @property
    def now(self) -> timedelta:
        """How much time has passed since the world began."""
        return timedelta(microseconds=self.native.now_us())

    @property
    def clock(self) -> datetime:
        """What the wall clock of the world shows. The engine reads it when it is opened."""
        return moment(self.native.wall_ms())

    def plan(self, scenario: str, *, to: Audience, values: Values = None) -> Plan:
        """Work out what a scenario would do to these people; see `Engine.plan`."""
        return fill(self.native.planner(scenario, pairs(values)), to)

    def launch(self, plan: Plan, *, by: str, key: str) -> WorldCampaign:
        """Launch a plan; see `Engine.launch`. The time that its commit takes passes.

        Raises:
            KeyConflict: The key has launched another plan.
            PlanStale: The plan was made for other gateways.
            EngineClosed: The process has died before it was durable, or is gone; after `reopen` the
                same key tells what became of it.
        """
        check_names(by=by, key=key)
        try:
            return self.campaign(self.native.launch(plan._native, by, key))
        except EngineClosed:
            raise EngineClosed(GONE if self._open else None) from None

    def campaign(self, id_or_key: int | str) -> WorldCampaign:
        """Find a campaign by its number or its launch key; see `Engine.campaign`."""
        return WorldCampaign(self, find(self.native, id_or_key))

    def campaigns(self) -> list[WorldCampaign]:
        """Every campaign of the ledger, the oldest first."""
        return [WorldCampaign(self, row) for row in self.native.campaigns()]

    def events(self, after: int | None = None) -> list[Event | Notice]:
        """Everything that has happened so far, of all campaigns and gateways, in one sequence.

        Args:
            after: The `seq` of the last event that was seen; None starts at the beginning.
        """
        return [entry(row) for row in self.native.events(cursor(after), None)]

    def advance(self, span: Duration) -> None:
        """Let time pass.

        Args:
            span: How much: "5m", a number of seconds, a timedelta.
        """
        self.native.advance(_us("span", span))

    def run(self) -> None:
        """Let time pass until every campaign has ended.

        Raises:
            TimeoutError: One has not ended after two days.
        """
        self._until(lambda: all(campaign.ended for campaign in self.campaigns()))

    def _until(self, over: Any) -> None:
        end = self.now + timedelta(seconds=LONGEST_RUN_S)
        span_ms = 100
        while not over():
            if self.now >= end:
                raise TimeoutError(f"not over after {LONGEST_RUN_S // 3_600} simulated hours")
            self.advance(timedelta(milliseconds=span_ms))
            span_ms = min(2 * span_ms, 60_000)

    def crash(self, down: Duration = "1s") -> None:
        """The process dies as by kill -9, is gone for so long, and is opened again.

        Everything is lost that is not in the ledger; of what was written to a connection, some
        arrives. Far ends live on.

        Args:
            down: How long it is gone.
        """
        self.native.crash(_us("down", down))

    def crash_in(self, calls: int) -> None:
        """Let the process die after so many more steps of its driver, wherever that is.

        It dies within a later `advance`, `launch` or command, between two steps of its driver: a
        read, an answer, a commit, a write. It stays gone until `reopen`.

        Args:
            calls: How many steps from now; with 1, 2, 3 ... a test tries every place.
        """
        if calls < 1:
            raise ValueError(f"calls must be 1 or more, not {calls}")
        self.native.crash_in(calls)

    def restart(self, down: Duration = "1s", *, drain: Duration = "10s") -> None:
        """The process ends in order, as by `Engine.close`, and is opened again after a while.

        Args:
            down: How long it is gone.
            drain: How long sessions may take to be answered.
        """
        self.native.restart(_us("drain", drain), _us("down", down))

    def reopen(self) -> None:
        """Open the process again, if it is gone; no crash of `crash_in` is to come."""
        self.native.reopen(0)

    @property
    def is_open(self) -> bool:
        """Whether the process lives: not after a crash that `crash_in` brought, until `reopen`."""
        return self._open and self._native.is_open()

    def shift_clock(self, span: Duration) -> None:
        """Move the wall clock, as an operator or a time server does; "-1h" moves it back."""
        self.native.shift_wall(_us("span", span, negative=True) // 1_000)

    def disk(
        self,
        *,
        stalls: float = 0.0,
        stall: Duration = "2s",
        rolled_back: float = 0.0,
        unknown: float = 0.0,
    ) -> None:
        """Choose how commits of the ledger go from now on.

        Args:
            stalls: Share of the commits that take as long as `stall` says.
            stall: How long those take.
            rolled_back: Share of the commits that a full disk refuses; they are tried again.
            unknown: Share of the commits that end in an error after which nobody knows.
        """
        shares = {"stalls": stalls, "rolled_back": rolled_back, "unknown": unknown}
        for name, share in shares.items():
            if not 0 <= share < 1:
                raise ValueError(f"{name} must be from 0 to below 1, not {share}")
        self.native.set_disk(stalls, _us("stall", stall), rolled_back, unknown)

    def books(self, gateway: str | None = None) -> dict[str, int]:
        """What a far end has counted, see `Simulator.books`; of all of them without a name."""
        books = [self.native.books(name) for name in self._far_ends(gateway)]
        names = dict.fromkeys(name for book in books for name in book)
        return {name: sum(book.get(name, 0) for book in books) for name in names}

    def messages(self, gateway: str | None = None) -> list[Message]:
        """What an SMSC accepted, in its order; of all of them, one after the other."""
        names = self._far_ends(gateway)
        return [Message(*row) for name in names for row in self.native.messages(name)]

    def mails(self, gateway: str | None = None) -> list[Mail]:
        """What a relay took, in its order; of all of them, one after the other.

        >>> from bealert_engine import Recipient, Scenario, Smtp, testing
        >>> flood = Scenario(
        ...     "flood",
        ...     kind="warning",
        ...     expiry="2h",
        ...     email={"en": {"subject": "Flood", "text": "Go up, {{ name }}."}},
        ... )
        >>> relay = Smtp("mail-a", host="world.invalid", port=587, sender="alert@be-alert.example")
        >>> people = [Recipient("p1", email="anna@example.org", name="Anna")]
        >>> with testing.World(scenarios=[flood], gateways=[relay], latency_ms=20) as world:
        ...     plan = world.plan("flood", to=people)
        ...     _ = world.launch(plan, by="docs", key="flood-1").wait()
        ...     [mail.recipients for mail in world.mails()]
        [['anna@example.org']]
        """
        names = self._far_ends(gateway)
        return [Mail(*row) for name in names for row in self.native.mails(name)]

    def change(self, gateway: str | None = None, **faults: Any) -> None:
        """Change how a far end behaves from now on, or all of them.

        Args:
            gateway: Of which one; None changes all.
            **faults: As `Simulator.change` or `Relay.change` takes them.
        """
        for name in self._far_ends(gateway):
            self.native.change(name, json.dumps(faults, default=list))

    def reset_connections(self, gateway: str | None = None) -> int:
        """Break the connections of a far end, or of all; gives how many there were."""
        return sum(self.native.reset_connections(name) for name in self._far_ends(gateway))

    def unreachable(self, gateway: str | None = None) -> None:
        """Nobody answers at a far end's port any more, or at any; connections that stand, stand."""
        for name in self._far_ends(gateway):
            self.native.set_reachable(name, False)

    def reachable(self, gateway: str | None = None) -> None:
        """The opposite of `unreachable`."""
        for name in self._far_ends(gateway):
            self.native.set_reachable(name, True)

    def close(self) -> None:
        """Drop the world. Closing twice does no harm."""
        self._open = False

    def _far_ends(self, gateway: str | None) -> list[str]:
        return self._names if gateway is None else [gateway]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<World at {self._native.now_us() / 1e6:.3f} s>"


def _gateway() -> Smpp:
    """The gateway of a world that was not given any."""
    return Smpp(
        "sms-a",
        host="world.invalid",
        port=2775,
        system_id="bealert",
        password=Secret("password"),
        sender="BE-Alert",
    )


def _bounces(gateways: Sequence[Smpp | Smtp]) -> Bounces | None:
    """Where bounces come in: the world itself brings them, from nowhere else."""
    wanted = any(isinstance(gateway, Smtp) and gateway.bounces_to for gateway in gateways)
    return Bounces(listen="127.0.0.1:2526") if wanted else None


def _us(name: str, span: Duration, *, negative: bool = False) -> int:
    try:
        duration = signed(span)
    except Wrong as wrong:
        raise ValueError(wrong.problems[0].at(name)) from None
    if duration < timedelta(0) and not negative:
        raise ValueError(f"{name} must not be negative: time does not run back")
    return duration // timedelta(microseconds=1)

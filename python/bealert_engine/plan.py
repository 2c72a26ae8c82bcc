"""What a scenario would do to an audience."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from bealert_engine import _engine
from bealert_engine.scenario import Kind

__all__ = ["ChannelPlan", "Example", "Excluded", "Plan"]

UNITS = {"sms": "part", "email": "message", "voice": "call"}
"""What a channel counts."""

SHOWN = 5
"""Exclusions in a summary; `Plan.excluded` has all."""


class Excluded(NamedTuple):
    """Somebody who is not sent to, and why.

    In the audience of a plan it stands for a person that the host application cannot turn into a
    `Recipient`: counted in `people`, reported as skipped for this reason on every channel, whatever
    its `channel` says.
    """

    recipient: str
    channel: str
    reason: str


@dataclass(frozen=True, slots=True)
class ChannelPlan:
    """What a plan does on one channel.

    Attributes:
        people: Those who are sent to on this channel.
        excluded: Those who are not.
        parts: What it costs, in the unit of the channel: parts of SMS, messages of e-mail.
        encoding: Of the text, and which character forced a costlier one.
        duration_s: At the rates of the gateways; None where they have no limit of ours.
        octets: Size of all e-mail together; 0 for other channels.
        largest_octets: Size of the largest e-mail, as a relay counts it that has a limit; without
            signatures where `make_plan` made it, which reads no keys.
    """

    people: int
    excluded: int
    parts: int
    encoding: str
    duration_s: float | None
    octets: int = 0
    largest_octets: int = 0


@dataclass(frozen=True, slots=True)
class Example:
    """One message as it would leave.

    Attributes:
        recipient: Whose.
        language: In which language.
        text: What they would read.
        parts: How many parts it takes.
        subject: Of an e-mail.
    """

    recipient: str
    language: str
    text: str
    parts: int
    subject: str | None = None


class Plan:
    """A frozen plan: no side effects, and the same content gives the same hash.

    `Engine.plan` and `make_plan` make these. It is good for 24 hours, and as long as the gateways
    stay the same. It can be pickled, to be launched by another process with the same gateways.

    >>> from bealert_engine import Engine, Excluded, Recipient, Scenario, testing
    >>> news = Scenario("news", kind="news", expiry="1h", sms={"fr": "Rue rouverte: ≤ 30 km/h"})
    >>> to = [Recipient("p1", phone="+33639981234"), Recipient("p2", phone="none")]
    >>> with testing.smsc() as far_end:
    ...     with Engine(data=None, gateways=[far_end.gateway()], scenarios=[news]) as engine:
    ...         plan = engine.plan("news", to=to)
    >>> plan.people, plan.parts, plan.excluded[0].recipient
    (2, 1, 'p2')
    >>> plan.encoding
    "UCS-2, forced by '≤'"
    """

    def __init__(self, native: _engine.Plan) -> None:
        self._native = native

    @property
    def scenario(self) -> str:
        """Name of the scenario."""
        return self._native.scenario

    @property
    def kind(self) -> Kind:
        """Kind of the scenario."""
        return self._native.kind

    @property
    def people(self) -> int:
        """Everybody that was given, the excluded included."""
        return self._native.people

    @property
    def hash(self) -> str:
        """Over scenario, content, values, recipients and policy; not over time or gateways."""
        return self._native.hash

    @cached_property
    def excluded(self) -> tuple[Excluded, ...]:
        """Whoever is not sent to, with the channel and the reason."""
        return tuple(Excluded(*row) for row in self._native.excluded())

    @cached_property
    def channels(self) -> dict[str, ChannelPlan]:
        """What it does on each of its channels."""
        return {name: ChannelPlan(*row) for name, row in self._native.channels()}

    @property
    def parts(self) -> int:
        """What it costs over all channels: parts of SMS and messages of e-mail."""
        return sum(channel.parts for channel in self.channels.values())

    @property
    def encoding(self) -> str:
        """The costliest encoding of its SMS, and the character that forced it."""
        sms = self.channels.get("sms")
        return sms.encoding if sms is not None else ""

    @property
    def duration_s(self) -> float | None:
        """How long sending takes at the rates of the gateways; None: no limit of ours."""
        known = [c.duration_s for c in self.channels.values() if c.duration_s is not None]
        return max(known, default=None)

    @cached_property
    def examples(self) -> dict[str, Example]:
        """On each channel that anybody is sent to on, the message of the first of them."""
        return {name: Example(*row) for name, row in self._native.examples()}

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What will not go as one would think: letters that are too large for some of the relays.

        How large a message a relay takes is known once the engine has connected to it, or after
        `Engine.check`; letters that no relay takes refuse the plan.
        """
        return tuple(self._native.warnings())

    @property
    def example(self) -> Example | None:
        """The first of `examples`; None if everybody is excluded on every channel."""
        return next(iter(self.examples.values()), None)

    @property
    def unreachable(self) -> int:
        """People who are excluded on every channel: nobody tells them."""
        channels = Counter(one.recipient for one in self.excluded)
        return sum(count == len(self.channels) for count in channels.values())

    def summary(self) -> str:
        """People, exclusions with reasons, parts, time and warnings, in a few lines for people."""
        lines = [f"{self.scenario} ({self.kind}): {_people(self.people)}"]
        for name, channel in self.channels.items():
            costs = f"{counted_units(name, channel.parts)} ({channel.encoding})"
            if channel.largest_octets:
                costs += f", at most {size(channel.largest_octets)} each"
            lines.append(
                f"  {name}: {channel.people:,} to send, {costs}, {_duration(channel.duration_s)}"
            )
        lines += [f"  warning: {warning}" for warning in self.warnings]
        if self.example is None:
            lines.append("  nobody gets it: everybody is excluded")
        if self.excluded:
            lines.append(f"  excluded: {len(self.excluded):,}")
            lines += [
                f"    {who}: {reason}" if len(self.channels) == 1 else f"    {who}, {on}: {reason}"
                for who, on, reason in self.excluded[:SHOWN]
            ]
            if len(self.excluded) > SHOWN:
                lines.append(f"    and {len(self.excluded) - SHOWN:,} more")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[Callable[[bytes], Plan], tuple[bytes]]:
        return _restored, (self._native.to_bytes(),)

    def __repr__(self) -> str:
        return f"<Plan of {self.scenario!r} for {_people(self.people)}>"


def _restored(octets: bytes) -> Plan:
    return Plan(_engine.Plan.from_bytes(octets))


def counted_units(channel: str, count: int) -> str:
    """What a channel costs, with the word for its unit.

    >>> counted_units("sms", 4980), counted_units("email", 1)
    ('4,980 parts', '1 message')
    """
    unit = UNITS.get(channel, "message")
    return f"{count:,} {unit}" if count == 1 else f"{count:,} {unit}s"


def size(octets: int) -> str:
    """Octets as people say them.

    >>> size(4_321), size(7_600_000)
    ('4.3 KB', '7.6 MB')
    """
    return f"{octets / 1e6:,.1f} MB" if octets >= 1e6 else f"{octets / 1e3:,.1f} KB"


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "as fast as the far end takes it"
    if seconds < 90:
        return f"about {max(seconds, 1):.0f} s"
    if seconds < 90 * 60:
        return f"about {seconds / 60:.0f} min"
    return f"about {seconds / 3600:.1f} h"

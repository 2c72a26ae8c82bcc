"""What became of everybody in a campaign."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property
from typing import Any, TypeAlias

from bealert_engine import _engine
from bealert_engine.events import moment
from bealert_engine.progress import ChannelTally

__all__ = ["Report", "ReportRow"]

PAGE = 5_000
"""Rows taken from the Rust core at once: a few milliseconds of work."""

STATES = frozenset(field.name for field in fields(ChannelTally)) - {"sent", "units_left"}
"""What a row can be in: end states, "queued" and "submitted"."""

NativeRow: TypeAlias = tuple[
    str,
    str | None,
    str,
    str,
    str,
    str | None,
    str | None,
    int,
    int,
    int | None,
    int | None,
    str | None,
    bool,
]
"""A row as the Rust core gives it: the fields of `ReportRow`, times in ms since 1970."""


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One recipient on one channel.

    Attributes:
        recipient: The id that the host application gave.
        name: Of the person, if known.
        channel: "sms", "email" or "voice".
        address: The number or address sent to; of the excluded, as it was given.
        state: The end state, or the state now.
        reason: Why, in words and with the far end's code.
        gateway: Through which gateway it went last.
        attempts: How often it was tried.
        parts: What it costs, in parts.
        submitted_at: When it first left, in UTC.
        receipt_at: When the receipt came, in UTC.
        remote: The far end's id of the message.
        possibly_doubled: Whether it may have come twice.
    """

    recipient: str
    name: str | None
    channel: str
    address: str
    state: str
    reason: str | None
    gateway: str | None
    attempts: int
    parts: int
    submitted_at: datetime | None
    receipt_at: datetime | None
    remote: str | None
    possibly_doubled: bool


class Report:
    """The account of a campaign at one moment; it balances once the campaign has ended.

    `Campaign.report` makes these. It is a fold of the journal, so the same campaign gives the same
    report, also years later and from `open_ledger`.

    >>> from bealert_engine import Engine, Recipient, Scenario, testing
    >>> news = Scenario("news", kind="news", expiry="1h", sms={"en": "Road open again."})
    >>> to = [Recipient("p1", phone="+33639981234"), Recipient("p2", phone="none")]
    >>> with testing.smsc() as far_end:
    ...     with Engine(data=None, gateways=[far_end.gateway()], scenarios=[news]) as engine:
    ...         campaign = engine.launch(engine.plan("news", to=to), by="docs", key="road-7")
    ...         _ = campaign.wait(timeout_s=30)
    ...         report = campaign.report()
    >>> report.balanced, report.people, report.excluded
    (True, 2, 1)
    >>> [row.recipient for row in report.rows(states=["skipped"])], report.missed
    (['p2'], ('p2',))
    """

    def __init__(self, native: _engine.Report) -> None:
        self._native = native

    @cached_property
    def _content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self._native.json())
        return content

    def as_dict(self) -> dict[str, Any]:
        """What `report.json` holds."""
        copy: dict[str, Any] = json.loads(self._native.json())
        return copy

    @property
    def campaign(self) -> int:
        """Number of the campaign."""
        return int(self._content["campaign"])

    @property
    def key(self) -> str:
        """Its launch key."""
        return str(self._content["key"])

    @property
    def scenario(self) -> str:
        """Name of its scenario."""
        return str(self._content["scenario"])

    @property
    def kind(self) -> str:
        """Kind of its scenario."""
        return str(self._content["kind"])

    @property
    def by(self) -> str:
        """Who launched it."""
        return str(self._content["by"])

    @property
    def balanced(self) -> bool:
        """Whether everybody is accounted for exactly once.

        Per channel the totals sum to `people`, equal the fold of outcomes, and none is open.
        """
        return bool(self._content["balanced"])

    @property
    def people(self) -> int:
        """Everybody that was given, the excluded included."""
        return int(self._content["people"])

    @property
    def excluded(self) -> int:
        """Who was not sent to, once for each channel; `rows(states=["skipped"])` says why."""
        return int(self._content["excluded"])

    @property
    def totals(self) -> dict[str, dict[str, int]]:
        """Per channel, how many ended in which state."""
        return {channel: dict(counts) for channel, counts in self._content["totals"].items()}

    @property
    def gateways(self) -> dict[str, Any]:
        """Per gateway, what went through it."""
        return dict(self._content["gateways"])

    @property
    def launch_to_first_ms(self) -> float | None:
        """From the launch to the first message that left."""
        return self._number("launch_to_first_ms")

    @property
    def submitted_ms(self) -> dict[str, float]:
        """When messages left, in ms after the launch: p50, p95 and p100."""
        return dict(self._content["submitted_ms"] or {})

    @property
    def receipt_ms(self) -> dict[str, float]:
        """From the answer of the gateway to the receipt: p50, p95 and p99."""
        return dict(self._content["receipt_ms"] or {})

    @property
    def response_ms(self) -> dict[str, float]:
        """From sending to the answer of the gateway: p50, p95 and p99."""
        return dict(self._content["response_ms"] or {})

    @property
    def elapsed_s(self) -> float | None:
        """From the first message that left to the last outcome."""
        return self._number("elapsed_s")

    @property
    def imbalances(self) -> tuple[str, ...]:
        """What keeps it from balancing, in words; open messages of a running campaign too."""
        return tuple(self._content["imbalances"])

    @property
    def possibly_doubled(self) -> tuple[str, ...]:
        """Ids of the recipients who may have got the message twice: all of them."""
        return tuple(self._content["possibly_doubled"])

    @property
    def uncertain(self) -> tuple[str, ...]:
        """Ids of the recipients of whom nobody knows whether the message left."""
        return tuple(self._content["uncertain"])

    @property
    def missed(self) -> tuple[str, ...]:
        """Ids of the recipients whom it certainly reached on no channel: all of them.

        On each channel they were excluded, refused, or too late. Whoever is `uncertain`, or was
        accepted without a receipt, may have got it.
        """
        return tuple(self._content["missed"])

    @property
    def suppress(self) -> tuple[str, ...]:
        """Ids of the recipients whose mail address does not exist.

        A relay or a bounce said so, with a code that is about the address itself (5.1.1 and its
        like); policy, size, quota and a mailbox that is closed for now are not. Write to none of
        them again before the address is put right. Bounces come for days: ask again then.
        """
        return tuple(self._content["suppress"])

    def rows(
        self, *, states: Collection[str] | None = None, limit: int | None = None
    ) -> Iterator[ReportRow]:
        """A row per recipient and channel, in the order of the plan.

        Args:
            states: Only rows in one of these states; None takes all.
            limit: At most so many.

        Raises:
            ValueError: `states` holds what is no state.
        """
        wanted = None if states is None else _states(states)
        left, start = limit, 0
        while left is None or left > 0:
            page, start = self._native.rows(start, PAGE)
            for row in page:
                if wanted is None or row[4] in wanted:
                    yield _row(row)
                    left = None if left is None else left - 1
                    if left == 0:
                        return
            if not page:
                return

    def write(self, directory: str | os.PathLike[str]) -> None:
        """Write `report.json` and `report.csv` into a directory, which is made if need be.

        Each file is complete or not there; one of an earlier report is replaced. A cell that a
        spreadsheet would take for a formula is neutralised.

        Raises:
            OSError: It cannot be written.
        """
        self._native.write(os.fspath(directory))

    def _number(self, name: str) -> float | None:
        value = self._content[name]
        return None if value is None else float(value)

    def __repr__(self) -> str:
        verdict = "balanced" if self.balanced else "not balanced"
        return f"<Report of campaign {self.campaign} {self.key!r}: {verdict}>"


def _states(states: Collection[str]) -> frozenset[str]:
    """The states to look for; a word that is none would find nobody, and nobody would notice."""
    unknown = [states] if isinstance(states, str) else sorted(frozenset(states) - STATES)
    if unknown:
        known = ", ".join(sorted(STATES))
        raise ValueError(f"states must be a list of {known}, not {unknown[0]!r}")
    return frozenset(states)


def _row(row: NativeRow) -> ReportRow:
    submitted, receipt = (None if at is None else moment(at) for at in row[9:11])
    return ReportRow(*row[:9], submitted, receipt, *row[11:])

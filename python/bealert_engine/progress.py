"""How far a campaign is: one consistent look at its counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["CampaignState", "ChannelTally", "Progress"]

CampaignState: TypeAlias = Literal[
    "launching", "running", "paused", "cancelling", "cancelled", "done"
]
"""Where a campaign stands; the last two are its ends."""

ENDS: tuple[CampaignState, ...] = ("cancelled", "done")

ProgressRow: TypeAlias = tuple[
    CampaignState, Sequence[tuple[int, ...]], float | None, float, int, str | None
]
"""As the Rust core gives it: state, a tally per channel, ETA, rate, receipts awaited, stalled."""


@dataclass(frozen=True, slots=True)
class ChannelTally:
    """Dispatches of one channel, each counted in exactly one of the first ten.

    Attributes:
        queued: Not sent yet, or to be sent again.
        submitted: Handed to a gateway that has not answered yet.
        accepted: Taken by the gateway; the end where no receipt is to be had.
        delivered: Reported as delivered.
        confirmed: Confirmed by the person.
        failed: Refused for good, or reported as undeliverable.
        expired: Not sent by the campaign's expiry.
        cancelled: Not sent because the campaign was cancelled.
        skipped: Excluded by the plan, with a reason.
        uncertain: May have left; nobody knows.
        sent: Of all of them, those handed out at least once so far; what a bar should show. Once
            the campaign has ended, those that have left or may have.
        units_left: Parts, messages or calls of which no attempt was made yet.

    >>> tally = ChannelTally(queued=90, submitted=4, delivered=6, sent=10)
    >>> tally.total, tally.open
    (100, 94)
    """

    queued: int = 0
    submitted: int = 0
    accepted: int = 0
    delivered: int = 0
    confirmed: int = 0
    failed: int = 0
    expired: int = 0
    cancelled: int = 0
    skipped: int = 0
    uncertain: int = 0
    sent: int = 0
    units_left: int = 0

    @property
    def total(self) -> int:
        """Everybody on this channel: the sum of the ten counts."""
        return self.open + (
            self.accepted
            + self.delivered
            + self.confirmed
            + self.failed
            + self.expired
            + self.cancelled
            + self.skipped
            + self.uncertain
        )

    @property
    def open(self) -> int:
        """Those still to be sent or answered."""
        return self.queued + self.submitted


@dataclass(frozen=True, slots=True)
class Progress:
    """A campaign at one moment.

    Attributes:
        state: "launching", "running", "paused", "cancelling", "cancelled" or "done".
        sms: Counts of text messages; the channels that a campaign does not use count zero.
        email: Counts of mails.
        voice: Counts of calls.
        eta_s: Seconds until everything is sent at the current pace; None if nobody can say: nothing
            is being sent, or only those are left who wait to be tried again.
        rate: Parts, messages and calls sent per second, over about the last second.
        awaiting: Accepted messages whose receipt may still come.
        stalled: Why the ledger cannot be written right now, so that nothing is sent (a full disk,
            a disk that does not answer); None while it can. It goes on by itself. A ledger that
            is only read does not know.

    >>> progress = Progress("running", sms=ChannelTally(queued=1, delivered=2))
    >>> progress.ended, progress.sms.total
    (False, 3)
    """

    state: CampaignState
    sms: ChannelTally = ChannelTally()
    email: ChannelTally = ChannelTally()
    voice: ChannelTally = ChannelTally()
    eta_s: float | None = None
    rate: float = 0.0
    awaiting: int = 0
    stalled: str | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will be sent or awaited."""
        return self.state in ENDS

    @property
    def waiting(self) -> int:
        """Once everybody was tried, those who are to be tried again: refused for now, or in doubt.

        >>> Progress("running", email=ChannelTally(queued=3, accepted=5, sent=8)).waiting
        3
        """
        tried = not any(tally.units_left for tally in self.channels.values())
        return sum(tally.queued for tally in self.channels.values()) if tried else 0

    @property
    def channels(self) -> dict[str, ChannelTally]:
        """The channels that the campaign uses, by name."""
        every = {"sms": self.sms, "email": self.email, "voice": self.voice}
        return {name: tally for name, tally in every.items() if tally.total}

    @classmethod
    def of(cls, row: ProgressRow) -> Progress:
        """From what the Rust core gives."""
        state, tallies, eta_s, rate, awaiting, stalled = row
        sms, email, voice = (ChannelTally(*tally) for tally in tallies)
        return cls(state, sms, email, voice, eta_s, rate, awaiting, stalled)

"""What happens in an engine, one entry of its journal at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

__all__ = ["Event", "Notice"]


MOST_SEQ = 2**63 - 1
"""Beyond what a journal counts to, and what its column holds."""


@dataclass(frozen=True, slots=True)
class Event:
    """One step in the life of an attempt to reach one recipient.

    Attributes:
        seq: Its number in the journal; `events(after=seq)` goes on behind it.
        at: When, in UTC.
        campaign: Number of the campaign.
        recipient: The id that the host application gave.
        channel: "sms", "email" or "voice".
        attempt: 1 for the first try; 0 where it is one of several, and which is not known.
        gateway: Through which gateway; None if through none.
        state: What was learnt: "accepted", "delivered", "failed", "deferred", "uncertain",
            "bounced" (one of several tries came back, which says nothing of the others) ...
        reason: In words, with the code of the far end.
        remote: The id that the far end gave the message.
        part: Which part of a long SMS, from 0 on.

    >>> from datetime import UTC, datetime
    >>> event = Event(7, datetime(2026, 1, 1, tzinfo=UTC), 1, "p1", "sms", 1, "sms-a", "delivered")
    >>> event.recipient, event.state
    ('p1', 'delivered')
    """

    seq: int
    at: datetime
    campaign: int
    recipient: str
    channel: str
    attempt: int
    gateway: str | None
    state: str
    reason: str | None = None
    remote: str | None = None
    part: int = 0


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that concerns a campaign or a gateway as a whole.

    Attributes:
        seq: Its number in the journal, in one sequence with the events.
        at: When, in UTC.
        campaign: Number of the campaign; None if it concerns none.
        gateway: Name of the gateway; None if it concerns none.
        code: A word to act on: "launched", "paused", "ended", "gateway_down" ...
        text: The same for people.
    """

    seq: int
    at: datetime
    campaign: int | None
    gateway: str | None
    code: str
    text: str


EventRow: TypeAlias = tuple[
    int, int, int, str, str, int, str | None, str, str | None, str | None, int
]
"""An event as the Rust core gives it: the fields in their order, `at` in ms since 1970."""

NoticeRow: TypeAlias = tuple[int, int, int | None, str | None, str, str]
"""A notice as the Rust core gives it."""


def entry(row: EventRow | NoticeRow) -> Event | Notice:
    """From what the Rust core gives."""
    if len(row) == 11:
        return Event(row[0], moment(row[1]), *row[2:])
    return Notice(row[0], moment(row[1]), *row[2:])


def cursor(after: int | None) -> int | None:
    """What `events(after=...)` was given, as the Rust core takes it.

    Raises:
        TypeError: It is no number.
        ValueError: It is negative.
    """
    if after is None:
        return None
    if not isinstance(after, int):
        raise TypeError(f"after must be the seq of an event, not {type(after).__name__}")
    if after < 0:
        raise ValueError(f"after must be the seq of an event, or 0, not {after}")
    return min(after, MOST_SEQ)


def moment(at_ms: int) -> datetime:
    """A wall clock time of the ledger."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)

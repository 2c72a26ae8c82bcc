"""A ledger, read beside whoever holds its directory. Nothing here ever sends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from bealert_engine import _engine
from bealert_engine._known import CampaignRow, Known
from bealert_engine._waiting import (
    backlog_steps,
    blocking,
    campaign_event_steps,
    event_steps,
    progress_steps,
)
from bealert_engine.campaign import find
from bealert_engine.errors import EngineClosed
from bealert_engine.events import Event, Notice, cursor
from bealert_engine.progress import ENDS, CampaignState, Progress, ProgressRow
from bealert_engine.report import Report

__all__ = ["Finding", "Ledger", "LedgerCampaign", "Verdict", "open_ledger"]


def open_ledger(directory: str | os.PathLike[str]) -> Ledger:
    """Open a data directory for reading, beside a running engine too.

    Raises:
        LedgerError: There is no ledger that this version can read.
    """
    return Ledger(directory)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with a ledger.

    Attributes:
        campaign: Number of the campaign; None if it concerns all.
        what: What is wrong.
    """

    campaign: int | None
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What checking a whole ledger found.

    Attributes:
        findings: What is wrong; nothing, as a rule.
        campaigns: Campaigns that were checked.
        dispatches: Dispatches in them.
        entries: Journal entries that were read.
    """

    findings: tuple[Finding, ...]
    campaigns: int
    dispatches: int
    entries: int

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


class Ledger:
    """The campaigns of a data directory, read-only.

    >>> import tempfile
    >>> from bealert_engine import Engine, open_ledger
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     with Engine(data=directory):
    ...         with open_ledger(directory) as ledger:
    ...             ledger.campaigns(), ledger.verify().sound
    ([], True)
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self._directory = os.fspath(directory)
        self._opened: _engine.Ledger | None = _engine.Ledger.open(self._directory)

    @property
    def _native(self) -> _engine.Ledger:
        if self._opened is None:
            raise EngineClosed("The ledger is closed. Open it again to read on.")
        return self._opened

    def campaigns(self) -> list[LedgerCampaign]:
        """Every campaign, the oldest first."""
        return [LedgerCampaign(self._native, row) for row in self._native.campaigns()]

    def campaign(self, id_or_key: int | str) -> LedgerCampaign:
        """Find a campaign: an int is its number, a str its launch key; see `Engine.campaign`.

        Raises:
            UnknownCampaign: There is none; it is a `LookupError` too.
        """
        return LedgerCampaign(self._native, find(self._native, id_or_key))

    def events(self, after: int | None = None, *, follow: bool = False) -> Iterator[Event | Notice]:
        """Everything that happened, of all campaigns and gateways, in one sequence.

        Args:
            after: The `seq` of the last event that was seen; None starts at the beginning.
            follow: Whether to wait for more, four looks a second, and never end.

        Raises:
            ValueError: `after` is negative.
            EventsGone: The journal does not have that number.
        """
        native = self._native.events(0 if after is None else cursor(after), None)
        return blocking(event_steps(native) if follow else backlog_steps(native))

    def verify(self) -> Verdict:
        """Check the whole ledger, and the file itself.

        Every dispatch is in one state, the tallies equal the fold of the journal, its sequence is
        gapless, and at most the reserved was sent.
        """
        _ = self._native
        findings, campaigns, dispatches, entries = _engine.verify(self._directory)
        return Verdict(tuple(Finding(*row) for row in findings), campaigns, dispatches, entries)

    def close(self) -> None:
        """Let go of the files. Closing twice does no harm."""
        self._opened = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Ledger in {self._directory}>"


class LedgerCampaign(Known):
    """A campaign as its ledger has it. `Ledger.campaign` and `Ledger.campaigns` make these."""

    def __init__(self, native: _engine.Ledger, row: CampaignRow) -> None:
        super().__init__(row)
        self._native = native

    @property
    def state(self) -> CampaignState:
        """Where it stands now."""
        return self.snapshot().state

    @property
    def ended(self) -> bool:
        """Whether nothing more will be sent or awaited."""
        return self._had_ended or self.state in ENDS

    def snapshot(self) -> Progress:
        """How far it is, by what is stored: what was sent and not answered counts as queued."""
        return Progress.of(self._native.progress(self.id))

    def progress(self, every_s: float = 1) -> Iterator[Progress]:
        """Watch it, as `Campaign.progress` does; it looks four times a second."""
        return blocking(progress_steps(_Looks(self._native, self.id), every_s))

    def events(self, after: int | None = None) -> Iterator[Event | Notice]:
        """Everything that happens in it, in order, up to its end; see `Campaign.events`."""
        native = self._native
        return blocking(
            campaign_event_steps(
                native.events(cursor(after), self.id), lambda: find(native, self.id)[8] in ENDS
            )
        )

    def report(self) -> Report:
        """What became of everybody, as of now."""
        return Report(self._native.report(self.id))


class _Looks:
    """Stands for a bell where nobody rings."""

    def __init__(self, native: _engine.Ledger, campaign: int) -> None:
        self._native = native
        self._campaign = campaign

    def fd(self) -> None:
        return None

    def arm(self) -> None:
        pass

    def progress(self) -> ProgressRow:
        return self._native.progress(self._campaign)

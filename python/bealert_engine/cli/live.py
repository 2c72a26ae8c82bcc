"""Watching a campaign: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable

from rich.progress import BarColumn, SpinnerColumn, TextColumn
from rich.progress import Progress as Bar

from bealert_engine import ChannelTally, Progress
from bealert_engine.cli.output import Output, counted, span

BAR_EVERY_S = 0.1
"""Fast enough to move, slow enough not to be noticed by the engine."""

LINE_EVERY_S = 5.0
"""Between lines of a log: a campaign of an hour fills screens, not disks."""


def follow(out: Output, name: str, progress: Iterable[Progress]) -> None:
    """Show `progress` until it ends.

    Args:
        out: Where it is shown.
        name: What the campaign is called.
        progress: A campaign's progress every `BAR_EVERY_S` seconds.
    """
    if out.live:
        _bar(out, name, progress)
    else:
        _lines(out, name, progress)


def _bar(out: Output, name: str, progress: Iterable[Progress]) -> None:
    # Five counts beside a bar want some 100 columns; on a narrower terminal the bar gives way.
    bar = Bar(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[counts]}", markup=False),
        console=out.people,
        expand=True,
    )
    with bar:
        task = bar.add_task(name, total=None, counts="")
        for now in progress:
            tally = _all_channels(now)
            done = tally.total - tally.open
            bar.update(task, total=tally.total, completed=done, counts=_counts(now, tally))


def _lines(out: Output, name: str, progress: Iterable[Progress]) -> None:
    due = 0.0
    for now in progress:
        if now.ended or time.monotonic() >= due:
            due = time.monotonic() + LINE_EVERY_S
            tally = _all_channels(now)
            out.say(f"{name}, {tally.total:,} people: {_counts(now, tally)}")


def _counts(now: Progress, tally: ChannelTally) -> str:
    words = [
        f"{tally.sent:,} submitted",
        f"{tally.delivered + tally.confirmed:,} delivered",
        f"{tally.failed:,} failed",
    ]
    if tally.uncertain:
        words.append(f"{tally.uncertain:,} uncertain")
    if now.stalled:
        words.append("the ledger cannot be written")
    elif now.state not in ("running", "done"):
        words.append(now.state)
    elif now.awaiting and not tally.open:
        words.append(f"{counted(now.awaiting, 'receipt')} awaited")
    elif not now.ended and now.eta_s is not None:
        words.append(f"ETA {span(now.eta_s)}")
    return ", ".join(words)


def _all_channels(now: Progress) -> ChannelTally:
    counts: dict[str, int] = {}
    for tally in now.channels.values():
        for field, count in dataclasses.asdict(tally).items():
            counts[field] = counts.get(field, 0) + count
    return ChannelTally(**counts)

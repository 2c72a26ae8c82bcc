"""Watching a campaign: a bar per channel on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterable

from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn
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
        tasks: dict[str, TaskID] = {}
        for now in progress:
            used = now.channels
            for channel, tally in used.items():
                if channel not in tasks:
                    title = name if len(used) == 1 else f"{name}, {channel}"
                    tasks[channel] = bar.add_task(title, total=None, counts="")
                # What holds for the campaign stands behind its last channel.
                last = channel == list(used)[-1]
                words = [*_counts(channel, tally), *(_moment(now, used.values()) if last else [])]
                done = tally.total - tally.open
                bar.update(
                    tasks[channel], total=tally.total, completed=done, counts=", ".join(words)
                )


def _lines(out: Output, name: str, progress: Iterable[Progress]) -> None:
    due = 0.0
    for now in progress:
        if now.ended or time.monotonic() >= due:
            due = time.monotonic() + LINE_EVERY_S
            out.say(_line(name, now))


def _line(name: str, now: Progress) -> str:
    used = now.channels
    people = max((tally.total for tally in used.values()), default=0)
    counts = [
        (f"{channel} " if len(used) > 1 else "") + ", ".join(_counts(channel, tally))
        for channel, tally in used.items()
    ]
    moment = ", ".join(_moment(now, used.values()))
    return f"{name}, {people:,} people: {'; '.join(counts)}" + (f", {moment}" if moment else "")


def _counts(channel: str, tally: ChannelTally) -> list[str]:
    """What has become of a channel's people; a relay mostly says no more than that it took it."""
    words = [f"{tally.sent:,} submitted"]
    arrived = tally.delivered + tally.confirmed
    if channel == "email":
        words.append(f"{tally.accepted + arrived:,} accepted")
    if channel != "email" or arrived:
        words.append(f"{arrived:,} delivered")
    words.append(f"{tally.failed:,} failed")
    if tally.uncertain:
        words.append(f"{tally.uncertain:,} uncertain")
    return words


def _moment(now: Progress, used: Iterable[ChannelTally]) -> list[str]:
    """Where the campaign as a whole stands, where there is something to say of it."""
    if now.stalled:
        return ["the ledger cannot be written"]
    if now.state not in ("running", "done"):
        return [now.state]
    if now.awaiting and not any(tally.open for tally in used):
        return [f"{counted(now.awaiting, 'receipt')} awaited"]
    if now.waiting:
        return [f"{now.waiting:,} to be tried again"]
    if not now.ended and now.eta_s is not None:
        return [f"ETA {span(now.eta_s)}"]
    return []

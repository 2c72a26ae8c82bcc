"""The rows about pace and faults: what the far end saw is what counts."""

from __future__ import annotations

from typing import Any

from bench import Bench, checked
from contenders import LONGEST_S, OURS, Task
from ends import Failed, Sink, driver, run
from table import Goal, Row

RATE = 500

LIMIT = 1_000

RESET_EVERY = 1_000

WINDOW = 100


def paced500(bench: Bench) -> list[Row]:
    """500/s as the far end sees them, in each whole second."""
    off, share = [], []
    for turn in range(bench.runs):
        with Sink() as sink:
            count = max(3 * RATE, bench.count(20 * RATE))
            said = OURS.measure(Task(sink.port, count, WINDOW, receipts=True, rate=RATE))
            seconds = checked(sink.books(), count)["per_second"][:-1]
        off.append(max(abs(taken - RATE) for taken in seconds) / RATE * 100)
        share.append(said["cpu_us_per_message"] * RATE / 1e6 * 100)
        bench.note(f"  run {turn + 1}: off by {off[-1]:.2f} %, {share[-1]:.1f} % of a core")
    return [
        Row(
            "paced at 500/s: largest deviation in a second",
            off,
            Goal(2, 0.5, less_is_better=True, unit="%"),
            note="counted by the far end, over 20 s",
        ),
        Row(
            "paced at 500/s, with receipts: CPU, share of a core",
            share,
            Goal(6, 3, less_is_better=True, unit="%"),
        ),
    ]


def limit1000(bench: Bench) -> list[Row]:
    """A limit that we are not told: a token bucket of 1,000/s with a burst of 100."""
    used, early, throttled = [], [], []
    for turn in range(bench.runs):
        with Sink("--limit", str(LIMIT), "--burst", "100") as sink:
            count = max(2_000, bench.count(16 * LIMIT))
            OURS.measure(Task(sink.port, count, WINDOW))
            books = checked(sink.books(), count)
        seconds = books["per_second"][:-1]
        used.append(share_used(seconds, 10))
        early.append(share_used(seconds, 5))
        throttled.append(books["throttled"] / books["submits"] * 100)
        if books["duplicates"]:
            raise Failed(f"{books['duplicates']} came twice through a limit")
        bench.note(
            f"  run {turn + 1}: {used[-1]:.1f} % used, {early[-1]:.1f} % after 5 s, "
            f"{throttled[-1]:.2f} % throttled"
        )
    return [
        Row(
            "unknown limit of 1,000/s: used after 10 s",
            used,
            Goal(90, 95, unit="%"),
            note="none lost, none doubled",
        ),
        Row("unknown limit of 1,000/s: used after 5 s", early, Goal(90, 95, unit="%")),
        Row(
            "unknown limit of 1,000/s: share throttled",
            throttled,
            Goal(1, 1, less_is_better=True, unit="%"),
        ),
    ]


def share_used(seconds: list[int], after: int) -> float:
    """The mean of the seconds from there on, in percent of the limit."""
    counted = seconds[after:] or seconds[-1:] or [0]
    return sum(counted) / len(counted) / LIMIT * 100


def reset1000(bench: Bench) -> list[Row]:
    """The connection is reset after every 1,000 messages, some of their answers lost."""
    gaps, doubled, notes = [], [], []
    for turn in range(bench.runs):
        with Sink("--reset-every", str(RESET_EVERY)) as sink:
            count = max(3 * RESET_EVERY, bench.count(20 * RESET_EVERY))
            command = driver("resets", "--port", str(sink.port), "--count", str(count))
            said = run(command, timeout_s=LONGEST_S)
            books = checked(sink.books(), count)
        gaps.append(max(books["gaps_us"]) / 1_000)
        doubled.append(books["duplicates"] / max(1, books["resets"]))
        named_well(said, books)
        notes.append(f"{books['duplicates']:,} doubled in {books['resets']} resets")
        bench.note(f"  run {turn + 1}: worst gap {gaps[-1]:.0f} ms; {notes[-1]}")
    return [
        Row(
            "reset every 1,000: longest time until it sends again",
            gaps,
            Goal(1_000, 200, less_is_better=True, unit="ms"),
            note="none lost; " + "; ".join(notes),
        ),
        Row(
            "reset every 1,000: duplicates per reset, all named",
            doubled,
            Goal(WINDOW, WINDOW, less_is_better=True),
        ),
    ]


def named_well(said: dict[str, Any], books: dict[str, Any]) -> None:
    """Whether the report balances and names at least as many people as got it more than once."""
    if not said["balanced"] or said["possibly_doubled"] < books["doubled"]:
        raise Failed(f"the report does not name who got it twice: {said}, {books}")
    if books["duplicates"] > WINDOW * books["resets"]:
        raise Failed(f"more than the window came twice per reset: {books}")

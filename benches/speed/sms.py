"""The rows about how fast SMS is: windows, receipts, a far end that takes its time."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from bench import Bench, beside, ours, over
from contenders import JSMPP, OURS, RAW, SMPP34, SMPPLIB_README, SMPPLIB_WINDOW, Contender, Task
from ends import Sink
from table import Goal, Row

MILLION = 1_000_000

LATENCY_MS = 50


def texts(window: int, *, receipts: bool = False) -> Callable[[int, int], Task]:
    """What everybody is to do with that window."""
    return lambda port, count: Task(port, count, window, receipts)


def receipts(bench: Bench) -> list[Row]:
    """Window 100, a receipt asked and matched for each."""
    counts = {OURS: MILLION, RAW: MILLION, SMPP34: 200_000, JSMPP: 200_000}
    counts |= {SMPPLIB_README: 10_000, SMPPLIB_WINDOW: 10_000}
    figures = bench.side_by_side(counts, texts(100, receipts=True))
    rate, cpu = "messages_per_second", "cpu_us_per_message"
    delivered = min(said["delivered"] for said in figures[OURS.name])
    peak_mb = statistics.median(ours(figures, "peak_rss_mb"))
    return [
        Row(
            "messages/s with receipts, window 100",
            ours(figures, rate),
            Goal(350_000, 600_000, unit="/s"),
            beside(figures, rate),
            f"{delivered:,} receipts matched; peak memory {peak_mb:.0f} MB",
        ),
        Row(
            "CPU per message, receipts, window 100",
            ours(figures, cpu),
            Goal(3.0, 1.5, less_is_better=True, unit="us"),
            beside(figures, cpu),
        ),
    ]


def window100(bench: Bench) -> list[Row]:
    """No receipts; also as a ratio to the fastest peer."""
    counts = {OURS: MILLION, RAW: 3 * MILLION, SMPP34: 500_000, JSMPP: 200_000}
    counts |= {SMPPLIB_README: 15_000, SMPPLIB_WINDOW: 15_000}
    return _window(bench, 100, counts, Goal(500_000, 1_000_000, unit="/s"))


def window1000(bench: Bench) -> list[Row]:
    """The same with a window that few SMSCs allow."""
    counts = {OURS: MILLION, RAW: 3 * MILLION, SMPP34: 500_000}
    return _window(bench, 1_000, counts, Goal(600_000, 1_200_000, unit="/s"))


def _window(bench: Bench, window: int, counts: dict[Contender, int], goal: Goal) -> list[Row]:
    figures = bench.side_by_side(counts, texts(window))
    rate, cpu = "messages_per_second", "cpu_us_per_message"
    rows = [
        Row(f"messages/s, window {window:,}", ours(figures, rate), goal, beside(figures, rate)),
        Row(
            f"CPU per message, window {window:,}",
            ours(figures, cpu),
            beside=beside(figures, cpu),
            unit="us",
        ),
    ]
    ratios = over(figures, SMPP34)
    if ratios:
        name = f"the same, as a ratio to smpp34, window {window:,}"
        rows.insert(1, Row(name, ratios, Goal(2, 4)))
    return rows


def window10(bench: Bench) -> list[Row]:
    """The round trip begins to decide: as a share of the raw client."""
    counts = {OURS: 300_000, RAW: 500_000, SMPP34: 200_000, JSMPP: 100_000}
    return _share_of_raw(bench, 10, counts, Goal(70, 95, unit="%"))


def window1(bench: Bench) -> list[Row]:
    """The round trip alone decides."""
    counts = {OURS: 30_000, RAW: 30_000, SMPP34: 30_000, JSMPP: 30_000}
    return _share_of_raw(bench, 1, counts, Goal(75, 95, unit="%"))


def _share_of_raw(bench: Bench, window: int, counts: dict[Contender, int], goal: Goal) -> list[Row]:
    figures = bench.side_by_side(counts, texts(window))
    rate = "messages_per_second"
    rows = [
        Row(
            f"messages/s, window {window}",
            ours(figures, rate),
            beside=beside(figures, rate),
            unit="/s",
        )
    ]
    shares = [100 * times for times in over(figures, RAW)]
    if shares:
        rows.append(Row(f"the same, as a share of the raw client, window {window}", shares, goal))
    return rows


def rtt50(bench: Bench) -> list[Row]:
    """A far end that takes 50 ms: what a window allows is window / 50 ms."""
    rows = []
    for window in (10, 100, 1_000):
        # five seconds of it, in whole round trips
        count = window * 100
        counts = {OURS: count, RAW: count, SMPP34: count, JSMPP: count}
        figures = bench.side_by_side(
            counts,
            texts(window),
            far_end=lambda: Sink("--latency-ms", str(LATENCY_MS)),
            once=(RAW, SMPP34, JSMPP),
        )
        for had in figures.values():
            for said in had:
                said["steady"], said["first"] = settled(said["books"]["per_second"])
        share = 100 * LATENCY_MS / 1_000 / window
        first = statistics.median(ours(figures, "first", share))
        rows.append(
            Row(
                f"share of window/RTT at {LATENCY_MS} ms, window {window:,}",
                ours(figures, "steady", share),
                Goal(98, 98.5, unit="%"),
                beside(figures, "steady", share),
                f"of ours {first:.0f} % in the first second, where it looks for a limit",
            )
        )
    return rows


def settled(seconds: list[int]) -> tuple[float, float]:
    """What the far end took per second once it ran: neither in the first, nor in the last one."""
    whole = seconds[1:-1] or seconds
    return statistics.mean(whole), float(seconds[0])


def unanswered10(bench: Bench) -> list[Row]:
    """A far end that allows 10 unanswered receipts: each answer waits for a commit."""
    counts = {OURS: 200_000, RAW: 200_000, SMPP34: 200_000, JSMPP: 200_000}
    figures = bench.side_by_side(
        counts,
        texts(100, receipts=True),
        far_end=lambda: Sink("--unanswered-receipts", "10"),
        once=(SMPP34, JSMPP),
    )
    rate = "messages_per_second"
    return [
        Row(
            "messages/s, a far end that allows 10 unanswered receipts",
            ours(figures, rate),
            Goal(20_000, 35_000, unit="/s"),
            beside(figures, rate),
            "each receipt durable before its answer",
        )
    ]

"""The rows about how soon, and how large."""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import Bench
from contenders import LONGEST_S
from ends import ROOT, Failed, Program, Sink, driver, run
from table import Goal, Row

MILLION = 1_000_000

FEW = 1_000

GROUP = ["--group", "10000"]
"""As `driver.GROUP`: the far end tells the first arrival of each."""

WATCH_S = 60.0
"""A first submit that is not there by then does not come."""


def plan_launch(bench: Bench) -> list[Row]:
    """A million recipients held in a list."""
    count = bench.count(MILLION)
    took = []
    with Sink() as sink:
        for _ in range(bench.runs):
            command = driver("plan-and-launch", "--port", str(sink.port), "--count", str(count))
            said = run(command, timeout_s=LONGEST_S)
            took.append(said["plan_and_launch_s"])
            bench.note(f"  plan {said['plan_s']:.2f} s, launch {said['launch_s']:.2f} s")
    goal = Goal(10, 4, less_is_better=True, unit="s")
    return [Row(f"plan + launch of {count:,} recipients held in Python", took, goal)]


def first_submit(bench: Bench) -> list[Row]:
    """5,000 people, the engine open: from the call of launch to the first arrival."""
    took = [value for _ in range(bench.runs) for value in waits(bench, "first-submit", 5_000)]
    goal = Goal(100, 20, less_is_better=True, unit="ms")
    return [
        Row("launch to first submit, 5,000 people, engine open", took, goal, note=several(took))
    ]


def urgent(bench: Bench) -> list[Row]:
    """The first urgent message behind a newsletter of a million at 500/s."""
    count = bench.count(MILLION)
    took = [value for _ in range(bench.runs) for value in waits(bench, "urgent", count)]
    goal = Goal(50, 4, less_is_better=True, unit="ms")
    note = f"{several(took)}; one slot of the limiter is 2 ms, a commit comes before it"
    return [Row("first urgent submit behind a running newsletter at 500/s", took, goal, note=note)]


def waits(bench: Bench, what: str, count: int) -> list[float]:
    """Milliseconds from each launch to the first arrival of its group at the far end."""
    with Sink(*GROUP) as sink:
        command = driver(what, "--port", str(sink.port), "--count", str(count))
        calls = run(command, timeout_s=LONGEST_S)["calls"]
        came = dict(sink.books()["groups"])
    took = [(came[group] - called_ns) / 1e6 for group, called_ns in calls]
    bench.note(f"  {several(took)}")
    return took


def several(took: list[float]) -> str:
    return f"{len(took)} launches, worst {max(took):.1f} ms"


def reopen(bench: Bench) -> list[Row]:
    """kill -9 with a million queued; then from opening the directory to the first submit."""
    count = bench.count(MILLION)
    took, opened = [], []
    for _ in range(bench.runs):
        with passing_directory() as directory:
            options = ["--data", str(directory), "--count", str(count)]
            with (
                Sink() as sink,
                Program(driver("queued", *port(sink), *options), timeout_s=60) as holder,
            ):
                holder.says()
                holder.process.kill()
                holder.process.wait()
            with (
                Sink() as sink,
                Program(driver("reopen", *port(sink), *options), timeout_s=60) as next_one,
            ):
                said = next_one.says()
                first_ns = first_arrival(sink)
        took.append((first_ns - said["began_ns"]) / 1e9)
        opened.append((said["opened_ns"] - said["began_ns"]) / 1e9)
        bench.note(f"  first submit after {took[-1]:.2f} s, open after {opened[-1]:.2f} s")
    return [
        Row(
            f"reopen after kill -9 with {count:,} queued, to first submit",
            took,
            Goal(2, 1, less_is_better=True, unit="s"),
            note=f"of which opening {statistics.median(opened):.2f} s",
        )
    ]


def first_arrival(sink: Sink) -> int:
    """When the first message came, once it has."""
    until = time.monotonic() + WATCH_S
    while time.monotonic() < until:
        first_ns: int = sink.books()["first_ns"]
        if first_ns:
            return first_ns
        time.sleep(0.02)
    raise Failed("nothing came after reopening")


def memory(bench: Bench) -> list[Row]:
    """Of the whole process, with Python; and what a message adds to it."""
    rows = []
    states = (
        ("queued", "queued", Goal(300, 150, less_is_better=True, unit="MB")),
        ("pending", "receipts pending", Goal(400, 200, less_is_better=True, unit="MB")),
    )
    many = bench.count(MILLION)
    for what, words, goal in states:
        few_mb, _ = resident(bench, what, FEW)
        had = [resident(bench, what, many) for _ in range(bench.runs)]
        sizes = [size for size, _ in had]
        slope = (statistics.median(sizes) - few_mb) * (1 << 20) / max(1, many - FEW)
        bench.note(f"  {words}: {sizes} MB, {few_mb:.0f} MB with {FEW:,}")
        note = f"{few_mb:.0f} MB with {FEW:,}, so {slope:.0f} bytes per message"
        peaks = statistics.median(peak for _, peak in had)
        note += f"; peak, planning included, {peaks:.0f} MB"
        rows.append(Row(f"memory, {many:,} {words}", sizes, goal, note=note))
    return rows


def resident(bench: Bench, what: str, count: int) -> tuple[float, float]:
    """Megabytes then, and at most until then."""
    with (
        Sink("--silent-receipts") as sink,
        Program(driver(what, *port(sink), "--count", str(count)), timeout_s=60) as holder,
    ):
        said = holder.says()
    return said["resident_mb"], said["peak_mb"]


def port(sink: Sink) -> list[str]:
    return ["--port", str(sink.port)]


@contextlib.contextmanager
def passing_directory() -> Iterator[Path]:
    """A ledger directory on the disk of the checkout."""
    (ROOT / "var").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / "var") as directory:
        yield Path(directory) / "ledger"

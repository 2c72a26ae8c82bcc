"""The rows about what e-mail costs: TLS, signatures, memory."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

from bench import Bench, checked
from contenders import LONGEST_S
from ends import ROOT, MailSink, Program, driver
from mailers import OURS, Letters, key, letters, signatures_per_second
from table import Goal, Row, said

QUEUED = 200_000
"""Enough for their memory to stand out; a letter that waits to be rendered holds little."""

FEW = 1_000

LINES = (8, 200)
"""Connections that are compared."""


def starttls(bench: Bench) -> list[Row]:
    """The same with TLS and without, in turn; connections are reused."""
    plain, encrypted = [], []
    with tempfile.TemporaryDirectory(dir=ROOT / "target") as directory:
        certificate = Path(directory) / "tls.pem"
        for turn in range(bench.runs):
            for had, tls in ((plain, False), (encrypted, True)):
                far_end = ("--starttls", str(certificate)) if tls else ()
                with MailSink(*far_end) as sink:
                    more = ("--tls", "required", "--ca", str(certificate)) if tls else ()
                    had.append(measured(bench, sink, 200_000, more))
            bench.note(f"  run {turn + 1}: {plain[-1]:,.0f}/s, encrypted {encrypted[-1]:,.0f}/s")
    middle = statistics.median(plain)
    share = [value / middle * 100 for value in encrypted]
    return [
        Row("e-mails/s, 8 connections, DATA joined, STARTTLS", encrypted, unit="/s"),
        Row(
            "the same, as a share of plain in the same run",
            share,
            Goal(70, 85, unit="%"),
            note=f"plain {said(plain, '/s')}",
        ),
    ]


def dkim(bench: Bench) -> list[Row]:
    """Signed letters, as a share of the signatures that the cores make; and with Ed25519."""
    rows = []
    with tempfile.TemporaryDirectory(dir=ROOT / "target") as directory:
        for kind, count, goal in (
            ("rsa", 30_000, Goal(90, unit="%")),
            ("ed25519", 200_000, None),
        ):
            file = Path(directory) / f"{kind}.pem"
            key(file, kind)
            rates, most = [], []
            for turn in range(bench.runs):
                if kind == "rsa":
                    most.append(signatures_per_second())
                with MailSink() as sink:
                    more = ("--dkim", str(file))
                    rates.append(measured(bench, sink, count, more, since_launch=True))
                bench.note(f"  run {turn + 1}: {kind} {rates[-1]:,.0f}/s")
            rows.append(Row(f"e-mails/s since launch, signed with {kind}", rates, unit="/s"))
            if most:
                share = [rate / limit * 100 for rate, limit in zip(rates, most, strict=True)]
                note = f"all cores, when they do nothing else, make {said(most, '/s')}"
                rows.append(
                    Row("the same, as a share of cores x sign rate", share, goal, note=note)
                )
    return rows


def measured(
    bench: Bench, sink: MailSink, full: int, more: tuple[str, ...], *, since_launch: bool = False
) -> float:
    """Messages per second of ours, of which the far end says that all came once.

    What the first ones took before they left counts too where it is `since_launch`: those of the
    first blocks are signed before anything leaves.
    """
    task: Letters = letters(more=more)(sink.port, bench.count(full))
    figures = OURS.measure(task)
    checked(sink.books(), task.count)
    before_s = figures["launch_to_first_ms"] / 1_000 if since_launch else 0.0
    rate: float = task.count / (figures["elapsed_s"] + before_s)
    return rate


def mail_memory(bench: Bench) -> list[Row]:
    """What an e-mail that waits, and what a connection, adds to the process."""
    many = bench.count(QUEUED)
    few = statistics.median(resident(FEW, 8, "queued") for _ in range(bench.runs))
    sizes = [resident(many, 8, "queued") for _ in range(bench.runs)]
    # The address is 25 octets: user000000000@example.org.
    each = [max(0.0, (size - few) * (1 << 20) / (many - FEW) - 25) for size in sizes]
    bench.note(f"  queued: {sizes} MB, {few:.0f} MB with {FEW:,}")
    return [
        Row(
            f"memory per queued e-mail besides the address, {many:,} queued",
            each,
            Goal(1_024, less_is_better=True, unit="octets"),
            note=f"{statistics.median(sizes):.0f} MB, {few:.0f} MB with {FEW:,}",
        ),
        *(connection_memory(bench, mode) for mode in ("joined", "bdat")),
    ]


def connection_memory(bench: Bench, mode: str) -> Row:
    """What a connection on this rung adds to the process."""
    few, many = (
        statistics.median(resident(FEW, count, "connected", mode) for _ in range(bench.runs))
        for count in LINES
    )
    bench.note(f"  connections, {mode}: {few} MB with {LINES[0]}, {many} MB with {LINES[1]}")
    return Row(
        f"memory per connection, {mode}, {LINES[1]} against {LINES[0]}",
        [(many - few) * 1024 / (LINES[1] - LINES[0])],
        Goal(64, less_is_better=True, unit="KB"),
        note="each has sent letters of 4 KB",
    )


def resident(count: int, connections: int, what: str, mode: str = "auto") -> float:
    """Megabytes of the process then."""
    with MailSink() as sink:
        options = ["--port", str(sink.port), "--count", str(count)]
        options += ["--connections", str(connections), "--mode", mode]
        command = driver(what, *options, file="driver_mail.py")
        with Program(command, timeout_s=LONGEST_S) as holder:
            told: dict[str, Any] = holder.says()
    size: float = told["resident_mb"]
    return size

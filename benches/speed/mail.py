"""The rows about how fast e-mail is: sinks, rungs of the dialogue, round trips, peers."""

from __future__ import annotations

from typing import Any

from bench import Bench, beside, ours, over
from contenders import Contender
from ends import Failed, MailSink, PostfixSink
from mailers import (
    AIOSMTPLIB,
    AIOSMTPLIB_PREBUILT,
    OURS,
    RAW,
    SMTP_SOURCE,
    SMTPLIB,
    SMTPLIB_PREBUILT,
    letters,
)
from table import Goal, Row

RTT_MS = 20

RATE, CPU = "messages_per_second", "cpu_us_per_message"

Figures = dict[str, list[dict[str, Any]]]


def smtp_sink(bench: Bench) -> list[Row]:
    """Postfix's own sink, 8 connections: it is full before we are."""
    counts = {OURS: 200_000, RAW: 200_000, SMTP_SOURCE: 100_000}
    figures = bench.side_by_side(counts, letters(mode="auto"), far_end=PostfixSink)
    rows = [
        Row(
            "e-mails/s to smtp-sink, 8 connections",
            ours(figures, RATE),
            Goal(25_000, 30_000, unit="/s"),
            beside(figures, RATE),
            f"mode {modes(figures)}; counted by us, the sink keeps no books",
        )
    ]
    return rows + ratio(figures, SMTP_SOURCE, Goal(1.4))


def joined(bench: Bench) -> list[Row]:
    """DATA with joined groups to the lean sink, beside everybody."""
    counts = {OURS: 400_000, RAW: 600_000, SMTP_SOURCE: 60_000, SMTPLIB: 6_000}
    counts |= {SMTPLIB_PREBUILT: 30_000, AIOSMTPLIB: 3_000, AIOSMTPLIB_PREBUILT: 15_000}
    figures = bench.side_by_side(counts, letters(), far_end=MailSink)
    least_joined(figures)
    return [
        Row(
            "e-mails/s, 8 connections, DATA joined",
            ours(figures, RATE),
            Goal(65_000, 95_000, unit="/s"),
            beside(figures, RATE),
            f"mode {modes(figures)}; {waits(figures)}",
        ),
        *share_of_raw(figures, Goal(60, 90, unit="%")),
        cpu(figures, "DATA joined", Goal(12, less_is_better=True, unit="us")),
        *ratio(figures, AIOSMTPLIB, Goal(60)),
        *ratio(figures, SMTPLIB, Goal(40)),
    ]


def bdat(bench: Bench) -> list[Row]:
    """BDAT, 16 deep."""
    counts = {OURS: 1_000_000, RAW: 3_000_000}
    figures = bench.side_by_side(counts, letters(mode="bdat"), far_end=MailSink)
    return [
        Row(
            "e-mails/s, 8 connections, BDAT 16 deep",
            ours(figures, RATE),
            Goal(200_000, 400_000, unit="/s"),
            beside(figures, RATE),
            f"mode {modes(figures)}; {waits(figures)}",
        ),
        *share_of_raw(figures),
        cpu(figures, "BDAT", Goal(4, less_is_better=True, unit="us")),
    ]


def rtt20(bench: Bench) -> list[Row]:
    """Replies that take 20 ms, 50 connections: what counts is how often one waits."""
    rows = []
    for mode, must, aim in (
        ("joined", 2_250, 2_450),
        ("pipelined", 1_100, 1_225),
        ("bdat", 20_000, 38_000),
    ):
        # Ten seconds of it, so that the start counts little.
        count = aim * 10
        figures = bench.side_by_side(
            {OURS: count, RAW: count, SMTP_SOURCE: 6_000},
            letters(connections=50, mode=mode),
            far_end=lambda: MailSink("--latency-ms", str(RTT_MS)),
            once=(RAW, SMTP_SOURCE),
        )
        rows.append(
            Row(
                f"e-mails/s at {RTT_MS} ms round trip, 50 connections, {mode}",
                ours(figures, RATE),
                Goal(must, aim, unit="/s"),
                beside(figures, RATE),
                f"mode {modes(figures)}; {waits(figures)}",
            )
        )
    return rows


def one_connection(bench: Bench) -> list[Row]:
    """One connection, also to a server that writes each reply by itself with Nagle on."""
    rows = []
    for what, options in (("", ()), (" to a server with Nagle", ("--nagle",))):
        for mode in ("lockstep", "pipelined", "joined"):
            # Raw, without an acknowledgement at once: 22/s, so it gets few.
            figures = bench.side_by_side(
                {OURS: 10_000, RAW: 200 if options else 10_000},
                letters(connections=1, mode=mode),
                far_end=lambda options=options: MailSink(*options),
                once=(RAW,),
            )
            rows.append(
                Row(
                    f"e-mails/s, one connection{what}, {mode}",
                    ours(figures, RATE),
                    Goal(1_000, unit="/s"),
                    beside(figures, RATE),
                )
            )
    return rows


def modes(figures: Figures) -> str:
    """The rung that ours used."""
    return ", ".join(sorted({str(said["mode"]) for said in figures[OURS.name]}))


def waits(figures: Figures) -> str:
    """What the far end saw of ours: round trips saved, and those that nobody needs."""
    books = figures[OURS.name][-1]["books"]
    saved = f"{books['joined']:,} of {books['messages']:,} begun behind the body before"
    return f"{saved}, {books['idle']:,} NOOP or RSET, {books['connections']} connections"


def least_joined(figures: Figures) -> None:
    """Whether ours really joined its groups."""
    for said in figures[OURS.name]:
        books = said["books"]
        if books["joined"] < 0.5 * books["messages"] or books["chunked"]:
            raise Failed(f"groups were not joined: {books}")


def cpu(figures: Figures, what: str, goal: Goal) -> Row:
    return Row(f"CPU per e-mail, {what}", ours(figures, CPU), goal, beside(figures, CPU))


def share_of_raw(figures: Figures, goal: Goal | None = None) -> list[Row]:
    shares = [100 * times for times in over(figures, RAW)]
    return [Row("the same, as a share of the raw client", shares, goal, unit="%")] if shares else []


def ratio(figures: Figures, peer: Contender, goal: Goal) -> list[Row]:
    ratios = over(figures, peer)
    return [Row(f"the same, as a ratio to {peer.name}", ratios, goal)] if ratios else []

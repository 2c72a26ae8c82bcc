"""One measured campaign: what it took, and what became of everybody."""

from __future__ import annotations

import dataclasses
import re
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from bealert_engine import Config, Engine, Recipient, Report
from bealert_engine.cli.output import Output

SHOW_EVERY_S = 1.0
"""Between looks at the progress: rare, since they are part of what is measured."""

RUNGS = ("lockstep", "pipelined", "joined", "bdat")
"""What the metrics count from 1."""

LEAST_WHOLE_SECONDS = 3
"""Whole seconds that a rate is judged by; the first and the last one are cut."""


@dataclass(frozen=True)
class Measured:
    """What `bealert bench` prints.

    Attributes:
        messages_per_second: From the first submit to the last outcome.
        elapsed_s: That span.
        cpu_us_per_message: CPU of this process over that span, the Python side included.
        submitted: Messages that were handed to the gateway.
        accepted: Taken, and never got a receipt.
        delivered: Reported as delivered.
        failed: Refused, or reported as undeliverable.
        uncertain: Nobody knows.
        response_ms: From a submit to its answer: p50 and p99.
        launch_to_first_ms: From the call of launch to the first submit.
        peak_rss_mb: The most memory that this process ever held.
        plan_and_launch_s: From the first recipient to the return of launch.
        throttled: Sent back by the far end because it was asked for too much.
        of_limit: With a limit of the far end: the share of it that was used in each second from the
            first submit on, in percent, the last one cut; and the share of submits sent back.
        per_second: With a rate: submits in the slowest and the fastest whole second.
        mode: For e-mail: the rung of the dialogue with the relay that was used.
        possibly_doubled: People who may have got it twice.
        balanced: Whether the report balances.
    """

    messages_per_second: float
    elapsed_s: float
    cpu_us_per_message: float
    submitted: int
    accepted: int
    delivered: int
    failed: int
    uncertain: int
    response_ms: dict[str, float]
    launch_to_first_ms: float | None
    peak_rss_mb: float
    plan_and_launch_s: float
    throttled: int
    of_limit: dict[str, Any] | None
    per_second: dict[str, int] | None
    mode: str | None
    possibly_doubled: int
    balanced: bool

    def as_dict(self) -> dict[str, Any]:
        """For `--json`; the mode only where there is one."""
        figures = dataclasses.asdict(self)
        if self.mode is None:
            del figures["mode"]
        return figures


def measure(
    out: Output,
    config: Config,
    people: Iterable[Recipient],
    count: int,
    *,
    channel: Literal["sms", "email"] = "sms",
    limit: int | None = None,
    paced: bool = False,
) -> Measured:
    """Send to everybody and wait for what becomes of it.

    Args:
        out: Where it says how far it is.
        config: With one gateway and the scenario "bench".
        people: `count` of them.
        count: How many messages that are.
        channel: On which they go out.
        limit: The far end's own, of which the engine is not told.
        paced: Whether the gateway has a rate.
    """
    with Engine.from_config(config) as engine:
        began = time.monotonic()
        plan = engine.plan("bench", to=people)
        campaign = engine.launch(plan, by="bench", key="bench")
        # The first submit follows the commit that launch returned from, within a millisecond.
        launched = time.monotonic()
        before_us, mode = cpu_us(), None
        for now in campaign.progress(every_s=SHOW_EVERY_S):
            tally = getattr(now, channel)
            out.note(f"{tally.sent:,} submitted, {now.rate:,.0f}/s", style="dim")
            mode = _mode(engine.metrics()) or mode
        after_us = cpu_us()
        metrics = engine.metrics()
        report = campaign.report()
    totals = report.totals[channel]
    throttled = _throttled(metrics)
    elapsed_s = report.elapsed_s or 0.0
    return Measured(
        messages_per_second=round(count / elapsed_s, 1) if elapsed_s else 0.0,
        elapsed_s=elapsed_s,
        cpu_us_per_message=round((after_us - before_us) / count, 3),
        submitted=tally.sent,
        accepted=totals.get("accepted", 0),
        delivered=totals.get("delivered", 0),
        failed=totals.get("failed", 0),
        uncertain=totals.get("uncertain", 0),
        response_ms=report.response_ms,
        launch_to_first_ms=report.launch_to_first_ms,
        peak_rss_mb=round(peak_rss_mb(), 1),
        plan_and_launch_s=round(launched - began, 3),
        throttled=throttled,
        of_limit=None if limit is None else of_limit(report, limit, throttled),
        per_second=per_second(report) if paced else None,
        mode=mode,
        possibly_doubled=len(report.possibly_doubled),
        balanced=report.balanced,
    )


def _mode(metrics: str) -> str | None:
    """The rung of the dialogue that the relay bears; None where no connection is up."""
    line = re.search(r"^bealert_gateway_mode\{[^}]*\} (\d+)$", metrics, re.MULTILINE)
    return RUNGS[int(line[1]) - 1] if line and int(line[1]) else None


def _throttled(metrics: str) -> int:
    line = re.search(r"^bealert_gateway_throttled_total\{[^}]*\} (\d+)$", metrics, re.MULTILINE)
    return 0 if line is None else int(line[1])


def of_limit(report: Report, limit: int, throttled: int) -> dict[str, Any]:
    """How well a far end's limit was used, and how often it was passed."""
    times = sorted(at.timestamp() for row in report.rows() if (at := row.submitted_at) is not None)
    if not times:
        return {"used_percent": [], "throttled_percent": 0.0}
    seconds = Counter(int(at - times[0]) for at in times)
    used = [round(100 * seconds[second] / limit, 1) for second in range(max(seconds))]
    share = round(100 * throttled / (len(times) + throttled), 3)
    return {"used_percent": used, "throttled_percent": share}


def cpu_us() -> float:
    """CPU time of this process up to now, all threads, in user and kernel."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1_000_000


def peak_rss_mb() -> float:
    """The most memory that this process ever held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20) if sys.platform == "darwin" else peak / (1 << 10)


def per_second(report: Report) -> dict[str, int] | None:
    """Submits in the slowest and the fastest whole second; None if it was over too soon."""
    left = (row.submitted_at for row in report.rows() if row.submitted_at is not None)
    submits = Counter(int(at.timestamp()) for at in left)
    seconds = range(min(submits) + 1, max(submits)) if submits else ()
    whole = [submits[second] for second in seconds]
    if len(whole) < LEAST_WHOLE_SECONDS:
        return None
    return {"slowest": min(whole), "fastest": max(whole)}

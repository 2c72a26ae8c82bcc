"""One measured campaign: what it took, and what became of everybody."""

from __future__ import annotations

import dataclasses
import re
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bealert_engine import Config, Engine, Recipient, Report
from bealert_engine.cli.output import Output
from bealert_engine.gateways import Gateway, Smpp

FIRST_NUMBER = 888_10_000_000_000
"""Numbers of +888, a code that no telephone network routes: it was kept for disaster relief and
given back. It is large enough for everybody to have an own one, and whatever the far end is, no
phone rings."""

SHOW_EVERY_S = 1.0
"""Between looks at the progress: rare, since they are part of what is measured."""

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
    possibly_doubled: int
    balanced: bool

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return dataclasses.asdict(self)


def measure(out: Output, config: Config, count: int, limit: int | None = None) -> Measured:
    """Send `count` messages and wait for what becomes of them; `limit` is the far end's own."""
    with Engine.from_config(config) as engine:
        began = time.monotonic()
        plan = engine.plan("bench", to=invented(count))
        campaign = engine.launch(plan, by="bench", key="bench")
        # The first submit follows the commit that launch returned from, within a millisecond.
        launched = time.monotonic()
        before_us = cpu_us()
        for now in campaign.progress(every_s=SHOW_EVERY_S):
            out.note(f"{now.sms.sent:,} submitted, {now.rate:,.0f}/s", style="dim")
        after_us = cpu_us()
        throttled = _throttled(engine.metrics())
        report = campaign.report()
    sms = report.totals["sms"]
    elapsed_s = report.elapsed_s or 0.0
    return Measured(
        messages_per_second=round(count / elapsed_s, 1) if elapsed_s else 0.0,
        elapsed_s=elapsed_s,
        cpu_us_per_message=round((after_us - before_us) / count, 3),
        submitted=now.sms.sent,
        accepted=sms.get("accepted", 0),
        delivered=sms.get("delivered", 0),
        failed=sms.get("failed", 0),
        uncertain=sms.get("uncertain", 0),
        response_ms=report.response_ms,
        launch_to_first_ms=report.launch_to_first_ms,
        peak_rss_mb=round(peak_rss_mb(), 1),
        plan_and_launch_s=round(launched - began, 3),
        throttled=throttled,
        of_limit=None if limit is None else of_limit(report, limit, throttled),
        per_second=per_second(report) if _is_paced(config.gateways[0]) else None,
        possibly_doubled=len(report.possibly_doubled),
        balanced=report.balanced,
    )


def _is_paced(gateway: Gateway) -> bool:
    if isinstance(gateway, Smpp):
        return gateway.parts_per_second is not None
    return gateway.messages_per_second is not None


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


def invented(count: int) -> Iterator[Recipient]:
    """People with a number each, that no network routes."""
    for number in range(count):
        yield Recipient(f"b{number:09}", phone=f"+{FIRST_NUMBER + number}")


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

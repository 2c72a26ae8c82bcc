"""Our engine over its public API, for what `bealert bench` does not measure.

    python benches/speed/driver.py first-submit --port 2775 --count 5000 --times 10

Each prints JSON values, a line each; times are of the monotonic clock, which every process of a
machine shares. Those that wait end with their standard input.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import bealert_engine as be

FIRST_NUMBER = 888_10_000_000_000
"""Of +888, which no telephone network routes; as `bealert bench`."""

GROUP = 10_000
"""Numbers that follow each other; the far end tells the first arrival of each group."""

URGENT_GROUP = 5_000
"""Groups from here on are of the urgent campaigns: behind five million of the newsletter."""

VAR = Path("var")

TEXT = "Exercise: this text measures a gateway, please do nothing. Number {{ id }}"


def main() -> None:
    asked = argparse.ArgumentParser(description="Drive the engine for a measurement.")
    asked.add_argument("what", choices=sorted(DRIVERS))
    asked.add_argument("--port", type=int, required=True)
    asked.add_argument("--count", type=int, default=5_000)
    asked.add_argument("--times", type=int, default=10)
    asked.add_argument("--data", type=Path)
    chosen = asked.parse_args()
    if chosen.data is not None:
        DRIVERS[chosen.what](chosen)
        return
    VAR.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=VAR) as directory:
        chosen.data = Path(directory)
        DRIVERS[chosen.what](chosen)


def plan_and_launch(chosen: argparse.Namespace) -> None:
    """A list of people held in Python: planned, and launched."""
    given = list(people(chosen.count))
    with opened(chosen, parts_per_second=1) as engine:
        began = time.monotonic()
        plan = engine.plan("news", to=given)
        planned = time.monotonic()
        campaign = engine.launch(plan, by="bench", key="bench")
        launched = time.monotonic()
        campaign.cancel()
    say(plan_s=planned - began, launch_s=launched - planned, plan_and_launch_s=launched - began)


def first_submit(chosen: argparse.Namespace) -> None:
    """From the call of launch to the first arrival, with the engine open and nothing else to do."""
    calls = []
    with opened(chosen) as engine:
        for turn in range(chosen.times):
            plan = engine.plan("news", to=people(chosen.count, turn * GROUP))
            calls.append([FIRST_NUMBER // GROUP + turn, time.monotonic_ns()])
            campaign = engine.launch(plan, by="bench", key=f"bench-{turn}")
            campaign.wait(timeout_s=60)
    say(calls=calls)


def urgent(chosen: argparse.Namespace) -> None:
    """From the call of launch to the arrival of a warning behind a running newsletter."""
    calls = []
    with opened(chosen, parts_per_second=500) as engine:
        plan = engine.plan("news", to=people(chosen.count))
        newsletter = engine.launch(plan, by="bench", key="newsletter")
        wait_until_sent(newsletter, 500)
        for turn in range(chosen.times):
            group = FIRST_NUMBER // GROUP + URGENT_GROUP + turn
            plan = engine.plan("burglary", to=people(1, (URGENT_GROUP + turn) * GROUP))
            calls.append([group, time.monotonic_ns()])
            engine.launch(plan, by="bench", key=f"urgent-{turn}").wait(timeout_s=60)
            time.sleep(0.15)
        newsletter.cancel()
    say(calls=calls)


def queued(chosen: argparse.Namespace) -> None:
    """Everybody launched and next to nobody sent to; then waits to be killed."""
    with opened(chosen, parts_per_second=1) as engine:
        before_mb = resident_mb()
        plan = engine.plan("news", to=people(chosen.count))
        engine.launch(plan, by="bench", key="bench")
        del plan
        time.sleep(1.0)
        say(before_mb=before_mb, resident_mb=resident_mb(), peak_mb=peak_mb())
        sys.stdin.read()


def pending(chosen: argparse.Namespace) -> None:
    """Everybody sent to, and every receipt still awaited; then waits to be killed."""
    with opened(chosen, receipts=True, receipt_wait="1h") as engine:
        before_mb = resident_mb()
        plan = engine.plan("news", to=people(chosen.count))
        campaign = engine.launch(plan, by="bench", key="bench")
        del plan
        wait_until_sent(campaign, chosen.count)
        time.sleep(1.0)
        say(before_mb=before_mb, resident_mb=resident_mb(), peak_mb=peak_mb())
        sys.stdin.read()


def reopen(chosen: argparse.Namespace) -> None:
    """Opens a directory whose holder was killed; the far end knows when the first one came."""
    began_ns = time.monotonic_ns()
    with opened(chosen):
        say(began_ns=began_ns, opened_ns=time.monotonic_ns())
        sys.stdin.read()


def resets(chosen: argparse.Namespace) -> None:
    """A warning through a far end that resets the connection again and again."""
    with opened(chosen) as engine:
        plan = engine.plan("burglary", to=people(chosen.count))
        campaign = engine.launch(plan, by="bench", key="bench")
        campaign.wait(timeout_s=120)
        report = campaign.report()
    say(
        totals=report.totals["sms"],
        balanced=report.balanced,
        possibly_doubled=len(report.possibly_doubled),
        elapsed_s=report.elapsed_s,
    )


DRIVERS = {
    "plan-and-launch": plan_and_launch,
    "first-submit": first_submit,
    "urgent": urgent,
    "queued": queued,
    "pending": pending,
    "reopen": reopen,
    "resets": resets,
}


def opened(chosen: argparse.Namespace, **options: Any) -> be.Engine:
    smsc = be.Smpp(
        "bench",
        host="127.0.0.1",
        port=chosen.port,
        system_id="bench",
        password=be.Secret("bench"),
        sender="BE-Alert",
        window=100,
        **({"receipts": False} | options),
    )
    scenarios = [
        be.Scenario("news", kind="info", expiry="24h", sms={"en": TEXT}),
        be.Scenario("burglary", kind="warning", expiry="24h", sms={"en": TEXT}),
    ]
    return be.Engine(data=chosen.data, gateways=[smsc], scenarios=scenarios)


def people(count: int, first: int = 0) -> Iterator[be.Recipient]:
    for number in range(first, first + count):
        yield be.Recipient(f"b{number:09}", phone=f"+{FIRST_NUMBER + number}")


def wait_until_sent(campaign: be.Campaign, count: int) -> None:
    while campaign.snapshot().sms.sent < count:
        time.sleep(0.01)


def resident_mb() -> float:
    return status_mb("VmRSS:")


def peak_mb() -> float:
    return status_mb("VmHWM:")


def status_mb(name: str) -> float:
    lines: Iterable[str] = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def say(**figures: Any) -> None:
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()

"""The host application that is watched for a long time: it sends campaign after campaign, evenly.

Run as `python soak_host.py SPEC`, a JSON object. While one campaign is sent the next one is
launched, so that the gateway is never idle. At the end it says what became of all, as a line of
JSON.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections import Counter
from typing import Any

import bealert_engine as be

NUMBERS = 10_000
"""Those that the regulator keeps for fiction; each message has a text of its own."""

WITHIN_S = 120
"""How long the last campaigns may take to end."""


def people(begin: int, count: int) -> list[be.Recipient]:
    return [
        be.Recipient(f"p{n}", phone=f"+336 3998 {n % NUMBERS:04}")
        for n in range(begin, begin + count)
    ]


def soak(spec: dict[str, Any]) -> dict[str, Any]:
    gateway = be.Smpp(
        "sms-0",
        host="127.0.0.1",
        port=spec["port"],
        system_id="bealert",
        password=be.Secret("password"),
        sender="BE-Alert",
        parts_per_second=spec["rate"],
        receipt_wait="20s",
        reconnect_max="1s",
    )
    text = {"nl": "Bericht, {{ id }}."}
    scenario = be.Scenario("message", kind="warning", expiry="2h", sms=text)
    size = spec["rate"] * spec["seconds_each"]
    begin, deadline = 0, time.monotonic() + spec["seconds"]
    errors: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: errors.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("bealert_engine").addHandler(handler)
    told: Counter[str] = Counter()
    doubled: set[str] = set()
    balanced = True
    with be.Engine(data=spec["data"], gateways=[gateway], scenarios=[scenario]) as engine:
        print("open", flush=True)
        under_way: list[be.Campaign] = []
        while under_way or time.monotonic() < deadline:
            unsent = sum(campaign.snapshot().sms.queued for campaign in under_way)
            if time.monotonic() < deadline and unsent < size:
                plan = engine.plan("message", to=people(begin, size))
                under_way.append(engine.launch(plan, by="soak", key=f"from {begin}"))
                begin += size
            for campaign in [one for one in under_way if one.ended]:
                under_way.remove(campaign)
                report = campaign.report()
                balanced = balanced and report.balanced
                told.update(report.totals["sms"])
                doubled.update(report.possibly_doubled)
            time.sleep(0.2)
            if time.monotonic() > deadline + WITHIN_S:
                raise TimeoutError(f"{len(under_way)} campaigns do not end")
    with be.open_ledger(spec["data"]) as ledger:
        findings = [finding.what for finding in ledger.verify().findings]
        doubts = sum(
            isinstance(event, be.Event) and event.state == "uncertain" for event in ledger.events()
        )
    return {
        "people": begin,
        "told": told,
        "doubled": len(doubled),
        "doubts": doubts,
        "balanced": balanced,
        "findings": findings,
        "errors": errors,
    }


if __name__ == "__main__":
    print(json.dumps(soak(json.loads(sys.argv[1]))), flush=True)

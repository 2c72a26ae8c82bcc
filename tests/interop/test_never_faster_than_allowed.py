"""500/s is never passed, in any window, seen from the ledger and from the other side (I4).

A machine that is busy makes sending late, which these bounds allow: how well a rate is used is
measured (`make bench CASES=paced`).
"""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bealert_engine as be

RATE = 500
BURST = RATE * 0.020
ROUNDED_S = 0.001
"""The ledger's clock goes in milliseconds."""

LONG = "Gevaar in de Kerkstraat. Blijf binnen. " * 5


@pytest.mark.parametrize(
    ("text", "people", "parts"), [("Dag {{ id }}.", 800, 1), (LONG + "{{ id }}", 400, 2)]
)
def test_in_any_window(
    text: str, people: int, parts: int, far_end: Callable[..., Any], tmp_path: Path
) -> None:
    def on_submit(smsc: Any, connection: Any, submit: Any) -> None:
        connection.answer(submit, message_id=f"m{len(smsc.submits)}")

    smsc = far_end(on_submit)
    gateway = smsc.gateway(parts_per_second=RATE, receipts=False, sessions=2, window=200)
    news = be.Scenario("news", kind="news", expiry="1h", sms={"nl": text})
    to = [be.Recipient(f"p{n:04}", phone=f"+3363998{n:04}") for n in range(people)]
    with be.Engine(data=tmp_path, gateways=[gateway], scenarios=[news]) as engine:
        plan = engine.plan("news", to=to)
        launched = time.monotonic()
        campaign = engine.launch(plan, by="tests", key="k")
        assert campaign.wait(timeout_s=30).sms.accepted == people
    total = people * parts
    assert len(smsc.submits) == total

    # When each left: its answer's time, in whole milliseconds, less what the answer took.
    with sqlite3.connect(tmp_path / "ledger.sqlite") as ledger:
        rows = ledger.execute("SELECT at_ms, took_us FROM outcome WHERE took_us > 0").fetchall()
    ledger.close()
    left = sorted(at_ms / 1_000 - took_us / 1e6 for at_ms, took_us in rows)
    assert len(left) == total
    # How far each is ahead of the rate: that of a window's last, less that of its first, is what
    # the window has above its rate.
    least = math.inf
    for number, at in enumerate(left):
        ahead = number - RATE * at
        least = min(least, ahead)
        assert ahead - least + 1 <= BURST + RATE * ROUNDED_S, f"the {number}th, at {at}"
    # What came cannot have left later, nor before the launch.
    for count, at in enumerate(sorted(smsc.arrivals), 1):
        assert count <= RATE * (at - launched) + BURST

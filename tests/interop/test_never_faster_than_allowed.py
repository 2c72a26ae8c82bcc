"""500/s is 500/s in any tenth of a second, seen from the ledger and from the other side (I4)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bealert_engine as be

RATE = 500
BURST = RATE * 0.020
WINDOW_S = 0.1
LONG = "Gevaar in de Kerkstraat. Blijf binnen. " * 5


@pytest.mark.parametrize(
    ("text", "people", "parts"), [("Dag {{ id }}.", 1_600, 1), (LONG + "{{ id }}", 800, 2)]
)
def test_in_any_tenth_of_a_second(
    text: str, people: int, parts: int, far_end: Callable[..., Any], tmp_path: Path
) -> None:
    def on_submit(smsc: Any, connection: Any, submit: Any) -> None:
        connection.answer(submit, message_id=f"m{len(smsc.submits)}")

    smsc = far_end(on_submit)
    gateway = smsc.gateway(parts_per_second=RATE, receipts=False, sessions=2, window=200)
    news = be.Scenario("news", kind="news", expiry="1h", sms={"nl": text})
    to = [be.Recipient(f"p{n:04}", phone=f"+3363998{n:04}") for n in range(people)]
    with be.Engine(data=tmp_path, gateways=[gateway], scenarios=[news]) as engine:
        campaign = engine.launch(engine.plan("news", to=to), by="tests", key="k")
        assert campaign.wait(timeout_s=30).sms.accepted == people
    total = people * parts
    assert len(smsc.submits) == total

    # When each left: its answer's time, in whole milliseconds, less what the answer took.
    with sqlite3.connect(tmp_path / "ledger.sqlite") as ledger:
        rows = ledger.execute("SELECT at_ms, took_us FROM outcome WHERE took_us > 0").fetchall()
    ledger.close()
    left = sorted(at_ms / 1_000 - took_us / 1e6 for at_ms, took_us in rows)
    assert len(left) == total
    most = RATE * (WINDOW_S + 0.001) + BURST
    end = 0
    for start, at in enumerate(left):
        while end < total and left[end] < at + WINDOW_S:
            end += 1
        assert end - start <= most, f"{end - start} within {WINDOW_S} s"
    # What came cannot have left later: the far end never has more than that.
    first = smsc.arrivals[0]
    for count, at in enumerate(sorted(smsc.arrivals)):
        assert count <= RATE * (at - first) + BURST + 1
    # Nor slower than it says.
    seconds = left[-1] - left[0]
    assert total / seconds == pytest.approx(RATE, rel=0.02)

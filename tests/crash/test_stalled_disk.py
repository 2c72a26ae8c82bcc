"""A disk that does not answer for seconds: seen while it lasts, and it costs nothing but time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

import bealert_engine as be
from bealert_engine import testing

PEOPLE = 4_000
LASTS_S = 4.0
STALLED = -1


@pytest.mark.parametrize("call", ["writes", "syncs"])
def test_it_is_seen_while_it_lasts_and_costs_only_time(
    call: str, disk: Any, watched: Callable[..., Any], verified: Callable[[object], None]
) -> None:
    with testing.smsc(receipt_ms=50, receipt_retry_ms=300) as smsc:
        gateway = {"parts_per_second": 1_500}
        host = watched(disk.environment, ports=[smsc.port], people=PEOPLE, gateway=gateway)
        host.until(lambda now: now["delivered"] > 300)
        disk.set(**{call: STALLED})
        began = time.monotonic()
        seen = host.until(lambda now: now["stalled"])
        assert disk.waits > 0
        assert "stalls" in seen["stalled"]
        assert seen["metrics"]["bealert_ledger_stalled"] == 1
        assert seen["metrics"]["bealert_ledger_rows_waiting"] > 0
        host.until(lambda now: seen["stalled"] in now["logged"])
        before = smsc.books()["submits"]
        time.sleep(max(0, LASTS_S - (time.monotonic() - began)))
        during = smsc.books()
        assert during["submits"] == before < PEOPLE, "it sends beyond what is durable"
        assert before <= host.reserved(), "it sent what no reservation covers"
        assert during["returned_receipts"] > 0, "a receipt waits for longer than two seconds"
        disk.set()
        goes_on = host.until(lambda now: not now["stalled"])
        done = host.ask("end")
        host.ask("close")
        books = smsc.books()
    assert goes_on["metrics"]["bealert_ledger_stalled"] == 0
    assert goes_on["metrics"]["bealert_ledger_stalls_total"] == 1
    assert any("written again" in line for line in goes_on["logged"])
    assert done["balanced"]
    assert done["totals"]["delivered"] == books["unique"] == PEOPLE
    assert (books["duplicates"], done["doubts"], done["reported_twice"]) == (0, 0, [])
    verified(disk.directory)
    with be.open_ledger(disk.directory) as ledger:
        codes = [n.code for n in ledger.events() if isinstance(n, be.Notice)]
    assert codes.count("ledger_stalled") == 1


def test_closing_does_not_hang_on_it(disk: Any, watched: Callable[..., Any]) -> None:
    with testing.smsc() as smsc:
        gateway = {"parts_per_second": 1_500}
        host = watched(disk.environment, ports=[smsc.port], people=PEOPLE, gateway=gateway)
        host.until(lambda now: now["delivered"] > 300)
        disk.set(syncs=STALLED)
        host.until(lambda now: now["stalled"])
        began = time.monotonic()
        closed = host.ask("close")
        took_s = time.monotonic() - began
        disk.set()
    assert closed["error"] == "LedgerError"
    assert "stalls" in closed["text"] or "does not answer" in closed["text"]
    assert took_s < 30

"""A connection that is reset every 1,000 messages: none lost, every double named, on it goes."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from bealert_engine import testing

PEOPLE = 9_900
WINDOW = 100
RESET_EVERY = 1_000
GOES_ON_WITHIN_S = 1.0


class Gaps(threading.Thread):
    """How long after each reset the next message comes."""

    def __init__(self, smsc: testing.Simulator) -> None:
        super().__init__(daemon=True)
        self.smsc = smsc
        self.over = threading.Event()
        self.seconds: list[float] = []

    def run(self) -> None:
        known, since, submits = 0, None, 0
        while not self.over.wait(0.0005):
            books, now = self.smsc.books(), time.monotonic()
            if since is not None and books["submits"] > submits:
                self.seconds.append(now - since)
                since = None
            if books["resets"] > known:
                known, since, submits = books["resets"], now, books["submits"]


@pytest.mark.parametrize("receipts", [1.0, 0.0])
def test_every_1000_messages(receipts: float, watched: Callable[..., Any]) -> None:
    """With receipts most doubts are settled before anything is sent again."""
    faults = {"reset_every": RESET_EVERY, "response_ms": 5, "receipt_ms": 20}
    with testing.smsc(receipts=receipts, **faults) as smsc:
        gaps = Gaps(smsc)
        gaps.start()
        gateway = {"window": WINDOW, "parts_per_second": 4_000, "receipt_wait": "2s"}
        host = watched(ports=[smsc.port], people=PEOPLE, gateway=gateway)
        done = host.ask("end")
        host.ask("close")
        gaps.over.set()
        gaps.join()
        books, messages = smsc.books(), smsc.messages()
    gone_on = gaps.seconds
    usual_ms, longest_ms = statistics.median(gone_on) * 1e3, max(gone_on) * 1e3
    print(
        f"{books['resets']} resets, {books['duplicates']} doubles, {done['doubts']} in doubt;"
        f" sending again after {usual_ms:.1f} ms, {longest_ms:.1f} at most"
    )
    assert done["balanced"]
    assert books["unique"] == len(messages) == PEOPLE
    assert books["resets"] >= PEOPLE // RESET_EVERY
    assert books["duplicates"] > 0 or receipts, "nothing was in flight at any reset"
    assert books["duplicates"] <= done["doubts"] <= WINDOW * books["resets"]
    twice = [f"p{int(m.destination[-4:]):05}" for m in messages if m.accepted > 1]
    assert set(twice) <= set(done["doubled"]), "a double that no report names"
    assert done["reported_twice"] == []
    assert statistics.median(gone_on) < GOES_ON_WITHIN_S


def test_a_far_end_that_comes_back_is_found_soon(watched: Callable[..., Any]) -> None:
    """Down for two seconds: what is waited for grows with the outage, not beyond it."""
    with testing.smsc(receipt_ms=20) as smsc:
        port = smsc.port
        gateway = {"window": WINDOW, "parts_per_second": 1_000, "receipt_wait": "3s"}
        host = watched(ports=[port], people=3_000, gateway=gateway)
        host.until(lambda now: now["delivered"] > 300)
    first = smsc.messages()
    time.sleep(2)
    with testing.smsc(port=port, receipt_ms=20, id_prefix="second-") as again:
        began = time.monotonic()
        while not again.books()["submits"]:
            assert time.monotonic() - began < 10
            time.sleep(0.001)
        print(f"sending again {(time.monotonic() - began) * 1e3:.0f} ms after the port answers")
        assert time.monotonic() - began < 2 * GOES_ON_WITHIN_S, "and this machine may be busy"
        done = host.ask("end")
        second = again.messages()
    assert done["balanced"]
    twice = {m.destination for m in first} & {m.destination for m in second}
    assert {m.destination for m in first} | {m.destination for m in second} >= {
        f"3363998{n:04}" for n in range(3_000)
    }
    assert len(twice) <= done["doubts"] <= WINDOW
    assert {f"p{int(to[-4:]):05}" for to in twice} <= set(done["doubled"])

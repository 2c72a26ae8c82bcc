"""What stopped other SMPP clients when they were measured: none of it stops this one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bealert_engine import testing

IN_FLIGHT = 'bealert_gateway_in_flight{gateway="sms-0"}'


@pytest.mark.parametrize("window", [10, 100])
def test_answers_to_receipts_that_wait_for_window_slots(
    window: int, watched: Callable[..., Any]
) -> None:
    """Both sides then wait for ever: the window is full of submits, and the far end answers none
    of them until its own ten receipts are answered."""
    with testing.smsc(receipts_first=True, early_receipts=0.5, unanswered_receipts=10) as smsc:
        host = watched(ports=[smsc.port], people=4_000, gateway={"window": window})
        done = host.ask("end")
    assert done["totals"]["delivered"] == 4_000


def test_a_response_before_the_write_returns(
    shims: Callable[[str], Path], watched: Callable[..., Any]
) -> None:
    """Whoever notes a request after writing it takes such a response for a stranger's, and its slot
    of the window never comes back."""
    environment = {**os.environ, "LD_PRELOAD": str(shims("late_return"))}
    with testing.smsc() as smsc:
        host = watched(environment, ports=[smsc.port], people=200, gateway={"window": 5})
        done = host.ask("end")
        seen = host.ask("look")
        books = smsc.books()
    assert done["totals"]["delivered"] == books["accepted"] == 200
    assert (done["doubts"], seen["metrics"][IN_FLIGHT], books["binds"]) == (0, 0, 1)
    assert not any("unexpected" in line or "unknown" in line for line in seen["logged"])


def test_queued_requests_without_a_wake_up(watched: Callable[..., Any]) -> None:
    """A session that has been idle sends at once what comes then; only a timer would help
    otherwise, and there is none due within a minute here."""
    with testing.smsc() as smsc:
        gateway = {"enquire_interval": "60s", "response_timeout": "60s"}
        host = watched(ports=[smsc.port], people=1, gateway=gateway)
        host.ask("end")
        for _ in range(5):
            time.sleep(0.3)  # everything is asleep
            before, began = smsc.books()["submits"], time.monotonic()
            assert host.ask("more")["error"] is None
            while smsc.books()["submits"] == before:
                assert time.monotonic() - began < 5, "it waits for a timer"
                time.sleep(0.001)


def test_a_timeout_that_is_asked_for_and_ignored(watched: Callable[..., Any]) -> None:
    with testing.smsc(silent=1.0, receipts=0.0) as smsc:
        gateway = {"window": 5, "response_timeout": "1s"}
        host = watched(ports=[smsc.port], people=5, gateway=gateway, kind="news")
        host.until(lambda now: now["sent"] == 5)
        began = time.monotonic()
        host.until(lambda now: now["uncertain"] == 5)
        assert time.monotonic() - began > 0.5


def test_a_process_that_cannot_be_closed_while_it_stalls(watched: Callable[..., Any]) -> None:
    with testing.smsc(silent=1.0) as smsc:
        gateway = {"window": 5, "response_timeout": "60s"}
        host = watched(ports=[smsc.port], people=100, gateway=gateway)
        host.until(lambda now: now["metrics"][IN_FLIGHT] == 5)
        began = time.monotonic()
        assert host.ask("close")["error"] is None
        assert time.monotonic() - began < 20
        host.process.communicate(timeout=20)
        assert host.process.returncode == 0


def test_a_bounded_queue_of_receipts_that_refuses_under_load(watched: Callable[..., Any]) -> None:
    """They all come at once here, while the engine is busy sending."""
    people = 10_000
    with testing.smsc(receipt_ms=700, unanswered_receipts=10_000) as smsc:
        gateway = {"window": 1_000, "receipt_wait": "20s"}
        host = watched(ports=[smsc.port], people=people, gateway=gateway)
        done = host.ask("end")
        books = smsc.books()
    assert done["totals"]["delivered"] == books["receipts"] == people
    assert books["returned_receipts"] == 0


def test_a_timer_shorter_than_the_far_end_takes(watched: Callable[..., Any]) -> None:
    """A late answer still counts, nobody is reported failed, and what has timed out keeps its slot:
    the window is never overrun."""
    people, window = 300, 50
    with testing.smsc(response_ms=1_250, receipts=0.0) as smsc:
        gateway = {"window": window, "response_timeout": "1s", "receipts": False}
        host = watched(ports=[smsc.port], people=people, gateway=gateway)
        most = 0.0
        while (seen := host.ask("look"))["state"] != "done":
            most = max(most, seen["metrics"][IN_FLIGHT])
            time.sleep(0.005)
        done = host.ask("end")
        books = smsc.books()
        twice = [f"p{int(m.destination[-4:]):05}" for m in smsc.messages() if m.accepted > 1]
    assert 0 < most <= window
    assert done["balanced"]
    assert books["unique"] == people
    assert not done["totals"].get("failed")
    assert books["duplicates"] <= done["doubts"]
    assert set(twice) <= set(done["doubled"])


def test_answers_that_never_come_and_a_window_that_fills(watched: Callable[..., Any]) -> None:
    """Without an end to their waiting, sending stops for good."""
    with testing.smsc(silent=0.2, receipts=0.0) as smsc:
        gateway = {"window": 4, "response_timeout": "150ms", "receipts": False}
        host = watched(ports=[smsc.port], people=40, gateway=gateway, kind="news")
        done = host.ask("end")
        books = smsc.books()
    assert done["balanced"]
    assert (books["unique"], books["duplicates"]) == (40, 0)
    assert books["silent"] > 3
    assert len(done["uncertain"]) == books["silent"]

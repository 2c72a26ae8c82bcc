"""A wall clock that jumps by an hour either way, while it runs and between two lives.

Nobody expires before their time, nothing is sent faster or slower, and times in the journal never
go back.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bealert_engine as be
from bealert_engine import testing

HOUR_S = 3_600
PEOPLE = 3_000
RATE = 1_000
GATEWAY = {"parts_per_second": RATE, "receipt_wait": "3s"}


@pytest.fixture
def clock(shims: Callable[[str], Path], tmp_path: Path) -> Any:
    """Sets how far the wall clock is off, for processes that run with its environment."""

    class Clock:
        file = tmp_path / "clock"
        environment = {  # noqa: RUF012
            **os.environ,
            "LD_PRELOAD": str(shims("jumping_clock")),
            "JUMPING_CLOCK": str(tmp_path / "clock"),
        }

        def jump(self, seconds: int) -> None:
            with self.file.open("r+b") as file:
                file.write(struct.pack("=q", seconds))

    Clock.file.write_bytes(bytes(8))
    return Clock()


@pytest.mark.parametrize("hours", [1, -1])
def test_while_it_runs(hours: int, clock: Any, watched: Callable[..., Any]) -> None:
    with testing.smsc(receipt_ms=20) as smsc:
        spec = {"ports": [smsc.port], "people": PEOPLE, "gateway": GATEWAY, "expiry": "20m"}
        host = watched(clock.environment, **spec)
        host.until(lambda now: now["delivered"] > 300)
        before, at = host.ask("look"), time.monotonic()
        clock.jump(hours * HOUR_S)
        time.sleep(1)
        after, later = host.ask("look"), time.monotonic()
        # A limiter on the wall clock would stand still for an hour, or let an hour's worth go.
        sent = after["sent"] - before["sent"]
        assert 0 < sent <= (later - at + 0.5) * RATE * 1.1
        done = host.ask("end")
        host.ask("close")
        books = smsc.books()
    assert done["balanced"]
    assert done["totals"]["delivered"] == books["unique"] == PEOPLE
    assert books["duplicates"] == 0
    _times_never_go_back(host.data)


@pytest.mark.parametrize("hours", [1, -1])
def test_between_two_lives(hours: int, clock: Any, watched: Callable[..., Any]) -> None:
    with testing.smsc(receipt_ms=20) as smsc:
        spec = {"ports": [smsc.port], "people": PEOPLE, "gateway": GATEWAY, "expiry": "2h"}
        host = watched(clock.environment, **spec)
        host.until(lambda now: now["delivered"] > 300)
        host.kill()
        clock.jump(hours * HOUR_S)
        host = watched(clock.environment, **spec)
        done = host.ask("end")
        host.ask("close")
        books = smsc.books()
    assert done["balanced"]
    assert books["unique"] == PEOPLE, "somebody expired before their time"
    assert books["duplicates"] <= done["doubts"]
    assert "expired" not in {state for state, count in done["totals"].items() if count}
    _times_never_go_back(host.data)


def test_what_has_expired_meanwhile_is_not_sent(clock: Any, watched: Callable[..., Any]) -> None:
    """Or the tests above would pass with a clock that is not looked at."""
    with testing.smsc(receipt_ms=20) as smsc:
        spec = {"ports": [smsc.port], "people": PEOPLE, "gateway": GATEWAY, "expiry": "50m"}
        host = watched(clock.environment, **spec)
        host.until(lambda now: now["delivered"] > 300)
        host.kill()
        clock.jump(HOUR_S)
        taken = smsc.books()["submits"]
        done = watched(clock.environment, **spec).ask("end")
        assert done["totals"]["expired"] > 0
        assert smsc.books()["submits"] == taken
    assert done["balanced"]


def _times_never_go_back(directory: Path) -> None:
    with be.open_ledger(directory) as ledger:
        times = [entry.at for entry in ledger.events()]
    assert len(times) > PEOPLE
    assert times == sorted(times)

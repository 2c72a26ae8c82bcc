"""Far ends that vanish without a word: a process that is stopped, and a cable that is pulled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PEOPLE = 2_500
GATEWAY = {
    "window": 50,
    "parts_per_second": 1_000,
    "response_timeout": "700ms",
    "enquire_interval": "500ms",
    "receipt_wait": "4s",
}


def test_a_process_that_is_stopped(
    watched: Callable[..., Any], far_end: Callable[..., Any]
) -> None:
    """Its kernel goes on acknowledging, and accepts connections for it."""
    end = far_end(receipt_ms=20, receipt_retry_ms=300)
    host = watched(ports=[end.port], people=PEOPLE, gateway=GATEWAY)
    host.until(lambda now: now["delivered"] > 300)
    os.kill(end.process.pid, signal.SIGSTOP)
    try:
        seen = host.until(lambda now: now["metrics"]['bealert_gateway_up{gateway="sms-0"}'] == 0)
        before = seen["sent"]
        time.sleep(2)
        seen = host.ask("look")
        assert seen["sent"] <= before + GATEWAY["window"], "it sends into the void"
    finally:
        os.kill(end.process.pid, signal.SIGCONT)
    host.until(lambda now: now["delivered"] > before)
    done = host.ask("end")
    books, taken = end.account()
    assert done["balanced"]
    assert books["unique"] == PEOPLE
    assert books["duplicates"] <= done["doubts"]
    twice = {f"p{int(to[-4:]):05}" for to, message in taken.items() if message.accepted > 1}
    assert twice <= set(done["doubled"])
    assert done["reported_twice"] == []


def test_a_cable_that_is_pulled() -> None:
    """Nothing comes back, not even an acknowledgement."""
    script = Path(__file__).parent / "pulled_cable.py"
    ran = subprocess.run(
        ["unshare", "-rn", sys.executable, script], capture_output=True, text=True, timeout=100
    )
    if "unshare" in ran.stderr:
        # A container may forbid namespaces; a far end that is stopped is tried there too.
        pytest.skip("no network of our own can be had here")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = json.loads(ran.stdout)
    assert told["noticed"], told
    assert told["went_on"]
    assert told["balanced"]
    assert told["unique"] == told["people"]
    assert told["duplicates"] <= told["doubts"]
    assert set(told["twice"]) <= set(told["doubled"])

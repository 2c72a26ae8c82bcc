"""Sending for a long time, with resets: memory and descriptors stay flat, and the books are equal.

Twenty seconds unless `BEALERT_SOAK_MINUTES` says otherwise; `make soak` takes half an hour.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MINUTES = float(os.environ.get("BEALERT_SOAK_MINUTES") or 1 / 3)
SECONDS = MINUTES * 60
RATE = 2_000
RESET_EVERY_S = min(60.0, SECONDS / 4)
WARM_UP = 0.4
"""Share of the time after which nothing may grow any more: pools and caches are full by then."""

GROWTH_MB = 16.0
"""What memory may grow by after that, over the whole rest: the page cache of the writer fills, and
the allocator is not exact."""

KEPT_OCTETS = 48
"""What may be kept of a message: for 24 hours after its campaign a late receipt can correct it, and
one that comes again is known. It goes with the campaign, so days of this are bounded too."""


@pytest.mark.timeout(SECONDS * 2 + 300)
def test_memory_and_descriptors_are_flat_and_the_books_equal(
    far_end: Callable[..., Any], tmp_path: Path
) -> None:
    end = far_end(keep_messages=False, response_ms=2, receipt_ms=500)
    spec = {
        "data": str(tmp_path / "var"),
        "port": end.port,
        "rate": RATE,
        "seconds": SECONDS,
        "seconds_each": 5 if MINUTES < 2 else 30,
    }
    script = Path(__file__).parent / "soak_host.py"
    host = subprocess.Popen(
        [sys.executable, script, json.dumps(spec)], stdout=subprocess.PIPE, text=True
    )
    samples: list[tuple[float, float, int]] = []
    resets = 0
    try:
        assert host.stdout is not None
        assert host.stdout.readline() == "open\n"
        began = time.monotonic()
        while (passed := time.monotonic() - began) < SECONDS:
            samples.append((passed, _resident_mb(host.pid), _descriptors(host.pid)))
            if passed > RESET_EVERY_S * (resets + 0.5):
                end.reset()
                resets += 1
            time.sleep(min(1.0, SECONDS / 100))
        out, _ = host.communicate(timeout=SECONDS + 240)
    finally:
        host.kill()
        host.wait()
    assert host.returncode == 0
    told = json.loads(out)
    books, _ = end.account()
    late = [sample for sample in samples if sample[0] > WARM_UP * SECONDS]
    slope = statistics.linear_regression([s[0] for s in late], [s[1] for s in late]).slope
    growth_mb = slope * (late[-1][0] - late[0][0])
    kept_mb = KEPT_OCTETS * RATE * (late[-1][0] - late[0][0]) / 1e6
    open_at_most = [max(s[2] for s in part) for part in _halves(late)]
    print(
        f"{told['people']} people in {SECONDS:.0f} s, {resets} resets,"
        f" {books['duplicates']} doubles, {told['doubts']} in doubt;"
        f" memory {late[0][1]:.1f} -> {late[-1][1]:.1f} MB, {growth_mb:+.2f} MB by its slope,"
        f" {kept_mb:.2f} of it accounted for; descriptors {open_at_most}"
    )
    assert growth_mb < GROWTH_MB + kept_mb
    assert open_at_most[1] <= open_at_most[0] + 2, "a reconnect more or less"
    assert books["resets"] >= resets > 1
    assert (told["findings"], told["errors"]) == ([], [])
    assert told["balanced"]
    assert sum(told["told"].values()) == told["people"] == books["unique"]
    assert told["people"] > 0.5 * RATE * SECONDS, "it was idle for much of the time"
    assert books["duplicates"] <= told["doubts"]
    assert told["doubled"] <= told["doubts"]


def _halves(samples: list[Any]) -> tuple[list[Any], list[Any]]:
    middle = len(samples) // 2
    return samples[:middle], samples[middle:]


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))

"""Writes and syncs that fail (EIO, ENOSPC): sending stops within one reservation, the error says
why wherever somebody looks, nothing is lost or written twice, and it goes on when it can."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bealert_engine as be
from bealert_engine import testing

PEOPLE = 4_000
GATEWAY = {"parts_per_second": 1_500}

FAULTS = {
    "a write that fails": ({"writes": errno.EIO}, "disk I/O error"),
    "an fsync that fails": ({"syncs": errno.EIO}, "disk I/O error"),
    "no room for a write": ({"writes": errno.ENOSPC}, "full"),
    "no room at an fsync": ({"syncs": errno.ENOSPC}, "disk I/O error"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_sending_stops_says_why_and_goes_on(
    fault: str, disk: Any, watched: Callable[..., Any], verified: Callable[[object], None]
) -> None:
    how, why = FAULTS[fault]
    with testing.smsc(receipt_ms=10) as smsc:
        host = watched(disk.environment, ports=[smsc.port], people=PEOPLE, gateway=GATEWAY)
        host.until(lambda now: now["delivered"] > 300)
        disk.set(**how)
        seen = host.until(lambda now: now["stalled"])
        assert why in seen["stalled"]
        assert seen["metrics"]["bealert_ledger_stalled"] == 1
        assert seen["metrics"]["bealert_ledger_stalls_total"] == 1
        assert any(why in line for line in seen["logged"])
        time.sleep(0.3)  # what is reserved already may leave
        before = smsc.books()["submits"]
        time.sleep(1.5)
        assert smsc.books()["submits"] == before < PEOPLE, "it sends beyond what is durable"
        assert before <= host.reserved(), "it sent what no reservation covers"
        refused = host.ask("launch")
        assert refused["error"] == "LedgerError"
        assert why in refused["text"]
        assert disk.hits > 1, "it tries again"
        disk.set()
        done = host.ask("end")
        seen = host.ask("look")
        closed = host.ask("close")
        books = smsc.books()
    assert closed["error"] is None
    assert (seen["stalled"], seen["metrics"]["bealert_ledger_stalled"]) == (None, 0)
    assert done["balanced"]
    assert done["totals"]["delivered"] == books["unique"] == PEOPLE
    assert (books["duplicates"], done["doubts"], done["reported_twice"]) == (0, 0, [])
    verified(disk.directory)
    with be.open_ledger(disk.directory) as ledger:
        notices = [n for n in ledger.events() if isinstance(n, be.Notice)]
    told = [notice.text for notice in notices if notice.code == "ledger_stalled"]
    assert len(told) == 1
    assert why in told[0]


def test_closing_over_it_says_what_is_missing(
    disk: Any, watched: Callable[..., Any], verified: Callable[[object], None]
) -> None:
    with testing.smsc(receipt_ms=10) as smsc:
        host = watched(disk.environment, ports=[smsc.port], people=PEOPLE, gateway=GATEWAY)
        host.until(lambda now: now["delivered"] > 300)
        disk.set(syncs=errno.EIO)
        host.until(lambda now: now["stalled"])
        closed = host.ask("close")
        assert closed["error"] == "LedgerError"
        assert "disk I/O error" in closed["text"]
        assert closed["text"] in closed["logged"]
        disk.set()
        host.kill()
        # The directory is free, and everybody is still accounted for.
        host = watched(disk.environment, ports=[smsc.port], people=PEOPLE, gateway=GATEWAY)
        done = host.ask("end")
        host.ask("close")
        books = smsc.books()
    assert done["balanced"]
    assert books["unique"] == PEOPLE
    assert books["duplicates"] <= done["doubts"]
    assert len(done["doubled"]) >= sum(m.accepted > 1 for m in smsc.messages())
    verified(disk.directory)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_command_that_finds_it_says_so_and_ends_with_1(
    fault: str, disk: Any, tmp_path: Path
) -> None:
    how, _ = FAULTS[fault]
    config = tmp_path / "bealert.toml"
    config.write_text(f'data = "{disk.directory}"\ndefault_country = "BE"\n')
    command = [sys.executable, "-m", "bealert_engine.cli", "run", "--config", config]
    disk.directory.mkdir()
    disk.set(**how)
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, env=disk.environment)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    said = os.strerror(how.get("writes", how.get("syncs", 0)))
    assert any(word in ran.stderr for word in ("disk I/O error", "full", said)), ran.stderr
    assert "Traceback" not in ran.stderr

"""The power fails: what no fsync has put on the disk is gone, and what a failed fsync was about.

Beside the directory lies what the disk has of it, see faulty_disk.c. A failed fsync drops the pages
from it for good, as the kernel does, and the next one succeeds: whoever takes that for a sign that
all is written loses what had been acknowledged.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from typing import Any

import bealert_engine as be
from bealert_engine import testing

PEOPLE = 4_000
GATEWAY = {"parts_per_second": 1_500, "receipt_wait": "3s"}
FAILURES = 4


def test_after_failed_fsyncs_nothing_is_assumed_durable(
    disk: Any, watched: Callable[..., Any], verified: Callable[[object], None]
) -> None:
    with testing.smsc(receipt_ms=10, receipt_retry_ms=300) as smsc:

        def start() -> Any:
            return watched(disk.environment, ports=[smsc.port], people=PEOPLE, gateway=GATEWAY)

        host, sent = start(), 0
        for _ in range(FAILURES):
            sent = host.until(lambda now, sent=sent: now["delivered"] > sent + 300)["delivered"]
            hits = disk.hits
            disk.set(syncs=errno.EIO)
            deadline = time.monotonic() + 10
            while disk.hits == hits and time.monotonic() < deadline:
                time.sleep(0.001)
            assert disk.hits > hits
            disk.set()
        host.until(lambda now: now["delivered"] > sent + 300 and not now["stalled"])
        host.kill()
        answered = smsc.books()["receipts"]
        disk.cut_power()
        verified(disk.directory)
        with be.open_ledger(disk.directory) as ledger:
            [campaign] = ledger.campaigns()
            kept = campaign.snapshot().sms.delivered
        assert kept >= answered, "a receipt was answered that is not on the disk"
        done = start().ask("end")
        books = smsc.books()
        twice = {m.destination for m in smsc.messages() if m.accepted > 1}
    assert done["balanced"]
    assert books["unique"] == PEOPLE
    assert books["duplicates"] <= done["doubts"]
    assert len(twice) <= len(done["doubled"])
    assert done["reported_twice"] == []
    verified(disk.directory)


def test_the_disk_of_this_test_forgets_what_was_not_synced(
    disk: Any, watched: Callable[..., Any]
) -> None:
    """Or the tests above could not fail."""
    with testing.smsc(receipt_ms=10) as smsc:
        host = watched(disk.environment, ports=[smsc.port], people=100, gateway=GATEWAY)
        host.ask("end")
        host.kill()
        assert disk.passed > 2
        log = disk.directory / "ledger.sqlite-wal"
        database = disk.directory / "ledger.sqlite"
        before = (database.stat().st_size, log.stat().st_size)
        disk.cut_power()
    # Only what SQLite has synced: the index of the log, say, is never.
    assert (database.stat().st_size, log.stat().st_size) <= before
    assert not (disk.directory / "ledger.sqlite-shm").exists()

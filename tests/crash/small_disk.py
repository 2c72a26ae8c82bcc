"""The host application on a disk of its own, which it fills up while it sends.

Run as `unshare -rm python small_disk.py DIRECTORY PORT`: the disk is a tmpfs that only this
process sees. It says `full`, waits for a line, makes room again, and tells what became of all.
"""

from __future__ import annotations

import contextlib
import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import bealert_engine as be

DISK_MB = 24
PEOPLE = 5_000
SENT_BEFORE = 500
WITHIN_S = 30


def send(directory: Path, port: int) -> None:
    options = ["-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(directory)]
    subprocess.run(["mount", *options], check=True)
    print("mounted", flush=True)
    handler = Said()
    said = handler.lines
    logging.getLogger("bealert_engine").addHandler(handler)
    gateway = be.Smpp(
        "sms-a",
        host="127.0.0.1",
        port=port,
        system_id="bealert",
        password=be.Secret("password"),
        sender="BE-Alert",
        parts_per_second=1_500,
    )
    news = be.Scenario("news", kind="news", expiry="1h", sms={"nl": "Weg open, {{ id }}."})
    to = [be.Recipient(f"p{n:04}", phone=f"+336 3998 {n:04}") for n in range(PEOPLE)]
    with be.Engine(data=directory / "var", gateways=[gateway], scenarios=[news]) as engine:
        campaign = engine.launch(engine.plan("news", to=to), by="tests", key="k")
        other = engine.plan("news", to=to[:1])
        until(lambda: campaign.snapshot().sms.delivered > SENT_BEFORE)
        with (directory / "ballast").open("wb", buffering=0) as ballast:
            with contextlib.suppress(OSError):
                while ballast.write(bytes(4096)):
                    pass
            until(lambda: "\nbealert_ledger_stalls_total 1\n" in engine.metrics())
            until(lambda: any("full" in line for line in said))
            print("full", flush=True)
            sys.stdin.readline()
            try:
                engine.launch(other, by="tests", key="another")
                refused = ""
            except be.LedgerError as error:
                refused = str(error)
            ballast.truncate(0)
        campaign.wait(timeout_s=WITHIN_S)
        report = campaign.report()
        told = {
            "logged": said,
            "refused": refused,
            "balanced": report.balanced,
            "totals": report.totals["sms"],
            "uncertain": len(report.uncertain),
        }
    with be.open_ledger(directory / "var") as ledger:
        told["findings"] = [finding.what for finding in ledger.verify().findings]
        # The journal could say so only once there was room again.
        told["notices"] = [entry.text for entry in ledger.events() if stalled(entry)]
    print(json.dumps(told), flush=True)


def stalled(entry: be.Event | be.Notice) -> bool:
    return isinstance(entry, be.Notice) and entry.code == "ledger_stalled"


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Said(logging.Handler):
    """Keeps what the engine logs."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


if __name__ == "__main__":
    send(Path(sys.argv[1]), int(sys.argv[2]))

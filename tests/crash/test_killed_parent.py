"""`kill -9` of a process whose child lives on: what the child inherited holds nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bealert_engine as be
from bealert_engine import testing

PEOPLE = 600

PARENT = """
import os, subprocess, sys, time, warnings
import bealert_engine as be
warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads is what is tested
directory, port, how = sys.argv[1:]
gateway = be.Smpp("sms-a", host="127.0.0.1", port=int(port), system_id="bealert",
                  password=be.Secret("password"), sender="BE-Alert", parts_per_second=300,
                  receipt_wait="4s")
news = be.Scenario("news", kind="warning", expiry="1h", sms={"en": "Road open, {{ id }}."})
people = [be.Recipient(f"p{n:04}", phone=f"+336 3998 {n:04}") for n in range(600)]
engine = be.Engine(data=directory, gateways=[gateway], scenarios=[news])
campaign = engine.launch(engine.plan("news", to=people), by="tests", key="k")
while campaign.snapshot().sms.delivered < 100:
    time.sleep(0.01)
if how == "forked":
    child = os.fork()
    if child == 0:
        try:
            engine.metrics()
        except be.EngineForked:
            pass
        time.sleep(60)
        os._exit(0)
else:
    child = subprocess.Popen(["sleep", "60"]).pid
print(child, flush=True)
campaign.wait()
"""


@pytest.mark.parametrize("how", ["forked", "started"])
def test_the_directory_is_free_and_the_campaign_goes_on(
    how: str, tmp_path: Path, verified: Callable[[object], None]
) -> None:
    with testing.smsc(receipt_ms=20) as smsc:
        command = [sys.executable, "-c", PARENT, str(tmp_path), str(smsc.port), how]
        parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        try:
            parent.kill()
            parent.wait()
            os.kill(child, 0)  # it lives
            before = smsc.books()["submits"]
            time.sleep(0.5)
            assert smsc.books()["submits"] == before, "the child sends"
            again: Any = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            assert again.stdout is not None
            other = int(again.stdout.readline())
            os.kill(child, 0)
            again.wait(timeout=60)
            os.kill(other, signal.SIGKILL)
            again.stdout.close()
        finally:
            os.kill(child, signal.SIGKILL)
            parent.stdout.close()
        books = smsc.books()
    assert again.returncode == 0
    assert books["unique"] == PEOPLE
    with be.open_ledger(tmp_path) as ledger:
        report = ledger.campaign("k").report()
    assert report.balanced
    assert books["duplicates"] <= len(report.possibly_doubled)
    verified(tmp_path)

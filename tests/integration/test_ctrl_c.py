"""Ctrl-C in any blocking call ends it at once; the engine is still usable, or closes."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PREAMBLE = """
import os, sys, time
import bealert_engine as be
from bealert_engine import testing
news = be.Scenario("news", kind="news", expiry="1h", sms={"en": "Road open again."})
smsc = testing.smsc(response_ms=60_000)
engine = be.Engine(data=None, gateways=[smsc.gateway(parts_per_second=1)], scenarios=[news])

def people(count=1000):
    for number in range(count):
        yield be.Recipient(f"p{number}", phone="+33639981234")

def endless():
    number = 0
    while True:
        number += 1
        yield be.Recipient(f"p{number}", phone="+33639981234")

def interrupted(call):
    print("ready", flush=True)
    try:
        call()
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    else:
        print("not interrupted", flush=True)

campaign = engine.launch(engine.plan("news", to=people()), by="tests", key="k")
"""

CALLS = {
    "progress": "interrupted(lambda: list(campaign.progress(every_s=3600)))",
    "every_change": "interrupted(lambda: list(campaign.progress(every_s=0)))",
    "wait": "interrupted(campaign.wait)",
    "wait_with_timeout": "interrupted(lambda: campaign.wait(timeout_s=3600))",
    "events": "interrupted(lambda: list(engine.events()))",
    "campaign_events": "interrupted(lambda: list(campaign.events()))",
    "plan": "interrupted(lambda: engine.plan('news', to=endless()))",
    "close": "time.sleep(1.5); interrupted(engine.close)",
    "check": """
import socket
silent = socket.create_server(("127.0.0.1", 0))
other = be.Engine(data=None, gateways=[smsc.gateway(port=silent.getsockname()[1])])
interrupted(other.check)
other.close()
""",
}
"""What blocks: the far end takes a minute to answer, and the limit is a message per second."""


COMMITS = {
    "launch": "engine.launch(plan, by='tests', key='another')",
    "pause": "campaign.pause()",
    "resume": "campaign.resume()",
    "cancel": "campaign.cancel()",
}
"""What waits for a commit, while another process keeps the ledger from being written."""

COMMITTING = """
engine.close()
engine = be.Engine(data=sys.argv[1], gateways=[smsc.gateway(parts_per_second=1)], scenarios=[news])
plan = engine.plan("news", to=people())
campaign = engine.launch(plan, by="tests", key="k")
print("open", flush=True)
sys.stdin.readline()
interrupted(lambda: {call})
"""


@pytest.mark.parametrize("call", CALLS)
def test_a_blocking_call_ends_at_once(call: str) -> None:
    with _child(CALLS[call]) as child:
        _interrupt(child)


@pytest.mark.parametrize("call", COMMITS)
def test_a_call_that_waits_for_the_ledger_ends_at_once(call: str, tmp_path: Path) -> None:
    with _child(COMMITTING.format(call=COMMITS[call]), str(tmp_path)) as child:
        _expect(child, "open")
        with contextlib.closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as ledger:
            ledger.execute("BEGIN IMMEDIATE")
            assert child.stdin is not None
            child.stdin.write("\n")
            child.stdin.flush()
            _interrupt(child)
            ledger.execute("ROLLBACK")


def _interrupt(child: subprocess.Popen[str]) -> None:
    _expect(child, "ready")
    time.sleep(0.3)
    began = time.monotonic()
    child.send_signal(signal.SIGINT)
    _expect(child, "interrupted")
    assert time.monotonic() - began < 8, "it looks every 50 ms, and this machine may be busy"


def _expect(child: subprocess.Popen[str], line: str) -> None:
    assert child.stdout is not None
    got = child.stdout.readline().rstrip()
    if got != line:
        child.kill()
        pytest.fail(f"{got!r} and not {line!r}: {child.communicate()[1]}")


@contextlib.contextmanager
def _child(script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", PREAMBLE + script + "\nos._exit(0)\n", *arguments]
    pipe = subprocess.PIPE
    child = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    try:
        yield child
    finally:
        child.kill()
        child.communicate()

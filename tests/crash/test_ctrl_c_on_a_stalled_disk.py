"""Ctrl-C in calls that wait for a disk that does not answer: they end at once, in every API."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from bealert_engine import testing

STALLED = -1
AT_ONCE_S = 5.0
"""It looks every 50 ms, and this machine may be busy; without that it waits for the disk."""

LEAVE = """
import os, sys
def leave(kind, *rest):
    print(kind.__name__, file=sys.stderr, flush=True)
    os._exit(1)
sys.excepthook = leave
"""
"""How the call ends is looked at, and not the end of the process, which closes what is open."""

PREAMBLE = """
import os, sys, time
import anyio
import bealert_engine as be
directory, port = sys.argv[1:]
gateway = be.Smpp("sms-a", host="127.0.0.1", port=int(port), system_id="bealert",
                  password=be.Secret("password"), sender="BE-Alert")
news = be.Scenario("news", kind="warning", expiry="1h", sms={"en": "Road open, {{ id }}."})
people = [be.Recipient(f"p{n:04}", phone=f"+336 3998 {n:04}") for n in range(3_000)]
options = {"data": directory, "gateways": [gateway], "scenarios": [news]}

def told(word):
    print(word, flush=True)
    sys.stdin.readline()

def filled():
    with be.Engine(**options) as engine:
        engine.launch(engine.plan("news", to=people), by="tests", key="k").wait()
"""

BLOCKING = {
    "open": ("reads", "filled(); told('ready'); be.Engine(**options)"),
    "report": (
        "reads",
        """
filled()
engine = be.Engine(**options)
campaign = engine.campaign("k")
told('ready'); campaign.report()
""",
    ),
    "report of a ledger": (
        "reads",
        """
filled()
campaign = be.open_ledger(directory).campaign("k")
told('ready'); campaign.report()
""",
    ),
    "verify": (
        "reads",
        "filled(); ledger = be.open_ledger(directory); told('ready'); ledger.verify()",
    ),
    "open_ledger": ("reads", "filled(); told('ready'); be.open_ledger(directory)"),
    "close": (
        "syncs",
        """
engine = be.Engine(**options)
campaign = engine.launch(engine.plan("news", to=people), by="tests", key="k")
told('ready'); engine.close()
""",
    ),
}

AWAITED = {
    "report": "campaign = await engine.campaign('k'); told('ready'); await campaign.report()",
    "campaigns": "told('ready'); await engine.campaigns()",
    "campaign": "told('ready'); await engine.campaign('k')",
}

AWAITING = """
filled()
async def alert():
    engine = await be.AsyncEngine(**options).open()
    {call}
anyio.run(alert, backend={backend!r})
"""


@pytest.mark.parametrize("call", BLOCKING)
def test_a_blocking_call_ends_at_once(call: str, disk: Any) -> None:
    fault, script = BLOCKING[call]
    _interrupted(f"{script}\n", fault, disk)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("call", AWAITED)
def test_an_awaited_call_ends_at_once(call: str, backend: str, disk: Any) -> None:
    _interrupted(AWAITING.format(call=AWAITED[call], backend=backend), "reads", disk)


def _interrupted(script: str, fault: str, disk: Any) -> None:
    with testing.smsc() as smsc, _child(PREAMBLE + script, disk, smsc.port) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n", child.communicate()[1]
        disk.set(**{fault: STALLED})
        child.stdin.write("\n")
        child.stdin.flush()
        deadline = time.monotonic() + 10
        while not disk.waits:
            assert time.monotonic() < deadline, "it does not touch the disk"
            time.sleep(0.01)
        time.sleep(0.1)
        began = time.monotonic()
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=60)
        took_s = time.monotonic() - began
        disk.set()
    assert "KeyboardInterrupt" in err
    assert took_s < AT_ONCE_S, err


@contextlib.contextmanager
def _child(script: str, disk: Any, port: int) -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", LEAVE + script, str(disk.directory), str(port)]
    child = subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=disk.environment
    )
    try:
        yield child
    finally:
        disk.set()
        child.kill()
        child.communicate()

"""Ctrl-C in any blocking call ends it at once; the engine is still usable, or closes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

PREAMBLE = """
import sys, time
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
    began = time.monotonic()
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


@pytest.mark.parametrize("call", CALLS)
def test_a_blocking_call_ends_at_once(call: str) -> None:
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            PREAMBLE
            + CALLS[call]
            + "\nengine.close.__self__  # still there\n"
            + "import os; os._exit(0)",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == "ready\n", child.communicate()[1]
        time.sleep(0.3)
        began = time.monotonic()
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "interrupted\n", child.communicate()[1]
        assert time.monotonic() - began < 0.5
    finally:
        child.kill()
        child.communicate()

"""A forked child cannot use its parent's engine, and disturbs nothing by trying or by leaving."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CHILD = """
import os, sys, time, warnings
import bealert_engine as be
from bealert_engine import testing
warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads is what is tested
news = be.Scenario("news", kind="news", expiry="1h", sms={"en": "Road open again."},
    email={"en": be.Email("Road", text="Open again.")})
people = [
    be.Recipient(f"p{n}", phone="+33639981234", email=f"p{n}@example.org") for n in range(100)
]

def forked(call):
    try:
        call()
    except be.EngineForked:
        return True
    except BaseException as error:
        print("child:", repr(error), flush=True)
    return False

with testing.smsc() as smsc, testing.relay() as relay:
    gateways = [smsc.gateway(parts_per_second=100), relay.gateway(messages_per_second=100)]
    with be.Engine(data=sys.argv[1], gateways=gateways, scenarios=[news]) as engine:
        plan = engine.plan("news", to=people)
        campaign = engine.launch(plan, by="tests", key="k")
        looks, events = campaign.progress(every_s=0), engine.events()
        next(looks)
        child = os.fork()
        if child == 0:
            calls = {
                "plan": lambda: engine.plan("news", to=people),
                "launch": lambda: engine.launch(plan, by="tests", key="k2"),
                "check": engine.check,
                "campaign": lambda: engine.campaign("k"),
                "campaigns": engine.campaigns,
                "metrics": engine.metrics,
                "events": engine.events,
                "going on with events": lambda: next(events),
                "going on with progress": lambda: list(looks),
                "snapshot": campaign.snapshot,
                "progress": lambda: next(campaign.progress()),
                "wait": campaign.wait,
                "pause": campaign.pause,
                "report": campaign.report,
                "close": engine.close,
            }
            wrong = [name for name, call in calls.items() if not forked(call)]
            if wrong:
                print("child: no EngineForked from", wrong, flush=True)
            sys.exit(bool(wrong))  # through the with block, and through what Python does at its end
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        last = campaign.wait(timeout_s=30)
        balanced = engine.campaign("k").report().balanced
        print(status, last.sms.delivered, last.email.accepted, balanced, flush=True)
    books = relay.books()
    print(smsc.books()["submits"], books["messages"], books["faults"], flush=True)
"""


def test_a_child_gets_engine_forked_and_the_parent_goes_on(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CHILD, str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ran.stdout.split() == ["0", "100", "100", "True", "100", "100", "0"], (
        ran.stdout + ran.stderr
    )
    assert ran.stderr == ""


def test_a_child_opens_an_engine_of_its_own(tmp_path: Path) -> None:
    script = """
import os, sys, warnings
import bealert_engine as be
warnings.simplefilter("ignore", DeprecationWarning)
with be.Engine(data=sys.argv[1] + "/a"):
    child = os.fork()
    if child == 0:
        with be.Engine(data=sys.argv[1] + "/b") as own:
            own.campaigns()
        try:
            be.Engine(data=sys.argv[1] + "/a")
        except be.DirectoryHeld as held:
            os._exit(0 if held.pid == os.getppid() else 1)
        os._exit(2)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    command = [sys.executable, "-c", script, str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr

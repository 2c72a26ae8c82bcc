"""An interpreter that ends while campaigns run: soon, in order, and the next one goes on."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

import bealert_engine as be
from bealert_engine import testing

PEOPLE = 400

PREAMBLE = """
import asyncio, sys, threading, time
import anyio
import bealert_engine as be
directory, port = sys.argv[1:]
gateway = be.Smpp("sms-a", host="127.0.0.1", port=int(port), system_id="bealert",
                  password=be.Secret("password"), sender="BE-Alert", parts_per_second=200,
                  receipt_wait="4s")
news = be.Scenario("news", kind="warning", expiry="1h", sms={"en": "Road open, {{ id }}."})
people = [be.Recipient(f"p{n:04}", phone=f"+336 3998 {n:04}") for n in range(400)]
options = {"data": directory, "gateways": [gateway], "scenarios": [news]}

def running(engine):
    campaign = engine.launch(engine.plan("news", to=people), by="tests", key="k")
    while campaign.snapshot().sms.delivered < 30:
        time.sleep(0.01)
    return campaign

async def running_async(engine):
    campaign = await engine.launch(await engine.plan("news", to=people), by="tests", key="k")
    while (await campaign.snapshot()).sms.delivered < 30:
        await anyio.sleep(0.01)
    return campaign
"""

ENDS = {
    "nobody closes it": ("engine = be.Engine(**options); running(engine)", 0),
    "nobody holds it": ("running(be.Engine(**options))", 0),
    "an error": ("engine = be.Engine(**options); running(engine); raise OSError('x')", 1),
    "sys.exit in the block": (
        """
with be.Engine(**options) as engine:
    running(engine)
    sys.exit(3)
""",
        3,
    ),
    "a thread that waits": (
        """
engine = be.Engine(**options)
campaign = running(engine)
threading.Thread(target=campaign.wait, daemon=True).start()
""",
        0,
    ),
    "readers that were left": (
        """
engine = be.Engine(**options)
campaign = running(engine)
left = [engine.events(after=0), campaign.progress(every_s=0), campaign.events()]
for reader in left:
    next(reader)
""",
        0,
    ),
    "an event loop that ends": (
        """
async def alert():
    engine = await be.AsyncEngine(**options).open()
    await running_async(engine)
asyncio.run(alert())
""",
        0,
    ),
    "trio, in the middle of a wait": (
        """
async def alert():
    async with be.AsyncEngine(**options) as engine:
        campaign = await running_async(engine)
        with anyio.move_on_after(0.1):
            await campaign.wait()
        raise SystemExit(4)
anyio.run(alert, backend="trio")
""",
        4,
    ),
}


@pytest.mark.parametrize("how", ENDS)
def test_it_ends_soon_and_the_next_one_goes_on(how: str, tmp_path: Path) -> None:
    script, code = ENDS[how]
    with testing.smsc(receipt_ms=20) as smsc:
        command = [sys.executable, "-c", PREAMBLE + script, str(tmp_path), str(smsc.port)]
        began = time.monotonic()
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert ran.returncode == code, ran.stderr
        assert time.monotonic() - began < 25
        if code == 0:
            assert not [line for line in ran.stderr.splitlines() if "Error" in line], ran.stderr
        assert smsc.books()["submits"] < PEOPLE, "it had ended already"
        again = subprocess.run(
            [
                *(sys.executable, "-c"),
                PREAMBLE + "with be.Engine(**options) as engine: running(engine).wait()",
                *(str(tmp_path), str(smsc.port)),
            ],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert again.returncode == 0, again.stderr
        books = smsc.books()
    assert books["unique"] == PEOPLE
    with be.open_ledger(tmp_path) as ledger:
        report = ledger.campaign("k").report()
        assert ledger.verify().sound
    assert report.balanced
    # It was closed in order, whoever did it: what had left was answered.
    assert (books["duplicates"], len(report.possibly_doubled)) == (0, 0)

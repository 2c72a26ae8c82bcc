"""A closed engine says so; closing again does no harm; the directory is free."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import bealert_engine as be


def test_every_call_says_that_the_engine_is_closed(
    flavour: Any, people: Any, news: Any, smsc: Any, tmp_path: Path
) -> None:
    options = {"data": tmp_path, "gateways": [smsc.gateway()], "scenarios": [news]}
    engine = flavour.engine(**options)
    with engine:
        plan = engine.plan("news", to=people(3))
        campaign = engine.launch(plan, by="tests", key="k")
        campaign.wait(timeout_s=30)
    engine.close()
    calls = [
        lambda: engine.plan("news", to=people(3)),
        lambda: engine.launch(plan, by="tests", key="k"),
        lambda: engine.check(),
        lambda: engine.campaign("k"),
        lambda: engine.campaigns(),
        lambda: next(iter(engine.events())),
        lambda: engine.metrics(),
        lambda: campaign.snapshot(),
        lambda: next(iter(campaign.progress())),
        lambda: campaign.wait(timeout_s=1),
        lambda: campaign.pause(),
        lambda: campaign.resume(),
        lambda: campaign.cancel(),
        lambda: next(iter(campaign.events())),
        lambda: campaign.report(),
        lambda: campaign.state,
    ]
    for call in calls:
        with pytest.raises(be.EngineClosed):
            call()
    with flavour.engine(**options) as again:
        assert again.campaign("k").state == "done"


def test_a_campaign_that_is_watched_while_the_engine_closes(
    flavour: Any, people: Any, news: Any, smsc: Any
) -> None:
    gateway = smsc.gateway(parts_per_second=10)
    with flavour.engine(data=None, gateways=[gateway], scenarios=[news]) as engine:
        campaign = engine.launch(engine.plan("news", to=people(100)), by="tests", key="k")
        looks = campaign.progress(every_s=0)
        events = campaign.events()
        next(looks)
    with pytest.raises(be.EngineClosed):
        list(looks)
    with pytest.raises(be.EngineClosed):
        list(events)


def test_the_directory_is_held_by_one(flavour: Any, news: Any, smsc: Any, tmp_path: Path) -> None:
    options = {"data": tmp_path, "gateways": [smsc.gateway()], "scenarios": [news]}
    with flavour.engine(**options):
        with pytest.raises(be.DirectoryHeld), flavour.engine(**options):
            pass
        child = f"""
import bealert_engine as be
try:
    be.Engine(data={str(tmp_path)!r})
except be.DirectoryHeld as held:
    print(held.pid)
"""
        ran = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True)
        import os

        assert ran.stdout.strip() == str(os.getpid()), ran.stderr
    with flavour.engine(**options):
        pass


def test_an_engine_that_nobody_closed_is_closed_at_the_end(tmp_path: Path) -> None:
    child = f"""
import bealert_engine as be
engine = be.Engine(data={str(tmp_path)!r})
"""
    command = [sys.executable, "-W", "default", "-c", child]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert "ResourceWarning" in ran.stderr
    with be.open_ledger(tmp_path) as ledger:
        assert ledger.verify().sound

"""A panic inside the engine: every waiting call hears of it, nothing hangs, a reopen goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bealert_engine as be


@pytest.mark.parametrize("where", ["loop", "ledger", "session"])
def test_a_panic_reaches_every_waiting_call_and_a_reopen_goes_on(
    where: str, flavour: Any, people: Any, alert: Any, smsc: Any, tmp_path: Path
) -> None:
    options = {
        "data": tmp_path,
        "gateways": [smsc.gateway(parts_per_second=400)],
        "scenarios": [alert],
    }
    engine = flavour.engine(**options)
    engine.__enter__()
    campaign = engine.launch(engine.plan("alert", to=people(400)), by="tests", key="k")
    heard: dict[str, BaseException] = {}
    waiting = [
        _waits(heard, "wait", campaign.wait),
        _waits(heard, "progress", lambda: list(campaign.progress(every_s=60))),
        _waits(heard, "events", lambda: list(engine.events())),
        _waits(heard, "campaign events", lambda: list(campaign.events())),
    ]
    time.sleep(0.3)
    native = engine._thing._engine._native if hasattr(engine, "_thing") else engine._native
    native.inject(where)
    for thread in waiting:
        thread.join(20)
    assert not any(thread.is_alive() for thread in waiting)
    assert {name: type(error) for name, error in heard.items()} == dict.fromkeys(
        ["wait", "progress", "events", "campaign events"], be.EngineFailed
    )
    for call in (engine.metrics, engine.check, campaign.pause):
        with pytest.raises(be.EngineFailed):
            call()
    with pytest.raises(be.EngineFailed):
        engine.close()
    with flavour.engine(**options) as again:
        taken_up = again.campaign("k")
        assert taken_up.wait(timeout_s=60).sms.open == 0
        report = taken_up.report()
    assert report.balanced
    assert smsc.books()["unique"] == 400, "nobody is lost"
    assert smsc.books()["duplicates"] <= len(report.possibly_doubled)


def _waits(
    heard: dict[str, BaseException], name: str, call: Callable[[], object]
) -> threading.Thread:
    def run() -> None:
        try:
            call()
        except BaseException as error:
            heard[name] = error

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread

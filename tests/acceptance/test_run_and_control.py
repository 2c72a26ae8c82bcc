"""`bealert run` holds the directory; other processes launch, pause, resume and cancel."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest


@pytest.fixture
def holder(bealert: Any, smsc: Any, until: Any) -> Any:
    """A far end, a configuration at 100/s, and the process that sends."""
    far_end = smsc()
    config = bealert.config(far_end.port, "parts_per_second = 100")
    process = bealert.start("run", "--config", config)
    until(lambda: (bealert.home / "var" / "control.sock").exists())
    return far_end, config, process


def test_a_campaign_is_handed_over_paused_resumed_and_cancelled(
    bealert: Any, holder: Any, until: Any, ended: Any
) -> None:
    far_end, config, process = holder
    to = bealert.people(2_000)
    launch = ["launch", "burglary", "--config", config, "--to", to, "--by", "me", "--key", "k1"]
    handed = bealert.run(*launch, "--json").json
    assert handed["people"] == 2_000
    assert bealert.run(*launch, "--json").json["id"] == handed["id"]

    def shown() -> dict[str, Any]:
        campaign: dict[str, Any] = bealert.run("show", "k1", "--config", config, "--json").json
        return campaign

    until(lambda: shown()["sms"]["delivered"] > 0)
    assert bealert.run("pause", "k1", "--config", config, "--json").json["state"] == "paused"
    time.sleep(0.5)  # what had left is answered by then
    still = shown()["sms"]
    time.sleep(0.5)
    assert shown()["sms"] == still, "paused means nothing leaves"
    bealert.run("resume", handed["id"], "--data", "var")
    until(lambda: shown()["sms"]["delivered"] > still["delivered"])
    bealert.run("cancel", "k1", "--config", config)
    until(lambda: shown()["state"] == "cancelled")

    final = bealert.run("report", "k1", "--config", config, "--out", "out", "--json").json
    assert final["balanced"] is True
    assert final["totals"]["sms"]["cancelled"] > 0
    for command in ("pause", "resume"):
        bealert.run(command, "k1", "--config", config, "--json", code=1)
    for command in ("pause", "resume", "cancel"):
        bealert.run(command, "nobody", "--config", config, "--json", code=2)

    bealert.run("archive", "k1", "--config", config)
    bealert.run("erase", "k1", "--data", "var", "--json")
    for command in ("archive", "erase"):
        bealert.run(command, "nobody", "--config", config, "--json", code=2)
    erased = bealert.run("report", "k1", "--config", config, "--out", "out", "--json").json
    assert erased["totals"] == final["totals"]
    assert b"+324" not in (bealert.home / "out" / "report.csv").read_bytes()

    ran = ended(process, signal.SIGTERM)
    assert ran.code == 0, ran.err
    for command in ("archive", "erase"):
        bealert.run(command, "k1", "--config", config, "--json", code=5)
    sent = far_end.books()
    assert sent["unique"] == final["totals"]["sms"]["delivered"]
    bealert.run("verify", "var")


def test_sigterm_drains_and_the_next_run_goes_on(
    bealert: Any, holder: Any, until: Any, ended: Any
) -> None:
    far_end, config, process = holder
    to = bealert.people(300)
    launch = ["launch", "burglary", "--config", config, "--to", to, "--by", "me", "--key", "k1"]
    bealert.run(*launch)
    ran = ended(process, signal.SIGTERM)
    assert ran.code == 0, ran.err
    assert "drained" in ran.out
    bealert.run("pause", "k1", "--config", config, code=5)
    bealert.run("verify", "var")

    process = bealert.start("run", "--config", config)
    until(lambda: bealert.run("show", "k1", "--config", config, "--json").json["state"] == "done")
    report = bealert.run("report", "k1", "--config", config, "--out", "out", "--json").json
    assert report["totals"]["sms"]["delivered"] == 300
    assert far_end.books()["duplicates"] == 0
    assert ended(process, signal.SIGINT).code == 130

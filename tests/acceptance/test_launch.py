"""`bealert launch --wait`: from a list to a balanced report, and what stops it."""

from __future__ import annotations

import json
import signal
from typing import Any

from bealert_engine import open_ledger

BY = ["--by", "coordinator", "--key", "incident-4711"]


def test_everybody_is_accounted_for(bealert: Any, smsc: Any) -> None:
    far_end = smsc("--receipt-ms", 20, "--failed", "0.1")
    config = bealert.config(far_end.port)
    to = bealert.people(300)
    ran = bealert.run("launch", "burglary", "--config", config, "--to", to, *BY, "--wait", "--json")
    report = ran.json
    assert report["balanced"] is True
    assert report["by"] == "coordinator"
    assert report["people"] == sum(report["totals"]["sms"].values()) == 300
    assert 0 < report["totals"]["sms"]["failed"] < 100
    assert "300 people = 300 accounted for" in ran.err

    again = bealert.run(
        "launch", "burglary", "--config", config, "--to", to, *BY, "--wait", "--json"
    )
    assert again.json["campaign"] == report["campaign"], "the same key, the same campaign"

    bealert.run("report", "incident-4711", "--config", config, "--out", "out")
    written = json.loads((bealert.home / "out" / "report.json").read_text())
    assert written["totals"] == report["totals"]
    assert (bealert.home / "out" / "report.csv").read_text().count("\n") == 301
    verdict = bealert.run("verify", "var", "--json").json
    assert verdict["findings"] == []
    assert verdict["dispatches"] == 300
    assert far_end.books()["unique"] == 300


def test_another_list_under_the_same_key_is_refused(bealert: Any, smsc: Any) -> None:
    far_end = smsc()
    config = bealert.config(far_end.port)
    launch = ["launch", "burglary", "--config", config, *BY, "--wait", "--json"]
    bealert.run(*launch, "--to", bealert.people(3))
    ran = bealert.run(*launch, "--to", bealert.people(4, "other.csv"), code=3)
    assert ran.json["error"]["kind"] == "KeyConflict"
    assert far_end.books()["submits"] == 3


def test_a_held_directory_is_exit_4(bealert: Any, smsc: Any, until: Any) -> None:
    config = bealert.config(smsc().port)
    holder = bealert.start("run", "--config", config)
    until(lambda: (bealert.home / "var" / "control.sock").exists())
    to = bealert.people(3)
    ran = bealert.run(
        *("launch", "burglary", "--config", config, "--to", to, *BY, "--wait", "--json"), code=4
    )
    assert ran.json["error"]["kind"] == "DirectoryHeld"
    assert str(holder.pid) in ran.err
    bealert.run("run", "--config", config, code=4)


def test_with_nobody_to_send_and_no_wait_it_is_exit_5_and_nothing_is_launched(
    bealert: Any, smsc: Any
) -> None:
    far_end = smsc()
    config = bealert.config(far_end.port)
    to = bealert.people(3)
    ran = bealert.run("launch", "burglary", "--config", config, "--to", to, *BY, "--json", code=5)
    assert ran.json["error"]["kind"] == "NobodySends"
    launched = ["launch", "news", "--config", config, "--to", to, "--by", "me", "--wait"]
    bealert.run(*launched, "--key", "another")
    listed = bealert.run("campaigns", "--config", config, "--json").json
    assert [one["key"] for one in listed] == ["another"]


def test_ctrl_c_keeps_the_campaign_and_the_same_command_takes_it_up(
    bealert: Any, smsc: Any, until: Any, ended: Any
) -> None:
    far_end = smsc()
    config = bealert.config(far_end.port, "parts_per_second = 200")
    to = bealert.people(600)
    launch = ["launch", "burglary", "--config", config, "--to", to, *BY, "--wait", "--json"]
    process = bealert.start(*launch)

    def under_way() -> bool:
        if not (bealert.home / "var" / "control.sock").exists():
            return False
        with open_ledger(bealert.home / "var") as ledger:
            return any(one.snapshot().sms.delivered > 50 for one in ledger.campaigns())

    until(under_way)
    ran = ended(process, signal.SIGINT)
    assert ran.code == 130, ran.err
    assert ran.json["interrupted"] is True
    (listed,) = bealert.run("campaigns", "--config", config, "--json").json
    assert listed["state"] == "running"
    bealert.run("report", "incident-4711", "--config", config, "--out", "early", code=1)

    report = bealert.run(*launch).json
    assert report["balanced"] is True
    assert report["totals"]["sms"]["delivered"] == 600
    assert report["possibly_doubled"] == [], "an orderly end puts nobody in doubt"
    books = far_end.books()
    assert books["unique"] == 600
    assert books["duplicates"] == 0


def test_what_is_read_on_a_data_directory_without_a_ledger_is_exit_2(bealert: Any) -> None:
    config = bealert.config(2775)
    for command in (["campaigns"], ["show", "k"], ["report", "k", "--out", "out"], ["pause", "k"]):
        bealert.run(*command, "--config", config, "--json", code=2)
    bealert.run("verify", "nowhere", "--json", code=2)
    bealert.run("campaigns", code=2)
    bealert.run("campaigns", "--config", config, "--data", "var", code=2)


def test_an_unknown_campaign_is_exit_2(bealert: Any, smsc: Any) -> None:
    config = bealert.config(smsc().port)
    to = bealert.people(1)
    bealert.run("launch", "burglary", "--config", config, "--to", to, *BY, "--wait")
    for command in (["show", "nobody"], ["report", "nobody", "--out", "out"], ["show", "99"]):
        bealert.run(*command, "--config", config, "--json", code=2)
    shown = bealert.run("show", "incident-4711", "--data", "var", "--json").json
    assert shown["state"] == "done"
    assert shown["sms"]["delivered"] == 1
    assert bealert.run("show", shown["id"], "--data", "var", "--json").json == shown

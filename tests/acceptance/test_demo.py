"""`bealert demo`: what `make demo` shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def test_it_accounts_for_everybody_and_says_where_to_look(bealert: Any) -> None:
    words = bealert.run("demo", "--people", 1_000).out
    assert "1,000: 1,000 get it, 0 excluded on every channel" in words
    assert "996 get it, 4 excluded: 996 parts, GSM-7" in words
    assert "997 get it, 3 excluded: 997 messages, UTF-8" in words
    assert "one of the messages by sms: to p00001, nl, 1 part" in words
    assert "one of the messages by email: to p00001, nl, 1 message" in words
    assert "1,000 people = 1,000 accounted for" in words
    assert "launch to first submit" in words
    assert "The simulators' books beside ours" in words
    assert "Some who did not get it, and why" in words
    (home,) = (bealert.home / "var" / "demo").iterdir()
    report = json.loads((home / "report" / "report.json").read_text())
    assert report["balanced"] is True
    assert (home / "report" / "report.csv").is_file()
    bealert.run("show", report["key"], "--data", home / "ledger")
    bealert.run("verify", home / "ledger")


def test_json_tells_the_same(bealert: Any) -> None:
    told = bealert.run("demo", "--people", 200, "--data", "here", "--json").json
    sms, email = (told["report"]["totals"][channel] for channel in ("sms", "email"))
    assert sum(sms.values()) == sum(email.values()) == told["report"]["people"] == 200
    excluded = [one["channel"] for one in told["plan"]["excluded"]]
    assert excluded == ["sms", "email"]
    assert sms["skipped"] == email["skipped"] == 1
    assert told["simulator"]["unique"] == told["simulator"]["accepted"] == 199
    assert told["relay"]["unique"] == told["relay"]["messages"] == email["accepted"]
    assert email["accepted"] + email["failed"] == 199
    channels = told["plan"]["channels"]
    assert (channels["sms"]["people"], channels["email"]["people"]) == (199, 199)
    assert told["plan"]["examples"]["email"]["subject"]
    assert Path(told["reports"]) == bealert.home / "here" / "report"
    bealert.run("demo", "--data", "here", code=2)

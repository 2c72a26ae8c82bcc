"""`bealert demo`: what `make demo` shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def test_it_accounts_for_everybody_and_says_where_to_look(bealert: Any) -> None:
    words = bealert.run("demo", "--people", 1_000).out
    assert "1,000: 996 get it, 4 excluded" in words
    assert "1,000 people = 1,000 accounted for" in words
    assert "launch to first submit" in words
    assert "The simulator's books beside ours" in words
    assert "Some who did not get it, and why" in words
    (home,) = (bealert.home / "var" / "demo").iterdir()
    report = json.loads((home / "report" / "report.json").read_text())
    assert report["balanced"] is True
    assert (home / "report" / "report.csv").is_file()
    bealert.run("show", report["key"], "--data", home / "ledger")
    bealert.run("verify", home / "ledger")


def test_json_tells_the_same(bealert: Any) -> None:
    told = bealert.run("demo", "--people", 200, "--data", "here", "--json").json
    sms = told["report"]["totals"]["sms"]
    assert sum(sms.values()) == told["report"]["people"] == 200
    assert sms["skipped"] == len(told["plan"]["excluded"]) == 1
    assert told["simulator"]["unique"] == told["simulator"]["accepted"] == 199
    assert Path(told["reports"]) == bealert.home / "here" / "report"
    bealert.run("demo", "--data", "here", code=2)

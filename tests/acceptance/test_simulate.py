"""`bealert simulate smsc`: where it listens, and what its books say."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import Any

import pytest

BOOKS = {"submits", "accepted", "unique", "duplicates", "receipts", "throttled"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_its_last_line_is_its_books(smsc: Any, ended: Any, number: int) -> None:
    far_end = smsc()
    ran = ended(far_end.process, number)
    assert ran.code == 0, ran.err
    books = json.loads(ran.out)
    assert set(books) >= BOOKS
    assert not any(books[name] for name in BOOKS)


def test_a_second_signal_does_not_cost_the_books(smsc: Any, ended: Any) -> None:
    far_end = smsc()
    for _ in range(3):
        far_end.process.send_signal(signal.SIGINT)
    ran = ended(far_end.process)
    assert ran.code == 0, ran.err
    assert set(json.loads(ran.out)) >= BOOKS


def test_shares_and_limits_are_kept(bealert: Any, smsc: Any) -> None:
    far_end = smsc("--receipts", "0.5", "--limit", 100, "--response-ms", 5)
    config = bealert.config(far_end.port, 'receipt_wait = "1s"')
    ran = bealert.run(
        *("launch", "news", "--config", config, "--to", bealert.people(200)),
        *("--by", "me", "--key", "k", "--wait", "--json"),
    )
    sms = ran.json["totals"]["sms"]
    assert sms["delivered"] + sms["accepted"] == 200
    assert 50 < sms["delivered"] < 150
    books = far_end.books()
    assert books["unique"] == 200
    assert books["receipts"] == sms["delivered"]
    assert books["throttled"] > 0
    assert books["submits"] == books["accepted"] + books["throttled"]


def test_with_parent_it_ends_when_its_input_does() -> None:
    command = [sys.executable, "-m", "bealert_engine.cli", "simulate", "smsc"]
    process = subprocess.Popen(
        [*command, "--port", "0", "--with-parent"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert set(json.loads(out.splitlines()[-1])) >= BOOKS


def test_a_taken_port_is_said(bealert: Any, smsc: Any) -> None:
    far_end = smsc()
    ran = bealert.run("simulate", "smsc", "--port", far_end.port, code=1)
    assert ran.err


@pytest.mark.parametrize("option", ["--seed=-1", "--unanswered-receipts=1000000"])
def test_options_that_cannot_be(bealert: Any, option: str) -> None:
    ran = bealert.run("simulate", "smsc", "--port", 0, option, code=2)
    assert ran.err

"""`bealert bench sms`: what it prints, what it refuses, what it hides."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize("receipts", [True, False])
def test_it_measures_against_our_simulator(bealert: Any, receipts: bool) -> None:
    options = ("--count", 5_000, "--window", 50, "--sessions", 2)
    measured = bealert.bench("sms", *options, *(["--receipts"] if receipts else []))
    assert measured["submitted"] == 5_000
    assert measured["delivered" if receipts else "accepted"] == 5_000
    assert measured["simulator"]["unique"] == 5_000
    assert list((bealert.home / "var").iterdir()) == [], "what it measured with is gone"


def test_a_rate_is_passed_in_no_second(bealert: Any) -> None:
    per_second = bealert.bench("sms", "--count", 2_100, "--rate", 500)["per_second"]
    assert per_second["slowest"] <= per_second["fastest"] <= 500 + 10, "and the burst of 20 ms"


def test_a_limit_that_nobody_told_us_is_used_and_hardly_passed(bealert: Any) -> None:
    options = ("--count", 3_000, "--limit", 1_000, "--limit-burst", 100)
    measured = bealert.bench("sms", *options)
    assert measured["simulator"]["throttled"] == measured["throttled"] > 0
    of_limit = measured["of_limit"]
    assert of_limit["throttled_percent"] < 10, "about one of a hundred where nothing else runs"
    assert sum(of_limit["used_percent"]) > 30 * len(of_limit["used_percent"])


def test_a_burst_without_a_limit_is_refused(bealert: Any) -> None:
    assert "--limit" in bealert.run("bench", "sms", "--count", 5, "--limit-burst", 5, code=2).err


def test_a_gateway_of_ones_own_is_measured_and_its_password_is_hidden(
    bealert: Any, smsc: Any
) -> None:
    far_end = smsc()
    url = f"smpp://bench:hush-12@127.0.0.1:{far_end.port}"
    ran = bealert.run(
        *("bench", "sms", "--gateway", url, "--count", 500, "--receipts", "--data", "kept")
    )
    assert "bench:***@127.0.0.1" in ran.err
    bealert.run("verify", "kept")
    for file in (bealert.home / "kept").iterdir():
        if file.is_file():
            assert b"hush-12" not in file.read_bytes(), file
    assert far_end.books()["unique"] == 500
    bealert.run("bench", "sms", "--gateway", url, "--count", 5, "--data", "kept", code=2)


@pytest.mark.parametrize(
    "url",
    [
        "smpp://bench:hush-12@192.0.2.1:2775",
        "smpp://bench:hush-12@smsc.example.org",
        "http://bench:hush-12@127.0.0.1:2775",
        "smpp://bench:hush-12@127.0.0.1:port",
        "smpp://bench:hush-12/more@127.0.0.1:2775",
        "smpp://bench:hush-12#@127.0.0.1:2775",
    ],
)
def test_what_is_not_this_machine_or_no_url_is_refused(bealert: Any, url: str) -> None:
    ran = bealert.run("bench", "sms", "--gateway", url, "--count", 5, "--json", code=2)
    assert ran.json["error"]

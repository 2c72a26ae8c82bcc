"""Far ends that stop reading, take ten seconds to answer, or never answer one in a hundred."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from bealert_engine import testing

PEOPLE = 3_000
WINDOW = 50
IN_FLIGHT = 'bealert_gateway_in_flight{gateway="sms-0"}'


def test_one_that_stops_reading_for_a_while(watched: Callable[..., Any]) -> None:
    with testing.smsc(receipt_ms=20) as smsc:
        gateway = {"window": WINDOW, "parts_per_second": 1_500}
        host = watched(ports=[smsc.port], people=PEOPLE, gateway=gateway)
        host.until(lambda now: now["delivered"] > 300)
        smsc.change(deaf=True)
        seen = host.until(lambda now: now["metrics"][IN_FLIGHT] == WINDOW)
        time.sleep(2)
        later = host.ask("look")
        assert later["sent"] - seen["sent"] <= WINDOW, "it goes on beyond its window"
        assert later["metrics"][IN_FLIGHT] == WINDOW
        smsc.change(deaf=False)
        done = host.ask("end")
        books = smsc.books()
    assert done["balanced"]
    assert done["totals"]["delivered"] == books["unique"] == PEOPLE
    assert (books["duplicates"], done["doubts"], books["binds"]) == (0, 0, 1)


def test_one_that_stops_reading_for_longer_than_it_is_waited_for(
    watched: Callable[..., Any],
) -> None:
    """The session is given up; over a new one nothing is answered either, until it reads again."""
    with testing.smsc(receipt_ms=20) as smsc:
        gateway = {
            "window": WINDOW,
            "parts_per_second": 1_500,
            "response_timeout": "500ms",
            "receipt_wait": "3s",
        }
        host = watched(ports=[smsc.port], people=PEOPLE, gateway=gateway)
        host.until(lambda now: now["delivered"] > 300)
        smsc.change(deaf=True)
        host.until(lambda now: now["metrics"]['bealert_gateway_up{gateway="sms-0"}'] == 0)
        time.sleep(1)
        smsc.change(deaf=False)
        done = host.ask("end")
        books = smsc.books()
        twice = [f"p{int(m.destination[-4:]):05}" for m in smsc.messages() if m.accepted > 1]
    assert done["balanced"]
    assert books["unique"] == PEOPLE
    assert books["duplicates"] <= done["doubts"]
    assert set(twice) <= set(done["doubled"])
    assert done["reported_twice"] == []


def test_closing_does_not_wait_for_one_that_does_not_read(watched: Callable[..., Any]) -> None:
    with testing.smsc(receipt_ms=20) as smsc:
        gateway = {"window": WINDOW, "parts_per_second": 1_500}
        host = watched(ports=[smsc.port], people=PEOPLE, gateway=gateway)
        host.until(lambda now: now["delivered"] > 300)
        smsc.change(deaf=True)
        host.until(lambda now: now["metrics"][IN_FLIGHT] == WINDOW)
        began = time.monotonic()
        assert host.ask("close")["error"] is None
        assert time.monotonic() - began < 20


def test_one_that_answers_after_ten_seconds(watched: Callable[..., Any]) -> None:
    people = 500
    with testing.smsc(response_ms=10_000, receipt_ms=20) as smsc:
        host = watched(ports=[smsc.port], people=people, gateway={"window": people // 2})
        seen = host.until(lambda now: now["sent"] >= people // 2)
        assert seen["metrics"][IN_FLIGHT] == people // 2
        done = host.ask("end")
        books = smsc.books()
    assert done["balanced"]
    assert done["totals"]["delivered"] == books["accepted"] == people
    assert (done["doubts"], books["binds"]) == (0, 1)


def test_one_that_never_answers_one_in_a_hundred(watched: Callable[..., Any]) -> None:
    """Each takes a slot of the window for good: sending does not stop, since the session is opened
    anew before they have them all."""
    with testing.smsc(silent=0.01, receipt_ms=20) as smsc:
        gateway = {"window": 10, "response_timeout": "200ms", "receipt_wait": "3s"}
        host = watched(ports=[smsc.port], people=PEOPLE // 2, gateway=gateway)
        done = host.ask("end")
        books = smsc.books()
        twice = [f"p{int(m.destination[-4:]):05}" for m in smsc.messages() if m.accepted > 1]
    assert done["balanced"]
    assert books["unique"] == PEOPLE // 2
    assert 0 < books["silent"] <= done["doubts"]
    assert books["duplicates"] <= done["doubts"]
    assert books["binds"] > 1
    assert set(twice) <= set(done["doubled"])
    assert done["reported_twice"] == []

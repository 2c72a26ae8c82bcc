"""Relays that are silent, slow, deaf, or talk nonsense: nobody is failed, others take over."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest

import bealert_engine as be

PEOPLE = 30
QUICK = {
    "connect": "2s",
    "greeting": "1s",
    "command": "1s",
    "data": "1s",
    "block": "1s",
    "dot": "1s",
}
"""Instead of the minutes of RFC 5321, for tests that wait for them."""

ENDLESS = b"250-" + b"x" * 1_000_000
MANY_LINES = b"250-line\r\n" * 200_000 + b"250 end\r\n"


def at(place: str, answer: Any) -> Any:
    """A rule that answers in one place, every time."""
    return lambda _, line: answer if line.split(" ")[0] == place else None


NOT_SERVING = {
    "silent before the greeting": at(":greeting", "silent"),
    "silent at EHLO": at("EHLO", "silent"),
    "silent at MAIL": at("MAIL", "silent"),
    "silent at DATA": at("DATA", "silent"),
    "closes at once": at(":greeting", "drop"),
    "closes at DATA": at("DATA", "drop"),
    "no greeting but garbage": at(":greeting", b"\x16\x03\x01\x00\xa5\x01\x00\r\n\r\n"),
    "HTTP": at(":greeting", b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n"),
    "garbage for EHLO": at("EHLO", b"\xff\xfe\r\n"),
    "garbage for MAIL": at("MAIL", b"OK, go on\r\n"),
    "a reply without end": at(":greeting", ENDLESS),
    "a reply of ever more lines": at("EHLO", MANY_LINES),
    "a reply without end to MAIL": at("MAIL", ENDLESS),
    "ends at MAIL": at("MAIL", "421 4.3.2 Shutting down"),
    "resets at MAIL": at("MAIL", "reset"),
    "354 for MAIL": at("MAIL", "354 Go ahead"),
    "250 for DATA": at("DATA", "250 Ok"),
    "codes that do not belong together": at("MAIL", "250-a\r\n550 b"),
    "NULs": at("MAIL", b"250 \x00\x00\r\n" + b"\x00" * 100),
}


@pytest.mark.parametrize("fault", NOT_SERVING)
def test_another_relay_takes_over(fault: str, relay: Any, sending: Any, persons: Any) -> None:
    broken, good = relay(NOT_SERVING[fault]), relay()
    engine = sending(
        broken.gateway("broken", priority=0, timeouts=QUICK, connections=4),
        good.gateway("good", priority=1),
    )
    campaign = engine.launch(persons(PEOPLE))
    progress = campaign.wait(timeout_s=100)
    assert (progress.email.accepted, progress.email.failed) == (PEOPLE, 0)
    report = campaign.report()
    assert {row.gateway for row in report.rows()} == {"good"}
    assert not report.possibly_doubled, "nothing of a message had left"
    assert set(good.copies().values()) == {1}
    assert len(broken.talks) < 100
    down = engine.notice("gateway_down")
    assert down.gateway == "broken"
    assert "broken can't send: " in down.text
    assert down.text.isprintable()
    assert len(down.text) < 1_000


@pytest.mark.parametrize("fault", ["silent", "garbage", "another end"])
def test_what_is_not_told_of_the_dot_is_uncertain_and_named(
    fault: str, relay: Any, sending: Any, persons: Any
) -> None:
    answer = {"silent": "silent", "garbage": b"what?\r\n", "another end": "354 More"}[fault]
    often = itertools.count()
    office = relay(lambda _, line: answer if line == "." and next(often) < 2 else None)
    engine = sending(office.gateway(timeouts=QUICK, connections=1))
    campaign = engine.launch(persons(PEOPLE))
    progress = campaign.wait(timeout_s=100)
    assert (progress.email.accepted, progress.email.failed) == (PEOPLE, 0)
    twice = {who for one in office.offered for who in one.to}
    assert len(twice) == PEOPLE
    assert 1 <= len(campaign.report().possibly_doubled) <= 4


def test_a_tarpit_is_borne_and_left(relay: Any, sending: Any, persons: Any) -> None:
    """Postfix adds a second to every reply after ten errors on a connection, and hangs up at 20."""
    errors: dict[int, int] = {}

    def rule(talk: Any, line: str) -> str | None:
        made = errors.get(talk.number, 0)
        if made >= 10:
            time.sleep(1)
        if made >= 20:
            return "421 4.7.0 Error: too many errors"
        if line.startswith("RCPT") and int(line[10:15]) % 2:
            errors[talk.number] = made + 1
            return "550 5.1.1 User unknown"
        return None

    office, people = relay(rule), 200
    engine = sending(office.gateway(connections=2))
    progress = engine.launch(persons(people)).wait(timeout_s=60)
    assert (progress.email.accepted, progress.email.failed) == (people // 2, people // 2)
    assert max(errors.values()) < 10, "a connection is left before it is punished"


def test_a_relay_that_stops_reading(relay: Any, sending: Any, persons: Any) -> None:
    """A message larger than what sockets hold: nothing of it counts as sent, and it goes again."""
    deaf = [True]

    def rule(talk: Any, line: str) -> str | None:
        if line == "DATA" and deaf:
            deaf.clear()
            talk.stream.sendall(b"354 Go ahead\r\n")
            time.sleep(4)
            return "drop"
        return None

    office = relay(rule)
    plan_of_town = be.Attachment(data=bytes(6_000_000), name="town.bin")
    email = be.Email("A map", text="See the map.\n", attachments=[plan_of_town])
    engine = sending(office.gateway(timeouts=QUICK, connections=1), email=email)
    campaign = engine.launch(persons(1))
    assert campaign.wait(timeout_s=60).email.accepted == 1
    assert not campaign.report().possibly_doubled
    assert len(office.talks) == 2

"""Our engine sends through aiosmtpd, which answers what each test wants."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any

import pytest

PEOPLE = [f"person{number:03}@example.org" for number in range(60)]


def totals(report: Any) -> dict[str, int]:
    return {state: count for state, count in report.totals["email"].items() if count}


def test_what_it_sends_is_what_aiosmtpd_reads(aiosmtpd: Any, campaign: Any) -> None:
    server = aiosmtpd()
    report, _ = campaign(server.gateway(), to=PEOPLE)
    assert totals(report) == {"accepted": len(PEOPLE)}
    assert sorted(to for [to], _ in server.letters) == PEOPLE
    for _, octets in server.letters:
        lines = octets.split(b"\r\n")
        assert not any(b"\n" in line or b"\r" in line for line in lines), "no bare CR or LF"
        assert max(map(len, lines)) <= 998
        assert octets.isascii()


def test_smtp_sink_keeps_what_it_was_given(smtp_sink: Any, campaign: Any) -> None:
    sink = smtp_sink()
    report, _ = campaign(sink.gateway(), to=PEOPLE)
    assert totals(report) == {"accepted": len(PEOPLE)}
    kept = Counter(letter["X-Rcpt-Args"].strip("<>") for letter in sink.letters())
    assert kept == Counter(PEOPLE)


def test_greylisting_is_waited_out_and_burns_nobody(aiosmtpd: Any, campaign: Any) -> None:
    server = aiosmtpd()
    first: dict[str, float] = {}

    def grey(_: Any, to: str) -> str | None:
        came = first.setdefault(to, time.monotonic())
        return "451 4.7.1 Greylisted" if time.monotonic() - came < 1.0 else None

    server.on_rcpt = grey
    report, _ = campaign(server.gateway(retry={"first": "400ms", "max": "1s"}), to=PEOPLE)
    assert totals(report) == {"accepted": len(PEOPLE)}
    assert Counter(to for [to], _ in server.letters) == Counter(PEOPLE)
    assert min(server.asked.values()) >= 2


def test_refused_after_the_dot_is_a_refusal_of_that_one(aiosmtpd: Any, campaign: Any) -> None:
    server = aiosmtpd()
    server.on_data = lambda _, to: "554 5.6.0 Not this one" if to[0][6:9] == "013" else None
    report, _ = campaign(server.gateway(connections=1), to=PEOPLE)
    assert totals(report) == {"accepted": len(PEOPLE) - 1, "failed": 1}
    [failed] = [row for row in report.rows() if row.state == "failed"]
    assert failed.address == PEOPLE[13]
    assert "5.6.0" in failed.reason


@pytest.mark.parametrize("uncertain", ["resend", "hold"])
def test_a_reply_that_is_lost_after_the_dot_is_uncertain_and_named(
    aiosmtpd: Any, campaign: Any, uncertain: str
) -> None:
    server, lost = aiosmtpd(), []

    def on_data(taken: Any, to: list[str]) -> None:
        if to == [PEOPLE[13]] and not lost:
            lost.append(to)
            # It has the letter, and is gone before it says so.
            taken.letters.append((list(to), b""))
            raise asyncio.CancelledError

    server.on_data = on_data
    gateway = server.gateway(connections=1, mode="pipelined", retry={"first": "100ms"})
    report, steps = campaign(gateway, to=PEOPLE, uncertain=uncertain)
    assert [step.recipient for step in steps if step.state == "uncertain"] == ["p013"]
    copies = Counter(to for [to], _ in server.letters)
    assert set(copies) == set(PEOPLE)
    if uncertain == "resend":
        assert totals(report) == {"accepted": len(PEOPLE)}
        assert report.possibly_doubled == ("p013",)
        assert copies.pop(PEOPLE[13]) == 2
    else:
        assert totals(report) == {"accepted": len(PEOPLE) - 1, "uncertain": 1}
        assert report.uncertain == ("p013",)
    assert set(copies.values()) == {1}


def test_a_server_that_is_gone_and_comes_back_gets_the_rest(aiosmtpd: Any, campaign: Any) -> None:
    server = aiosmtpd()
    closed: list[str] = []

    def on_rcpt(_: Any, to: str) -> str | None:
        if to == PEOPLE[30] and not closed:
            closed.append(to)
            return "421 4.3.2 Shutting down"
        return None

    server.on_rcpt = on_rcpt
    report, _ = campaign(server.gateway(connections=1, reconnect_max="300ms"), to=PEOPLE)
    assert totals(report) == {"accepted": len(PEOPLE)}
    assert closed == [PEOPLE[30]]
    assert {row.attempts for row in report.rows()} == {1}, "nobody is charged an attempt"

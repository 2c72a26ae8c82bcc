"""Our engine sends through mail servers of others, up every rung of the dialogue."""

from __future__ import annotations

import re
import smtplib
import time
from collections import Counter
from typing import Any

import pytest

import bealert_engine as be

PEOPLE = [f"person{number:03}@example.org" for number in range(120)]


@pytest.fixture(params=["postfix", "exim"])
def server(request: Any) -> Any:
    return request.getfixturevalue(request.param)


def totals(report: Any) -> dict[str, int]:
    return {state: count for state, count in report.totals["email"].items() if count}


@pytest.mark.parametrize("mode", ["lockstep", "pipelined", "joined", "bdat"])
def test_everybody_gets_the_letter_once_and_whole(server: Any, campaign: Any, mode: str) -> None:
    relay = server()
    report, _ = campaign(relay.gateway(mode=mode, connections=3), to=PEOPLE)
    assert totals(report) == {"accepted": len(PEOPLE)}
    assert not report.possibly_doubled
    letters = relay.letters_by_person(len(PEOPLE))
    assert set(letters) == set(PEOPLE)
    names = set()
    for number, to in enumerate(PEOPLE):
        [letter] = letters[to]
        assert letter["To"].addresses[0].addr_spec == to
        assert letter["To"].addresses[0].display_name == f"Müller <{number}>"
        assert letter["Subject"] == f"Inbraak bij Müller <{number}> €"
        assert letter["From"].addresses[0].addr_spec == "alert@alert.example"
        assert letter["Auto-Submitted"] == "auto-generated"
        names.add(letter["Message-ID"])
        text, html = letter.iter_parts()
        assert text.get_content().splitlines() == [
            f"Geachte Müller <{number}>,",
            ".",
            "..Blijf binnen, één dag €.",
            f"From nu af: p{number:03}.",
        ]
        assert f"Geachte Müller &lt;{number}&gt;," in html.get_content()
    assert len(names) == len(PEOPLE)


# What stands in a read from us, and how often: a group, a body with the next group, a chunk.
RUNGS = {
    "lockstep": (rb"MAIL FROM:[^\n]*\nRCPT", 0),
    "pipelined": (rb"^MAIL FROM:[^\n]*\nRCPT TO:[^\n]*\nDATA\r\n$", len(PEOPLE)),
    "joined": (rb"\r\n\.\r\nMAIL FROM:[^\n]*\nRCPT TO:[^\n]*\nDATA\r\n$", len(PEOPLE) // 2),
    "bdat": (rb"BDAT \d+ LAST\r\n", len(PEOPLE)),
}


@pytest.mark.parametrize("mode", RUNGS)
def test_the_rung_that_was_asked_for_is_used_and_taken(
    server: Any, campaign: Any, tap: Any, mode: str
) -> None:
    relay = server()
    between = tap(relay.port)
    gateway = relay.gateway(port=between.port, mode=mode, connections=2)
    report, _ = campaign(gateway, to=PEOPLE)
    assert totals(report) == {"accepted": len(PEOPLE)}
    pattern, least = RUNGS[mode]
    seen = sum(len(re.findall(pattern, octets)) for octets in between.reads)
    assert seen >= least, between.reads[:20]
    assert bool(seen) == bool(least)
    assert not any(b"NOOP" in octets for octets in between.reads)


@pytest.mark.parametrize("mode", ["lockstep", "pipelined", "joined", "bdat"])
def test_one_who_is_refused_costs_nobody_else_anything(
    server: Any, campaign: Any, mode: str
) -> None:
    relay = server()
    to = [f"{'refused' if n % 20 == 7 else 'person'}{n:03}@example.org" for n in range(60)]
    report, _ = campaign(relay.gateway(mode=mode, connections=2), to=to)
    assert totals(report) == {"accepted": 57, "failed": 3}
    for row in report.rows():
        assert row.state == ("failed" if row.address.startswith("refused") else "accepted")
        assert row.attempts == 1
        if row.state == "failed":
            assert "5.1.1" in row.reason
    letters = relay.letters_by_person(57)
    assert Counter(len(each) for each in letters.values()) == {1: 57}
    assert not report.possibly_doubled


def test_not_now_is_tried_until_the_alert_expires(server: Any, campaign: Any) -> None:
    relay = server()
    gateway = relay.gateway(retry={"first": "200ms", "max": "1s"})
    to = ["later1@example.org", "person1@example.org", "later2@example.org"]
    began = time.monotonic()
    report, _ = campaign(gateway, to=to, expiry="4s")
    assert time.monotonic() - began >= 3
    assert totals(report) == {"accepted": 1, "expired": 2}
    for row in report.rows():
        assert row.attempts == 1 if row.state == "accepted" else row.attempts >= 3


def test_tls_is_verified_and_who_logs_in_is_let_in(server: Any, campaign: Any) -> None:
    relay = server()
    account = {"username": "bealert", "password": "env:MAIL"} if relay.name == "Exim" else {}
    given = {"tls": "required", "ca": f"file:{relay.certificate}", **account}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAIL", "secret")
        report, _ = campaign(relay.gateway(**given), to=PEOPLE[:20])
    assert totals(report) == {"accepted": 20}
    assert len(relay.letters_by_person(20)) == 20
    if relay.name == "Exim":
        secured = re.findall(r"P=esmtpsa X=TLS1.3:\S+ .*A=plain:bealert", relay.log())
        assert len(secured) == 20, relay.log()


def test_exim_queues_nothing_behind_the_tenth_of_a_connection(exim: Any, campaign: Any) -> None:
    # smtp_accept_queue_per_connection is 10 by default: the next ones would wait for a queue run
    relay = exim()
    report, _ = campaign(relay.gateway(messages_per_connection=10, connections=2), to=PEOPLE)
    assert totals(report) == {"accepted": len(PEOPLE)}
    assert "no immediate delivery" not in relay.log()
    assert relay.log().count("<= alert@alert.example") == len(PEOPLE)


def test_postfix_slows_down_who_meets_many_bad_addresses_and_all_are_accounted_for(
    postfix: Any, campaign: Any
) -> None:
    # From the tenth error of a connection on it waits, at the twentieth it hangs up.
    relay = postfix(more="smtpd_error_sleep_time = 50ms")
    to = [f"{'refused' if n % 2 else 'person'}{n:03}@example.org" for n in range(120)]
    gateway = relay.gateway(connections=1, retry={"first": "200ms", "max": "1s"})
    report, _ = campaign(gateway, to=to)
    assert sum(report.totals["email"].values()) == len(to)
    rows = {row.address: row.state for row in report.rows()}
    for number, who in enumerate(to):
        assert rows[who] == ("failed" if number % 2 else "accepted"), (who, rows[who])
    assert Counter(map(len, relay.letters_by_person(60).values())) == {1: 60}


def test_postfix_allows_two_connections_and_all_arrive_over_those(
    postfix: Any, campaign: Any
) -> None:
    relay = postfix(
        more="smtpd_client_connection_count_limit = 2\nsmtpd_client_event_limit_exceptions ="
    )
    gateway = relay.gateway(connections=8, reconnect_max="500ms", retry={"first": "200ms"})
    report, _ = campaign(gateway, to=PEOPLE)
    assert totals(report) == {"accepted": len(PEOPLE)}
    assert {row.attempts for row in report.rows()} == {1}, "nobody is charged an attempt"
    assert Counter(map(len, relay.letters_by_person(len(PEOPLE)).values())) == {1: len(PEOPLE)}


def test_a_plan_refuses_what_postfix_would_refuse_to_the_octet(postfix: Any) -> None:
    letter = be.Email("Alert", text=".\n..\nStay inside, {{ name }}.", html="<p>.</p>")
    alert = be.Scenario("alert", kind="warning", expiry="1h", email={"nl": letter})
    people = [be.Recipient("p1", email="a@example.org", name="An")]

    def met(limit: int) -> tuple[Any, be.Engine]:
        relay = postfix(more=f"message_size_limit = {limit}\nmailbox_size_limit = 0\n")
        engine = be.Engine(data=None, gateways=[relay.gateway()], scenarios=[alert])
        engine.check()
        return relay, engine

    def says(relay: Any, octets: int) -> int:
        with smtplib.SMTP("127.0.0.1", relay.port) as client:
            client.ehlo()
            return client.mail("alert@alert.example", [f"SIZE={octets}"])[0]

    relay, engine = met(1_000_000)
    with engine:
        plan = engine.plan("alert", to=people)
        assert engine.launch(plan, by="tests", key="k").wait(timeout_s=60).email.accepted == 1
    octets = plan.channels["email"].largest_octets
    assert len(relay.letters_by_person(1)) == 1
    for limit, fits in ((octets, True), (octets - 1, False)):
        relay, engine = met(limit)
        with engine:
            if fits:
                assert engine.plan("alert", to=people).warnings == ()
            else:
                with pytest.raises(be.PlanRefused, match=f"mail-a takes {limit} octets"):
                    engine.plan("alert", to=people)
        assert says(relay, octets) == (250 if fits else 552)

"""The simulated world, as a host application's tests use it."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bealert_engine import Recipient, Scenario, Smpp, Smtp
from bealert_engine.cli.live import follow
from bealert_engine.cli.output import Output
from bealert_engine.errors import (
    CampaignEnded,
    EngineClosed,
    KeyConflict,
    PlanRefused,
    UnknownCampaign,
)
from bealert_engine.testing import World

WARNING = Scenario("flood", kind="warning", expiry="2h", sms={"en": "Go upstairs, {{ name }}."})
NEWS = Scenario("news", kind="news", expiry="1h", sms={"en": "Road open again."})


def people(count: int) -> list[Recipient]:
    return [Recipient(f"p{n}", phone=f"+3247012{n:04}", name=f"N{n}") for n in range(count)]


def world(seed: int = 1, **options: Any) -> World:
    return World(seed, scenarios=[WARNING, NEWS], **options)


def gateway(name: str, **options: Any) -> Smpp:
    return Smpp(
        name,
        host="world.invalid",
        port=1,
        system_id="x",
        password="env:NONE",
        sender="BE",
        **options,
    )


def test_a_campaign_of_minutes_in_virtual_time() -> None:
    with world(response_ms=20, receipt_ms=90_000, failed=0.2) as it:
        campaign = it.launch(it.plan("flood", to=people(200)), by="me", key="k")
        it.advance("1m")
        assert campaign.snapshot().sms.accepted == 200
        campaign.wait()
        assert timedelta(seconds=90) < it.now < timedelta(minutes=5)
        report = campaign.report()
        assert report.balanced
        tally = campaign.snapshot().sms
        assert tally.delivered + tally.failed == 200
        assert 10 < tally.failed < 80
        assert it.books()["unique"] == 200
        assert it.messages()[0].text == "Go upstairs, N0."


def test_the_same_seed_is_the_same_world() -> None:
    def run(seed: int) -> list[object]:
        with world(seed, silent=0.1, swallowed=0.1, early_receipts=0.5) as it:
            it.disk(stalls=0.05, unknown=0.05)
            campaign = it.launch(it.plan("flood", to=people(50)), by="me", key="k")
            it.advance("200ms")
            it.crash(down="2s")
            campaign.wait()
            return [(event.seq, event.at, repr(event)) for event in it.events()]

    assert run(3) == run(3)
    assert run(3) != run(4)


def test_nobody_is_lost_wherever_the_process_dies() -> None:
    for calls in range(1, 250, 3):
        with world(calls, response_ms=10, receipt_ms=30) as it:
            plan = it.plan("flood", to=people(6))
            it.crash_in(calls)
            try:
                it.launch(plan, by="me", key="k")
                it.advance("1s")
            except EngineClosed:
                assert not it.is_open
            it.reopen()
            campaign = it.launch(plan, by="me", key="k")
            campaign.wait()
            report = campaign.report()
            assert report.balanced, calls
            assert len(it.campaigns()) == 1
            assert it.books()["unique"] == 6
            assert it.books()["duplicates"] <= len(report.possibly_doubled)


def test_what_is_paused_waits_and_what_is_cancelled_ends() -> None:
    with world(gateways=[gateway("slow", parts_per_second=10)]) as it:
        campaign = it.launch(it.plan("news", to=people(100)), by="me", key="k")
        it.advance("2s")
        campaign.pause()
        sent = it.books()["submits"]
        assert 10 <= sent <= 25
        it.advance("5m")
        assert it.books()["submits"] - sent <= 1
        it.crash()
        assert campaign.state == "paused"
        campaign.resume()
        it.advance("1s")
        campaign.cancel()
        campaign.wait()
        assert campaign.state == "cancelled"
        assert campaign.snapshot().sms.cancelled > 50
        with pytest.raises(CampaignEnded):
            campaign.pause()


def test_another_gateway_takes_over() -> None:
    two = [gateway("first"), gateway("second")]
    with world(gateways=two, far_ends={"second": {"response_ms": 5}}) as it:
        it.unreachable("first")
        it.reset_connections("first")
        campaign = it.launch(it.plan("flood", to=people(20)), by="me", key="k")
        campaign.wait()
        assert it.books("first")["accepted"] == 0
        assert it.books("second")["accepted"] == 20
        assert {event.gateway for event in campaign.events() if hasattr(event, "recipient")} == {
            "second"
        }


def test_far_ends_can_change_while_it_runs() -> None:
    with world(swallowed=1.0, gateways=[gateway("a", response_timeout="5s")]) as it:
        campaign = it.launch(it.plan("flood", to=people(10)), by="me", key="k")
        it.advance("10s")
        assert campaign.snapshot().sms.delivered == 0
        it.change(swallowed=0.0)
        campaign.wait()
        assert campaign.snapshot().sms.delivered == 10


def test_counts_of_what_has_ended_are_the_same_after_a_crash() -> None:
    with world(seed=7) as it:
        campaign = it.launch(it.plan("flood", to=people(500)), by="tests", key="k")
        it.advance("1s")
        it.crash()
        it.advance("20m")
        sms = campaign.snapshot().sms
        assert (sms.delivered, sms.sent, sms.units_left) == (500, 500, 0)


def test_a_restart_in_order_leaves_no_doubt() -> None:
    with world(response_ms=100, gateways=[gateway("a", parts_per_second=50)]) as it:
        campaign = it.launch(it.plan("flood", to=people(200)), by="me", key="k")
        it.advance("1s")
        it.restart(down="10s")
        campaign.wait()
        assert it.books()["duplicates"] == 0
        assert not campaign.report().possibly_doubled


def test_a_clock_that_is_set_forward_expires_what_is_paused() -> None:
    with world() as it:
        campaign = it.launch(it.plan("news", to=people(3)), by="me", key="k")
        assert campaign.wait(timeout_s=60).ended
        late = it.launch(it.plan("news", to=people(4)), by="me", key="late")
        late.pause()
        before = it.clock
        it.shift_clock("2h")
        assert it.clock - before == timedelta(hours=2)
        it.restart()
        late.wait()
        assert late.state == "done"


def test_the_errors_of_an_engine() -> None:
    with world() as it:
        plan = it.plan("flood", to=people(2))
        it.launch(plan, by="me", key="k")
        assert it.launch(plan, by="me", key="k").id == it.campaign("k").id
        with pytest.raises(KeyConflict):
            it.launch(it.plan("flood", to=people(3)), by="me", key="k")
        with pytest.raises(PlanRefused):
            it.plan("flood", to=[])
        with pytest.raises(UnknownCampaign):
            it.campaign("nobody")
        with pytest.raises(ValueError, match="by"):
            it.launch(plan, by=" ", key="k")
    with pytest.raises(EngineClosed):
        it.advance("1s")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"nonsense": 1}, "nonsense"),
        ({"silent": 2}, "silent"),
        ({"far_ends": {"sms-z": {}}}, "sms-z"),
    ],
)
def test_an_option_that_makes_no_sense(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        world(**options)


def test_time_and_calls_that_make_no_sense() -> None:
    with world() as it:
        with pytest.raises(ValueError, match="span"):
            it.advance("-1s")
        with pytest.raises(ValueError, match="span"):
            it.advance("soon")
        with pytest.raises(ValueError, match="calls"):
            it.crash_in(0)
        with pytest.raises(ValueError, match="stalls"):
            it.disk(stalls=1.0)
        with pytest.raises(ValueError, match="there is no gateway"):
            it.books("sms-z")


def test_a_wait_that_is_over_too_soon() -> None:
    with world(gateways=[gateway("a", parts_per_second=1)]) as it:
        campaign = it.launch(it.plan("flood", to=people(100)), by="me", key="k")
        with pytest.raises(TimeoutError):
            campaign.wait(timeout_s=5)
        it.run()
        assert campaign.ended


def test_what_the_page_about_it_shows() -> None:
    page = Path(__file__).parents[2] / "docs" / "howto" / "test-with-a-world.md"
    names: dict[str, Any] = {}
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) == 2
    for block in blocks:
        exec(compile(block, page.name, "exec"), names)


FLOOD = Scenario(
    "both",
    kind="warning",
    expiry="2h",
    sms={"en": "Go upstairs, {{ name }}."},
    email={"en": {"subject": "Flood", "text": "Go upstairs, {{ name }}."}},
)


def relay(name: str, **options: Any) -> Smtp:
    given: dict[str, Any] = {
        "host": "world.invalid",
        "port": 587,
        "sender": "BE-Alert <alert@be-alert.example>",
        "bounces_to": "bounces@be-alert.example",
        "username": "bealert",
        "password": "env:NONE",
    }
    return Smtp(name, **{**given, **options})


def reached_twice(count: int) -> list[Recipient]:
    return [
        Recipient(f"p{n}", phone=f"+3247012{n:04}", email=f"p{n}@example.org", name=f"N{n}")
        for n in range(count)
    ]


def test_a_campaign_goes_out_on_both_channels_and_bounces_come_back() -> None:
    it = World(
        3,
        scenarios=[FLOOD],
        gateways=[gateway("sms-a"), relay("mail-a")],
        far_ends={"sms-a": {"receipt_ms": 100}, "mail-a": {"bounces": 0.3, "report_ms": 60_000}},
    )
    with it:
        campaign = it.launch(it.plan("both", to=reached_twice(60)), by="t", key="k")
        done = campaign.wait()
        assert (done.sms.delivered, done.email.accepted) == (60, 60)
        assert len(it.mails("mail-a")) == it.books("mail-a")["unique"] == 60
        it.advance("2h")
        report = campaign.report()
        assert report.balanced
        bounced = [row.recipient for row in report.rows(states=["failed"])]
        assert 5 <= len(bounced) <= 35
        assert report.suppress == tuple(bounced)


def test_people_who_are_asked_to_come_again_are_not_done_in_no_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with World(
        1,
        scenarios=[FLOOD],
        gateways=[gateway("a"), relay("m")],
        far_ends={"m": {"greylist_ms": 60_000}},
    ) as it:
        campaign = it.launch(it.plan("both", to=reached_twice(50)), by="t", key="k")
        it.advance("20s")
        now = campaign.snapshot()
        assert (now.waiting, now.eta_s, now.rate) == (50, None, 0.0)
        follow(Output(), "flood", [now])
        assert "50 to be tried again" in capsys.readouterr().out
        assert campaign.wait().email.accepted == 50


def test_every_doubled_mail_is_named_after_a_crash() -> None:
    for calls in range(20, 400, 23):
        with World(calls, scenarios=[FLOOD], gateways=[gateway("a"), relay("m")]) as it:
            plan = it.plan("both", to=reached_twice(12))
            it.crash_in(calls)
            try:
                it.launch(plan, by="t", key="k")
                it.advance("1s")
            except EngineClosed:
                pass
            it.reopen()
            campaign = it.launch(plan, by="t", key="k")
            campaign.wait()
            report = campaign.report()
            assert report.balanced
            assert it.books("m")["unique"] == 12
            assert it.books()["duplicates"] <= len(report.possibly_doubled) * 2


def test_options_of_a_relay_that_is_served_have_no_place_in_a_world() -> None:
    with pytest.raises(ValueError, match="maildir is for a relay that is served"):
        World(scenarios=[FLOOD], gateways=[relay("m")], maildir="/tmp/x")

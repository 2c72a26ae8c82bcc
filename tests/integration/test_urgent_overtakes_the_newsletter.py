"""An urgent campaign waits only for what is already on the wire (I5)."""

from __future__ import annotations

import pytest

import bealert_engine as be
from bealert_engine import testing

NEWSLETTER = 100_000
URGENT = 200
RATE = 500


@pytest.mark.timeout(60)
def test_it_passes_a_hundred_thousand_that_are_queued(tmp_path: object) -> None:
    scenarios = [
        be.Scenario("letter", kind="info", expiry="2h", sms={"nl": "Nieuws {{ id }}."}),
        be.Scenario("alert", kind="warning", expiry="2h", sms={"nl": "Gevaar, {{ id }}!"}),
    ]
    with testing.smsc(response_ms=20) as smsc:
        gateway = smsc.gateway(parts_per_second=RATE, window=50)
        with be.Engine(data=str(tmp_path), gateways=[gateway], scenarios=scenarios) as engine:
            readers = (
                be.Recipient(f"n{n}", phone=f"+3247{n // 100_000}{n % 100_000:06}")
                for n in range(NEWSLETTER)
            )
            letter = engine.launch(engine.plan("letter", to=readers), by="tests", key="letter")
            people = [be.Recipient(f"u{n}", phone=f"+3363998{n:04}") for n in range(URGENT)]
            plan = engine.plan("alert", to=people)
            for look in letter.progress(every_s=0.05):
                if look.sms.sent > RATE // 2:
                    break
            before = smsc.books()["accepted"]
            alert = engine.launch(plan, by="tests", key="alert")
            launched = smsc.books()["accepted"]
            done = alert.wait(timeout_s=20)
            assert done.sms.delivered == URGENT
            behind = letter.snapshot().sms
            assert behind.queued > NEWSLETTER - 5 * RATE, "it is still far from its end"
            letter.cancel()
            assert letter.wait(timeout_s=20).sms.total == NEWSLETTER
            assert engine.campaign("letter").report().balanced
        kinds = [message.text.startswith("Gevaar") for message in smsc.messages()]
    first, last = kinds.index(True), len(kinds) - kinds[::-1].index(True)
    between = kinds[first:last].count(False)
    print(f"{before} before, {launched} when launched, first at {first}, {between} in between")
    assert first <= launched + gateway.window, "what was on the wire, and no more"
    assert between <= 2

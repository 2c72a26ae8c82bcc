"""A slow domain holds up nobody else, and an alert does not wait for a newsletter."""

from __future__ import annotations

from typing import Any

import pytest

import bealert_engine as be
from bealert_engine import testing


def people(domain: str, count: int) -> list[be.Recipient]:
    return [
        be.Recipient(f"{domain}-{n}", email=f"p{n}@{domain}.example", name="x")
        for n in range(count)
    ]


def test_a_domain_with_a_rate_of_its_own_holds_up_nobody_else(sending: Any) -> None:
    with testing.relay() as office:
        engine = sending(office.gateway(domains={"slow.example": 10}))
        # The slow ones come first.
        campaign = engine.launch([*people("slow", 20), *people("fast", 500)])
        assert campaign.wait(timeout_s=60).email.accepted == 520
    at: dict[str, list[float]] = {"slow": [], "fast": []}
    for entry in campaign.events(after=0):
        if isinstance(entry, be.Event) and entry.state == "accepted":
            at[entry.recipient.split("-")[0]].append(entry.at.timestamp())
    assert max(at["slow"]) - min(at["slow"]) > 1.7, "20 at 10 a second"
    assert max(at["fast"]) < max(at["slow"])


@pytest.mark.parametrize("connections", [1, 8])
def test_an_alert_overtakes_the_newsletter(connections: int) -> None:
    content = {"en": be.Email("News", text="Road open again.")}
    news = be.Scenario("news", kind="news", expiry="1h", email=content)
    alert = be.Scenario("alert", kind="warning", expiry="1h", email=content)
    with testing.relay() as office:
        gateway = office.gateway(messages_per_second=200, connections=connections)
        with be.Engine(data=None, gateways=[gateway], scenarios=[news, alert]) as engine:
            plan = engine.plan("news", to=people("readers", 3_000))
            slow = engine.launch(plan, by="tests", key="news")
            next(entry for entry in slow.events(after=0) if isinstance(entry, be.Event))
            plan = engine.plan("alert", to=people("town", 50))
            urgent = engine.launch(plan, by="tests", key="alert")
            assert urgent.wait(timeout_s=30).email.accepted == 50
            assert slow.snapshot().email.accepted < 2_000
            slow.cancel()

"""Bounces and delivery reports of a simulated relay correct the report, as a host sees it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from loopback import free_port

import bealert_engine as be
from bealert_engine import testing

WITHIN_S = 60
PEOPLE = 60


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


@pytest.mark.parametrize("way", ["lmtp", "smtp", "maildir"])
def test_those_whose_address_is_dead_are_named(way: str, tmp_path: Path) -> None:
    port = free_port()
    if way == "maildir":
        bounces, to = be.Bounces(maildir=tmp_path / "mail"), f"maildir:{tmp_path / 'mail'}"
    else:
        listen = f"127.0.0.1:{port}"
        given = be.Bounces(listen=listen, protocol="lmtp" if way == "lmtp" else "smtp")
        bounces, to = given, f"{way}://{listen}"
    rules = [
        {"suffix": "3@example.org", "report": "failed"},
        {"suffix": "4@example.org", "report": "failed", "reply": "552 5.2.2 Mailbox full"},
        {"suffix": "5@example.org", "report": "relayed"},
    ]
    alert = be.Scenario(
        "alert", kind="warning", expiry="1h", email={"en": be.Email("Fire", text="Stay inside.")}
    )
    people = [be.Recipient(f"p{n:03}", email=f"user{n:03}@example.org") for n in range(PEOPLE)]
    with testing.relay(reports_to=to, rules=rules) as relay:
        gateway = relay.gateway(bounces_to="bounces@be-alert.example", receipts=True)
        with be.Engine(data=None, gateways=[gateway], scenarios=[alert], bounces=bounces) as engine:
            campaign = engine.launch(engine.plan("alert", to=people), by="tests", key="k")
            _until(lambda: campaign.snapshot().email.failed == PEOPLE // 5)
            _until(lambda: campaign.snapshot().email.delivered == PEOPLE * 7 // 10)
            assert campaign.snapshot().email.accepted == PEOPLE // 10, "relayed tells no more"
            report = campaign.report()
            assert list(report.suppress) == [p.id for p in people if p.id.endswith("3")]
        assert relay.books()["reports"] == PEOPLE

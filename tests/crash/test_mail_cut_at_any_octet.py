"""A connection to a relay breaks at any octet, read or written, on every rung: nobody is lost.

Each message ends accepted or in doubt, and whoever got it twice is named (points 2 and 5 of an
expert's list). `BEALERT_SEED` repeats a run.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

import bealert_engine as be
from bealert_engine import testing

PEOPLE = [f"person{number}@example.org" for number in range(4)]
RECEIVED, SENT = 3_600, 620
"""Octets of the whole dialogue at least, in both directions, from the greeting to the last body."""

STEP = 37
"""Octets between the places that are tried; a prime, so that each part of the dialogue is hit."""


@pytest.mark.parametrize("uncertain", ["hold", "resend"])
@pytest.mark.parametrize("mode", ["lockstep", "pipelined", "joined", "bdat"])
def test_everybody_is_accounted_for(mode: Any, uncertain: Any, chance: random.Random) -> None:
    first = chance.randrange(STEP)
    cuts = [{"received": octets} for octets in range(1 + first, RECEIVED, STEP)]
    cuts += [{"sent": octets} for octets in range(1 + first, SENT, STEP)]
    doubted = 0
    with testing.Relay() as relay:
        gateway = relay.gateway(
            connections=1, mode=mode, reconnect_max="20ms", retry={"first": "20ms", "max": "50ms"}
        )
        letter = be.Email("Inbraak", text="Blijf binnen, {{ id }}.", html="<p>{{ id }}</p>")
        alert = be.Scenario(
            "alert", kind="warning", expiry="1h", uncertain=uncertain, email={"nl": letter}
        )
        people = [be.Recipient(f"p{n}", email=who) for n, who in enumerate(PEOPLE)]
        with be.Engine(data=None, gateways=[gateway], scenarios=[alert]) as engine:
            plan = engine.plan("alert", to=people)
            for cut in cuts:
                relay.change(cut=cut | {"times": 1})
                relay.reset_connections()
                before = len(relay.messages())
                campaign = engine.launch(plan, by="tests", key=str(cut))
                campaign.wait(timeout_s=30)
                report = campaign.report()
                copies = Counter(mail.recipients[0] for mail in relay.messages()[before:])
                doubted += judged(report, copies, uncertain, f"{cut}: {copies}, {report.totals}")
    assert doubted, "the end of some bodies was hit"
    assert relay.books()["malformed"] == 0


def judged(report: be.Report, copies: Counter[str], uncertain: str, what: str) -> int:
    """How many were in doubt, where that is right."""
    assert report.balanced, what
    for row in report.rows():
        assert row.state in ("accepted", "uncertain"), f"{what}: {row}"
        if uncertain == "resend":
            assert row.state == "accepted", f"{what}: {row}"
        if row.state == "accepted":
            assert copies[row.address] >= 1, f"lost, {what}: {row}"
        assert copies[row.address] <= 1 + row.possibly_doubled, f"{what}: {row}"
    return len(report.possibly_doubled) + len(report.uncertain)

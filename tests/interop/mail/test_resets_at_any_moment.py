"""Connections to mail servers of others are reset at any moment: their logs bear our report out.

What was accepted stands in the log of the server under the very name that our events have it by,
and what the log has beside that belongs to attempts that we named as uncertain. `BEALERT_SEED`
repeats a run.
"""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from typing import Any

import pytest

PEOPLE = [f"person{number:03}@example.org" for number in range(60)]
RESETS = 40
"""Connections that are reset before they are left alone."""

OCTETS = 6_000
"""A connection is reset before so many: greeting, EHLO and some letters."""

DELIVERED = {
    "postfix": r"\b(\w+): to=<([^>]+)>.* status=sent",
    "exim": r"\b(\S+-\S+-\S+) => .*?([^\s<>]+@example\.org)>? R=",
}
"""What each writes of a letter that it has put into a mailbox: its name for it, and whose."""


@pytest.mark.parametrize("mode", ["lockstep", "joined", "bdat"])
@pytest.mark.parametrize("server", DELIVERED)
def test_the_log_of_the_server_bears_our_report_out(
    request: Any, campaign: Any, tap: Any, server: str, mode: str, chance: random.Random
) -> None:
    relay = request.getfixturevalue(server)()
    between = tap(relay.port)
    # The last octets of a letter may be read, or read and answered, or neither.
    between.cuts = [
        (chance.randrange(1, OCTETS), chance.choice([0, 0.01, 0.1])) for _ in range(RESETS)
    ]
    gateway = relay.gateway(
        port=between.port,
        mode=mode,
        connections=3,
        reconnect_max="20ms",
        retry={"first": "20ms", "max": "50ms"},
    )
    report, steps = campaign(gateway, to=PEOPLE, uncertain="hold")
    accepted = {
        (step.remote, PEOPLE[int(step.recipient[1:])]) for step in steps if step.state == "accepted"
    }
    assert len(accepted) + len(report.uncertain) == len(PEOPLE)
    delivered = deliveries(relay, server, accepted)
    assert accepted <= delivered, "accepted, and not in the log of the server"
    doubted = {PEOPLE[int(person[1:])] for person in report.uncertain}
    more = Counter(to for _, to in delivered - accepted)
    assert set(more) <= doubted, "in the log of the server, and not in doubt"
    assert all(count == 1 for count in more.values()), more
    assert doubted, "some replies were lost"


def deliveries(relay: Any, server: str, least: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """What the server has delivered, once all that we know of is, and nothing follows."""
    found: set[tuple[str, str]] = set()
    until = time.monotonic() + 30
    while time.monotonic() < until:
        before, found = found, set(re.findall(DELIVERED[server], relay.log()))
        if least <= found and found == before:
            break
        time.sleep(0.5)
    return found

"""`kill -9` at random moments while e-mail is sent, with faults and reports on: nobody is lost.

The relays run in processes of their own, and carry their reports to the host again until it has
taken them. With some kills the power fails too. `BEALERT_CRASHES` asks for more kills than 20,
`BEALERT_SEED` repeats a run.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from loopback import free_port

import bealert_engine as be

PEOPLE = 1_200
KILLS = int(os.environ.get("BEALERT_CRASHES") or 20)
KILLS_EACH = 5
"""Per campaign: more would mostly hit one that has ended."""

CAMPAIGNS = [
    ("blocking", "resend", 2, "joined"),
    ("asyncio", "resend", 1, "bdat"),
    ("blocking", "hold", 1, "pipelined"),
    ("trio", "hold", 2, "lockstep"),
]
"""API, policy, number of relays and rung; again and again until there are enough kills."""

ROUNDS = -(-KILLS // (KILLS_EACH * len(CAMPAIGNS)))

REFUSED, UNDELIVERED, FOR_NOW, UNANSWERED, SILENT = range(5)
ENDINGS: dict[int, tuple[dict[str, Any], tuple[str, ...]]] = {
    REFUSED: ({"phase": "rcpt", "reply": "550 5.1.1 No such person"}, ("13", "63")),
    UNDELIVERED: ({"phase": "dot", "report": "failed"}, ("31",)),
    FOR_NOW: ({"phase": "rcpt", "reply": "451 4.3.0 Not now", "times": 2}, ("27", "28", "29")),
    UNANSWERED: ({"phase": "dot", "answer": "reset_after", "times": 1}, ("58",)),
    SILENT: ({"phase": "dot", "answer": "silent", "times": 1}, ("72",)),
}
"""What the ending of a name means to the relay."""


@pytest.mark.timeout(240)
@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize(("flavour", "policy", "relays", "mode"), CAMPAIGNS)
def test_nobody_is_lost(
    number: int,
    flavour: str,
    policy: str,
    relays: int,
    mode: str,
    disk: Any,
    host: Callable[..., Any],
    far_end: Callable[..., Any],
    verified: Callable[[object], None],
) -> None:
    bounces = free_port()
    ends = [far_end("relay", **_faults(mode, bounces), seed=number + 1) for _ in range(relays)]
    application = host(
        disk.environment,
        flavour=flavour,
        scenario=policy,
        people=PEOPLE,
        ports=[end.port for end in ends],
        rate=1_000 / relays,
        mode=mode,
        bounces=bounces,
    )
    application.killed_often(disk, KILLS_EACH)
    application.to_the_end()
    verified(application.spec["data"])
    with be.open_ledger(application.spec["data"]) as ledger:
        [campaign] = ledger.campaigns()
        report = campaign.report()
        steps = [event for event in campaign.events(after=0) if isinstance(event, be.Event)]
    rows = [row for row in report.rows() if row.channel == "email"]
    books: Counter[str] = Counter()
    copies: Counter[str] = Counter()
    for end in ends:
        told = end.told()
        books.update(told["books"])
        copies.update(told["messages"])
    print(report.totals["email"], dict(books), len(report.possibly_doubled), "possibly doubled")

    assert report.balanced
    assert (report.people, len(rows), campaign.state) == (PEOPLE, PEOPLE, "done")
    _everybody_ended_as_the_relay_has_it(rows, copies)
    _doubles_are_doubted_and_named(rows, report, steps, copies)
    if relays == 1:
        assert books["unique"] == len(copies), "a letter has the same Message-ID on every try"
    assert books["malformed"] == 0


def _everybody_ended_as_the_relay_has_it(rows: list[be.ReportRow], copies: Counter[str]) -> None:
    """I1, and that a report changed the attempt that it was about, and no other."""
    for row in rows:
        fate, taken = _fate(row.address), copies[row.address]
        doubted = row.possibly_doubled or row.state == "uncertain"
        if fate == REFUSED:
            assert taken == 0
            assert doubted or row.state == "failed", row
            continue
        if row.state != "uncertain":
            assert taken, f"lost: {row}"
        if not doubted:
            assert row.state == ("failed" if fate == UNDELIVERED else "delivered"), row
            assert taken == 1, row


def _doubles_are_doubted_and_named(
    rows: list[be.ReportRow], report: be.Report, steps: list[be.Event], copies: Counter[str]
) -> None:
    """I3."""
    doubts = Counter(step.recipient for step in steps if step.state == "uncertain")
    twice = {row.recipient for row in rows if copies[row.address] > 1}
    assert twice <= set(report.possibly_doubled)
    for row in rows:
        assert copies[row.address] <= 1 + doubts[row.recipient], row
    assert set(report.possibly_doubled) | set(report.uncertain) <= doubts.keys()
    assert {row.recipient for row in rows if row.possibly_doubled} == set(report.possibly_doubled)


def _faults(mode: str, bounces: int) -> dict[str, Any]:
    # Where replies are told apart by their order alone, one that never comes makes the next one
    # be taken for it: no client can notice. Only who waits for each does.
    fates = [fate for fate in ENDINGS if fate != SILENT or mode in ("lockstep", "pipelined")]
    return {
        "rules": [
            {"suffix": f"{ending}@example.org", **ENDINGS[fate][0]}
            for fate in fates
            for ending in ENDINGS[fate][1]
        ],
        "latency_ms": 4,
        "report_ms": 60,
        "reports_to": f"lmtp://127.0.0.1:{bounces}",
        "reset_every": 250,
    }


def _fate(address: str) -> int | None:
    name = address.removesuffix("@example.org")
    fates = (fate for fate, (_, endings) in ENDINGS.items() if name.endswith(endings))
    return next(fates, None)

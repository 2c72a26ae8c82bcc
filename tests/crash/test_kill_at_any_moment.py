"""`kill -9` at random moments, with faults, retries and receipts on: nobody is lost (I1 to I3, I9).

The far ends run in processes of their own, so they remember what they took from every life of the
host. With some kills the power fails too: what was not synced is gone (faulty_disk.c).
`BEALERT_CRASHES` asks for more kills than 20 (`make crash` for 200), `BEALERT_SEED` repeats a run.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

import bealert_engine as be

PEOPLE = 2_500
KILLS = int(os.environ.get("BEALERT_CRASHES") or 20)
KILLS_EACH = 5
"""Per campaign: more would mostly hit one that has ended."""

CAMPAIGNS = [
    ("blocking", "resend", 2),
    ("asyncio", "resend", 1),
    ("blocking", "hold", 1),
    ("trio", "hold", 2),
]
"""API, policy and number of far ends; again and again until there are enough kills."""

ROUNDS = -(-KILLS // (KILLS_EACH * len(CAMPAIGNS)))
RESENDS = 3  # after that, a message stays in doubt

REFUSED, UNDELIVERED, WITHOUT_RECEIPT, FOR_NOW, SILENT, SWALLOWED = range(6)
ENDINGS = {
    REFUSED: ({"status": 0x0B}, "13", "63"),
    UNDELIVERED: ({"receipt": "UNDELIV"}, "31"),
    WITHOUT_RECEIPT: ({"receipt": "none"}, "44"),
    FOR_NOW: ({"status": 0x08, "times": 2}, "27", "28", "29"),
    SILENT: ({"answer": "silent", "times": 1}, "58"),
    SWALLOWED: ({"answer": "swallow", "times": 1}, "72"),
}
"""What the ending of a number means to the far end."""

FAULTS: dict[str, Any] = {
    "numbers": [
        {"suffix": suffix, **fate} for fate, *suffixes in ENDINGS.values() for suffix in suffixes
    ],
    "response_ms": 8,
    "receipt_ms": 60,
    "receipt_retry_ms": 200,
    "early_receipts": 0.1,
    "repeated_receipts": 0.05,
    "reset_every": 900,
}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize(("flavour", "policy", "far_ends"), CAMPAIGNS)
def test_nobody_is_lost(
    number: int,
    flavour: str,
    policy: str,
    far_ends: int,
    disk: Any,
    host: Callable[..., Any],
    far_end: Callable[..., Any],
    verified: Callable[[object], None],
) -> None:
    # Two far ends give the same message ids: only the gateway tells their receipts apart.
    ends = [far_end(**FAULTS, seed=number + 1) for number in range(far_ends)]
    prefixes = [["+"], [f"+3363998{hundreds:02}" for hundreds in range(0, 100, 2)]]
    application = host(
        disk.environment,
        flavour=flavour,
        scenario=policy,
        people=PEOPLE,
        ports=[end.port for end in ends],
        prefixes=prefixes,
        rate=1_600 / far_ends,
    )
    application.killed_often(disk, KILLS_EACH)
    application.to_the_end()
    verified(application.spec["data"])
    with be.open_ledger(application.spec["data"]) as ledger:
        [campaign] = ledger.campaigns()
        report = campaign.report()
        steps = [event for event in campaign.events(after=0) if isinstance(event, be.Event)]
    rows = list(report.rows())
    books, taken = _together(ends)
    print(report.totals["sms"], dict(books), len(report.possibly_doubled), "possibly doubled")

    assert report.balanced
    assert (report.people, len(rows)) == (PEOPLE, PEOPLE)
    assert campaign.state == "done"
    _everybody_ended_as_the_far_end_has_it(rows, taken)
    _doubles_are_doubted_and_named(rows, report, steps, books, taken)
    _answered_receipts_are_kept(rows, steps, books, taken)
    if policy == "resend":
        # One attempt may have arrived, and another is known not to have: nothing else stays open,
        # unless kills have hit each of the resends too.
        unknown = [row for row in rows if row.state == "uncertain" and row.attempts <= RESENDS]
        assert {_fate(row.address) for row in unknown} <= {REFUSED, UNDELIVERED}
    if far_ends == 2:
        assert {row.gateway for row in rows} >= {"sms-0", "sms-1"}


def _together(ends: list[Any]) -> tuple[Counter[str], dict[str, Any]]:
    books: Counter[str] = Counter()
    taken: dict[str, Any] = {}
    for end in ends:
        counted, messages = end.account()
        books.update(counted)
        for number, message in messages.items():
            # After a reset the other gateway may have got the same message.
            taken[number] = message.beside(taken.get(number))
    return books, taken


def _everybody_ended_as_the_far_end_has_it(rows: list[be.ReportRow], taken: dict[str, Any]) -> None:
    """I1, and that a receipt changed the attempt that it was about, and no other."""
    for row in rows:
        fate = _fate(row.address)
        message = taken.get(row.address.removeprefix("+"))
        doubted = row.possibly_doubled or row.state == "uncertain"
        if fate == REFUSED:
            assert message is None
            assert doubted or row.state == "failed", row
            continue
        if row.state != "uncertain":
            assert message is not None, f"lost: {row}"
            assert message.complete, f"cut: {row}"
        if doubted:
            continue
        expected = {UNDELIVERED: "failed", WITHOUT_RECEIPT: "accepted"}.get(fate, "delivered")
        assert row.state == expected, f"{row}, {message}"
        assert message.accepted == 1, row


def _doubles_are_doubted_and_named(
    rows: list[be.ReportRow],
    report: be.Report,
    steps: list[be.Event],
    books: Counter[str],
    taken: dict[str, Any],
) -> None:
    """I3."""
    doubts = Counter(step.recipient for step in steps if step.state == "uncertain")
    assert books["duplicates"] <= doubts.total()
    twice = {row.recipient for row in rows if _copies(taken, row.address) > 1}
    assert twice <= set(report.possibly_doubled)
    for row in rows:
        assert _copies(taken, row.address) <= 1 + doubts[row.recipient], row
    assert set(report.possibly_doubled) | set(report.uncertain) <= doubts.keys()
    assert {row.recipient for row in rows if row.possibly_doubled} == set(report.possibly_doubled)


def _answered_receipts_are_kept(
    rows: list[be.ReportRow], steps: list[be.Event], books: Counter[str], taken: dict[str, Any]
) -> None:
    """I9. In doubt, a receipt settles the one attempt to its number; where both parts of a message
    are in doubt, it can't be told which it is about."""
    delivered = {(s.recipient, s.part, s.attempt) for s in steps if s.state == "delivered"}
    assert len(delivered) <= books["delivered"], "nobody is reported delivered without a receipt"
    for row in rows:
        says = _fate(row.address) not in (WITHOUT_RECEIPT, UNDELIVERED)
        if row.parts == 1 and _copies(taken, row.address) == 1 and says:
            assert row.state == "delivered", f"a receipt is lost: {row}"


def _fate(address: str) -> int | None:
    for fate, (_, *suffixes) in ENDINGS.items():
        if address.endswith(tuple(suffixes)):
            return fate
    return None


def _copies(taken: dict[str, Any], address: str) -> int:
    message = taken.get(address.removeprefix("+"))
    return 0 if message is None else message.accepted

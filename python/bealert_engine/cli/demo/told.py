"""What the demo tells at the end: what became of everybody, and the far ends' books beside ours."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from bealert_engine import Report, ReportRow
from bealert_engine.cli.demo.warning import RECEIPT_WAIT_S
from bealert_engine.cli.output import Output, columns, shown
from bealert_engine.cli.report import report_shown

EXAMPLES_OF_FAILURE = 8

MISSED = ("failed", "accepted", "uncertain", "expired", "skipped")
"""States of people of whom nobody can say that they got it."""

NO_REASON = {"accepted": f"taken, but no receipt came within {RECEIPT_WAIT_S} s"}


def tell(out: Output, report: Report, smsc: dict[str, int], relay: dict[str, int]) -> None:
    """Say what became of everybody, and whether the far ends say the same."""
    heading(out, "What became of everybody")
    out.say(report_shown(report))
    heading(out, "The simulators' books beside ours")
    out.say(_side_by_side(report, smsc, relay))
    missed = [row for row in report.rows(states=MISSED) if not _was_taken_by_relay(row)]
    if missed:
        heading(out, "Some who did not get it, and why")
        table = columns("who", "channel", "address", "state", "why")
        for row in _mixed(missed):
            table.add_row(
                shown(f"{row.recipient} {row.name or ''}"),
                row.channel,
                shown(row.address or ""),
                row.state,
                shown(row.reason or NO_REASON.get(row.state, "")),
            )
        out.say(table)


def agrees(report: Report, smsc: dict[str, int], relay: dict[str, int]) -> bool:
    """Whether the far ends took what we say that they took, and nothing twice."""
    sms = smsc["unique"] == smsc["accepted"] == parts_taken(report)
    return sms and relay["unique"] == relay["messages"] == messages_taken(report)


def parts_taken(report: Report) -> int:
    """Parts that the SMS gateway must have taken: every text of the demo has one."""
    return _in(report, "sms", "accepted", "delivered", "failed", "uncertain")


def messages_taken(report: Report) -> int:
    """Messages that the relay must have taken: what it refuses it does not take."""
    return _in(report, "email", "accepted", "delivered", "uncertain")


def heading(out: Output, text: str) -> None:
    """Begin a part."""
    out.say()
    out.say(Text(text, style="bold"))


def _in(report: Report, channel: str, *states: str) -> int:
    totals = report.totals[channel]
    return sum(totals.get(state, 0) for state in states)


def _was_taken_by_relay(row: ReportRow) -> bool:
    """A relay that asks for no receipts says no more than that it took it."""
    return row.channel == "email" and row.state == "accepted"


def _mixed(rows: list[ReportRow]) -> list[ReportRow]:
    """A few rows that show as many different channels, states and reasons as there are."""
    picked: list[ReportRow] = []
    kinds: set[tuple[str, str, str | None]] = set()
    for row in rows:
        kind = (row.channel, row.state, row.reason)
        if kind not in kinds:
            kinds.add(kind)
            picked.append(row)
    picked += [row for row in rows if row not in picked]
    return picked[:EXAMPLES_OF_FAILURE]


def _side_by_side(report: Report, smsc: dict[str, int], relay: dict[str, int]) -> Table:
    table = columns("", "simulator", "ours", right=["simulator", "ours"])
    doubled = set(report.possibly_doubled)
    rows = [
        ("SMS: parts taken", smsc["accepted"], parts_taken(report)),
        ("of them different", smsc["unique"], parts_taken(report)),
        ("receipts", smsc["receipts"], _in(report, "sms", "delivered", "failed")),
        ("e-mail: messages taken", relay["messages"], messages_taken(report)),
        ("of them different", relay["unique"], messages_taken(report)),
        ("taken twice", smsc["duplicates"] + relay["duplicates"], len(doubled)),
    ]
    for what, theirs, ours in rows:
        table.add_row(what, f"{theirs:,}", f"{ours:,}", style="" if theirs == ours else "yellow")
    return table

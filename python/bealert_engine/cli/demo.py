"""`bealert demo`: 5,000 invented people are alerted through a simulator."""

from __future__ import annotations

import secrets
import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from bealert_engine import Config, Engine, Report, ReportRow, Scenario, Secret, Smpp, make_plan
from bealert_engine._people import MOST_PEOPLE, invented_people
from bealert_engine.cli.exits import ExitCode, Unusable
from bealert_engine.cli.far_end import SimulatorProcess
from bealert_engine.cli.live import BAR_EVERY_S, follow
from bealert_engine.cli.options import AsJson
from bealert_engine.cli.output import Output, columns, facts, shown
from bealert_engine.cli.planning import plan_json, plan_shown
from bealert_engine.cli.report import report_json, report_shown

PARTS_PER_SECOND = 500
RECEIPT_WAIT_S = 3
FAILED_SHARE = 0.03
RECEIPT_SHARE = 0.99
UNUSABLE_PER_PERSON = 20 / 5_000
EXAMPLES_OF_FAILURE = 5

MISSED = ("failed", "accepted", "uncertain", "expired", "skipped")
"""States of people of whom nobody can say that they got it."""

NO_REASON = {"accepted": f"taken, but no receipt came within {RECEIPT_WAIT_S} s"}

BURGLARY = Scenario(
    "burglary",
    kind="warning",
    expiry="2h",
    sms={
        "nl": "BIN: inbraak nabij {{ street }}. Blijf binnen, sluit af en bel 101 bij onraad.",
        "fr": "PLP : cambriolage près de {{ street }}. Fermez à clé, appelez le 101 si danger.",
        "de": "BIN: Einbruch nahe {{ street }}. Im Haus bleiben, bei Gefahr 101 anrufen.",
        "en": "BIN: burglary near {{ street }}. Stay inside, lock up, call 101 if in danger.",
    },
)


def demo(
    *,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="A new directory; default: one below var/demo."),
    ] = None,
    people: Annotated[
        int, typer.Option(min=1, max=MOST_PEOPLE, help="How many are invented.")
    ] = 5_000,
    as_json: AsJson = False,
) -> ExitCode:
    """Alert 5,000 invented people through a simulator on this machine. No phone rings."""
    out = Output(as_json=as_json)
    out.show_logs()
    home = _new_directory(data)
    with SimulatorProcess(
        *("--response-ms", "20", "--receipt-ms", "400"),
        *("--receipts", str(RECEIPT_SHARE), "--failed", str(FAILED_SHARE / RECEIPT_SHARE)),
    ) as simulator:
        config = _config(home / "ledger", simulator.port)
        unusable = round(people * UNUSABLE_PER_PERSON)
        plan = make_plan(config, "burglary", to=invented_people(people, unusable=unusable))
        _heading(out, "The plan")
        out.say(plan_shown(plan))

        _heading(out, f"Sending, at {PARTS_PER_SECOND} a second, to a simulator in another process")
        key = f"demo-{secrets.token_hex(4)}"
        with Engine.from_config(config) as engine:
            campaign = engine.launch(plan, by="demo", key=key)
            follow(out, "burglary", campaign.progress(every_s=BAR_EVERY_S))
            report = campaign.report()
        books = simulator.books()
    reports = home / "report"
    report.write(reports)
    _tell(out, report, books)
    _next(out, home, key)
    out.result(
        {
            "plan": plan_json(plan),
            "report": report_json(report),
            "simulator": books,
            "ledger": str(home / "ledger"),
            "reports": str(reports),
        }
    )
    agrees = books["unique"] == books["accepted"] == _taken(report)
    return ExitCode.DONE if report.balanced and agrees else ExitCode.FAILED


def _new_directory(data: Path | None) -> Path:
    home = data or Path("var") / "demo" / f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    try:
        home.mkdir(parents=True)
    except FileExistsError:
        raise Unusable(f"{home} is there already: the demo wants a new directory.") from None
    return home.absolute()


def _config(ledger: Path, port: int) -> Config:
    gateway = Smpp(
        "simulator",
        host="127.0.0.1",
        port=port,
        system_id="bealert",
        password=Secret("password"),
        sender="BE-Alert",
        parts_per_second=PARTS_PER_SECOND,
        receipt_wait=RECEIPT_WAIT_S,
    )
    return Config(data=ledger, default_country="BE", gateways=[gateway], scenarios=[BURGLARY])


def _tell(out: Output, report: Report, books: dict[str, Any]) -> None:
    _heading(out, "What became of everybody")
    out.say(report_shown(report))
    _heading(out, "The simulator's books beside ours")
    out.say(_side_by_side(report, books))
    missed = list(report.rows(states=MISSED))
    if missed:
        _heading(out, "Some who did not get it, and why")
        table = columns("who", "number", "state", "why")
        for row in _mixed(missed):
            table.add_row(
                shown(f"{row.recipient} {row.name or ''}"),
                shown(row.address or ""),
                row.state,
                shown(row.reason or NO_REASON.get(row.state, "")),
            )
        out.say(table)


def _mixed(rows: list[ReportRow]) -> list[ReportRow]:
    """A few rows that show as many different states and reasons as there are."""
    picked: list[ReportRow] = []
    kinds: set[tuple[str, str | None]] = set()
    for row in rows:
        if (row.state, row.reason) not in kinds:
            kinds.add((row.state, row.reason))
            picked.append(row)
    picked += [row for row in rows if row not in picked]
    return picked[:EXAMPLES_OF_FAILURE]


def _side_by_side(report: Report, books: dict[str, Any]) -> Table:
    table = columns("", "simulator", "ours", right=["simulator", "ours"])
    sms = report.totals["sms"]
    receipts = sms.get("delivered", 0) + sms.get("failed", 0)
    rows = [
        ("parts taken", books["accepted"], _taken(report)),
        ("of them different", books["unique"], _taken(report)),
        ("taken twice", books["duplicates"], len(report.possibly_doubled)),
        ("receipts", books["receipts"], receipts),
    ]
    for what, theirs, ours in rows:
        table.add_row(what, f"{theirs:,}", f"{ours:,}", style="" if theirs == ours else "yellow")
    return table


def _taken(report: Report) -> int:
    """Parts that the far end must have taken: every text of the demo has one."""
    sms = report.totals["sms"]
    return sum(sms.get(state, 0) for state in ("accepted", "delivered", "failed", "uncertain"))


def _next(out: Output, home: Path, key: str) -> None:
    here = _from_here(home)
    _heading(out, "Where to look")
    out.say(
        facts(
            [
                ("reports", f"{here / 'report' / 'report.json'} and report.csv"),
                ("ledger", str(here / "ledger")),
                ("next", f"{_program()} show {key} --data {here / 'ledger'}"),
                ("", f"{_program()} verify {here / 'ledger'}"),
            ]
        )
    )


def _from_here(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _program() -> str:
    """What to type to get this program again."""
    if shutil.which("bealert"):
        return "bealert"
    script = Path(sys.argv[0])
    return str(_from_here(script.absolute())) if script.name == "bealert" else "bealert"


def _heading(out: Output, text: str) -> None:
    out.say()
    out.say(Text(text, style="bold"))

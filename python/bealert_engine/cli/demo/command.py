"""`bealert demo`: 5,000 invented people are alerted through simulators, by SMS and e-mail."""

from __future__ import annotations

import secrets
import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from bealert_engine import Engine, make_plan
from bealert_engine._people import MOST_PEOPLE, invented_people
from bealert_engine.cli.demo.told import agrees, heading, tell
from bealert_engine.cli.demo.warning import PER_SECOND, config_of
from bealert_engine.cli.exits import ExitCode, Unusable
from bealert_engine.cli.far_end import SimulatorProcess
from bealert_engine.cli.live import BAR_EVERY_S, follow
from bealert_engine.cli.options import AsJson
from bealert_engine.cli.output import Output, facts
from bealert_engine.cli.planning import plan_json, plan_shown
from bealert_engine.cli.report import report_json

FAILED_SHARE = 0.03
RECEIPT_SHARE = 0.99
REFUSED_SHARE = 0.01
DEFERRED_SHARE = 0.02
UNUSABLE_PER_PERSON = 20 / 5_000
UNMAILABLE_PER_PERSON = 15 / 5_000

SMSC = (
    *("--response-ms", "20", "--receipt-ms", "400"),
    *("--receipts", str(RECEIPT_SHARE), "--failed", str(FAILED_SHARE / RECEIPT_SHARE)),
)
RELAY = ("--latency-ms", "10", "--refuse", str(REFUSED_SHARE), "--defer", str(DEFERRED_SHARE))


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
    """Alert 5,000 invented people by SMS and e-mail, through simulators on this machine."""
    out = Output(as_json=as_json)
    out.show_logs()
    home = _new_directory(data)
    with SimulatorProcess("smsc", *SMSC) as smsc, SimulatorProcess("relay", *RELAY) as relay:
        config = config_of(home / "ledger", smsc_port=smsc.port, relay_port=relay.port)
        to = invented_people(
            people,
            unusable=round(people * UNUSABLE_PER_PERSON),
            unmailable=round(people * UNMAILABLE_PER_PERSON),
        )
        plan = make_plan(config, "burglary", to=to)
        heading(out, "The plan")
        out.say(plan_shown(plan))

        heading(
            out,
            f"Sending SMS and e-mail, {PER_SECOND} of each a second, to simulators in other "
            "processes",
        )
        key = f"demo-{secrets.token_hex(4)}"
        with Engine.from_config(config) as engine:
            campaign = engine.launch(plan, by="demo", key=key)
            follow(out, "burglary", campaign.progress(every_s=BAR_EVERY_S))
            report = campaign.report()
        books, mail_books = smsc.books(), relay.books()
    reports = home / "report"
    report.write(reports)
    tell(out, report, books, mail_books)
    _next(out, home, key)
    out.result(
        {
            "plan": plan_json(plan),
            "report": report_json(report),
            "simulator": books,
            "relay": mail_books,
            "ledger": str(home / "ledger"),
            "reports": str(reports),
        }
    )
    good = report.balanced and agrees(report, books, mail_books)
    return ExitCode.DONE if good else ExitCode.FAILED


def _new_directory(data: Path | None) -> Path:
    home = data or Path("var") / "demo" / f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    try:
        home.mkdir(parents=True)
    except FileExistsError:
        raise Unusable(f"{home} is there already: the demo wants a new directory.") from None
    return home.absolute()


def _next(out: Output, home: Path, key: str) -> None:
    here = _from_here(home)
    heading(out, "Where to look")
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

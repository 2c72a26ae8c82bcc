"""`bealert report`: what became of everybody."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from bealert_engine import Report, open_ledger
from bealert_engine.cli.exits import ExitCode
from bealert_engine.cli.options import (
    AsJson,
    CampaignId,
    ConfigFileOrNone,
    DataOrNone,
    campaign_of,
    ledger_directory,
)
from bealert_engine.cli.output import Output, columns, counted, facts
from bealert_engine.cli.tallies import STATES


def report(
    campaign: CampaignId,
    *,
    out_dir: Annotated[
        Path,
        typer.Option("--out", metavar="DIR", help="Where report.json and report.csv go."),
    ],
    config: ConfigFileOrNone = None,
    data: DataOrNone = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Write report.json and report.csv, and say whether the counts balance. Never sends."""
    out = Output(as_json=as_json)
    with open_ledger(ledger_directory(config, data)) as ledger:
        made = campaign_of(ledger, campaign).report()
        made.write(out_dir)
    out.say(report_shown(made))
    out.say(f"written: {out_dir / 'report.json'} and {out_dir / 'report.csv'}")
    out.result(report_json(made))
    return ExitCode.DONE if made.balanced else ExitCode.FAILED


def report_json(made: Report) -> dict[str, Any]:
    """A report as `--json` gives it: what stands in report.json."""
    return made.as_dict()


def report_shown(made: Report) -> RenderableType:
    """The totals in words, and whether everybody is accounted for."""
    named = [state for state in STATES if any(one.get(state) for one in made.totals.values())]
    totals = columns("channel", *named, right=named)
    for channel, counts in made.totals.items():
        totals.add_row(channel, *(f"{counts.get(state, 0):,}" for state in named))
    rows = []
    if made.launch_to_first_ms is not None:
        rows.append(("launch to first submit", f"{made.launch_to_first_ms:,.1f} ms"))
    if made.possibly_doubled:
        rows.append(("possibly twice", counted(len(made.possibly_doubled), "person", "people")))
    if made.uncertain:
        rows.append(("nobody knows", counted(len(made.uncertain), "person", "people")))
    if made.missed:
        rows.append(("on no channel", counted(len(made.missed), "person", "people")))
    return Group(totals, Text(), facts(rows), _balance(made))


def _balance(made: Report) -> Text:
    accounted = {
        channel: sum(counts.get(state, 0) for state in STATES[2:])
        for channel, counts in made.totals.items()
    }
    fewest = min(accounted.values(), default=0)
    line = f"{made.people:,} people = {fewest:,} accounted for"
    if made.balanced:
        return Text(line, style="bold green")
    still = made.people - fewest
    why = f": {still:,} still under way" if still else ", but the counts do not balance"
    return Text(line + why, style="bold yellow")

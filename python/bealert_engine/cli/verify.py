"""`bealert verify`: whether a ledger holds together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bealert_engine import open_ledger
from bealert_engine.cli.exits import ExitCode
from bealert_engine.cli.options import AsJson, ledger_directory
from bealert_engine.cli.output import Output, counted


def verify(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The data directory.")],
    *,
    as_json: AsJson = False,
) -> ExitCode:
    """Check that a ledger holds together; exit 0 when it does, 1 with what does not. Never sends.

    Checked is that every dispatch is in one state, that the counts equal the fold of the journal,
    that the sequence has no gap, that nothing was sent beyond what was reserved, and that nobody
    of an ended campaign is still open.
    """
    out = Output(as_json=as_json)
    place = ledger_directory(None, directory)
    with open_ledger(place) as ledger:
        known = {one.id: one.key for one in ledger.campaigns()}
        verdict = ledger.verify()
    findings = verdict.findings
    for finding in findings:
        whose = (
            "the ledger"
            if finding.campaign is None
            else f"campaign {finding.campaign} ({known.get(finding.campaign, 'unknown')})"
        )
        out.say(f"{whose}: {finding.what}", style="red")
    checked = (
        f"{counted(verdict.campaigns, 'campaign')}, "
        f"{counted(verdict.dispatches, 'dispatch', 'dispatches')}, "
        f"{counted(verdict.entries, 'journal entry', 'journal entries')}"
    )
    if findings:
        out.say(f"{counted(len(findings), 'finding')} in {checked}", style="bold red")
    else:
        out.say(f"{checked}: everything holds together", style="green")
    out.result(
        {
            "directory": str(place),
            "campaigns": verdict.campaigns,
            "dispatches": verdict.dispatches,
            "entries": verdict.entries,
            "findings": [{"campaign": one.campaign, "what": one.what} for one in findings],
        }
    )
    return ExitCode.FAILED if findings else ExitCode.DONE

"""`bealert campaigns`: what was launched in a data directory."""

from __future__ import annotations

from bealert_engine import open_ledger
from bealert_engine.cli.exits import ExitCode
from bealert_engine.cli.options import AsJson, ConfigFileOrNone, DataOrNone, ledger_directory
from bealert_engine.cli.output import Output, columns, shown
from bealert_engine.cli.tallies import campaign_json, clock


def campaigns(
    *,
    config: ConfigFileOrNone = None,
    data: DataOrNone = None,
    as_json: AsJson = False,
) -> ExitCode:
    """List the campaigns of a data directory. Never sends."""
    out = Output(as_json=as_json)
    with open_ledger(ledger_directory(config, data)) as ledger:
        found = ledger.campaigns()
    table = columns("id", "key", "scenario", "state", "people", "launched", right=["id", "people"])
    for one in found:
        table.add_row(
            str(one.id),
            shown(one.key),
            shown(one.scenario),
            one.state,
            f"{one.people:,}",
            clock(one.launched_at),
        )
    if found:
        out.say(table)
    else:
        out.say("no campaigns yet")
    out.result([campaign_json(one) for one in found])
    return ExitCode.DONE

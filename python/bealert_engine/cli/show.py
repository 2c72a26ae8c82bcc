"""`bealert show`: where one campaign stands."""

from __future__ import annotations

from bealert_engine import open_ledger
from bealert_engine.cli.exits import ExitCode
from bealert_engine.cli.options import (
    AsJson,
    CampaignId,
    ConfigFileOrNone,
    DataOrNone,
    campaign_of,
    ledger_directory,
)
from bealert_engine.cli.output import Output, facts
from bealert_engine.cli.tallies import campaign_json, clock, progress_json, tally_table


def show(
    campaign: CampaignId,
    *,
    config: ConfigFileOrNone = None,
    data: DataOrNone = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Show one campaign and its counts. Never sends."""
    out = Output(as_json=as_json)
    with open_ledger(ledger_directory(config, data)) as ledger:
        found = campaign_of(ledger, campaign)
        progress = found.snapshot()
    rows = [
        ("campaign", f"{found.id}, key {found.key!r}"),
        ("scenario", f"{found.scenario} ({found.kind})"),
        ("launched", f"{clock(found.launched_at)} by {found.by}"),
        ("state", progress.state),
        ("people", f"{found.people:,}"),
    ]
    if found.ended_at is not None:
        rows.insert(3, ("ended", clock(found.ended_at)))
    out.say(facts(rows))
    out.say()
    out.say(tally_table(progress))
    out.result(campaign_json(found) | progress_json(progress))
    return ExitCode.DONE

"""`bealert launch`: hand a campaign to the process that sends, or send it here."""

from __future__ import annotations

from typing import Annotated

import typer

from bealert_engine import Campaign, Config, Control, Engine, Plan
from bealert_engine.cli.exits import ExitCode, Terminated, sigterm_raises
from bealert_engine.cli.live import BAR_EVERY_S, follow
from bealert_engine.cli.options import (
    AsJson,
    ConfigFile,
    ExcludeBadRows,
    People,
    Values,
    held_directory,
    is_number,
    names_of,
    values_of,
)
from bealert_engine.cli.output import Output
from bealert_engine.cli.planning import plan_people
from bealert_engine.cli.report import report_json, report_shown


def launch(
    scenario: Annotated[str, typer.Argument(help="A scenario of the configuration.")],
    *,
    config: ConfigFile,
    to: People,
    by: Annotated[str, typer.Option(help="Who launches it; stands in the report.")],
    key: Annotated[
        str,
        typer.Option(help="Names this launch. The same key again is the same campaign, sent once."),
    ],
    values: Values = None,
    wait: Annotated[
        bool,
        typer.Option("--wait", help="Send it here, and end when the campaign does."),
    ] = False,
    exclude_bad_rows: ExcludeBadRows = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Launch a campaign through `bealert run`, or with --wait in this process."""
    out = Output(as_json=as_json)
    by, key = names_of(by, key)
    settings = Config.from_toml(config, secrets=wait)
    directory = held_directory(settings)
    plan = plan_people(
        out,
        settings,
        scenario,
        to,
        values=values_of(values),
        exclude_bad_rows=exclude_bad_rows,
    )
    if plan.example is None:
        out.note("Nobody gets it: everybody on the list is excluded.", style="bold yellow")
    if is_number(key):
        out.note(
            f"The key {key} is only digits: `bealert show {key}` means the campaign with that id, "
            "where there is one.",
            style="yellow",
        )
    if wait:
        return _send(out, settings, plan, by=by, key=key)
    number = Control(directory).launch(plan, by=by, key=key)
    out.say(f"launched as campaign {number}; the process that holds {directory} sends it")
    out.say(f"watch it: bealert show {number} --config {config}", style="dim")
    out.result({"id": number, "key": key, "people": plan.people, "excluded": len(plan.excluded)})
    return ExitCode.DONE


def _send(out: Output, settings: Config, plan: Plan, *, by: str, key: str) -> ExitCode:
    out.show_logs()
    with sigterm_raises(), Engine.from_config(settings) as engine:
        campaign = engine.launch(plan, by=by, key=key)
        out.note(f"campaign {campaign.id}, key {key!r}: {plan.people:,} people", style="dim")
        try:
            follow(out, campaign.scenario, campaign.progress(every_s=BAR_EVERY_S))
        except (KeyboardInterrupt, Terminated):
            return _kept(out, campaign)
        report = campaign.report()
    out.say(report_shown(report))
    out.result(report_json(report))
    return ExitCode.DONE if report.balanced else ExitCode.FAILED


def _kept(out: Output, campaign: Campaign) -> ExitCode:
    out.note(
        f"Interrupted. Campaign {campaign.id} is kept: the same command takes it up again, "
        f"`bealert run` does too.",
        style="yellow",
    )
    out.result({"id": campaign.id, "key": campaign.key, "interrupted": True})
    return ExitCode.INTERRUPTED

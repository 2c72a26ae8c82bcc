"""`bealert plan`: what a launch would send, without sending it."""

from __future__ import annotations

from typing import Annotated

import typer

from bealert_engine import Config
from bealert_engine.cli.exits import ExitCode
from bealert_engine.cli.options import (
    AsJson,
    ConfigFile,
    ExcludeBadRows,
    People,
    Values,
    values_of,
)
from bealert_engine.cli.output import Output
from bealert_engine.cli.planning import plan_json, plan_people, plan_shown


def plan(
    scenario: Annotated[str, typer.Argument(help="A scenario of the configuration.")],
    *,
    config: ConfigFile,
    to: People,
    values: Values = None,
    exclude_bad_rows: ExcludeBadRows = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Show what would be sent: people, exclusions, parts, time, one message. Sends nothing."""
    out = Output(as_json=as_json)
    made = plan_people(
        out,
        Config.from_toml(config, secrets=False),
        scenario,
        to,
        values=values_of(values),
        exclude_bad_rows=exclude_bad_rows,
    )
    out.say(plan_shown(made))
    out.result(plan_json(made))
    return ExitCode.DONE

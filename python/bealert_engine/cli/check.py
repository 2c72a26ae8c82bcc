"""`bealert check`: whether the gateways answer, and what they offer."""

from __future__ import annotations

import dataclasses

from bealert_engine import Config, Engine
from bealert_engine.cli.exits import ExitCode
from bealert_engine.cli.options import AsJson, ConfigFile
from bealert_engine.cli.output import Output, columns, counted, shown


def check(*, config: ConfigFile, as_json: AsJson = False) -> ExitCode:
    """Connect to each gateway, bind, and say what it found. Sends nothing."""
    out = Output(as_json=as_json)
    settings = Config.from_toml(config)
    # A ledger in memory: the data directory may be held, and its campaigns must not go on here.
    with Engine.from_config(dataclasses.replace(settings, data=None)) as engine:
        found = engine.check()
    figures = ["round trip", "at most"]
    table = columns("gateway", "", *figures, "what it says", right=figures)
    for one in found:
        table.add_row(
            shown(one.gateway),
            "ok" if one.ok else "no",
            "" if one.round_trip_ms is None else f"{one.round_trip_ms:.1f} ms",
            "" if one.at_most is None else f"{one.at_most:,.0f}/s",
            shown(one.text),
            style="" if one.ok else "red",
        )
    out.say(table)
    good = sum(one.ok for one in found)
    out.say(f"{good} of {counted(len(found), 'gateway')} can be used")
    out.result([dataclasses.asdict(one) for one in found])
    return ExitCode.DONE if good == len(found) else ExitCode.FAILED

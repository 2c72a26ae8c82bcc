"""From a scenario and a list to a plan, for the commands that need one."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bealert_engine import ChannelPlan, Config, Example, Plan, make_plan
from bealert_engine._planning import NOBODY
from bealert_engine.cli.output import Output, columns, counted, facts, shown, span
from bealert_engine.cli.people import PeopleFile
from bealert_engine.errors import PlanRefused
from bealert_engine.plan import counted_units, size

EXCLUSIONS_SHOWN = 10
"""Excluded people named in words, over all channels; `--json` and the report name all."""


def plan_people(
    out: Output,
    config: Config,
    scenario: str,
    to: Path,
    *,
    values: Mapping[str, str],
    exclude_bad_rows: bool,
) -> Plan:
    """Plan a list, refusing it with every problem of the file and of the plan at once."""
    people = PeopleFile(to, exclude_bad_rows=exclude_bad_rows)
    refused: tuple[str, ...] = ()
    plan = None
    try:
        plan = make_plan(config, scenario, to=people, values=values)
    except PlanRefused as error:
        people.rest()
        refused = tuple(p for p in error.problems if p != NOBODY or not people.bad_rows)
    problems = () if exclude_bad_rows else people.problems
    if problems and not refused:
        out.note("--exclude-bad-rows sends to the rest and reports these as excluded.", style="dim")
    if plan is None or problems:
        raise PlanRefused([*problems, *refused])
    if people.bad_rows:
        out.note(f"{counted(people.bad_rows, 'bad row')} excluded from {to}.", style="yellow")
    return plan


def plan_shown(plan: Plan) -> RenderableType:
    """A plan in words: people, exclusions with reasons, cost and time, a rendered message each."""
    rows = [
        ("scenario", f"{plan.scenario} ({plan.kind})"),
        ("people", _people(plan)),
    ]
    for name, channel in plan.channels.items():
        rows.append((name, _channel_shown(name, channel)))
    rows.append(("hash", plan.hash))
    shown_parts: list[RenderableType] = [facts(rows)]
    shown_parts += [Text(shown(f"warning: {line}"), style="yellow") for line in plan.warnings]
    if plan.example is None:
        shown_parts.append(Text("nobody gets it: everybody is excluded", style="bold yellow"))
    if plan.excluded:
        shown_parts += [Text(), _excluded(plan)]
    for name, example in plan.examples.items():
        shown_parts += [Text(), Text(shown(_about(name, example)), style="cyan")]
        if example.subject is not None:
            shown_parts.append(Text(shown(example.subject), style="bold italic"))
        shown_parts.append(Text(shown(example.text), style="italic"))
    return Group(*shown_parts)


def _people(plan: Plan) -> str:
    reached = plan.people - plan.unreachable
    words = f"{plan.people:,}: {reached:,} get it, {plan.unreachable:,} excluded"
    return words if len(plan.channels) == 1 else f"{words} on every channel"


def _channel_shown(name: str, channel: ChannelPlan) -> str:
    words = [counted_units(name, channel.parts), channel.encoding]
    if channel.largest_octets:
        words.append(f"at most {size(channel.largest_octets)} each")
    words.append(
        "as fast as the gateway allows"
        if channel.duration_s is None
        else f"about {span(channel.duration_s)} at the rate of the gateways"
    )
    return f"{channel.people:,} get it, {channel.excluded:,} excluded: {', '.join(words)}"


def _excluded(plan: Plan) -> Table:
    """Who is excluded where and why; of each channel some, so that one does not hide another."""
    table = columns("excluded", "channel", "why")
    each = EXCLUSIONS_SHOWN // len(plan.channels)
    for name in plan.channels:
        of_channel = [one for one in plan.excluded if one.channel == name]
        for one in of_channel[:each]:
            table.add_row(shown(one.recipient), name, shown(one.reason))
        if len(of_channel) > each:
            table.add_row("...", name, f"and {len(of_channel) - each:,} more")
    return table


def _about(channel: str, example: Example) -> str:
    cost = counted_units(channel, example.parts)
    what = f"one of the messages by {channel}"
    return f"{what}: to {example.recipient}, {example.language}, {cost}"


def plan_json(plan: Plan) -> dict[str, object]:
    """A plan as `--json` gives it."""
    return {
        "scenario": plan.scenario,
        "kind": plan.kind,
        "people": plan.people,
        "excluded": [
            {"recipient": one.recipient, "channel": one.channel, "reason": one.reason}
            for one in plan.excluded
        ],
        "parts": plan.parts,
        "encoding": plan.encoding,
        "duration_s": plan.duration_s,
        "hash": plan.hash,
        "warnings": list(plan.warnings),
        "channels": {name: dataclasses.asdict(one) for name, one in plan.channels.items()},
        "example": None if plan.example is None else dataclasses.asdict(plan.example),
        "examples": {name: dataclasses.asdict(one) for name, one in plan.examples.items()},
    }

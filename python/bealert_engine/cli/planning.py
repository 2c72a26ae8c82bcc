"""From a scenario and a list to a plan, for the commands that need one."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from bealert_engine import Config, Plan, make_plan
from bealert_engine._planning import NOBODY
from bealert_engine.cli.output import Output, columns, counted, facts, shown, span
from bealert_engine.cli.people import PeopleFile
from bealert_engine.errors import PlanRefused

EXCLUSIONS_SHOWN = 10
"""Excluded people named in words; `--json` and the report name all."""


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
    """A plan in words: people, exclusions with reasons, parts, time, one rendered message."""
    sent = plan.people - len(plan.excluded)
    rows = [
        ("scenario", f"{plan.scenario} ({plan.kind})"),
        ("people", f"{plan.people:,}: {sent:,} get it, {len(plan.excluded):,} excluded"),
        ("messages", f"{counted(plan.parts, 'part')}, {plan.encoding}"),
        (
            "takes",
            "as fast as the gateway allows"
            if plan.duration_s is None
            else f"about {span(plan.duration_s)} at the rate of the gateways",
        ),
        ("hash", plan.hash),
    ]
    shown_parts: list[RenderableType] = [facts(rows)]
    if plan.example is None:
        shown_parts.append(Text("nobody gets it: everybody is excluded", style="bold yellow"))
    if plan.excluded:
        table = columns("excluded", "why")
        for one in plan.excluded[:EXCLUSIONS_SHOWN]:
            table.add_row(shown(one.recipient), shown(one.reason))
        if len(plan.excluded) > EXCLUSIONS_SHOWN:
            table.add_row("...", f"and {len(plan.excluded) - EXCLUSIONS_SHOWN:,} more")
        shown_parts += [Text(), table]
    if plan.example is not None:
        example = plan.example
        about = f"one of the messages: to {example.recipient}, {counted(example.parts, 'part')}"
        shown_parts += [Text(), Text(shown(about), style="cyan")]
        shown_parts += [Text(shown(example.text), style="italic")]
    return Group(*shown_parts)


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
        "example": None if plan.example is None else dataclasses.asdict(plan.example),
    }

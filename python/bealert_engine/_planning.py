"""How an audience gets into a plan: in chunks, so that millions pass by and none is held."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import TypeAlias

from bealert_engine import _engine
from bealert_engine.config import Config
from bealert_engine.errors import PlanRefused
from bealert_engine.plan import Excluded, Plan
from bealert_engine.recipient import Recipient

__all__ = ["CHUNK", "Audience", "Values", "fill", "finished", "make_plan", "pairs"]

CHUNK = 2_000
"""Recipients handed over at once: about 5 ms of work between two looks at signals."""

NOBODY = "nobody to alert: the audience has no rows at all"

Audience: TypeAlias = Iterable[Recipient | Excluded]
"""Whom to send to."""

Values: TypeAlias = Mapping[str, str] | None
"""Template values of a plan."""


def make_plan(config: Config, scenario: str, *, to: Audience, values: Values = None) -> Plan:
    """Plan without an engine: no directory is held and no gateway is asked.

    An engine with the same gateways, here or in another process, can launch it.

    Args:
        config: What the engine has that is to launch it.
        scenario: Name of the scenario.
        to: Any iterable of `Recipient` (and `Excluded`).
        values: What templates see beside the recipient's own values, which win.

    Raises:
        PlanRefused: With everything that stands in the way of launching it, an audience without
            anybody included.

    >>> from bealert_engine import Config, Recipient, Scenario, Smpp
    >>> smsc = Smpp("sms-a", host="127.0.0.1", port=2775, system_id="bealert",
    ...             password="env:SMSC_PASSWORD", sender="BE-Alert", parts_per_second=500)
    >>> news = Scenario("news", kind="news", expiry="1h", sms={"en": "Road open again."})
    >>> config = Config(data=None, gateways=[smsc], scenarios=[news])
    >>> plan = make_plan(config, "news", to=[Recipient("p1", phone="+33639981234")])
    >>> plan.people, plan.parts
    (1, 1)
    """
    return fill(_engine.planner(config.to_wire(secrets=False), scenario, pairs(values)), to)


def fill(
    planner: _engine.Planner, to: Iterable[object], given_up: Callable[[], bool] = lambda: False
) -> Plan:
    """Hand everybody to a planner, unless nobody waits for the plan any more."""
    if isinstance(to, str | Mapping) or not isinstance(to, Iterable):
        raise TypeError(f"to must be an iterable of Recipient, not {type(to).__name__}")
    people = iter(to)
    while chunk := list(islice(people, CHUNK)):
        planner.push(chunk)
        if given_up():
            raise InterruptedError("nobody waits for this plan any more")
    return finished(planner)


def finished(planner: _engine.Planner) -> Plan:
    """The plan of everybody who was handed over.

    An audience without a single row is mostly a query that went wrong; an alert that reports itself
    as done and reached nobody must not come of it.

    Raises:
        PlanRefused: With what the planner found, or because there was nobody.
    """
    plan = Plan(planner.finish())
    if plan.people == 0:
        raise PlanRefused(NOBODY)
    return plan


def pairs(values: Values) -> list[tuple[str, str]]:
    """The values of a plan, as the Rust core takes them."""
    if values is not None and not isinstance(values, Mapping):
        raise TypeError(f"values must map names to texts, not {type(values).__name__}")
    for name, value in (values or {}).items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError(f"values: {name!r} must be a str with a str, not {value!r}")
    return list((values or {}).items())

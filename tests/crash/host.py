"""The host application that is killed: opens the engine, launches by key, waits for the end.

Run as `python host.py SPEC`, a JSON object. Every start does the same, so the one that comes after
a kill takes the same campaign up. Each stage it reaches is a line of its output.
"""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path
from typing import Any

import anyio

import bealert_engine as be

TEXT = "Gevaar, {{ id }}. {{ more }}"
LONG = "Blijf binnen tot de hulpdiensten iets anders zeggen. Sluit ramen en deuren. " * 2


def scenarios() -> list[be.Scenario]:
    return [
        be.Scenario(policy, kind="warning", expiry="1h", uncertain=policy, sms={"nl": TEXT})
        for policy in ("resend", "hold")
    ]


def options(spec: dict[str, Any]) -> dict[str, Any]:
    """What both kinds of engine are opened with."""
    gateways = [
        be.Smpp(
            f"sms-{number}",
            host="127.0.0.1",
            port=port,
            system_id="bealert",
            password=be.Secret("password"),
            sender="BE-Alert",
            parts_per_second=spec["rate"],
            window=40,
            receipt_wait="4s",
            response_timeout="700ms",
            reconnect_max="200ms",
            prefixes=spec["prefixes"][number],
            retry={"attempts": 5, "first": "60ms", "max": "200ms"},
        )
        for number, port in enumerate(spec["ports"])
    ]
    return {"data": spec["data"], "gateways": gateways, "scenarios": scenarios()}


def people(count: int) -> list[be.Recipient]:
    """Numbers that the regulator keeps for fiction; some get a message of two parts."""
    return [
        be.Recipient(
            f"p{number:04}",
            phone=f"+336 3998 {number:04}",
            language="nl",
            values={"more": LONG if number % 5 == 0 else "Bel 112."},
        )
        for number in range(count)
    ]


def blocking(spec: dict[str, Any]) -> None:
    with be.Engine(**options(spec)) as engine:
        said("open")
        plan = ready(spec) or engine.plan(spec["scenario"], to=people(spec["people"]))
        said("launching")
        campaign = engine.launch(plan, by="tests", key="incident")
        said("launched")
        campaign.wait()
    said("ended")


async def asynchronous(spec: dict[str, Any]) -> None:
    async with be.AsyncEngine(**options(spec)) as engine:
        said("open")
        plan = ready(spec) or await engine.plan(spec["scenario"], to=people(spec["people"]))
        said("launching")
        campaign = await engine.launch(plan, by="tests", key="incident")
        said("launched")
        await campaign.wait()
    said("ended")


def ready(spec: dict[str, Any]) -> be.Plan | None:
    """The plan that the parent has made, where planning would take too long."""
    if "plan" not in spec:
        return None
    plan: be.Plan = pickle.loads(Path(spec["plan"]).read_bytes())
    return plan


def said(stage: str) -> None:
    print(stage, flush=True)


if __name__ == "__main__":
    spec = json.loads(sys.argv[1])
    if spec["flavour"] == "blocking":
        blocking(spec)
    else:
        anyio.run(asynchronous, spec, backend=spec["flavour"])

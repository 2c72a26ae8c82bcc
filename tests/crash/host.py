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


LETTER = be.Email("Gevaar, {{ id }}", text=TEXT, html="<p>Gevaar, {{ id }}. {{ more }}</p>")


def scenarios(spec: dict[str, Any]) -> list[be.Scenario]:
    content: dict[str, Any] = {"email": {"nl": LETTER}} if is_mail(spec) else {"sms": {"nl": TEXT}}
    return [
        be.Scenario(policy, kind="warning", expiry="1h", uncertain=policy, **content)
        for policy in ("resend", "hold")
    ]


def is_mail(spec: dict[str, Any]) -> bool:
    """Whether the far ends are relays."""
    return "bounces" in spec


def options(spec: dict[str, Any]) -> dict[str, Any]:
    """What both kinds of engine are opened with."""
    given = {"data": spec["data"], "scenarios": scenarios(spec)}
    if not is_mail(spec):
        return {**given, "gateways": smscs(spec)}
    bounces = be.Bounces(listen=f"127.0.0.1:{spec['bounces']}")
    return {**given, "gateways": relays(spec), "bounces": bounces}


def relays(spec: dict[str, Any]) -> list[be.Smtp]:
    return [
        be.Smtp(
            f"mail-{number}",
            host="127.0.0.1",
            port=port,
            tls="none",
            sender="BE-Alert <alert@alert.example>",
            bounces_to="bounces@alert.example",
            connections=4,
            messages_per_second=spec["rate"],
            mode=spec["mode"],
            receipts=True,
            receipt_wait="60s",
            reconnect_max="200ms",
            retry={"first": "60ms", "max": "200ms"},
            timeouts={"dot": "700ms"},
        )
        for number, port in enumerate(spec["ports"])
    ]


def smscs(spec: dict[str, Any]) -> list[be.Smpp]:
    return [
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


def people(count: int) -> list[be.Recipient]:
    """Numbers that the regulator keeps for fiction; some get a message of two parts."""
    return [
        be.Recipient(
            f"p{number:04}",
            phone=f"+336 3998 {number:04}",
            email=f"person{number:04}@example.org",
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

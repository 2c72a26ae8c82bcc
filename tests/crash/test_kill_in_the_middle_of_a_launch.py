"""A kill while a large plan is launched: the key is free afterwards, or the campaign whole."""

from __future__ import annotations

import pickle
import random
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import bealert_engine as be

PEOPLE = 150_000
KILLS = 8


@pytest.fixture(scope="module")
def closed_port() -> Iterator[int]:
    """A port that nobody listens at: nothing is sent here."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def _people(count: int) -> Iterator[be.Recipient]:
    for number in range(count):
        yield be.Recipient(
            f"p{number}", phone=f"+324700{number:05}", language="nl", values={"more": str(number)}
        )


def _engine(directory: Path, port: int) -> be.Engine:
    gateway = be.Smpp(
        "sms-0",
        host="127.0.0.1",
        port=port,
        system_id="bealert",
        password=be.Secret("password"),
        sender="BE-Alert",
    )
    # As host.py has it.
    text = {"nl": "Gevaar, {{ id }}. {{ more }}"}
    scenario = be.Scenario("resend", kind="warning", expiry="1h", uncertain="resend", sms=text)
    return be.Engine(data=directory, gateways=[gateway], scenarios=[scenario])


@pytest.mark.parametrize("flavour", ["blocking", "asyncio"])
def test_the_key_is_free_or_the_campaign_whole(
    flavour: str,
    host: Callable[..., Any],
    verified: Callable[[object], None],
    chance: random.Random,
    closed_port: int,
    tmp_path: Path,
) -> None:
    with _engine(tmp_path / "unused", closed_port) as engine:
        large = engine.plan("resend", to=_people(PEOPLE))
        small = engine.plan("resend", to=_people(3))
        started = time.monotonic()
        engine.launch(large, by="tests", key="how long it takes")
        takes_s = time.monotonic() - started
    (tmp_path / "plan").write_bytes(pickle.dumps(large))
    found = []
    for kill in range(KILLS // 2):
        directory = tmp_path / f"var{kill}"
        application = host(
            data=str(directory),
            plan=str(tmp_path / "plan"),
            flavour=flavour,
            scenario="resend",
            ports=[closed_port],
            prefixes=[["+"]],
            rate=None,
        )
        print("killed at", application.killed("launching", takes_s))
        verified(directory)
        with be.open_ledger(directory) as ledger:
            left = ledger.campaigns()
            assert [one.people for one in left] in ([], [PEOPLE])
        with _engine(directory, closed_port) as engine:
            if left:
                campaign = engine.campaign("incident")
                assert campaign.snapshot().sms.total == PEOPLE
                assert engine.launch(large, by="tests", key="incident") == campaign
                with pytest.raises(be.KeyConflict):
                    engine.launch(small, by="tests", key="incident")
                found.append("whole")
            else:
                with pytest.raises(be.UnknownCampaign):
                    engine.campaign("incident")
                campaign = engine.launch(small, by="tests", key="incident")
                assert campaign.people == 3
                found.append("free")
            campaign.cancel()
            assert campaign.wait(timeout_s=30).sms.total == campaign.people
            assert campaign.report().balanced
        verified(directory)
    print(found, f"a launch takes {takes_s:.3f} s")

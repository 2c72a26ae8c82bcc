"""A kill while campaigns are archived: nothing of them is lost, and nothing is there twice."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import bealert_engine as be
from bealert_engine import testing

KILLS = 8
PEOPLE = 4_000
CAMPAIGNS = 3
ARCHIVING_S = 0.1
"""About what it takes with one of them on a machine that does other things too."""


def _engine(directory: str, port: int) -> be.Engine:
    gateway = be.Smpp(
        "sms-0",
        host="127.0.0.1",
        port=port,
        system_id="bealert",
        password=be.Secret("password"),
        sender="BE-Alert",
        receipts=False,
    )
    news = be.Scenario("news", kind="news", expiry="1h", sms={"nl": "Nieuws voor {{ id }}"})
    return be.Engine(data=directory, gateways=[gateway], scenarios=[news])


def _host_main(directory: str, port: int) -> None:
    """Send some campaigns, then archive them one after the other, saying so, until killed."""
    with _engine(directory, port) as opened:
        to = [be.Recipient(f"p{n}", phone=f"+3247{n:07}", language="nl") for n in range(PEOPLE)]
        plan = opened.plan("news", to=to)
        campaigns = [opened.launch(plan, by="tests", key=f"k{n}") for n in range(CAMPAIGNS)]
        for campaign in campaigns:
            campaign.wait()
        print("ended", flush=True)
        for campaign in campaigns:
            campaign.archive()
            print("archived", flush=True)


def _host(directory: Path, port: int) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, str(directory), str(port)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _told(directory: Path) -> list[tuple[str, dict[str, int], int]]:
    with be.open_ledger(directory) as ledger:
        told = []
        for campaign in ledger.campaigns():
            report = campaign.report()
            assert report.balanced, report
            rows = hash(tuple(report.rows()))
            told.append((campaign.key, report.totals["sms"], rows))
        return told


@pytest.mark.timeout(300)
@pytest.mark.parametrize("already", range(CAMPAIGNS - 1))
def test_every_campaign_is_whole_wherever_it_was_cut(
    already: int, verified: Callable[[object], None], chance: random.Random, tmp_path: Path
) -> None:
    with testing.smsc() as far_end:
        ready = tmp_path / "ready"
        with _host(ready, far_end.port) as first:
            assert first.stdout is not None
            assert first.stdout.readline() == "ended\n"
            os.kill(first.pid, signal.SIGKILL)
        shutil.rmtree(ready / "archive", ignore_errors=True)
        with _engine(str(ready), far_end.port):
            pass
        before = _told(ready)
        assert len(before) == CAMPAIGNS
        for kill in range(KILLS // (CAMPAIGNS - 1)):
            directory = tmp_path / f"var{kill}"
            shutil.copytree(ready, directory)
            with _host(directory, far_end.port) as host:
                assert host.stdout is not None
                assert host.stdout.readline() == "ended\n"
                for _ in range(already):
                    host.stdout.readline()
                time.sleep(chance.random() * ARCHIVING_S)
                os.kill(host.pid, signal.SIGKILL)
            assert _told(directory) == before
            verified(directory)
            # The next one goes on where it was cut, and ends it.
            with _host(directory, far_end.port) as again:
                assert again.wait(timeout=120) == 0
            assert _told(directory) == before
            verified(directory)
            files = {path.name for path in (directory / "archive").iterdir()}
            assert files == {f"{n + 1}.sqlite" for n in range(CAMPAIGNS)}
            shutil.rmtree(directory)


if __name__ == "__main__":
    _host_main(sys.argv[1], int(sys.argv[2]))

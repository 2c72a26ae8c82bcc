"""What the Python API costs: plan, launch, snapshot, a batch of events.

    make bench-api
    .venv/bin/python -m pytest benches --benchmark-only

The far end is the simulator, the ledger is on disk with fsync.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import bealert_engine as be
from bealert_engine import testing

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

PEOPLE = 10_000
EVENTS = 1_000

NEWS = be.Scenario(
    "news",
    kind="info",
    expiry="1h",
    sms={"en": "The bridge in {{ street }} is open again. Thank you for your patience."},
)

pytestmark = pytest.mark.timeout(600)


def people(count: int) -> Iterator[be.Recipient]:
    for number in range(count):
        yield be.Recipient(
            f"p{number}", phone=f"+3363998{number:04}", values={"street": f"Kerkstraat {number}"}
        )


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[be.Engine]:
    directory: Path = tmp_path_factory.mktemp("ledger")
    with (
        testing.smsc() as far_end,
        be.Engine(data=directory, gateways=[far_end.gateway()], scenarios=[NEWS]) as opened,
    ):
        yield opened


@pytest.fixture(scope="module")
def campaign(engine: be.Engine) -> be.Campaign:
    """One that has ended."""
    launched = engine.launch(engine.plan("news", to=people(PEOPLE)), by="bench", key="ended")
    launched.wait(timeout_s=120)
    return launched


def test_plan_10_000_people(benchmark: BenchmarkFixture, engine: be.Engine) -> None:
    given = list(people(PEOPLE))
    plan = benchmark(engine.plan, "news", to=given)
    assert plan.people == PEOPLE


def test_launch_10_000_people(benchmark: BenchmarkFixture, engine: be.Engine) -> None:
    plan = engine.plan("news", to=people(PEOPLE))
    keys = itertools.count()
    last: list[be.Campaign] = []

    def quiet() -> None:
        """Each launch meets an engine that has nothing else to do."""
        for one in last:
            one.wait(timeout_s=120)

    def launch() -> None:
        last[:] = [engine.launch(plan, by="bench", key=f"launch-{next(keys)}")]

    benchmark.pedantic(launch, setup=quiet, rounds=20)
    quiet()


def test_launch_one_person(benchmark: BenchmarkFixture, engine: be.Engine) -> None:
    plan = engine.plan("news", to=people(1))
    keys = itertools.count()
    benchmark(lambda: engine.launch(plan, by="bench", key=f"single-{next(keys)}"))


def test_snapshot(benchmark: BenchmarkFixture, campaign: be.Campaign) -> None:
    progress = benchmark(campaign.snapshot)
    assert progress.sms.total == PEOPLE


def test_1_000_events(benchmark: BenchmarkFixture, campaign: be.Campaign) -> None:
    def read() -> int:
        return sum(1 for _ in itertools.islice(campaign.events(), EVENTS))

    assert benchmark(read) == EVENTS


def test_report_of_10_000_people(benchmark: BenchmarkFixture, campaign: be.Campaign) -> None:
    assert benchmark(campaign.report).balanced

"""Arguments that are none: each is refused at once, and says which it is and what it should be."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

import bealert_engine as be
from bealert_engine import testing

ONE = be.Recipient("p1", phone="+33639981234")


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        (5, "to must be an iterable of Recipient, not int"),
        (ONE, "to must be an iterable of Recipient, not Recipient"),
        ("p1", "to must be an iterable of Recipient, not str"),
        ({"p1": ONE}, "to must be an iterable of Recipient, not dict"),
        (["p1"], r"to: must hold Recipient \(or Excluded\), not str"),
    ],
)
def test_an_audience_that_is_none(to: Any, expected: str, flavour: Any, news: Any) -> None:
    with (
        flavour.engine(data=None, scenarios=[news]) as engine,
        pytest.raises(TypeError, match=f"^{expected}$"),
    ):
        engine.plan("news", to=to)


def test_values_that_are_none(flavour: Any, news: Any) -> None:
    with flavour.engine(data=None, scenarios=[news]) as engine:
        with pytest.raises(TypeError, match="values must map names to texts, not list"):
            engine.plan("news", to=[ONE], values=[1])
        with pytest.raises(TypeError, match="values: 'x' must be a str with a str, not 5"):
            engine.plan("news", to=[ONE], values={"x": 5})


def test_names_and_numbers_that_are_none(flavour: Any, news: Any, smsc: Any) -> None:
    with flavour.engine(data=None, gateways=[smsc.gateway()], scenarios=[news]) as engine:
        with pytest.raises(TypeError, match="plan must be a Plan, not str"):
            engine.launch("news", by="tests", key="k")
        for name in (None, 1.5, b"k"):
            with pytest.raises(TypeError, match=r"named by its number .* or its key"):
                engine.campaign(name)
        with pytest.raises(TypeError, match="after must be the seq of an event, not str"):
            next(engine.events(after="1"))
        campaign = engine.launch(engine.plan("news", to=[ONE]), by="tests", key="k")
        for seconds in (math.nan, math.inf, -1, 10**20):
            with pytest.raises(ValueError, match="timeout_s must be from 0 to"):
                campaign.wait(timeout_s=seconds)
            with pytest.raises(ValueError, match="every_s must be from 0 to"):
                next(campaign.progress(every_s=seconds))
        with pytest.raises(TypeError, match="timeout_s must be a number of seconds, not str"):
            campaign.wait(timeout_s="5")
        assert campaign.wait(timeout_s=30).sms.delivered == 1


def test_states_that_are_none_find_nobody_by_no_accident(
    news: Any, smsc: Any, tmp_path: Path
) -> None:
    with be.Engine(data=None, gateways=[smsc.gateway()], scenarios=[news]) as engine:
        campaign = engine.launch(engine.plan("news", to=[ONE]), by="tests", key="k")
        campaign.wait(timeout_s=30)
        report = campaign.report()
        for states in ("delivered", ["delivred"], ["sent"]):
            with pytest.raises(ValueError, match="states must be a list of accepted, cancelled"):
                list(report.rows(states=states))
        assert [row.state for row in report.rows(states=["delivered", "queued"])] == ["delivered"]
        with pytest.raises(OSError, match=r"^\[Errno \d+\] [A-Z][^:]*: '/proc/nowhere'$"):
            report.write("/proc/nowhere")
        (tmp_path / "file").touch()
        with pytest.raises(FileExistsError, match="a file is where a directory should be"):
            report.write(tmp_path / "file")


@pytest.mark.parametrize(
    ("data", "expected"),
    [("a\0b", "must not hold a NUL character"), ("\udcff", "must be UTF-8 text")],
)
def test_a_directory_that_no_file_system_has(data: str, expected: str) -> None:
    with pytest.raises(be.ConfigError, match=f"Engine data: {expected}"):
        be.Engine(data=data)


@pytest.mark.parametrize("host", ["a b", "host\n", "\u202ehost", "smpp://host", "h" * 254])
def test_a_host_that_is_none(host: str, smsc: Any) -> None:
    with pytest.raises(be.ConfigError, match=r"host: .* is not a host name or an address"):
        smsc.gateway(host=host)


def test_a_simulator_that_is_none() -> None:
    for wrong in ({"port": 70_000}, {"port": -1}, {"response_ms": math.nan}, {"limit": math.inf}):
        (name,) = wrong
        with pytest.raises(ValueError, match=f"^{name} must be"):
            testing.smsc(**wrong)

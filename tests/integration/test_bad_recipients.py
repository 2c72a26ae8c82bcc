"""Bad people in an audience are excluded with the reason, or the plan is refused."""

from __future__ import annotations

from collections import UserDict
from typing import Any

import pytest

import bealert_engine as be


@pytest.fixture
def engine(smsc: Any, news: Any, alert: Any) -> Any:
    with be.Engine(data=None, gateways=[smsc.gateway()], scenarios=[news, alert]) as engine:
        yield engine


def test_numbers_that_are_none_are_excluded_with_the_reason(engine: Any) -> None:
    numbers = [None, "", "call my sister", "12", "0470 12 34 56", "+33639981234"]
    plan = engine.plan(
        "news", to=[be.Recipient(f"p{n}", phone=phone) for n, phone in enumerate(numbers)]
    )
    assert plan.people == 6
    assert [who for who, _, _ in plan.excluded] == ["p0", "p1", "p2", "p3", "p4"]
    assert all(channel == "sms" and reason for _, channel, reason in plan.excluded)


def test_the_caller_excludes_too(engine: Any) -> None:
    to = [be.Recipient("p1", phone="+33639981234"), be.Excluded("p2", "sms", "row 3 is ragged")]
    plan = engine.plan("news", to=to)
    assert plan.people == 2
    assert plan.excluded == (be.Excluded("p2", "sms", "row 3 is ragged"),)
    campaign = engine.launch(plan, by="tests", key="k")
    campaign.wait(timeout_s=30)
    [row] = campaign.report().rows(states=["skipped"])
    assert (row.recipient, row.reason) == ("p2", "row 3 is ragged")
    assert campaign.report().balanced


def test_wrong_types_refuse_the_plan_and_name_the_people(engine: Any) -> None:
    wrong: list[Any] = [
        be.Recipient("p1", phone=32470123456),  # type: ignore[arg-type]
        be.Recipient(7, phone="+33639981234"),  # type: ignore[arg-type]
        be.Recipient("p3", phone="+33639981234", values={"age": 3}),  # type: ignore[dict-item]
        be.Recipient("p4", phone="+33639981234", values=["age"]),  # type: ignore[arg-type]
        be.Recipient("p5", phone="+33639981234", name="half \ud83d"),
        be.Recipient("p6", phone="+33639981234"),
    ]
    with pytest.raises(be.PlanRefused) as refused:
        engine.plan("news", to=wrong)
    problems = "\n".join(refused.value.problems)
    for part in (
        "'p1': phone must be a str, not int",
        "7: id must be a str, not int",
        "'p3': values ['age'] must be a str, not int",
        "'p4': values must be a mapping, not list",
        "'p5': name holds half a character",
    ):
        assert part in problems
    assert "p6" not in problems


def test_strangers_in_the_audience(engine: Any) -> None:
    for stranger in ("p1", {"id": "p1"}, ("p1", "sms"), None):
        with pytest.raises(TypeError, match="must hold Recipient"):
            engine.plan("news", to=[stranger])
    with pytest.raises(TypeError, match="values"):
        engine.plan("news", to=[], values={"street": 7})


def test_any_mapping_of_values_will_do(engine: Any) -> None:
    values = UserDict({"street": "Kerkstraat"})
    plan = engine.plan("alert", to=[be.Recipient("p1", phone="+33639981234", values=values)])
    assert plan.example is not None
    assert "Kerkstraat" in plan.example.text


def test_a_missing_value_names_the_recipients(engine: Any) -> None:
    people = [be.Recipient(f"p{n}", phone="+33639981234") for n in range(30)]
    with pytest.raises(be.PlanRefused, match="street") as refused:
        engine.plan("alert", to=people)
    assert "p0" in str(refused.value)
    assert "20 more" in str(refused.value)


def test_the_same_id_twice(engine: Any) -> None:
    people = [be.Recipient("twin", phone="+33639981234")] * 2
    with pytest.raises(be.PlanRefused, match="twin"):
        engine.plan("news", to=people)


def test_an_unknown_scenario(engine: Any) -> None:
    with pytest.raises(be.PlanRefused, match="nowhere"):
        engine.plan("nowhere", to=[])


def test_what_the_audience_raises_comes_through(engine: Any) -> None:
    def broken() -> Any:
        yield be.Recipient("p1", phone="+33639981234")
        raise RuntimeError("the database is gone")

    with pytest.raises(RuntimeError, match="the database is gone"):
        engine.plan("news", to=broken())

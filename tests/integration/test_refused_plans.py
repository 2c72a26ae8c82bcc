"""What a plan refuses, everything at once, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import bealert_engine as be

PERSON = be.Recipient("p1", phone="+33639981234", values={"more": "x"})
GSM_PART = 153  # septets beside the header of a part
UCS2_PART = 67  # characters of the Basic Multilingual Plane


def _engine(smsc: Any, text: str = "Dag.", *, expiry: str = "1h", **gateway: Any) -> be.Engine:
    news = be.Scenario("news", kind="news", expiry=expiry, sms={"en": text})
    return be.Engine(data=None, gateways=[smsc.gateway(**gateway)], scenarios=[news])


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"text": ""}, "empty"),
        ({"text": " \n\t"}, "empty"),
        ({"text": "{{ street }}"}, "street"),
        ({"text": "x" * (255 * GSM_PART + 1)}, "255 parts"),
        ({"text": "œ" * (255 * UCS2_PART + 1)}, "255 parts"),
        ({"text": "{{ more * 50000 }}"}, "p1"),
        ({"sender": "twelve chars"}, "at most 11"),
        ({"sender": "+320"}, "sender"),
        ({"parts_per_second": 0}, "its rate is 0"),
        ({"parts_per_second": -1.5}, "its rate is -1.5"),
        ({"expiry": "-5m"}, "expiry"),
        ({"expiry": "0s"}, "expiry"),
    ],
)
def test_each_is_refused_and_named(options: dict[str, Any], problem: str, smsc: Any) -> None:
    with _engine(smsc, **options) as engine:
        with pytest.raises(be.PlanRefused) as refused:
            engine.plan("news", to=[PERSON])
        assert any(problem in one for one in refused.value.problems), refused.value.problems
        assert engine.campaigns() == []
    assert smsc.books()["submits"] == 0


def test_all_are_named_at_once(smsc: Any) -> None:
    wrong = {"sender": "twelve chars", "parts_per_second": 0, "expiry": "-1h"}
    with (
        _engine(smsc, "{{ street }}", **wrong) as engine,
        pytest.raises(be.PlanRefused) as refused,
    ):
        engine.plan("news", to=[PERSON])
    found = "\n".join(refused.value.problems)
    for part in ("at most 11", "its rate", "expiry", "street", "p1"):
        assert part in found, found


@pytest.mark.parametrize(
    ("text", "length"), [("x", 255 * GSM_PART), ("œ", 255 * UCS2_PART)], ids=["gsm", "ucs2"]
)
def test_255_parts_are_sent_whole(text: str, length: int, smsc: Any) -> None:
    with _engine(smsc, text * length) as engine:
        plan = engine.plan("news", to=[PERSON])
        assert plan.parts == 255
        campaign = engine.launch(plan, by="tests", key="k")
        assert campaign.wait(timeout_s=30).sms.delivered == 1
        [row] = campaign.report().rows()
    assert row.parts == 255
    [message] = smsc.messages()
    assert (message.parts, message.total, message.accepted) == (255, 255, 1)
    assert message.text == text * length


@pytest.mark.parametrize("sender", ["ELEVENCHARS", "3212", "+32470123456"])
def test_senders_that_are_taken(
    sender: str, smsc: Any, people: Callable[..., list[be.Recipient]]
) -> None:
    with _engine(smsc, sender=sender) as engine:
        campaign = engine.launch(engine.plan("news", to=people(3)), by="tests", key="k")
        campaign.wait(timeout_s=30)
    assert {message.source for message in smsc.messages()} == {sender.removeprefix("+")}

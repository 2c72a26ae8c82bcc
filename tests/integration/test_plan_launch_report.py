"""The main road: plan, launch, watch, report; everybody is accounted for."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import bealert_engine as be
from bealert_engine import testing


@pytest.mark.parametrize("durable", [False, True])
def test_everybody_ends_in_one_state(
    flavour: Any, people: Any, alert: Any, tmp_path: Path, durable: bool
) -> None:
    with testing.smsc(receipt_ms=20, failed=0.1) as smsc:
        with flavour.engine(
            data=tmp_path / "var" if durable else None,
            gateways=[smsc.gateway()],
            scenarios=[alert],
        ) as engine:
            plan = engine.plan("alert", to=people(400, unusable=7))
            assert (plan.people, len(plan.excluded), plan.parts) == (400, 7, 393)
            assert all(reason for _, _, reason in plan.excluded)
            campaign = engine.launch(plan, by="tests", key="first")
            looks = list(campaign.progress(every_s=0.05))
            assert [look.ended for look in looks] == [False] * (len(looks) - 1) + [True]
            assert all(look.sms.total == 400 for look in looks)
            last = looks[-1]
            assert (last.state, last.sms.skipped, last.sms.open) == ("done", 7, 0)
            assert last.sms.delivered + last.sms.failed == 393
            report = campaign.report()
        assert report.balanced
        assert (report.people, report.excluded) == (400, 7)
        assert report.totals["sms"]["delivered"] == last.sms.delivered
        assert smsc.books()["unique"] == 393
        assert smsc.books()["duplicates"] == 0
    assert 0 < last.sms.failed < 100, "about a tenth"
    assert not report.possibly_doubled
    assert not report.uncertain


def test_the_report_on_disk_says_the_same(
    flavour: Any, people: Any, news: Any, smsc: Any, tmp_path: Path
) -> None:
    with flavour.engine(data=None, gateways=[smsc.gateway()], scenarios=[news]) as engine:
        campaign = engine.launch(
            engine.plan("news", to=people(50, unusable=2)), by="tests", key="k"
        )
        campaign.wait(timeout_s=30)
        report = campaign.report()
        report.write(tmp_path / "out")
    written = json.loads((tmp_path / "out" / "report.json").read_text())
    assert written == report.as_dict()
    with (tmp_path / "out" / "report.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 50
    assert sum(row["state"] == "delivered" for row in rows) == 48
    assert [row.recipient for row in report.rows(states=["skipped"])] == [
        row["id"] for row in rows if row["state"] == "skipped"
    ]
    assert len(list(report.rows(limit=10))) == 10


def test_what_arrives_is_what_was_written(flavour: Any, alert: Any, smsc: Any) -> None:
    person = be.Recipient("p1", phone="06 39 98 12 34", values={"street": "Kerkstraat"})
    with flavour.engine(
        data=None, default_country="FR", gateways=[smsc.gateway()], scenarios=[alert]
    ) as engine:
        plan = engine.plan("alert", to=[person], values={"street": "overruled"})
        assert plan.example == be.Example("p1", "nl", "Gevaar in Kerkstraat. Blijf binnen.", 1)
        assert "1 person" in plan.summary()
        engine.launch(plan, by="tests", key="k").wait(timeout_s=30)
    [message] = smsc.messages()
    assert message.destination == "33639981234"
    assert message.text == "Gevaar in Kerkstraat. Blijf binnen."
    assert message.source == "BE-Alert"


def test_a_plan_has_no_side_effects(flavour: Any, people: Any, news: Any, smsc: Any) -> None:
    with flavour.engine(data=None, gateways=[smsc.gateway()], scenarios=[news]) as engine:
        once = engine.plan("news", to=people(10))
        again = engine.plan("news", to=iter(people(10)))
        other = engine.plan("news", to=people(11))
        assert once.hash == again.hash != other.hash
        assert engine.campaigns() == []
    assert smsc.books()["submits"] == 0


def test_an_engine_from_toml(flavour: Any, smsc: Any, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("password")
    (tmp_path / "bealert.toml").write_text(
        f"""
        data = "var"
        [gateways.sms-a]
        type = "smpp"
        host = "127.0.0.1"
        port = {smsc.port}
        system_id = "bealert"
        password = "file:secret"
        sender = "BE-Alert"
        [scenarios.news]
        kind = "news"
        expiry = "1h"
        sms.en = "Road open again."
        """
    )
    with flavour.from_toml(tmp_path / "bealert.toml") as engine:
        plan = engine.plan("news", to=[be.Recipient("p1", phone="+33639981234")])
        assert engine.launch(plan, by="tests", key="k").wait(timeout_s=30).sms.delivered == 1
    assert (tmp_path / "var").is_dir()

"""What has ended is let go of: people are erased, campaigns archived; all of it still reads."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

import bealert_engine as be


def _octets(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())


def test_erased_people_leave_every_file_and_no_count(
    flavour: Any, people: Any, news: Any, smsc: Any, tmp_path: Path
) -> None:
    data = tmp_path / "var"
    options = {"data": data, "gateways": [smsc.gateway()], "scenarios": [news]}
    with flavour.engine(**options) as engine:
        campaign = engine.launch(engine.plan("news", to=people(50)), by="tests", key="k")
        campaign.wait(timeout_s=30)
        before = campaign.report()
        number = next(iter(before.rows())).address.lstrip("+").encode()
        assert number in _octets(data)
        campaign.erase()
        assert number not in _octets(data)
        campaign.erase()
        report = campaign.report()
        assert report.balanced
        assert report.totals == before.totals
        report.write(tmp_path / "out")
        again = engine.launch(engine.plan("news", to=people(50)), by="tests", key="k")
        assert again.id == campaign.id
    with (tmp_path / "out" / "report.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 50
    assert {(row["name"], row["address"], row["state"]) for row in rows} == {("", "", "delivered")}
    assert all(row["id"] for row in rows)
    assert smsc.books()["unique"] == 50


def test_an_archived_campaign_is_read_as_before(
    flavour: Any, people: Any, news: Any, smsc: Any, tmp_path: Path
) -> None:
    options = {"data": tmp_path, "gateways": [smsc.gateway()], "scenarios": [news]}
    with flavour.engine(**options) as engine:
        campaign = engine.launch(engine.plan("news", to=people(40)), by="tests", key="k")
        campaign.wait(timeout_s=30)
        rows, seen = list(campaign.report().rows()), list(campaign.events())
        campaign.archive()
        campaign.archive()
        assert list(campaign.report().rows()) == rows
    assert (tmp_path / "archive" / f"{campaign.id}.sqlite").is_file()
    with be.open_ledger(tmp_path) as ledger:
        found = ledger.campaign("k")
        assert found.snapshot().sms.delivered == 40
        assert list(found.report().rows()) == rows
        assert list(found.events())[: len(seen)] == seen


def test_a_running_campaign_is_kept(flavour: Any, people: Any, news: Any, smsc: Any) -> None:
    slow = smsc.gateway(parts_per_second=10)
    with flavour.engine(data=None, gateways=[slow], scenarios=[news]) as engine:
        campaign = engine.launch(engine.plan("news", to=people(100)), by="tests", key="k")
        with pytest.raises(be.CampaignRuns):
            campaign.erase()
        with pytest.raises(be.CampaignRuns):
            campaign.archive()


def test_ages_are_configured(tmp_path: Path) -> None:
    config = be.Engine.__init__.__kwdefaults__
    assert config is not None
    assert {"erase_after", "archive_after"} <= config.keys()
    with pytest.raises(be.ConfigError, match="erase_after"):
        be.Engine(data=None, erase_after="-1d")
    toml = tmp_path / "bealert.toml"
    toml.write_text('data = "var"\nerase_after = "30d"\narchive_after = "400d"\n')
    with be.Engine.from_toml(toml) as engine:
        wire = engine.config.to_wire()
    assert '"erase_after_ms": 2592000000' in wire
    assert '"archive_after_ms": 34560000000' in wire

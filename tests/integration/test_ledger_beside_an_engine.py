"""A ledger is read beside the engine that writes it, and after it; reading sends nothing."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

import bealert_engine as be


def test_reading_beside_and_after(people: Any, news: Any, smsc: Any, tmp_path: Path) -> None:
    gateway = smsc.gateway(parts_per_second=200)
    with be.Engine(data=tmp_path, gateways=[gateway], scenarios=[news]) as engine:
        launched = engine.launch(engine.plan("news", to=people(200)), by="tests", key="k")
        with be.open_ledger(tmp_path) as ledger:
            [listed] = ledger.campaigns()
            assert (listed.id, listed.key, listed.people) == (launched.id, "k", 200)
            assert listed.state == "running"
            assert ledger.verify().sound
            looks = list(ledger.campaign("k").progress(every_s=0.1))
            assert len(looks) > 2
            assert looks[-1].sms.delivered == 200
            events = list(ledger.campaign("k").events())
            assert events == list(launched.events())
            assert list(ledger.events()) == list(ledger.events(after=0))
            following = ledger.events(after=events[4].seq, follow=True)
            assert [e.seq for e in itertools.islice(following, 5)] == [
                events[4].seq + n for n in range(1, 6)
            ]
    with be.open_ledger(tmp_path) as ledger:
        campaign = ledger.campaign(launched.id)
        assert campaign.state == "done"
        assert campaign.ended
        assert campaign.ended_at is not None
        assert campaign.report().balanced
        verdict = ledger.verify()
        assert verdict.sound
        assert (verdict.campaigns, verdict.dispatches) == (1, 200)
        with pytest.raises(be.UnknownCampaign):
            ledger.campaign("nobody")
    with pytest.raises(be.EngineClosed):
        ledger.campaigns()
    assert smsc.books()["submits"] == 200


def test_no_ledger_there(tmp_path: Path) -> None:
    with pytest.raises(be.LedgerError):
        be.open_ledger(tmp_path)
    with pytest.raises(be.LedgerError):
        be.open_ledger(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []

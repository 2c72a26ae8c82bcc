"""A slow reader of events loses none, and goes on where it left off."""

from __future__ import annotations

import itertools
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import bealert_engine as be

COUNT = 3_000


def test_a_slow_reader_gets_every_event_in_order(
    flavour: Any, people: Any, news: Any, smsc: Any
) -> None:
    with flavour.engine(data=None, gateways=[smsc.gateway()], scenarios=[news]) as engine:
        stream = engine.events()
        campaign = engine.launch(engine.plan("news", to=people(COUNT)), by="tests", key="k")
        got = [next(stream)]
        campaign.wait(timeout_s=60)  # everything has happened before it reads on
        time.sleep(0.1)
        while not (isinstance(got[-1], be.Notice) and got[-1].code == "ended"):
            got.append(next(stream))
        everything = list(campaign.events())
    assert [entry.seq for entry in got] == list(range(got[0].seq, got[0].seq + len(got)))
    assert all(a.at <= b.at for a, b in itertools.pairwise(got))
    delivered = [e.recipient for e in got if isinstance(e, be.Event) and e.state == "delivered"]
    assert len(set(delivered)) == len(delivered) == COUNT
    of_campaign = [entry for entry in got if entry.campaign == campaign.id]
    assert of_campaign == everything
    accepted = next(e for e in got if isinstance(e, be.Event) and e.state == "accepted")
    assert accepted.remote
    assert (accepted.channel, accepted.attempt, accepted.gateway) == ("sms", 1, "sms-a")


def test_reading_goes_on_after_a_sequence_number_in_another_engine(
    flavour: Any, people: Any, news: Any, smsc: Any, tmp_path: Path
) -> None:
    options = {"data": tmp_path, "gateways": [smsc.gateway()], "scenarios": [news]}
    with flavour.engine(**options) as engine:
        campaign = engine.launch(engine.plan("news", to=people(50)), by="tests", key="k")
        campaign.wait(timeout_s=30)
        whole = list(campaign.events())
    with flavour.engine(**options) as engine:
        rest = list(engine.campaign("k").events(after=whole[9].seq))
        assert rest == whole[10:]
        stream = engine.events(after=whole[9].seq)
        assert next(stream).seq == whole[9].seq + 1
        with pytest.raises(be.EventsGone):
            engine.events(after=1_000_000)


def test_the_stream_ends_when_the_engine_is_closed(flavour: Any, news: Any, smsc: Any) -> None:
    engine = flavour.engine(data=None, gateways=[smsc.gateway()], scenarios=[news])
    with engine:
        stream = engine.events(after=0)
        got: list[Any] = []
        reader = threading.Thread(target=lambda: got.extend(stream))
        reader.start()
        time.sleep(0.2)
    reader.join(10)
    assert not reader.is_alive()
    assert any(isinstance(entry, be.Notice) and entry.code == "gateway_up" for entry in got)

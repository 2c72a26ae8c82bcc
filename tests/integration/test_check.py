"""`check` and notices say which gateway cannot be used, and why."""

from __future__ import annotations

from typing import Any

from loopback import free_port

import bealert_engine as be
from bealert_engine import testing


def test_what_each_gateway_says(flavour: Any, smsc: Any) -> None:
    port = free_port()
    gateways = [smsc.gateway("good", window=50), smsc.gateway("gone", port=port)]
    with flavour.engine(data=None, gateways=gateways) as engine:
        good, gone = engine.check()
    assert (good.gateway, good.ok, good.smsc.window) == ("good", True, 50)
    assert good.round_trip_ms > 0
    assert good.at_most == 50 * 1000 / good.round_trip_ms
    assert (gone.gateway, gone.ok, gone.smsc, gone.at_most) == ("gone", False, None, None)
    assert str(port) in gone.text


def test_a_notice_says_that_a_gateway_is_down(flavour: Any, smsc: Any) -> None:
    port = free_port()
    with flavour.engine(data=None, gateways=[smsc.gateway("gone", port=port)]) as engine:
        for entry in engine.events(after=0):
            if isinstance(entry, be.Notice) and entry.code == "gateway_down":
                break
    assert entry.gateway == "gone"
    assert entry.campaign is None
    assert entry.text


def test_metrics_are_openmetrics_text(flavour: Any, people: Any, news: Any, smsc: Any) -> None:
    with flavour.engine(data=None, gateways=[smsc.gateway()], scenarios=[news]) as engine:
        engine.launch(engine.plan("news", to=people(7)), by="tests", key="k").wait(timeout_s=30)
        text = engine.metrics()
    assert text.endswith("# EOF\n")
    assert 'gateway="sms-a"' in text


def test_what_a_relay_offers(flavour: Any) -> None:
    with testing.relay() as relay:
        with flavour.engine(data=None, gateways=[relay.gateway("mail-a")]) as engine:
            (mail,) = engine.check()
        taken = relay.books()["messages"]
    assert (mail.gateway, mail.ok, mail.smsc, taken) == ("mail-a", True, None, 0)
    assert (mail.relay.tls, mail.relay.authenticated, mail.relay.mode) == (None, False, "joined")
    assert {"PIPELINING", "DSN", "CHUNKING"} <= set(mail.relay.offers)
    assert mail.relay.largest
    assert mail.relay.greeting
    assert (mail.at_most, mail.warnings) == (None, ())
    assert "joined" in mail.text

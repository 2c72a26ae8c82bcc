"""A retry with nothing else going on: its block was put away, and nobody else wakes the loop."""

from __future__ import annotations

from typing import Any

from smpplib import consts

import bealert_engine as be


def test_it_is_sent_when_it_is_due(far_end: Any) -> None:
    def on_submit(smsc: Any, connection: Any, submit: Any) -> None:
        if len(smsc.submits) < 3:
            return connection.answer(submit, status=consts.SMPP_ESME_RSYSERR)
        return connection.answer(submit, message_id="m")

    smsc = far_end(on_submit)
    news = be.Scenario("news", kind="news", expiry="1h", sms={"nl": "Weg open."})
    gateway = smsc.gateway(receipts=False)
    with be.Engine(data=None, gateways=[gateway], scenarios=[news]) as engine:
        plan = engine.plan("news", to=[be.Recipient("p1", phone="+33639981234")])
        campaign = engine.launch(plan, by="tests", key="k")
        # 50 and 100 ms of back-off, and what the work takes; the next sign of life is due later.
        assert campaign.wait(timeout_s=10).sms.accepted == 1
    assert len(smsc.submits) == 3

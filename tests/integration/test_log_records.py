"""Log records reach `logging` from one Python thread, by area, and never hold a secret."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest
from loopback import free_port

import bealert_engine as be


def test_a_gateway_that_cannot_be_reached_is_logged(
    smsc: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="bealert_engine")
    gateway = smsc.gateway("gone", port=free_port(), password=be.Secret("hunter22"))
    with be.Engine(data=None, gateways=[gateway]) as engine:
        for entry in engine.events(after=0):
            if isinstance(entry, be.Notice) and entry.code == "gateway_down":
                break
    records = [r for r in caplog.records if r.name.startswith("bealert_engine.")]
    about = [r for r in records if "gone" in r.getMessage()]
    assert any(r.levelno >= logging.WARNING for r in about), [r.getMessage() for r in records]
    assert {r.threadName for r in records} == {"bealert-logs"}
    assert "hunter22" not in caplog.text


def test_the_thread_ends_with_its_engine() -> None:
    def threads() -> int:
        return sum(thread.name == "bealert-logs" for thread in threading.enumerate())

    before = threads()
    with be.Engine(data=None):
        assert threads() == before + 1
    assert threads() == before

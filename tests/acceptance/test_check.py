"""`bealert check`: which gateway can be used, and why not."""

from __future__ import annotations

import socket
from typing import Any


def test_a_gateway_that_answers_is_ok(bealert: Any, smsc: Any) -> None:
    far_end = smsc()
    ran = bealert.run("check", "--config", bealert.config(far_end.port), "--json")
    (found,) = ran.json
    assert found["gateway"] == "sms-a"
    assert found["ok"] is True
    assert found["round_trip_ms"] is not None
    assert far_end.books()["submits"] == 0
    assert not (bealert.home / "var").exists(), "it holds no directory"


def test_a_gateway_that_does_not_is_named_with_the_reason(bealert: Any) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        ran = bealert.run("check", "--config", bealert.config(nobody.getsockname()[1]), code=1)
    assert "sms-a" in ran.out
    assert "0 of 1 gateway" in ran.out


def test_a_missing_secret_is_a_problem_of_the_configuration(bealert: Any) -> None:
    del bealert.environment["SMSC_PASSWORD"]
    ran = bealert.run("check", "--config", bealert.config(2775), "--json", code=2)
    assert "SMSC_PASSWORD" in ran.err

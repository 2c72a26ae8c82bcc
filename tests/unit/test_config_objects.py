"""Configuration built in Python is judged like the file, by the constructors themselves."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import bealert_engine as be


def smpp(name: str = "sms-a", **changes: Any) -> be.Smpp:
    settings: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": 2775,
        "system_id": "bealert",
        "password": be.Secret("hunter2"),
        "sender": "BE-Alert",
    }
    return be.Smpp(name, **settings | changes)


def scenario(name: str = "burglary", **changes: Any) -> be.Scenario:
    settings: dict[str, Any] = {"kind": "warning", "expiry": "2h", "sms": {"nl": "Hallo"}}
    return be.Scenario(name, **settings | changes)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: smpp("a b"), "a name has 1 to 64"),
        (lambda: smpp(host=" "), "host: must not be empty"),
        (lambda: smpp(port=True), "port: must be a whole number, not true or false"),
        (lambda: smpp(system_id="x" * 16), "system_id: must have from 1 to 15 characters, not 16"),
        (lambda: smpp(system_type="é"), "system_type: must be plain ASCII text"),
        (lambda: smpp(password="hunter2"), "password: a secret does not stand here in plain text"),
        (lambda: smpp(password="env:"), "password: a secret does not stand here in plain text"),
        (lambda: smpp(sender=""), "sender: must not be empty"),
        (lambda: smpp(bind="receiver"), "bind: must be one of transceiver, transmitter"),
        (lambda: smpp(bind="transmitter"), "receipts: must be false with bind"),
        (lambda: smpp(window=0), "window: must be from 1 to 10000, not 0"),
        (lambda: smpp(parts_per_second="fast"), "parts_per_second: must be a number, not text"),
        (lambda: smpp(parts_per_second=float("inf")), "parts_per_second: must be a finite number"),
        (lambda: smpp(receipts="yes"), "receipts: must be true or false, not text"),
        (lambda: smpp(receipt_wait=0), "receipt_wait: must be longer than 0"),
        (lambda: smpp(prefixes=[]), "prefixes: must not be empty"),
        (lambda: smpp(prefixes="+32"), "prefixes: must be a list, not text"),
        (lambda: smpp(retry={"first": "1h"}), "retry.first: must not be longer than max"),
        (lambda: be.Retry(attempts=0), "Retry attempts: must be from 1 to 20"),
        (lambda: scenario(kind="alarm"), "kind: must be one of warning"),
        (lambda: scenario(uncertain="ask"), "uncertain: must be one of resend, hold"),
        (lambda: scenario(expiry=float("nan")), "expiry: must be a duration"),
        (lambda: scenario(expiry="900d"), "expiry: must be at most 366 days"),
        (lambda: scenario(sms="Hallo"), "sms: must hold a text per language"),
        (lambda: scenario(sms={}), "sms: missing"),
        (lambda: scenario(sms={"Dutch": "Hallo"}), "sms.Dutch: 'Dutch' is not a language code"),
        (lambda: scenario(sms={"nl": "a", "NL": "b"}), "sms.nl: the language is there twice"),
        (lambda: scenario(voice={"nl": "x"}), "voice: the voice channel is not in this version"),
        (lambda: be.Config(data=3), "data: must be the path"),  # type: ignore[arg-type]
        (lambda: be.Config(data=None, default_country="BEL"), "default_country: 'BEL' is not"),
        (lambda: be.Config(data=None, gateways=[smpp(), smpp(port=1)]), "are called 'sms-a'"),
        (
            lambda: be.Config(data=None, gateways=[scenario()]),
            "gateways.0: must be a Smpp or Smtp, not",
        ),  # type: ignore[list-item]
    ],
)
def test_what_is_refused(make: Callable[[], object], expected: str) -> None:
    with pytest.raises(be.ConfigError) as caught:
        make()
    (problem,) = caught.value.problems
    assert expected in problem
    assert "hunter2" not in str(caught.value)


def test_one_constructor_names_all_its_problems() -> None:
    with pytest.raises(be.ConfigError) as caught:
        smpp(port=0, window=0, sender=None)
    assert len(caught.value.problems) == 3


def test_durations_become_timedeltas_however_they_are_given() -> None:
    for given in ("90s", "1m30s", 90, 90.0, timedelta(seconds=90)):
        assert smpp(receipt_wait=given) == smpp(receipt_wait="1.5m")
        assert smpp(receipt_wait=given).receipt_wait == timedelta(seconds=90)


def test_the_uncertain_policy_follows_the_kind() -> None:
    assert [scenario(kind=kind).policy for kind in ("warning", "preventive", "news", "info")] == [
        "resend",
        "resend",
        "hold",
        "hold",
    ]
    assert scenario(kind="info", uncertain="resend").policy == "resend"


def test_priority_is_the_order_unless_said() -> None:
    config = be.Config(data=None, gateways=[smpp("a"), smpp("b"), smpp("c", priority=0)])
    wire = json.loads(config.to_wire())
    assert [gateway["priority"] for gateway in wire["gateways"]] == [0, 1, 0]


def test_a_relative_directory_starts_where_the_process_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert be.Config(data="var").directory == tmp_path / "var"
    assert be.Config(data=Path("/srv/ledger")).directory == Path("/srv/ledger")
    assert json.loads(be.Config(data=None).to_wire())["data"] is None


def test_settings_are_frozen_compare_hash_and_copy() -> None:
    assert smpp() == smpp()
    assert hash(smpp()) == hash(smpp())
    assert hash(scenario()) == hash(scenario())
    assert copy.deepcopy(smpp()) == smpp()
    with pytest.raises(AttributeError):
        smpp().port = 1  # type: ignore[misc]


def test_no_repr_shows_a_secret() -> None:
    config = be.Config(data=None, gateways=[smpp()])
    assert "hunter2" not in repr(config)
    assert "hunter2" not in f"{config.gateways[0]} {config.gateways[0].password}"
    assert "hunter2" in config.to_wire()

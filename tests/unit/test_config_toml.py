"""A TOML file is read whole, or every problem in it is named at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bealert_engine import Config, ConfigError

GOOD = """
data = "var"
default_country = "BE"
languages = ["nl", "fr", "de", "en"]
erase_after = "30d"
archive_after = "400d"

[gateways.sms-a]
type = "smpp"
host = "127.0.0.1"
port = 2775
system_id = "bealert"
password = "env:SMSC_PASSWORD"
sender = "BE-Alert"
window = 100
sessions = 1
parts_per_second = 500
receipts = true
receipt_wait = "10m"
response_timeout = "60s"
prefixes = ["+32", "+"]
retry = { attempts = 3, first = "5s", max = "5m" }

[scenarios.burglary]
kind = "warning"
expiry = "2h"
uncertain = "resend"
sms.nl = "BIN {{ network }}: inbraak in {{ street }}."
sms.fr = "..."
"""


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMSC_PASSWORD", "pass word")


def write(directory: Path, text: str) -> Path:
    path = directory / "bealert.toml"
    path.write_text(text)
    return path


def problems(directory: Path, text: str) -> list[str]:
    path = write(directory, text)
    with pytest.raises(ConfigError) as caught:
        Config.from_toml(path)
    assert all(problem.startswith(f"{path}: ") for problem in caught.value.problems)
    return [problem.removeprefix(f"{path}: ") for problem in caught.value.problems]


def test_every_key_of_the_contract_crosses_to_rust(tmp_path: Path) -> None:
    wire = json.loads(Config.from_toml(write(tmp_path, GOOD)).to_wire())
    assert wire == {
        "data": str(tmp_path / "var"),
        "default_country": "BE",
        "languages": ["nl", "fr", "de", "en"],
        "erase_after_ms": 30 * 86_400_000,
        "archive_after_ms": 400 * 86_400_000,
        "senders": [],
        "bounces": None,
        "gateways": [
            {
                "name": "sms-a",
                "type": "smpp",
                "host": "127.0.0.1",
                "port": 2775,
                "system_id": "bealert",
                "password": "pass word",
                "sender": "BE-Alert",
                "system_type": "",
                "bind": "transceiver",
                "window": 100,
                "sessions": 1,
                "parts_per_second": 500,
                "receipts": True,
                "receipt_wait_ms": 600_000,
                "response_timeout_ms": 60_000,
                "enquire_interval_ms": 30_000,
                "prefixes": ["+32", "+"],
                "priority": 0,
                "retry": {"attempts": 3, "first_ms": 5_000, "max_ms": 300_000},
                "validity": True,
                "reconnect_max_ms": 30_000,
            }
        ],
        "scenarios": [
            {
                "name": "burglary",
                "kind": "warning",
                "expiry_ms": 7_200_000,
                "uncertain": "resend",
                "sms": {"nl": "BIN {{ network }}: inbraak in {{ street }}.", "fr": "..."},
                "email": [],
                "unsubscribe": None,
            }
        ],
    }


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    text = """
data = 5
defaultcountry = "BE"
languages = ["nl", "NL"]
[gateways.sms-a]
type = "smpp"
port = "2775"
system_id = "bealert"
password = "hunter2"
sender = 8810
windw = 3
retry = { attempts = 0, frist = "5s" }
prefixes = ["32"]
[gateways.sms-b]
type = "smppp"
[scenarios.a]
kind = "warnin"
expiry = "2x"
sms.nl = 3
[scenarios.b]
kind = "info"
expiry = "1h"
"""
    found = problems(tmp_path, text)
    for expected in (
        'top level, defaultcountry: unknown key; did you mean "default_country"?',
        "top level, data: must be the path of a directory, in quotes",
        "top level, languages.1: 'nl' is there twice",
        '[gateways.sms-a] windw: unknown key; did you mean "window"?',
        "[gateways.sms-a] host: missing",
        "[gateways.sms-a] port: must be a whole number, not text",
        "[gateways.sms-a] sender: must be text in quotes, not a number",
        '[gateways.sms-a] prefixes.0: \'32\' is not a prefix like "+32", or "+" for every number',
        '[gateways.sms-a] retry.frist: unknown key; did you mean "first"?',
        "[gateways.sms-a] retry.attempts: must be from 1 to 20, not 0",
        '[gateways.sms-b] type: unknown type "smppp"; did you mean "smpp"?',
        "[scenarios.a] kind: must be one of warning, preventive, news, info, not 'warnin'",
        "[scenarios.a] sms.nl: must be text in quotes, not a number",
        "[scenarios.b] sms: missing: a scenario needs sms or email in at least one language",
    ):
        assert expected in found
    assert any("[gateways.sms-a] password: a secret does not stand here" in p for p in found)
    assert any("[scenarios.a] expiry: '2x' is not a duration" in p for p in found)
    assert len(found) == 16
    assert "hunter2" not in "".join(found)


@pytest.mark.parametrize(
    ("addition", "expected"),
    [
        ('[gateways.v]\ntype = "sip"', '[gateways.v] type: the voice channel ("sip") is not'),
        ('voice.nl = "x"', "[scenarios.burglary] voice: unknown key: the voice channel"),
    ],
)
def test_a_channel_to_come_is_refused_by_name(tmp_path: Path, addition: str, expected: str) -> None:
    (found,) = problems(tmp_path, GOOD + addition)
    assert found.startswith(expected)
    assert "not in this version" in found


@pytest.mark.parametrize("key", ["host", "port", "system_id", "password", "sender"])
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    lines = [line for line in GOOD.splitlines() if not line.startswith(f"{key} =")]
    assert problems(tmp_path, "\n".join(lines)) == [f"[gateways.sms-a] {key}: missing"]


def test_without_data_nothing_is_opened_in_memory_by_accident(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD.replace('data = "var"', "")) == ["top level, data: missing"]


def test_a_missing_variable_is_named_with_all_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SMSC_PASSWORD")
    assert problems(tmp_path, GOOD.replace("port = 2775", "port = 0")) == [
        "[gateways.sms-a] port: must be from 1 to 65535, not 0",
        "[gateways.sms-a] password: the environment variable SMSC_PASSWORD is not set",
    ]


def test_commands_that_connect_to_nothing_need_no_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SMSC_PASSWORD")
    config = Config.from_toml(write(tmp_path, GOOD), secrets=False)
    assert config.directory == tmp_path / "var"
    assert json.loads(config.to_wire(secrets=False))["gateways"][0]["password"] == ""
    with pytest.raises(ConfigError, match=r"bealert.toml: \[gateways.sms-a\] password: .*not set"):
        config.to_wire()


def test_a_secret_file_is_relative_to_the_toml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "smsc").write_text("from file\n")
    text = GOOD.replace("env:SMSC_PASSWORD", "file:secrets/smsc")
    path = write(tmp_path, text)
    monkeypatch.chdir("/")
    wire = json.loads(Config.from_toml(path).to_wire())
    assert wire["gateways"][0]["password"] == "from file"


def test_what_a_plan_refuses_passes_here(tmp_path: Path) -> None:
    text = (
        GOOD.replace("BE-Alert", "much too long a sender")
        .replace("parts_per_second = 500", "parts_per_second = 0")
        .replace('sms.fr = "..."', 'sms.fr = ""')
        .replace('expiry = "2h"', 'expiry = "-1h"')
    )
    wire = json.loads(Config.from_toml(write(tmp_path, text)).to_wire())
    assert wire["gateways"][0]["sender"] == "much too long a sender"
    assert wire["gateways"][0]["parts_per_second"] == 0
    assert wire["scenarios"][0]["sms"]["fr"] == ""
    assert wire["scenarios"][0]["expiry_ms"] == -3_600_000


def test_groups_that_are_no_tables(tmp_path: Path) -> None:
    assert problems(tmp_path, 'data = "v"\ngateways = 3\nscenarios.a = 1') == [
        "[gateways]: must hold tables, like [gateways.NAME]",
        "[scenarios.a]: must be a table",
    ]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere.toml: cannot be read: No such file"):
        Config.from_toml(tmp_path / "nowhere.toml")


def test_a_file_that_is_no_toml(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "data = \nx = 1")
    assert found.startswith("is not TOML:")
    assert "line 1" in found


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "bealert.toml"
    path.write_bytes(b'data = "\xff"')
    with pytest.raises(ConfigError, match="not UTF-8"):
        Config.from_toml(path)

"""Whatever stands in a configuration file: it is read, or every problem is named; nothing else."""

from __future__ import annotations

import contextlib
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bealert_engine import Config, ConfigError, PlanRefused, _engine
from bealert_engine._shown import shown

GOOD = Path(__file__).parents[2] / "examples" / "bealert.toml"
KEYS = [
    "data",
    "default_country",
    "languages",
    "gateways",
    "scenarios",
    "type",
    "host",
    "port",
    "system_id",
    "password",
    "sender",
    "system_type",
    "bind",
    "window",
    "sessions",
    "parts_per_second",
    "receipts",
    "receipt_wait",
    "response_timeout",
    "validity",
    "enquire_interval",
    "prefixes",
    "priority",
    "retry",
    "attempts",
    "first",
    "max",
    "reconnect_max",
    "kind",
    "expiry",
    "uncertain",
    "sms",
    "nl",
    "fr",
    "email",
    "voice",
    "sms-a",
    "burglary",
    "windw",
    "mail-a",
    "senders",
    "bounces",
    "listen",
    "maildir",
    "tls",
    "ca",
    "username",
    "bounces_to",
    "reply_to",
    "ehlo_name",
    "messages_per_second",
    "domains",
    "dkim",
    "weight",
    "timeouts",
    "subject",
    "text",
    "html",
    "attachments",
    "unsubscribe",
    "mailto",
]

texts = st.text(max_size=12) | st.sampled_from(
    [
        "smpp",
        "smtp",
        "2h",
        "-1s",
        "9e9h",
        "+32",
        "env:NOBODY_HAS_THIS",
        "file:/nowhere",
        "warning",
        "news",
        "hold",
        "BE",
        "nl",
        "nl-BE",
        "\0",
        "{{ name }}",
        "{% if",
        "a\u202eb",
        "a@b.example",
        "A <a@b.example>",
        "a@localhost",
        "<p>{{ name }}",
    ]
)
scalars = (
    texts
    | st.integers(-(2**70), 2**70)
    | st.sampled_from([0, 1, -1, 65_535, 65_536, 2**31, 2**63, 2**64])
    | st.floats()
    | st.booleans()
)
keys = st.sampled_from(KEYS) | st.text(min_size=1, max_size=6)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)

run = settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@run
@given(document=st.dictionaries(keys, values, max_size=6))
def test_any_tables(document: dict[str, Any], tmp_path: Path) -> None:
    read_or_refused(tmp_path, dumped(document))


@run
@given(
    path=st.lists(st.sampled_from(KEYS), min_size=1, max_size=4),
    gateway=st.sampled_from(["sms-a", "mail-a"]),
    value=values,
)
def test_one_wrong_value_in_a_good_file(
    path: list[str], gateway: str, value: object, tmp_path: Path
) -> None:
    """Most of the file is right, so what is wrong gets far."""
    document = tomllib.loads(GOOD.read_text())
    for name in ("gateways", "scenarios"):
        document[name] = dict(document[name])
    scenario = next(iter(document["scenarios"].values()))
    table: Any = {
        1: document["gateways"][gateway],
        2: scenario,
        3: scenario["email"]["nl"],
    }.get(len(path), document)
    table[path[-1]] = value
    read_or_refused(tmp_path, dumped(document))


@run
@given(octets=st.binary(max_size=200), at=st.integers(0, 2_000))
def test_any_octets(octets: bytes, at: int, tmp_path: Path) -> None:
    good = GOOD.read_bytes()
    read_or_refused(tmp_path, good[:at] + octets + good[at:])


@pytest.mark.parametrize(
    "text",
    [
        f"data = {'9' * 5_000}",  # more digits than Python reads
        f"data = {'[' * 5_000}",
        f"{'a.' * 5_000}b = 1",
        f"scenarios.s = {{ kind = 'news', expiry = '{'9' * 400}h', sms.nl = 'x' }}",
        f"gateways.a = {{ type = 'smpp', parts_per_second = 1{'0' * 400} }}",
        "data = 'a\\u0000b'",
        "'\\u202e' = 1",
        '"\\u001b[31m" = 1',
    ],
)
def test_what_is_hard_to_read(text: str, tmp_path: Path) -> None:
    read_or_refused(tmp_path, text.encode())


def read_or_refused(directory: Path, octets: bytes) -> None:
    path = directory / "bealert.toml"
    path.write_bytes(octets)
    refused: tuple[str, ...] = ()
    try:
        taken_by_the_core(Config.from_toml(path, secrets=False))
    except ConfigError as error:
        refused = error.problems
        assert refused
    for problem in refused:
        assert problem.startswith(f"{path}: ")
        assert problem == shown(problem), "a terminal shows it as it is"


def taken_by_the_core(config: Config) -> None:
    """What is read crosses to Rust without a surprise there, and is planned or refused in words."""
    wire = json.loads(config.to_wire(secrets=False))
    assert wire["data"]
    # Nothing is connected to, and nothing listens: that is for the tests of what does.
    nowhere = {"host": "127.0.0.1", "port": 9, "receipts": False}
    wire |= {"data": None, "gateways": [gateway | nowhere for gateway in wire["gateways"]]}
    wire["bounces"] = None
    engine = _engine.Engine.open(json.dumps(wire))
    try:
        for scenario in config.scenarios:
            with contextlib.suppress(PlanRefused):
                engine.planner(scenario.name, [])
    finally:
        engine.close()


def dumped(document: dict[str, Any]) -> bytes:
    """TOML of a document; JSON writes keys and texts as TOML reads them, but for a few signs."""
    lines = [f"{quoted(key)} = {written(value)}" for key, value in document.items()]
    return "\n".join(lines).encode(errors="surrogatepass")


def written(value: object) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{quoted(key)} = {written(item)}" for key, item in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def test_what_is_written_here_is_toml() -> None:
    document = {"a": {"b": [1, 'x\n\x7f"', True, 1.5]}, "é": "\u202e"}
    assert tomllib.loads(dumped(document).decode()) == document


def test_the_good_file_is_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bealert.toml").write_bytes(GOOD.read_bytes())
    assert Config.from_toml(tmp_path / "bealert.toml", secrets=False).gateways

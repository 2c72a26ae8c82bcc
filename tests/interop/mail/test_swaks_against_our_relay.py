"""Swaks, which people try relays with, sends to our simulated one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bealert_engine import testing


def swaks(relay: testing.Relay, *options: str, code: int = 0) -> str:
    program = shutil.which("swaks")
    if program is None:
        pytest.skip("swaks is not installed: .ci/setup does it")
    command = [program, "--server", f"127.0.0.1:{relay.port}", "--from", "a@example.org"]
    command += ["--to", "b@example.org", "--body", "Hello.\n.\nBye.", *options]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == code, ran.stdout + ran.stderr
    return ran.stdout


def test_a_message_and_one_that_is_refused() -> None:
    rules = [{"phase": "rcpt", "prefix": "gone@", "reply": "550 5.1.1 Unknown"}]
    with testing.Relay(rules=rules) as relay:
        swaks(relay)
        said = swaks(relay, "--to", "gone@example.org", code=24)
        assert "<** 550 5.1.1 Unknown" in said
        [mail] = relay.messages()
    assert (mail.sender, list(mail.recipients)) == ("a@example.org", ["b@example.org"])
    assert b"Hello.\r\n.\r\nBye." in mail.content


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_an_account_inside_tls(certified: Any, mechanism: str) -> None:
    certificate, key = certified
    options = {"tls": "required", "certificate": certificate.read_text(), "key": key.read_text()}
    account = {"auth": ["plain", "login"], "user": "bealert", "password": "secret"}
    with testing.Relay(**options, **account, auth_required=True) as relay:
        trust = ["--tls", "--tls-verify", "--tls-ca-path", str(certificate)]
        login = ["--auth", mechanism, "--auth-user", "bealert"]
        swaks(relay, *trust, *login, "--auth-password", "secret")
        swaks(relay, *trust, *login, "--auth-password", "wrong", code=28)
        swaks(relay, code=23)
        [mail] = relay.messages()
    assert mail.encrypted


@pytest.fixture
def certified(home: Any) -> tuple[Path, Path]:
    etc = home() / "etc"
    return etc / "tls.crt", etc / "tls.key"

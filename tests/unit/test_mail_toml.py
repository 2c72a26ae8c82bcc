"""E-mail in a TOML file: read whole, or every problem in it is named at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bealert_engine import Config, ConfigError, Engine

GOOD = """
data = "var"
senders = ["@be-alert.example"]
bounces = { maildir = "bounces" }

[gateways.mail-a]
type = "smtp"
host = "127.0.0.1"
port = 2525
tls = "required"
username = "bealert"
password = "file:secrets/relay"
sender = "BE-Alert <no-reply@be-alert.example>"
connections = 8
messages_per_second = 2500
mode = "auto"
domains = { "skynet.example" = 50 }
dkim = [{ domain = "be-alert.example", selector = "s1", key = "file:secrets/dkim.pem" }]

[scenarios.burglary]
kind = "news"
expiry = "2h"
sms.nl = "Inbraak"
unsubscribe = { mailto = "stop@be-alert.example" }

[scenarios.burglary.email.nl]
subject = "Inbraak in {{ street }}"
text_file = "mail/nl.txt"
attachments = ["mail/map.png"]
"""


def write(directory: Path, text: str) -> Path:
    for name, content in {
        "secrets/relay": "hush\n",
        "secrets/dkim.pem": "PEM",
        "mail/nl.txt": "Blijf binnen",
        "mail/map.png": "png",
    }.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(content)
    path = directory / "bealert.toml"
    path.write_text(text)
    return path


def problems(directory: Path, text: str) -> list[str]:
    path = write(directory, text)
    with pytest.raises(ConfigError) as caught:
        Config.from_toml(path)
    return [problem.removeprefix(f"{path}: ") for problem in caught.value.problems]


def test_the_contract_is_read_from_wherever_the_process_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, GOOD)
    monkeypatch.chdir("/")
    wire = json.loads(Config.from_toml(path).to_wire())
    assert wire["senders"] == ["@be-alert.example"]
    assert wire["bounces"] == {"maildir": str(tmp_path / "bounces")}
    (relay,) = wire["gateways"]
    assert (relay["password"], relay["dkim"][0]["key"]) == ("hush", "PEM")
    assert relay["password_file"] == str(tmp_path / "secrets" / "relay")
    (scenario,) = wire["scenarios"]
    assert scenario["unsubscribe"] == {"url": None, "mailto": "stop@be-alert.example"}
    (email,) = scenario["email"]
    assert (email["language"], email["text"]) == ("nl", "Blijf binnen")
    assert email["attachments"][0]["name"] == "map.png"


def test_files_are_read_with_the_file_that_names_them(tmp_path: Path) -> None:
    config = Config.from_toml(write(tmp_path, GOOD))
    (tmp_path / "mail/nl.txt").unlink()
    assert json.loads(config.to_wire())["scenarios"][0]["email"][0]["text"] == "Blijf binnen"


def test_all_problems_come_at_once_with_table_and_key(tmp_path: Path) -> None:
    text = (
        GOOD.replace('"@be-alert.example"', '"nobody"')
        .replace("maildir", "mail_dir")
        .replace("connections = 8", "conections = 8")
        .replace("secrets/relay", "secrets/gone")
        .replace("secrets/dkim.pem", "secrets/none.pem")
        .replace("mail/nl.txt", "mail/gone.txt")
        .replace("mail/map.png", "mail/none.png")
    )
    found = [problem.replace(str(tmp_path), "") for problem in problems(tmp_path, text)]
    gone = "No such file or directory"
    place = "[scenarios.burglary] email.nl"
    assert sorted(found) == sorted(
        [
            'top level, bounces.mail_dir: unknown key; did you mean "maildir"?',
            "top level, bounces.listen: give listen or maildir, one of them",
            "top level, senders.0: not an e-mail address: it has no @",
            '[gateways.mail-a] conections: unknown key; did you mean "connections"?',
            f"[gateways.mail-a] password: cannot read the secret file /secrets/gone: {gone}",
            f"[gateways.mail-a] dkim.0.key: cannot read the secret file /secrets/none.pem: {gone}",
            f"{place}.text_file: cannot read /mail/gone.txt: {gone}",
            f"{place}.attachments.0: cannot read /mail/none.png: {gone}",
        ]
    )


def test_unknown_keys_of_an_email_are_named(tmp_path: Path) -> None:
    text = GOOD.replace("text_file", "textfile").replace("subject", "subjct")
    assert problems(tmp_path, text) == [
        '[scenarios.burglary] email.nl.subjct: unknown key; did you mean "subject"?',
        '[scenarios.burglary] email.nl.textfile: unknown key; did you mean "text_file"?',
        "[scenarios.burglary] email.nl.subject: missing",
        "[scenarios.burglary] email.nl.text: missing: an e-mail needs a text, or html",
    ]


def test_receipts_that_nobody_receives_are_refused(tmp_path: Path) -> None:
    text = GOOD.replace('mode = "auto"', 'receipts = true\nbounces_to = "b@be-alert.example"')
    assert Config.from_toml(write(tmp_path, text)).gateways
    text = text.replace('bounces = { maildir = "bounces" }', "")
    assert problems(tmp_path, text) == [
        "[gateways.mail-a] receipts: wants [bounces], where reports come in"
    ]


def test_bounces_that_are_wrong_are_not_missing_too(tmp_path: Path) -> None:
    text = GOOD.replace('mode = "auto"', 'receipts = true\nbounces_to = "b@be-alert.example"')
    assert problems(tmp_path, text.replace('"bounces" }', "3 }")) == [
        "top level, bounces.maildir: must be the path of a file, in quotes"
    ]


def test_what_shows_when_it_is_opened_names_file_and_gateway_too(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    for _ in range(2):
        with pytest.raises(ConfigError) as caught:
            Engine.from_toml(path)
        [problem] = caught.value.problems
        assert problem.startswith(f'{path}: gateway "mail-a": the dkim key of ')
        assert "no private key in PEM" in problem

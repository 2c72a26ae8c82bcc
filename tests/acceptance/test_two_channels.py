"""The command with SMS and e-mail: plan, launch and report tell of both."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from bealert_engine import Engine, testing

CONFIG = """
data = "var"
languages = ["nl"]
senders = ["@be-alert.example"]

[gateways.sms-a]
type = "smpp"
host = "127.0.0.1"
port = {smsc}
system_id = "bealert"
password = "env:SMSC_PASSWORD"
sender = "BE-Alert"

[gateways.mail-a]
type = "smtp"
host = "127.0.0.1"
port = {relay}
tls = "none"
sender = "BE-Alert <no-reply@be-alert.example>"
messages_per_second = 1000

[scenarios.burglary]
kind = "warning"
expiry = "2h"
sms.nl = "Inbraak in {{{{ street }}}}. Bel 101."

[scenarios.burglary.email.nl]
subject = "Inbraak in {{{{ street }}}}"
text_file = "mail.txt"
attachments = ["map.png"]
"""

PEOPLE = """id,name,phone,email,language,street
both,Anna,+33639980001,anna@Bücher.example,nl,Kerkstraat
phone,Bert,+33639980002,,nl,Kerkstraat
mail,Cleo,,cleo@example.org,nl,Kerkstraat
none,Dirk,12,dirk@,nl,Kerkstraat
"""


@pytest.fixture
def far_ends() -> Iterator[tuple[testing.Simulator, testing.Relay]]:
    with ExitStack() as stack:
        smsc = stack.enter_context(testing.smsc(receipt_ms=10))
        yield smsc, stack.enter_context(testing.relay())


def written(bealert: Any, smsc: int = 1, relay: int = 1) -> dict[str, Path]:
    (bealert.home / "mail.txt").write_text("Beste {{ name }},\nblijf binnen.\n")
    (bealert.home / "map.png").write_bytes(b"\x89PNG" + bytes(3_000))
    config, to = bealert.home / "bealert.toml", bealert.home / "people.csv"
    config.write_text(CONFIG.format(smsc=smsc, relay=relay))
    to.write_text(PEOPLE)
    return {"config": config, "to": to}


def arguments(files: dict[str, Path]) -> list[Any]:
    return ["burglary", "--config", files["config"], "--to", files["to"]]


def test_a_plan_counts_both_and_shows_one_message_of_each(bealert: Any) -> None:
    files = written(bealert)
    words = bealert.run("plan", *arguments(files)).out
    assert "4: 3 get it, 1 excluded on every channel" in words
    assert "2 get it, 2 excluded: 2 parts, GSM-7" in words
    sizes = r"2 get it, 2 excluded: 2 messages, UTF-8, at most \d\.\d KB each, about "
    assert re.search(sizes, " ".join(words.split()))
    assert "no e-mail address" in words
    assert "Inbraak in Kerkstraat. Bel 101." in words
    assert "Beste Anna,\nblijf binnen." in words
    plan = bealert.run("plan", *arguments(files), "--json").json
    assert [(one["recipient"], one["channel"]) for one in plan["excluded"]] == [
        ("mail", "sms"),
        ("none", "sms"),
        ("phone", "email"),
        ("none", "email"),
    ]
    assert plan["parts"] == 4
    assert plan["channels"]["email"]["largest_octets"] > 4_000
    assert plan["examples"]["email"]["subject"] == "Inbraak in Kerkstraat"
    assert plan["example"]["text"] == "Inbraak in Kerkstraat. Bel 101."


def test_a_launch_sends_both_and_the_report_accounts_for_both(bealert: Any, far_ends: Any) -> None:
    smsc, relay = far_ends
    files = written(bealert, smsc.port, relay.port)
    ran = bealert.run("launch", *arguments(files), "--by", "ops", "--key", "k", "--wait")
    assert "burglary, 4 people: sms 2 submitted, 2 delivered, 0 failed; email 2 " in ran.out
    assert "4 people = 4 accounted for" in ran.out
    assert (smsc.books()["unique"], relay.books()["unique"]) == (2, 2)
    report = bealert.run("report", "k", "--config", files["config"], "--out", "out", "--json").json
    assert report["balanced"] is True
    assert report["totals"]["email"]["accepted"] == report["totals"]["email"]["skipped"] == 2
    assert report["totals"]["sms"]["delivered"] == report["totals"]["sms"]["skipped"] == 2
    assert json.loads((bealert.home / "out" / "report.json").read_text()) == report
    with (bealert.home / "out" / "report.csv").open(newline="") as file:
        rows = {(row["id"], row["channel"]): row for row in csv.DictReader(file)}
    assert len(rows) == 8
    assert rows["both", "email"]["address"] == "anna@xn--bcher-kva.example"
    assert rows["mail", "sms"]["reason"] == "no number"
    shown = bealert.run("show", "k", "--config", files["config"]).out
    assert "email" in shown
    assert "sms" in shown
    bealert.run("verify", "var")


def test_who_has_met_the_relay_refuses_an_e_mail_that_it_does_not_take(
    bealert: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSC_PASSWORD", "x")
    with testing.smsc() as smsc, testing.relay(size=4_000) as relay:
        files = written(bealert, smsc.port, relay.port)
        with Engine.from_toml(files["config"]) as engine:
            [_, check] = engine.check()
            assert any("the relay takes 4000" in warning for warning in check.warnings)
            launch = ("launch", *arguments(files), "--by", "ops", "--key", "k")
            ran = bealert.run(*launch, code=3)
            assert "and no relay takes more than 4000" in " ".join(ran.err.split())
            assert engine.campaigns() == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("mail.txt", "gone.txt", "[scenarios.burglary] email.nl.text_file: cannot read"),
        ("map.png", "gone.png", "[scenarios.burglary] email.nl.attachments.0: cannot read"),
        ("text_file", "text_fil", "[scenarios.burglary] email.nl.text_fil: unknown key"),
        ('tls = "none"', 'tls = "no"', "[gateways.mail-a] tls: must be one of none"),
        ("BE-Alert <no-", "BE-Alert no-", "[gateways.mail-a] sender: write it as"),
        ('"@be-alert.example"', '"x"', "top level, senders.0: not an e-mail address"),
    ],
)
def test_what_is_wrong_in_the_file_is_exit_2_and_named(
    bealert: Any, old: str, new: str, expected: str
) -> None:
    files = written(bealert)
    files["config"].write_text(files["config"].read_text().replace(old, new))
    ran = bealert.run("plan", *arguments(files), "--json", code=2)
    assert expected in "\n".join(ran.json["error"]["problems"])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("@be-alert.example>", "@elsewhere.example>", "gateway mail-a: sender"),
        ('{{ street }}"\ntext', '{{ strat }}"\ntext', 'subject: no value for "strat"'),
        ('{{ street }}"\ntext', '\\nBcc: x"\ntext', "control character (U+000A)"),
    ],
)
def test_what_cannot_be_sent_is_exit_3_and_named(
    bealert: Any, old: str, new: str, expected: str
) -> None:
    files = written(bealert)
    text = files["config"].read_text()
    assert old in text
    files["config"].write_text(text.replace(old, new))
    ran = bealert.run("plan", *arguments(files), "--json", code=3)
    assert expected in "\n".join(ran.json["error"]["problems"])

"""What is configured of e-mail in Python is judged by the constructors themselves."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bealert_engine as be
from bealert_engine.attachment import ATTACHMENTS_LIMIT, ATTACHMENTS_MOST
from bealert_engine.mail import TEXT_LIMIT


def smtp(name: str = "mail-a", **changes: Any) -> be.Smtp:
    settings: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": 2525,
        "sender": "BE-Alert <no-reply@be-alert.example>",
    }
    return be.Smtp(name, **settings | changes)


def scenario(**changes: Any) -> be.Scenario:
    settings: dict[str, Any] = {
        "kind": "warning",
        "expiry": "2h",
        "email": {"nl": be.Email("Inbraak", text="Blijf binnen")},
    }
    return be.Scenario("burglary", **settings | changes)


LOGIN: dict[str, Any] = {"username": "u", "password": be.Secret("hunter2")}
RELAY_WITH_RECEIPTS: dict[str, Any] = {"receipts": True, "bounces_to": "b@be-alert.example"}


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: smtp("a b"), "a name has 1 to 64"),
        (lambda: smtp(host=""), "host: must not be empty"),
        (lambda: smtp(port=0), "port: must be from 1 to 65535"),
        (lambda: smtp(sender=" "), "sender: must not be empty"),
        (lambda: smtp(sender="A <a@b.c>\r\nBcc: x"), "sender: must not hold control characters"),
        (lambda: smtp(reply_to="a\0@b.c"), "reply_to: must not hold control characters"),
        (lambda: smtp(bounces_to="a\n@b.c"), "bounces_to: must not hold control characters"),
        (lambda: smtp(ehlo_name="a b"), "ehlo_name: 'a b' is not a host name"),
        (lambda: smtp(tls="yes"), "tls: must be one of none, opportunistic, required, implicit"),
        (lambda: smtp(ca="roots.pem"), 'ca: must name a file of certificates (PEM), as "file:'),
        (lambda: smtp(username="u"), "password: missing"),
        (lambda: smtp(password=be.Secret("hunter2")), "username: missing"),
        (lambda: smtp(username="u", password="hunter2"), "password: a secret does not stand here"),
        (lambda: smtp(tls="none", **LOGIN), 'with a username, not "none": a password is told'),
        (
            lambda: smtp(tls="opportunistic", **LOGIN),
            'with a username, not "opportunistic": a pass',
        ),
        (lambda: smtp(auth="cram-md5", **LOGIN), "auth: must be one of auto, plain, login"),
        (lambda: smtp(connections=0), "connections: must be from 1 to 256"),
        (lambda: smtp(messages_per_second="x"), "messages_per_second: must be a number"),
        (lambda: smtp(messages_per_connection=0), "messages_per_connection: must be from 1"),
        (lambda: smtp(connection_age=0), "connection_age: must be longer than 0"),
        (lambda: smtp(mode="fast"), "mode: must be one of auto, lockstep, pipelined, joined, bdat"),
        (lambda: smtp(window=0), "window: must be from 1 to 256"),
        (lambda: smtp(receipts=True), "receipts: wants bounces_to"),
        (
            lambda: smtp(weight=0),
            "weight: must be 1 or more; a relay that is only to take over has",
        ),
        (lambda: smtp(weight=-1), "weight: must be from 1 to 1000, not -1"),
        (lambda: smtp(weight=1.5), "weight: must be a whole number, not 1.5"),
        (lambda: smtp(sender="A <a@b.example>, C <c@d.example>"), "sender: one sender has one add"),
        (lambda: smtp(domains={"a.example": 0}), "domains.a.example: must be above 0, not 0"),
        (lambda: smtp(sender="BE-Alert"), "sender: not an e-mail address: it has no @"),
        (lambda: smtp(sender="BE-Alert <a@b"), "sender: write it as"),
        (lambda: smtp(reply_to="Desk <desk@localhost>"), "reply_to: not an e-mail address: its"),
        (lambda: smtp(bounces_to="b@"), "bounces_to: not an e-mail address: nothing stands"),
        (lambda: smtp(bounces_to=f"{'b' * 36}@a.example"), "bounces_to: the part before the @"),
        (lambda: smtp(sender="\udc80@a.example"), "sender: must not hold control characters"),
        (lambda: smtp(domains={"a b": 1}), "domains.a b: not an e-mail address: its domain"),
        (lambda: smtp(domains=["a.example"]), "domains: must hold a rate per domain"),
        (lambda: smtp(dkim=[{"domain": "a.example", "selector": "s"}]), "dkim.0.key: missing"),
        (lambda: smtp(dkim=["s1"]), "dkim.0: must be a table"),
        (lambda: smtp(retry={"attempts": 21}), "retry.attempts: must be from 1 to 20"),
        (lambda: smtp(retry={"first": "1h"}), "retry.first: must not be longer than max"),
        (lambda: smtp(timeouts={"dott": "1s"}), 'timeouts.dott: unknown key; did you mean "dot"'),
        (lambda: smtp(timeouts={"dot": 0}), "timeouts.dot: must be longer than 0"),
        (lambda: scenario(email={}), "sms: missing: a scenario needs sms or email"),
        (lambda: scenario(email="x"), "email: must hold an e-mail per language"),
        (lambda: scenario(email={"nl": "x"}), "email.nl: must be an Email, or a table"),
        (lambda: scenario(email={"nl": {"text": "x"}}), "email.nl.subject: missing"),
        (lambda: scenario(email={"nl": {"subject": "x"}}), "email.nl.text: missing"),
        (
            lambda: scenario(email={"nl": {"subject": "x", "text": "y", "body": "z"}}),
            "email.nl.body: unknown key",
        ),
        (lambda: be.Email("x", text="a", text_file="b"), "text_file: must not stand beside text"),
        (lambda: be.Email("x", html="a", html_file="b"), "html_file: must not stand beside html"),
        (lambda: be.Email("x", text="a", attachments="map.png"), "attachments: must be a list"),
        (lambda: be.Email("x", text="a", attachments=[3]), "attachments.0: must be a path"),
        (
            lambda: be.Email("x", text="a", attachments=map(str, range(ATTACHMENTS_MOST + 1))),
            f"attachments: must be at most {ATTACHMENTS_MOST}",
        ),
        (lambda: be.Attachment(), "file: give a file or data, one of them"),
        (lambda: be.Attachment("a", data=b"x"), "file: give a file or data, one of them"),
        (lambda: be.Attachment(data=b"x"), "name: missing: data has none of its own"),
        (lambda: be.Attachment(data="x", name="n"), "data: must be bytes, not str"),
        (lambda: scenario(unsubscribe={"url": "https://x"}), "unsubscribe: is only for news and"),
        (lambda: be.Unsubscribe(), "url: missing: give url, mailto or both"),
        (lambda: be.Bounces(), "listen: give listen or maildir, one of them"),
        (lambda: be.Bounces(listen="x:1", maildir="y"), "listen: give listen or maildir"),
        (lambda: be.Bounces(listen="localhost"), "listen: 'localhost' is not an address and a"),
        (lambda: be.Bounces(listen="x:1", protocol="http"), "protocol: must be one of lmtp, smtp"),
        (lambda: config(senders=["be-alert"]), "senders.0: not an e-mail address: it has"),
        (lambda: config(senders=["a\r\n@b.c"]), "senders.0: must not hold control characters"),
        (lambda: config(senders=["@localhost"]), "senders.0: not an e-mail address: its domain"),
        (lambda: config(bounces=3), "bounces: must be a table"),
        (lambda: config(gateways=[smtp(**RELAY_WITH_RECEIPTS)]), "bounces: missing: 'mail-a' asks"),
    ],
)
def test_what_is_refused(make: Callable[[], object], expected: str) -> None:
    with pytest.raises(be.ConfigError) as caught:
        make()
    (problem,) = caught.value.problems
    assert expected in problem
    assert "hunter2" not in str(caught.value)


def config(**changes: Any) -> be.Config:
    return be.Config(data=None, **changes)


def wire_of(**changes: Any) -> dict[str, Any]:
    wire: dict[str, Any] = json.loads(config(**changes).to_wire())
    return wire


def test_every_setting_of_a_relay_crosses_to_rust(tmp_path: Path) -> None:
    (tmp_path / "dkim.pem").write_text("PEM\n")
    (tmp_path / "roots.pem").write_text("ROOTS\n")
    relay = smtp(
        tls="implicit",
        ca="file:roots.pem",
        **LOGIN,
        auth="login",
        **RELAY_WITH_RECEIPTS,
        reply_to="desk@be-alert.example",
        ehlo_name="alert.example",
        connections=3,
        messages_per_second=2500,
        messages_per_connection=100,
        connection_age="1m",
        mode="bdat",
        window=8,
        receipt_wait="1h",
        retry={"attempts": 4},
        reconnect_max="5s",
        weight=3,
        priority=1,
        domains={"Skynet.be": 50},
        dkim=[{"domain": "be-alert.example", "selector": "s1", "key": "file:dkim.pem"}],
        timeouts={"dot": "1m"},
    )
    wire = wire_of(gateways=[relay], bounces={"listen": "127.0.0.1:2526"}, base=tmp_path)
    assert wire["bounces"] == {"listen": "127.0.0.1:2526", "protocol": "lmtp"}
    (sent,) = wire["gateways"]
    assert sent == {
        "name": "mail-a",
        "type": "smtp",
        "host": "127.0.0.1",
        "port": 2525,
        "tls": "implicit",
        "ca": "ROOTS",
        "username": "u",
        "password": "hunter2",
        "password_file": None,
        "auth": "login",
        "sender": "BE-Alert <no-reply@be-alert.example>",
        "bounces_to": "b@be-alert.example",
        "reply_to": "desk@be-alert.example",
        "ehlo_name": "alert.example",
        "connections": 3,
        "messages_per_second": 2500,
        "messages_per_connection": 100,
        "connection_age_ms": 60_000,
        "mode": "bdat",
        "window": 8,
        "receipts": True,
        "receipt_wait_ms": 3_600_000,
        "retry": {"attempts": 4, "first_ms": 30_000, "max_ms": 900_000},
        "reconnect_max_ms": 5_000,
        "weight": 3,
        "priority": 1,
        "domains": [["skynet.be", 50]],
        "dkim": [{"domain": "be-alert.example", "selector": "s1", "key": "PEM"}],
        "timeouts": {
            "connect_ms": 30_000,
            "greeting_ms": 300_000,
            "command_ms": 300_000,
            "data_ms": 120_000,
            "block_ms": 180_000,
            "dot_ms": 60_000,
        },
    }


def test_a_relay_tries_until_the_message_expires_and_shares_people_unless_told_otherwise() -> None:
    wire = wire_of(gateways=[smtp(), smtp("mail-b")])
    assert [relay["retry"]["attempts"] for relay in wire["gateways"]] == [None, None]
    assert [relay["priority"] for relay in wire["gateways"]] == [0, 0]


def test_content_of_every_language_crosses_in_its_order() -> None:
    email = {
        "NL": be.Email("Inbraak", text="Blijf binnen"),
        "fr": {"subject": "Vol", "html": "<p>", "attachments": [{"data": b"\0", "name": "x.png"}]},
    }
    (sent,) = wire_of(scenarios=[scenario(email=email)])["scenarios"]
    assert sent["sms"] == {}
    nl, fr = sent["email"]
    assert nl == {
        "language": "nl",
        "subject": "Inbraak",
        "text": "Blijf binnen",
        "html": None,
        "attachments": [],
    }
    assert (fr["language"], fr["html"]) == ("fr", "<p>")
    assert fr["attachments"] == [
        {"name": "x.png", "content_type": "image/png", "content_id": None, "data": "AA=="}
    ]


def test_files_start_where_the_configuration_does_and_are_read_once(tmp_path: Path) -> None:
    (tmp_path / "nl.txt").write_bytes(b"\xef\xbb\xbfBlijf binnen\n")
    (tmp_path / "nl.html").write_text("<p>Blijf binnen")
    (tmp_path / "map.bin").write_bytes(b"map")
    email = {
        "subject": "Inbraak",
        "text_file": Path("nl.txt"),
        "html_file": "nl.html",
        "attachments": ["map.bin", {"file": "map.bin", "name": "kaart.png", "content_id": "kaart"}],
    }
    wire = wire_of(scenarios=[scenario(email={"nl": email})], base=tmp_path)
    (sent,) = wire["scenarios"][0]["email"]
    assert (sent["text"], sent["html"]) == ("Blijf binnen\n", "<p>Blijf binnen")
    plain, inline = sent["attachments"]
    assert (plain["name"], plain["content_type"]) == ("map.bin", "application/octet-stream")
    assert (inline["name"], inline["content_type"]) == ("kaart.png", "image/png")
    assert inline["content_id"] == "kaart"
    assert base64.b64decode(inline["data"]) == b"map"


def test_files_that_cannot_be_had_are_named_all_at_once(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    (tmp_path / "long.html").write_bytes(b"x" * (TEXT_LIMIT + 1))
    for name in ("half-a.bin", "half-b.bin"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(ATTACHMENTS_LIMIT // 2 + 1)
    files = ["half-a.bin", "gone.pdf", "half-b.bin", "."]
    email = {
        "nl": be.Email("x", text_file="latin.txt", html_file="long.html"),
        "fr": be.Email("x", text="y", attachments=files),
    }
    with pytest.raises(be.ConfigError) as caught:
        wire_of(scenarios=[scenario(email=email)], base=tmp_path)
    found = [problem.replace(f"{tmp_path}", "") for problem in caught.value.problems]
    together = "/half-b.bin: all attachments of a message have at most 7,340,032 octets together"
    assert found == [
        "Scenario('burglary') email.nl.text_file: /latin.txt is not UTF-8 text",
        "Scenario('burglary') email.nl.html_file: /long.html: a text has at most 1,048,576 octets",
        "Scenario('burglary') email.fr.attachments.1: cannot read /gone.pdf: No such file or "
        "directory",
        f"Scenario('burglary') email.fr.attachments.2: {together}",
        "Scenario('burglary') email.fr.attachments.3: cannot read : Is a directory",
    ]


def test_octets_that_are_too_many_are_refused_like_a_file(tmp_path: Path) -> None:
    much = be.Attachment(data=bytes(ATTACHMENTS_LIMIT + 1), name="x")
    email = be.Email("x", text="y", attachments=[much])
    with pytest.raises(be.ConfigError, match=r"email\.nl\.attachments\.0: all attachments"):
        wire_of(scenarios=[scenario(email={"nl": email})])


def test_no_repr_shows_a_secret_or_octets() -> None:
    key = be.Dkim(domain="a.example", selector="s", key=be.Secret("hunter2"))
    relay = smtp(**LOGIN, dkim=[key])
    attachment = be.Attachment(data=b"hunter2", name="x")
    assert "hunter2" not in f"{config(gateways=[relay])!r} {attachment!r}"
    assert hash(relay) == hash(smtp(**LOGIN, dkim=[key]))
    assert hash(scenario()) == hash(scenario())


def test_without_secrets_none_is_asked_for() -> None:
    key = be.Dkim(domain="a.example", selector="s", key="env:NOT_SET_ANYWHERE")
    relay = smtp(username="u", password="env:NOT_SET_ANYWHERE", dkim=[key])
    (sent,) = json.loads(config(gateways=[relay]).to_wire(secrets=False))["gateways"]
    assert (sent["password"], sent["dkim"]) == (None, [])
    with pytest.raises(be.ConfigError) as caught:
        config(gateways=[relay]).to_wire()
    place = "Smtp('mail-a')"
    said = "the environment variable NOT_SET_ANYWHERE is not set"
    assert caught.value.problems == (
        f"{place} password: {said}",
        f"{place} dkim.0.key: {said}",
    )

"""DKIM signatures, verified by dkimpy."""

from __future__ import annotations

import base64
import re
import subprocess
from collections.abc import Callable
from typing import Any

import dkim  # type: ignore[import-untyped]
import pytest

import bealert_engine as be

DOMAIN = "be-alert.be"
PEOPLE = 40


def private_key(kind: str) -> str:
    """A new key, as openssl writes it."""
    command = {
        "rsa": ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        "rsa-pkcs1": ["genrsa", "-traditional", "2048"],
        "ed25519": ["genpkey", "-algorithm", "ED25519"],
    }[kind]
    return openssl(command).decode()


def record(key: str) -> bytes:
    """What the DNS would say of its public half."""
    der = openssl(["pkey", "-pubout", "-outform", "DER"], key.encode())
    if len(der) < 64:
        return b"v=DKIM1; k=ed25519; p=" + base64.b64encode(der[-32:])
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)


def openssl(command: list[str], given: bytes = b"") -> bytes:
    run = subprocess.run(["openssl", *command], input=given, capture_output=True, check=True)
    return run.stdout


@pytest.fixture
def signed(aiosmtpd: Any) -> Callable[..., list[bytes]]:
    """Send letters signed with these keys, by their selectors."""

    def send(keys: dict[str, str], email: be.Email, domain: str = DOMAIN) -> list[bytes]:
        server = aiosmtpd()
        relay = be.Smtp(
            "mail-a",
            host="127.0.0.1",
            port=server.port,
            sender="BE-Alert \u00e9 <no-reply@mail.be-alert.be>",
            tls="none",
            dkim=[
                be.Dkim(domain=domain, selector=selector, key=be.Secret(key))
                for selector, key in keys.items()
            ],
        )
        news = be.Scenario(
            "s",
            kind="news",
            expiry="1h",
            email={"nl": email},
            unsubscribe={"url": "https://be-alert.be/{{ id }}", "mailto": "stop@be-alert.be"},
        )
        people = [
            be.Recipient(f"p{at}", email=f"p{at}@example.org", name=f"Pe\u00e9ters, {at}")
            for at in range(PEOPLE)
        ]
        with be.Engine(data=None, gateways=[relay], scenarios=[news]) as engine:
            campaign = engine.launch(engine.plan("s", to=people), by="tests", key="k")
            assert campaign.wait(timeout_s=60)
        assert len(server.letters) == PEOPLE
        return [octets for _, octets in server.letters]

    return send


def verified(letter: bytes, keys: dict[str, str], signature: int = 0) -> bool:
    records = {f"{name}._domainkey.{DOMAIN}.".encode(): record(key) for name, key in keys.items()}
    checked = dkim.DKIM(letter, minkey=1024)
    try:
        return bool(checked.verify(signature, lambda name, timeout=5: records.get(name)))
    except dkim.DKIMException:
        return False


PERSONAL = be.Email(
    "Kermis \u00e9 voor {{ name }}",
    text="Dag  {{ name }} \n\n.\n{{ id }} \t.\n\n\n",
    html="<p>Dag   {{ name }}</p>",
    attachments=[be.Attachment(data=b"x  y\n\n", name="een  twee.txt")],
)
ADDED = [b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Reply-To", b"Content-Type"]
"""Headers that nobody may add."""
SAME = be.Email("Kermis", text="Voor iedereen.\n\n")


@pytest.mark.parametrize("kind", ["rsa", "rsa-pkcs1", "ed25519"])
@pytest.mark.parametrize("content", [PERSONAL, SAME], ids=["personal", "the-same-for-all"])
def test_point_21_every_letter_is_verified(signed: Any, kind: str, content: be.Email) -> None:
    keys = {"s1": private_key(kind)}
    letters = signed(keys, content)
    for letter in letters:
        assert letter.count(b"DKIM-Signature:") == 1
        assert verified(letter, keys)
    assert not verified(letters[0], {"s1": private_key(kind)}), "with another key it is not"


def test_point_21_two_keys_make_two_signatures(signed: Any) -> None:
    keys = {"rsa1": private_key("rsa"), "ed1": private_key("ed25519")}
    for letter in signed(keys, PERSONAL):
        assert letter.count(b"DKIM-Signature:") == 2
        assert [verified(letter, keys, at) for at in (0, 1)] == [True, True]


def test_point_21_what_relays_change_is_borne_and_what_matters_is_not(signed: Any) -> None:
    keys = {"s1": private_key("ed25519")}
    letter = signed(keys, PERSONAL)[0]
    assert b" l=" not in letter.partition(b"\r\n\r\n")[0]
    borne = {
        "a trace in front": b"Received: from x\r\n\tby y\r\n" + letter,
        "lines at the end": letter + b"\r\n\r\n",
        "folded anew": letter.replace(b"Auto-Submitted: auto", b"Auto-Submitted:\r\n\t auto"),
        "another case": letter.replace(b"\r\nMessage-ID:", b"\r\nmessage-id:"),
        "spaces at the end": re.sub(rb"\r\n\r\n--", rb" \r\n\r\n--", letter, count=1),
    }
    assert {what: verified(one, keys) for what, one in borne.items()} == dict.fromkeys(borne, True)
    head = letter.index(b"From: ")
    add = {name: letter[:head] + name + b": x@y.example\r\n" + letter[head:] for name in ADDED}
    changed = {
        **{f"another {name.decode()}": one for name, one in add.items()},
        "the body": letter.replace(b"Dag", b"Dah"),
        "a sender": letter.replace(b"no-reply@", b"reply@"),
        "more of the body": letter + b"more\r\n",
        "where to unsubscribe": letter.replace(b"https://be-alert.be/", b"https://be-alerts.be/"),
        "one click": letter.replace(b"One-Click", b"Two-Click"),
    }
    assert {what: verified(one, keys) for what, one in changed.items()} == dict.fromkeys(
        changed, False
    )


def test_a_key_of_another_domain_is_refused(signed: Any) -> None:
    """Letters would leave without the signature that somebody went to make a key for."""
    with pytest.raises(be.ConfigError) as caught:
        signed({"s1": private_key("ed25519")}, SAME, domain="example.org")
    [problem] = caught.value.problems
    assert "mail-a" in problem
    assert "s1._domainkey.example.org signs nothing of mail.be-alert.be" in problem


def test_point_21_whoever_takes_over_signs_and_sends_as_itself(
    aiosmtpd: Any, campaign: Any
) -> None:
    keys = {"a": private_key("ed25519"), "b": private_key("ed25519")}
    servers = {"a": aiosmtpd(), "b": aiosmtpd()}

    def no_more(server: Any, _: str) -> str | None:
        return "530 5.7.0 Who are you?" if len(server.letters) >= 10 else None

    servers["a"].on_rcpt = no_more
    relays = [
        be.Smtp(
            f"mail-{name}",
            host="127.0.0.1",
            port=server.port,
            sender=f"BE-Alert <{name}@be-alert.be>",
            tls="none",
            connections=1,
            dkim=[be.Dkim(domain=DOMAIN, selector=name, key=be.Secret(keys[name]))],
        )
        for name, server in servers.items()
    ]
    people = [f"p{at}@example.org" for at in range(PEOPLE)]
    report, _ = campaign(*relays, to=people)
    assert report.totals["email"]["accepted"] == PEOPLE
    assert [len(server.letters) for server in servers.values()] == [10, PEOPLE - 10]
    for name, server in servers.items():
        for _, letter in server.letters:
            assert f"\r\nFrom: BE-Alert <{name}@be-alert.be>\r\n".encode() in b"\r\n" + letter
            assert verified(letter, {name: keys[name]})

"""The servers of these tests do what the tests rely on: proved with the standard library."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest

SENDER = "bounces@alert.example"


def letter(to: str) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = SENDER, to, "Burglary"
    made.set_content("Stay inside.\n.\nCall 101.")
    return made


@pytest.fixture(params=["postfix", "exim"])
def server(request: Any) -> Any:
    return request.getfixturevalue(request.param)


def test_a_letter_is_in_the_mailbox_and_others_are_refused(server: Any) -> None:
    relay = server()
    with smtplib.SMTP("127.0.0.1", relay.port, timeout=30) as client:
        client.ehlo()
        for name in ("pipelining", "chunking", "8bitmime", "dsn", "size", "starttls"):
            assert client.has_extn(name), name
        refused = client.sendmail(
            SENDER,
            ["anne@example.org", "refused7@example.org", "later7@example.org"],
            bytes(letter("anne@example.org")),
        )
    assert {who: code for who, (code, _) in refused.items()} == {
        "refused7@example.org": 550,
        "later7@example.org": 450,
    }
    [kept] = relay.letters_by_person(1)["anne@example.org"]
    assert kept.get_content().rstrip() == "Stay inside.\n.\nCall 101."


def test_what_goes_over_tls_is_verified(server: Any) -> None:
    relay = server()
    context = ssl.create_default_context(cafile=relay.certificate)
    with smtplib.SMTP("localhost", relay.port, timeout=30) as client:
        client.starttls(context=context)
        if relay.name == "Exim":
            client.login("bealert", "secret")
        client.send_message(letter("anne@example.org"))
    assert len(relay.letters_by_person(1)["anne@example.org"]) == 1


def test_who_is_gone_bounces_to_the_port_that_was_given(server: Any, aiosmtpd: Any) -> None:
    back = aiosmtpd()
    relay = server(bounces_port=back.port)
    with smtplib.SMTP("127.0.0.1", relay.port, timeout=30) as client:
        client.send_message(letter("gone@example.org"))
        options = {"mail_options": ["RET=HDRS", "ENVID=42"], "rcpt_options": ["NOTIFY=SUCCESS"]}
        client.send_message(letter("anne@example.org"), **options)
    deadline = time.monotonic() + 60
    while len(back.letters) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [to for to, _ in back.letters] == [[SENDER]] * 2
    both = b"".join(octets for _, octets in back.letters).lower()
    for said in (b"action: failed", b"gone@example.org", b"original-envelope-id: 42"):
        assert said in both, (said, both)


def test_joined_groups_and_bdat_are_taken(server: Any) -> None:
    relay = server()
    with dialogue(relay.port) as talk:
        group = "MAIL FROM:<>\r\nRCPT TO:<{}@example.org>\r\n"
        talk("EHLO x\r\n", 1)
        talk(group.format("a") + "DATA\r\n", 3)
        talk("Subject: a\r\n\r\na\r\n.\r\n" + group.format("b") + "DATA\r\n", 4)
        talk("Subject: b\r\n\r\nb\r\n.\r\n", 1)
        chunk = "BDAT 17 LAST\r\nSubject: c\r\n\r\nc\r\n"
        codes = talk(group.format("c") + chunk + group.format("refused") + chunk, 6)
        assert (codes[:4], codes[4], codes[5] // 100) == ([250] * 4, 550, 5)
        talk("QUIT\r\n", 1)
    assert set(relay.letters_by_person(3)) == {f"{who}@example.org" for who in "abc"}


@contextlib.contextmanager
def dialogue(port: int) -> Iterator[Any]:
    """Writes at once, and reads so many replies; their codes."""
    with (
        socket.create_connection(("127.0.0.1", port), 30) as stream,
        stream.makefile("rb") as replies,
    ):

        def talk(octets: str, count: int) -> list[int]:
            stream.sendall(octets.encode())
            codes = []
            while len(codes) < count:
                line = replies.readline()
                assert line, "closed"
                if line[3:4] != b"-":
                    codes.append(int(line[:3]))
            return codes

        assert talk("", 1) == [220]
        yield talk


def test_smtp_sink_keeps_what_it_takes(smtp_sink: Any) -> None:
    sink = smtp_sink()
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=30) as client:
        assert client.ehlo()[0] == 250
        assert client.has_extn("pipelining")
        client.send_message(letter("anne@example.org"))
    [kept] = sink.letters()
    assert kept["Subject"] == "Burglary"


def test_aiosmtpd_answers_as_the_test_says(aiosmtpd: Any) -> None:
    before = threading.active_count()
    server = aiosmtpd()
    server.on_rcpt = lambda server, to: "450 4.7.1 Grey" if server.asked[to] < 2 else None
    with smtplib.SMTP("127.0.0.1", server.port, timeout=30) as client:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.send_message(letter("anne@example.org"))
        client.send_message(letter("anne@example.org"))
    assert threading.active_count() <= before + 1
    [(to, octets)] = server.letters
    assert to == ["anne@example.org"]
    assert b"\r\n\r\nStay inside.\r\n.\r\nCall 101." in octets

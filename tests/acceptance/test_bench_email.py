"""`bealert bench email`: what it prints, what it refuses, what it hides."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from loopback import free_port


class Relay:
    """A relay of somebody else, which keeps what it takes."""

    def __init__(self) -> None:
        self.letters: dict[str, Any] = {}
        self.octets = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        octets = envelope.original_content
        self.octets += len(octets)
        message = email.message_from_bytes(octets, policy=email.policy.SMTP)
        self.letters[envelope.rcpt_tos[0]] = message
        return "250 2.0.0 OK"


@pytest.fixture
def relay() -> Iterator[Any]:
    """An aiosmtpd, on a port that is free."""
    handler: Any = Relay()
    port = free_port()
    controller = Controller(handler, "127.0.0.1", port)
    controller.start()
    handler.url = f"smtp://127.0.0.1:{port}"
    yield handler
    controller.stop()


@pytest.mark.parametrize("mode", ["auto", "lockstep", "bdat"])
def test_it_measures_against_our_simulator(bealert: Any, mode: str) -> None:
    options = ("--count", 3_000, "--connections", 4, "--size", 2_000, "--mode", mode)
    measured = bealert.bench("email", *options)
    assert measured["submitted"] == measured["accepted"] == 3_000
    assert measured["mode"] == ("joined" if mode == "auto" else mode)
    books = measured["simulator"]
    assert (books["messages"], books["unique"], books["duplicates"]) == (3_000, 3_000, 0)
    assert 1_700 < books["bytes"] / books["messages"] < 2_300, "about as large as asked"
    assert list((bealert.home / "var").iterdir()) == [], "what it measured with is gone"


def test_letters_are_personal_and_multipart(bealert: Any, relay: Any) -> None:
    options = ("--gateway", relay.url, "--count", 50, "--connections", 2, "--data", "kept")
    measured = bealert.bench("email", *options)
    assert (measured["accepted"], measured["mode"]) == (50, "lockstep")
    assert measured["simulator"] is None
    assert set(relay.letters) == {f"user{number:09}@example.org" for number in range(50)}
    for to, letter in relay.letters.items():
        assert letter["To"].addresses[0].addr_spec == to
        assert letter.get_content_type() == "multipart/alternative"
        for part in letter.iter_parts():
            assert f"Dear reader b{to[4:13]}," in part.get_content()
    assert len({letter["Message-ID"] for letter in relay.letters.values()}) == 50
    assert 3_700 < relay.octets / 50 < 4_500
    bealert.run("verify", "kept")
    bealert.run("bench", "email", *options, code=2)


def test_a_rate_is_passed_in_no_second(bealert: Any, relay: Any) -> None:
    options = ("--gateway", relay.url, "--count", 840, "--rate", 200)
    per_second = bealert.bench("email", *options)["per_second"]
    assert per_second["slowest"] <= per_second["fastest"] <= 200 + 4, "and the burst of 20 ms"


def test_an_account_in_plain_is_refused_and_its_password_is_hidden(
    bealert: Any, relay: Any
) -> None:
    url = relay.url.replace("//", "//bench:hush-12@")
    ran = bealert.run("bench", "email", "--gateway", url, "--count", 5, code=2)
    assert "hush-12" not in ran.out + ran.err
    assert "tls" in ran.out + ran.err


@pytest.mark.parametrize(
    "url",
    [
        "smtp://192.0.2.1:25",
        "smtp://bench:hush-12@mail.example.org:25",
        "smtp://bench:hush-12@mail.example.org",
        "smtp://bench@127.0.0.1:2525",
        "smtp://127.0.0.1",
        "smtp://127.0.0.1:port",
        "smtp://127.0.0.1:2525/more",
        "smpp://bench:hush-12@127.0.0.1:2525",
    ],
)
def test_what_is_not_this_machine_or_no_url_is_refused(bealert: Any, url: str) -> None:
    ran = bealert.run("bench", "email", "--gateway", url, "--count", 5, "--json", code=2)
    assert ran.json["error"]
    assert "hush-12" not in ran.out + ran.err

"""`bealert simulate relay`: where it listens, what it does as told, and what its books say."""

from __future__ import annotations

import json
import signal
import smtplib
import subprocess
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from bealert_engine.cli.far_end import SimulatorProcess

BOOKS = {"messages", "unique", "duplicates", "bytes", "connections"}


@pytest.fixture
def relay(bealert: Any) -> Callable[..., tuple[subprocess.Popen[str], int]]:
    """Start one with options; gives the process and its port."""

    def start(*options: object) -> tuple[subprocess.Popen[str], int]:
        process = bealert.start("simulate", "relay", "--port", 0, *options)
        first = process.stdout.readline()
        assert first.startswith("listening on 127.0.0.1:"), first
        return process, int(first.rsplit(":", 1)[1])

    return start


def send(port: int, *numbers: int, to: str = "user{}@example.org") -> list[int]:
    """Send messages over one connection; gives the code that each ended with."""
    codes = []
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        for number in numbers:
            message = EmailMessage()
            message["From"], message["To"] = "alert@be.example", to.format(number)
            message["Message-ID"] = f"<{number}@be.example>"
            message.set_content("Blijf binnen.")
            try:
                client.send_message(message)
                codes.append(250)
            except smtplib.SMTPRecipientsRefused as error:
                codes.append(error.recipients[to.format(number)][0])
            except smtplib.SMTPResponseException as error:
                codes.append(error.smtp_code)
    return codes


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_its_last_line_is_its_books(relay: Any, ended: Any, number: int) -> None:
    process, port = relay()
    assert send(port, 1, 2, 1) == [250, 250, 250]
    ran = ended(process, number)
    assert ran.code == 0, ran.err
    books = json.loads(ran.out)
    assert set(books) >= BOOKS
    assert (books["messages"], books["unique"], books["duplicates"]) == (3, 2, 1)
    assert books["connections"] == 1
    assert books["bytes"] > 3 * len("Blijf binnen.")


def test_shares_and_limits_are_kept(relay: Any, ended: Any) -> None:
    process, port = relay(
        "--refuse", "0.3", "--defer", "0.2", "--reply", "@full.example=552 5.2.2 Full"
    )
    codes = send(port, *range(200))
    assert set(codes) == {250, 451, 550}
    assert send(port, 1, to="user{}@full.example") == [552]
    assert send(port, *range(200)).count(550) == codes.count(550), "the same ones each time"
    books = json.loads(ended(process, signal.SIGINT).out)
    assert books["refused"] == 2 * codes.count(550) + 1
    assert books["messages"] + books["deferred"] + 2 * codes.count(550) == 400


def test_what_comes_lies_in_a_maildir(relay: Any, ended: Any, tmp_path: Path) -> None:
    process, port = relay("--maildir", tmp_path / "mail")
    send(port, 1, 2)
    texts = [path.read_text() for path in (tmp_path / "mail" / "new").iterdir()]
    assert sorted(text.splitlines()[1] for text in texts) == [
        "Delivered-To: user1@example.org",
        "Delivered-To: user2@example.org",
    ]
    assert all("Blijf binnen." in text for text in texts)
    assert json.loads(ended(process, signal.SIGINT).out)["messages"] == 2


def test_bounces_go_where_they_are_told_to(
    relay: Any, ended: Any, until: Any, tmp_path: Path
) -> None:
    _, inbound_port = relay("--maildir", tmp_path / "bounces")
    process, port = relay("--bounces", 1, "--reports-to", f"smtp://127.0.0.1:{inbound_port}")
    send(port, 1, 2, 3)
    new = tmp_path / "bounces" / "new"
    until(lambda: len(list(new.iterdir())) == 3)
    assert all("Action: failed" in path.read_text() for path in new.iterdir())
    assert json.loads(ended(process, signal.SIGINT).out)["reports"] == 3


def test_caps_hang_up(relay: Any, ended: Any) -> None:
    process, port = relay("--max-messages", 2, "--limit", 1000, "--limit-burst", 1000)
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.ehlo()
        for _ in range(2):
            client.sendmail("a@be.example", ["b@example.org"], "Subject: x\n\nx\n")
        assert client.mail("a@be.example")[0] == 421
        client.close()
    assert json.loads(ended(process, signal.SIGINT).out)["hung_up"] == 1


@pytest.mark.parametrize(
    "options",
    [
        ["--limit-burst", 5],
        ["--certificate", "x.pem"],
        ["--certificate", "gone.pem", "--key", "gone.pem"],
        ["--reply", "nothing"],
        ["--reply", "@full.example=no reply"],
        ["--reports-to", "nowhere"],
    ],
)
def test_options_that_cannot_be(bealert: Any, options: list[object]) -> None:
    ran = bealert.run("simulate", "relay", "--port", 0, *options, code=2)
    assert ran.err


def test_a_taken_port_is_said(bealert: Any, relay: Any) -> None:
    _, port = relay()
    ran = bealert.run("simulate", "relay", "--port", port, code=1)
    assert ran.err


def test_with_parent_it_ends_when_its_input_does(bealert: Any, relay: Any) -> None:
    with SimulatorProcess("relay", "--latency-ms", "1") as process:
        assert send(process.port, 1) == [250]
        assert process.books()["unique"] == 1

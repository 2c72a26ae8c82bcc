"""What became of a letter comes back from Postfix and Exim: over LMTP, SMTP or a Maildir."""

from __future__ import annotations

import contextlib
import shutil
import smtplib
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from loopback import free_port

import bealert_engine as be

PEOPLE = ["anne@example.org", "gone1@example.org", "bert@example.org", "gone2@example.org"]
GONE = {"p001", "p003"}
WITHIN_S = 60


@pytest.fixture(params=["postfix", "exim"])
def server(request: Any) -> Any:
    return request.getfixturevalue(request.param)


@contextlib.contextmanager
def sent(gateway: be.Smtp, bounces: be.Bounces) -> Iterator[be.Campaign]:
    """A campaign that has been sent, while the engine is still open."""
    letter = be.Email("Inbraak", text="Blijf binnen, {{ id }}.")
    alert = be.Scenario("alert", kind="warning", expiry="1h", email={"nl": letter})
    people = [be.Recipient(f"p{n:03}", email=who) for n, who in enumerate(PEOPLE)]
    with be.Engine(data=None, gateways=[gateway], scenarios=[alert], bounces=bounces) as engine:
        campaign = engine.launch(engine.plan("alert", to=people), by="tests", key="k")
        yield campaign


def until(done: Callable[[], bool], what: Callable[[], object]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not done():
        assert time.monotonic() < deadline, what()
        time.sleep(0.05)


def states(campaign: be.Campaign) -> dict[str, str]:
    return {row.recipient: row.state for row in campaign.report().rows()}


@pytest.mark.parametrize("protocol", ["lmtp", "smtp"])
def test_delivered_and_failed_by_the_reports_that_were_asked_for(
    server: Any, protocol: Any
) -> None:
    free = free_port()
    relay = server(bounces_port=free, bounces=protocol)
    gateway = relay.gateway(bounces_to="bounces@alert.example", receipts=True, receipt_wait="1m")
    with sent(gateway, be.Bounces(listen=f"127.0.0.1:{free}", protocol=protocol)) as campaign:
        campaign.wait(timeout_s=WITHIN_S)
        report = campaign.report()
        assert report.balanced
        expected = {f"p{n:03}": "delivered" for n in range(4)} | dict.fromkeys(GONE, "failed")
        assert states(campaign) == expected, relay.log()
        # Nothing in a report is taken by its word but the token: both have a reason.
        assert all(row.reason for row in report.rows() if row.state == "failed")


def test_a_bounce_that_nobody_asked_for_corrects_what_was_accepted(server: Any) -> None:
    free = free_port()
    relay = server(bounces_port=free, bounces="lmtp")
    gateway = relay.gateway(bounces_to="bounces@alert.example")
    with sent(gateway, be.Bounces(listen=f"127.0.0.1:{free}")) as campaign:
        campaign.wait(timeout_s=WITHIN_S)
        until(lambda: list(states(campaign).values()).count("failed") == 2, relay.log)
        assert {who for who, state in states(campaign).items() if state == "failed"} == GONE
        assert campaign.report().balanced
        # Postfix says 5.1.1; Exim says no more than 5.0.0, of which nothing follows.
        assert set(campaign.report().suppress) == (GONE if relay.name == "Postfix" else set())


def test_a_maildir_is_read_whatever_else_is_in_it(postfix: Any) -> None:
    # What is for alert.example is put beside the letters themselves.
    relay = postfix(bounces="virtual")
    box = relay.home / "mail" / "all"
    for name in ("new", "cur", "tmp"):
        (box / name).mkdir(parents=True, exist_ok=True)
    for directory in (box, *box.iterdir()):
        shutil.chown(directory, "nobody")
    gateway = relay.gateway(bounces_to="bounces@alert.example", receipts=True, receipt_wait="1m")
    with sent(gateway, be.Bounces(maildir=box)) as campaign:
        campaign.wait(timeout_s=WITHIN_S)
        expected = {f"p{n:03}": "delivered" for n in range(4)} | dict.fromkeys(GONE, "failed")
        assert states(campaign) == expected, relay.log()
        until(lambda: len(list((box / "cur").iterdir())) == 6, lambda: list(box.glob("*/*")))


def test_a_forged_bounce_changes_nothing(postfix: Any) -> None:
    free = free_port()
    relay = postfix(bounces_port=free, bounces="lmtp")
    gateway = relay.gateway(bounces_to="bounces@alert.example")
    with sent(gateway, be.Bounces(listen=f"127.0.0.1:{free}")) as campaign:
        campaign.wait(timeout_s=WITHIN_S)
        until(lambda: list(states(campaign).values()).count("failed") == 2, relay.log)
        [true] = {letter["Return-Path"] for letter in relay.letters_by_person(2)[PEOPLE[0]]}
        local, domain = true.strip("<>").split("@")
        forged = EmailMessage()
        forged["From"], forged["Subject"] = "MAILER-DAEMON@example.org", "Undelivered"
        forged.set_content("It failed.")
        forged.add_attachment(
            f"Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; {PEOPLE[0]}\n"
            "Action: failed\nStatus: 5.1.1\n",
            subtype="delivery-status",
        )
        forged.replace_header("Content-Type", "multipart/report; report-type=delivery-status")
        # One letter of the token is another.
        other = local[:-3] + ("b" if local[-3] != "b" else "c") + local[-2:]
        with contextlib.suppress(smtplib.SMTPException), smtplib.LMTP("127.0.0.1", free) as lmtp:
            lmtp.sendmail("", [f"{other}@{domain}"], bytes(forged))
        time.sleep(1)
        assert states(campaign)["p000"] == "accepted"

"""Bad addresses, values and sizes: refused or reported by name, and never a command or a line."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest

import bealert_engine as be

BAD_ADDRESSES = {
    "cr lf": "a@example.org\r\nRCPT TO:<b@example.org>",
    "lf": "a\n@example.org",
    "nul": "a\0@example.org",
    "bell": "a\x07@example.org",
    "c1": "a\x85@example.org",
    "quotes": '"a b"@example.org',
    "an end of the path": "a@example.org> SIZE=1 <b@example.org",
    "two": "a@example.org,b@example.org",
    "name": "A <a@example.org>",
    "long local part": "a" * 65 + "@example.org",
    "long domain": "a@" + ".".join(["b" * 63] * 4) + ".org",
    "long label": "a@" + "b" * 64 + ".org",
    "literal": "a@[127.0.0.1]",
    "not IDNA": "a@xn--a.example",
    "turned around": "a\u202e@example.org",
    "nothing": "",
    "no domain": "a@",
    "huge": "a" * 100_000 + "@example.org",
}


def test_bad_addresses_are_excluded_by_name_and_never_leave(relay: Any, sending: Any) -> None:
    office = relay()
    engine = sending(office.gateway())
    people = [
        be.Recipient(name, email=address, name="x") for name, address in BAD_ADDRESSES.items()
    ]
    people.append(be.Recipient("good", email="Jos\u00e9.x@B\u00fccher.example", name="x"))
    people.append(be.Recipient("fine", email="o'neil+tag@example.org", name="x"))
    plan = engine.engine.plan("alert", to=people)
    reasons = {one.recipient: (one.channel, one.reason) for one in plan.excluded}
    assert reasons.keys() == BAD_ADDRESSES.keys()
    assert {channel for channel, _ in reasons.values()} == {"email"}
    assert all(why.isprintable() and 10 < len(why) < 200 for _, why in reasons.values())
    assert "control character" in reasons["cr lf"][1]
    assert "64" in reasons["long local part"][1]
    campaign = engine.engine.launch(plan, by="tests", key="k")
    campaign.wait(timeout_s=60)
    report = campaign.report()
    assert report.totals["email"] == {"skipped": len(BAD_ADDRESSES), "accepted": 2} | {
        state: 0 for state in report.totals["email"] if state not in ("skipped", "accepted")
    }
    said = office.heard("RCPT")
    assert sorted(line.split(">")[0] for line in said) == [
        "RCPT TO:<Jos\u00e9.x@xn--bcher-kva.example".encode().decode("latin-1"),
        "RCPT TO:<o'neil+tag@example.org",
    ]
    [needs] = [line for line in office.heard("MAIL") if "SMTPUTF8" in line]
    assert needs


def test_a_name_beyond_ascii_at_a_relay_without_smtputf8_fails_alone_and_says_why(
    relay: Any, sending: Any, persons: Any
) -> None:
    office = relay(offers=("PIPELINING",))
    engine = sending(office.gateway())
    people = [*persons(5), be.Recipient("jose", email="jos\u00e9@example.org", name="x")]
    campaign = engine.launch(people)
    progress = campaign.wait(timeout_s=60)
    assert (progress.email.accepted, progress.email.failed) == (5, 1)
    [row] = [row for row in campaign.report().rows() if row.state == "failed"]
    assert row.recipient == "jose"
    assert re.search("5.6.7|SMTPUTF8", row.reason or ""), row.reason
    assert not any("jos" in line for line in office.heard("RCPT"))


SMUGGLED = (
    "a\n.\nMAIL FROM:<evil@example.org>",
    "a\r\n.\r\nMAIL FROM:<evil@example.org>\r\n",
    "a\r.\rb",
    "a\n.\r\nb",
    ".",
    "..\n.",
    "a\r\n\r\n.\r\n\r\nb",
    "\u2028.\u2028",
)


@pytest.mark.parametrize("mode", ["lockstep", "joined"])
def test_nothing_that_a_value_holds_ends_a_message_or_a_line(
    mode: str, relay: Any, sending: Any
) -> None:
    """CVE-2023-51764: Postfix on Debian still ends a message at a bare LF, dot, bare LF."""
    office = relay()
    email = be.Email("Alert", text="{{ what }}\n", html="<p title='{{ what }}'>{{ what }}</p>")
    engine = sending(office.gateway(mode=mode, connections=1), email=email)
    people = [
        be.Recipient(f"p{n}", email=f"p{n}@example.org", values={"what": value})
        for n, value in enumerate(SMUGGLED)
    ]
    engine.launch(people).wait(timeout_s=60)
    [talk] = office.talks
    octets = b"".join(talk.reads)
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\0", octets), "no bare CR or LF, no NUL"
    assert not re.search(rb"[^\x00-\x7f]", octets), "seven bits"
    assert octets.count(b"\r\n.\r\n") == len(SMUGGLED)
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    assert len(office.heard("MAIL")) == len(office.taken) == len(SMUGGLED)
    assert not any("evil" in line for line in office.heard("MAIL"))
    assert [one.to for one in office.taken] == [[f"p{n}@example.org"] for n in range(len(people))]


def test_a_message_that_is_larger_than_the_relay_takes(
    relay: Any, sending: Any, persons: Any
) -> None:
    """Launched before the relay was met: said by check and a notice, and not an octet leaves."""
    awake = threading.Event()

    def not_yet(_: Any, heard: str) -> str | None:
        return "421 4.3.2 Soon" if heard == ":greeting" and not awake.is_set() else None

    office = relay(not_yet, offers=("PIPELINING", "SIZE 50000"))
    plan_of_town = be.Attachment(data=bytes(60_000), name="town.bin")
    email = be.Email("A map", text="See the map.\n", attachments=[plan_of_town])
    engine = sending(office.gateway(), email=email, scenario={"expiry": "4s"})
    campaign = engine.launch(persons(3))
    awake.set()
    [check] = engine.engine.check()
    assert any("alert" in line and "50" in line for line in check.warnings), check
    progress = campaign.wait(timeout_s=60)
    # Nobody is failed for one relay: another could have taken it.
    assert (progress.email.expired, progress.email.failed) == (3, 0)
    notice = engine.notice("no_gateway")
    assert (notice.gateway, notice.campaign) == ("mail-a", campaign.id)
    assert "50000" in notice.text
    assert not office.heard("MAIL")


def test_a_template_that_renders_empty_is_refused_by_language_and_recipient(
    relay: Any, sending: Any
) -> None:
    email = be.Email("{{ title }}", text="{% if more %}{{ more }}{% endif %}")
    engine = sending(relay().gateway(), email=email)
    people = [
        be.Recipient("p1", email="a@example.org", values={"title": " ", "more": "x"}),
        be.Recipient("p2", email="b@example.org", values={"title": "x", "more": ""}),
    ]
    with pytest.raises(be.PlanRefused) as caught:
        engine.engine.plan("alert", to=people)
    first, second = caught.value.problems
    assert "subject" in first
    assert "empty" in first
    assert "p1" in first
    assert "text" in second
    assert "empty" in second
    assert "p2" in second

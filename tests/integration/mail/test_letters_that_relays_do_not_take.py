"""Letters over a relay's SIZE: refused by a plan where no relay takes them, else a warning."""

from __future__ import annotations

import pickle
import subprocess
from typing import Any

import pytest

import bealert_engine as be

SILENT = "silent"
"""What a relay does instead of a reply, see `ScriptedRelay`."""

TOWN = be.Attachment(data=bytes(60_000), name="town.bin")
"""Some 82,000 octets in an e-mail: four for three, in lines of 76."""

MAP = be.Email("A map", text="See the map, {{ name }}.\n", attachments=[TOWN])


def offers(octets: int | str) -> tuple[str, ...]:
    return ("PIPELINING", f"SIZE {octets}")


def refused(engine: be.Engine, to: Any) -> str:
    with pytest.raises(be.PlanRefused) as caught:
        engine.plan("alert", to=to)
    [problem] = caught.value.problems
    return str(problem)


def test_nothing_is_said_of_a_relay_that_was_not_met(
    relay: Any, sending: Any, persons: Any
) -> None:
    office = relay(lambda _, heard: SILENT if heard == ":greeting" else None, offers=offers(50_000))
    engine = sending(office.gateway(), email=MAP).engine
    plan = engine.plan("alert", to=persons(1))
    assert plan.warnings == ()
    assert "warning:" not in plan.summary()


def test_a_letter_that_no_relay_takes_refuses_the_plan_by_scenario_language_and_size(
    relay: Any, sending: Any, persons: Any
) -> None:
    gateways = [relay(offers=offers(n)).gateway(name) for name, n in (("a", 40_000), ("b", 50_000))]
    engine = sending(*gateways, email=MAP).engine
    # A plan that knows nothing of gateways.
    octets = be.make_plan(engine.config, "alert", to=persons(3)).channels["email"].largest_octets
    assert 80_000 < octets < 84_000
    engine.check()
    problem = refused(engine, persons(3))
    assert problem == (
        "scenario alert: the e-mail for en is too large for every relay (a takes 40000 octets, "
        "b takes 50000 octets): shorten it, or attach less (recipients: "
        f"p00000 ({octets} octets), p00001 ({octets} octets), p00002 ({octets} octets))"
    )


def test_a_value_that_makes_one_letter_too_large_is_named_by_whose_it_is(
    relay: Any, sending: Any, persons: Any
) -> None:
    """What a connection heard is known as well as what `check` was told."""
    office = relay(offers=offers(5_000))
    engine = sending(office.gateway(), email=be.Email("Alert", text="{{ more }}"))

    def person(name: str, length: int) -> be.Recipient:
        return be.Recipient(name, email=f"{name}@example.org", values={"more": "x" * length})

    few = [person("p1", 100), person("p2", 200)]
    assert engine.launch(few).wait(timeout_s=60).email.accepted == 2
    problem = refused(engine.engine, [*few, person("p3", 6_000)])
    assert "mail-a takes 5000 octets" in problem
    assert "(recipients: p3 (6" in problem
    assert "p1" not in problem
    assert engine.engine.plan("alert", to=few).people == 2


def test_a_letter_that_some_relays_take_is_a_warning_and_goes_through_those(
    relay: Any, sending: Any, persons: Any
) -> None:
    small, large = relay(offers=offers(50_000)), relay(offers=offers(0))
    gateways = [small.gateway("small"), large.gateway("large")]
    engine = sending(*gateways, email=MAP)
    engine.engine.check()
    plan = engine.engine.plan("alert", to=persons(4))
    octets = plan.channels["email"].largest_octets
    [warning] = plan.warnings
    assert warning == (
        "gateway small: it takes 50000 octets, and 4 of the e-mails are larger, "
        f"up to {octets}: they wait for another relay"
    )
    assert f"  warning: {warning}\n" in plan.summary() + "\n"
    assert pickle.loads(pickle.dumps(plan)).warnings == plan.warnings
    campaign = engine.engine.launch(plan, by="tests", key="k")
    assert campaign.wait(timeout_s=60).email.accepted == 4
    assert not small.heard("MAIL")
    assert len(large.copies()) == 4


@pytest.mark.parametrize("kind", ["RSA", "ED25519"])
def test_a_plan_counts_each_octet_that_is_sent(
    kind: str, relay: Any, sending: Any, persons: Any
) -> None:
    """A signature, where answers go, and dots at the beginning of lines (RFC 1870 \u00a76.1)."""
    key = subprocess.run(
        ["openssl", "genpkey", "-algorithm", kind], capture_output=True, text=True, check=True
    ).stdout
    given: dict[str, Any] = {
        "reply_to": "Desk \u00e9 <desk@alert.example>",
        "dkim": [be.Dkim(domain="alert.example", selector="s1", key=be.Secret(key))],
    }
    email = be.Email("Stay inside, {{ name }}", text=".\n..\n{{ name }}\n.", html="<p>.\n.</p>")
    office = relay(offers=offers(10_000))
    engine = sending(office.gateway(**given), email=email)
    plan = engine.engine.plan("alert", to=persons(1))
    engine.engine.launch(plan, by="tests", key="k").wait(timeout_s=60)
    [taken] = office.taken
    octets = len(taken.octets)
    assert plan.channels["email"].largest_octets == octets
    assert office.heard("MAIL") == [f"MAIL FROM:<no-reply@alert.example> SIZE={octets}"]
    for most, fits in ((octets, True), (octets - 1, False)):
        engine = sending(relay(offers=offers(most)).gateway(**given), email=email).engine
        engine.check()
        if fits:
            assert engine.plan("alert", to=persons(1)).warnings == ()
        else:
            assert f"p00000 ({octets} octets)" in refused(engine, persons(1))


def test_a_plan_that_knew_of_no_relay_is_judged_when_it_is_launched(
    relay: Any, sending: Any, persons: Any
) -> None:
    """As one is that another process made, such as `bealert launch`."""
    engine = sending(relay(offers=offers(50_000)).gateway(), email=MAP).engine
    plan = be.make_plan(engine.config, "alert", to=persons(3))
    octets = plan.channels["email"].largest_octets
    engine.check()
    with pytest.raises(
        be.PlanStale, match=f"has {octets} octets, and no relay takes more than 50000"
    ):
        engine.launch(plan, by="tests", key="k")
    assert engine.campaigns() == []

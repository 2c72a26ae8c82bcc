"""SMS and e-mail of one campaign: one plan, one launch, each person accounted for on each."""

from __future__ import annotations

import csv
import email
import email.policy
import json
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

import bealert_engine as be
from bealert_engine import testing

EMAIL = {
    "nl": be.Email(
        "Gevaar in {{ street }}",
        text="Beste {{ name }},\n\nBlijf binnen.",
        html="<p>Beste {{ name }},<p>Blijf <b>binnen</b>.",
        attachments=[be.Attachment(data=b"%PDF-", name="plan.pdf")],
    ),
    "fr": {"subject": "Danger : {{ street }}", "text": "{{ name }}, restez à l'intérieur."},
}
BOTH = be.Scenario(
    "alert",
    kind="warning",
    expiry="2h",
    sms={"nl": "Gevaar in {{ street }}. Blijf binnen."},
    email=EMAIL,
)
ONLY_EMAIL = be.Scenario("alert", kind="warning", expiry="2h", email=EMAIL)


@pytest.fixture
def relay() -> Any:
    with testing.relay() as relay:
        yield relay


def read(message: testing.Mail) -> EmailMessage:
    parsed = email.message_from_bytes(message.content, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def counted(totals: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """The states that somebody is in, per channel."""
    return {
        channel: {state: count for state, count in states.items() if count}
        for channel, states in totals.items()
    }


@pytest.mark.parametrize("durable", [False, True])
def test_everybody_ends_in_one_state_on_each_channel(
    flavour: Any, people: Any, relay: Any, tmp_path: Path, durable: bool
) -> None:
    with (
        testing.smsc(receipt_ms=20, failed=0.1) as smsc,
        flavour.engine(
            data=tmp_path / "var" if durable else None,
            default_country="BE",
            gateways=[smsc.gateway(), relay.gateway()],
            scenarios=[BOTH],
        ) as engine,
    ):
        plan = engine.plan("alert", to=people(400, unusable=7, unmailable=9))
        assert (plan.people, plan.parts, plan.unreachable) == (400, 393 + 391, 0)
        sms, mail = plan.channels["sms"], plan.channels["email"]
        assert (sms.people, sms.excluded, sms.parts) == (393, 7, 393)
        assert (mail.people, mail.excluded, mail.parts) == (391, 9, 391)
        campaign = engine.launch(plan, by="tests", key="first")
        looks = list(campaign.progress(every_s=0.05))
        assert all(look.sms.total == look.email.total == 400 for look in looks)
        last = looks[-1]
        assert (last.state, last.sms.open, last.email.open) == ("done", 0, 0)
        assert last.sms.delivered + last.sms.failed == 393
        assert (last.email.accepted, last.email.skipped) == (391, 9)
        report = campaign.report()
    assert report.balanced
    assert report.people == 400
    assert {name: sum(totals.values()) for name, totals in report.totals.items()} == {
        "sms": 400,
        "email": 400,
    }
    assert counted(report.totals)["email"] == {"accepted": 391, "skipped": 9}
    assert smsc.books()["unique"] == 393
    books = relay.books()
    assert (books["messages"], books["unique"], books["duplicates"]) == (391, 391, 0)
    assert {message.recipients[0] for message in relay.messages()} == {
        row.address for row in report.rows(states=["accepted"]) if row.channel == "email"
    }


def test_who_lacks_an_address_is_excluded_there_with_the_reason(
    flavour: Any, relay: Any, smsc: Any
) -> None:
    to = [
        be.Recipient("both", phone="+33639981234", email="an@Bücher.example", name="An"),
        be.Recipient("phone", phone="+33639981235", name="Bo"),
        be.Recipient("mail", email="cy@example.org", name="Cy"),
        be.Recipient("neither", phone="12", email="dé@", name="Dé"),
        be.Excluded("gone", "", "moved away"),
    ]
    with flavour.engine(
        data=None, gateways=[smsc.gateway(), relay.gateway()], scenarios=[BOTH]
    ) as engine:
        plan = engine.plan("alert", to=to, values={"street": "Kerkstraat"})
        assert [(one.recipient, one.channel) for one in plan.excluded] == [
            ("mail", "sms"),
            ("neither", "sms"),
            ("gone", "sms"),
            ("phone", "email"),
            ("neither", "email"),
            ("gone", "email"),
        ]
        reasons = {(one.recipient, one.channel): one.reason for one in plan.excluded}
        assert reasons["mail", "sms"] == "no number"
        assert reasons["phone", "email"] == "no e-mail address"
        assert reasons["neither", "email"].startswith("not an e-mail address: ")
        assert reasons["gone", "email"] == "moved away"
        assert plan.unreachable == 2
        summary = plan.summary()
        assert "  sms: 2 to send, 2 parts" in summary
        assert "  email: 2 to send, 2 messages (UTF-8), at most " in summary
        assert "    phone, email: no e-mail address" in summary
        assert plan.examples["sms"].text == "Gevaar in Kerkstraat. Blijf binnen."
        shown = plan.examples["email"]
        assert (shown.recipient, shown.subject) == ("both", "Gevaar in Kerkstraat")
        assert shown.text.split() == ["Beste", "An,", "Blijf", "binnen."]
        campaign = engine.launch(plan, by="tests", key="k")
        campaign.wait(timeout_s=60)
        report = campaign.report()
    assert report.balanced
    rows = {(row.recipient, row.channel): row for row in report.rows()}
    assert len(rows) == 10
    assert rows["both", "email"].address == "an@xn--bcher-kva.example"
    assert (rows["both", "sms"].state, rows["both", "email"].state) == ("delivered", "accepted")
    skipped = {name: row.reason for name, row in rows.items() if row.state == "skipped"}
    assert skipped == reasons
    assert {tuple(message.recipients) for message in relay.messages()} == {
        ("an@xn--bcher-kva.example",),
        ("cy@example.org",),
    }


def test_what_arrives_is_what_was_written(flavour: Any, relay: Any) -> None:
    values = {"street": "Rue de l'Église & cie"}
    to = [
        be.Recipient("p1", email="an@example.org", name='An "<b>" Łukasz', values=values),
        be.Recipient("p2", email="bo@example.org", name="Bo", language="fr", values=values),
    ]
    with flavour.engine(data=None, gateways=[relay.gateway()], scenarios=[ONLY_EMAIL]) as engine:
        plan = engine.plan("alert", to=to)
        assert list(plan.channels) == ["email"]
        engine.launch(plan, by="tests", key="k").wait(timeout_s=60)
    messages = {message.recipients[0]: read(message) for message in relay.messages()}
    an, bo = messages["an@example.org"], messages["bo@example.org"]
    assert an["Subject"] == "Gevaar in Rue de l'Église & cie"
    assert an["From"] == "BE-Alert <alert@be-alert.example>"
    (to_an,) = an["To"].addresses
    assert (to_an.addr_spec, to_an.display_name) == ("an@example.org", 'An "<b>" Łukasz')
    assert an["Auto-Submitted"] == "auto-generated"
    assert an["Importance"] == "high"
    text = an.get_body(("plain",))
    html = an.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().split() == ["Beste", "An", '"<b>"', "Łukasz,", "Blijf", "binnen."]
    assert "&lt;b&gt;" in html.get_content()
    (attached,) = an.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("plan.pdf", b"%PDF-")
    assert bo["Subject"] == "Danger : Rue de l'Église & cie"
    body = bo.get_body(("plain",))
    assert body is not None
    assert body.get_content().strip() == "Bo, restez à l'intérieur."
    assert an["Message-ID"] != bo["Message-ID"]


def test_the_report_on_disk_has_a_row_per_recipient_and_channel(
    flavour: Any, people: Any, relay: Any, smsc: Any, tmp_path: Path
) -> None:
    gateways = [smsc.gateway(), relay.gateway()]
    with flavour.engine(data=None, gateways=gateways, scenarios=[BOTH]) as engine:
        campaign = engine.launch(
            engine.plan("alert", to=people(50, unusable=2, unmailable=3)), by="tests", key="k"
        )
        campaign.wait(timeout_s=60)
        report = campaign.report()
        report.write(tmp_path)
    written = json.loads((tmp_path / "report.json").read_text())
    assert written["balanced"] is True
    assert counted(written["totals"]) == {
        "sms": {"delivered": 48, "skipped": 2},
        "email": {"accepted": 47, "skipped": 3},
    }
    assert set(written["gateways"]) == {"sms-a", "mail-a"}
    with (tmp_path / "report.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({(row["id"], row["channel"]) for row in rows}) == len(rows) == 100
    assert all("@mail.example" in row["address"] for row in rows if row["state"] == "accepted")


def test_a_key_launched_again_is_the_same_campaign(flavour: Any, people: Any, relay: Any) -> None:
    with flavour.engine(data=None, gateways=[relay.gateway()], scenarios=[ONLY_EMAIL]) as engine:
        first = engine.launch(engine.plan("alert", to=people(5)), by="tests", key="k")
        again = engine.launch(engine.plan("alert", to=people(5)), by="tests", key="k")
        assert first.id == again.id
        first.wait(timeout_s=60)
        with pytest.raises(be.KeyConflict):
            engine.launch(engine.plan("alert", to=people(6)), by="tests", key="k")
    assert relay.books()["messages"] == 5


def test_a_campaign_goes_on_with_what_it_froze(
    flavour: Any, people: Any, tmp_path: Path, relay: Any
) -> None:
    settings: dict[str, Any] = {"data": tmp_path / "var", "gateways": [relay.gateway()]}
    relay.change(latency_ms=60_000)
    with flavour.engine(**settings, scenarios=[ONLY_EMAIL]) as engine:
        campaign = engine.launch(engine.plan("alert", to=people(20)), by="tests", key="k")
        campaign.pause()
    relay.change(latency_ms=0)
    changed = be.Scenario("alert", kind="news", expiry="1h", email={"nl": be.Email("X", text="Y")})
    with flavour.engine(**settings, scenarios=[changed]) as engine:
        campaign = engine.campaign("k")
        campaign.resume()
        campaign.wait(timeout_s=60)
        assert campaign.report().balanced
    subjects = {read(message)["Subject"].split()[0] for message in relay.messages()}
    assert subjects == {"Gevaar", "Danger"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": "An\r\nBcc: all@example.org"}, "the name of the recipient has a control char"),
        ({"values": {"street": "a\nBcc: all@example.org"}}, "subject: "),
        ({"values": {"street": "\0"}}, "subject: "),
        ({"values": {}}, "subject: no value for"),
        ({"name": ""}, "text: no value for"),
    ],
)
def test_values_that_could_inject_a_header_refuse_the_plan(
    flavour: Any, relay: Any, changes: dict[str, Any], expected: str
) -> None:
    fields: dict[str, Any] = {"email": "an@example.org", "name": "An", "values": {"street": "x"}}
    person = be.Recipient("p1", **fields | changes)
    with (
        flavour.engine(data=None, gateways=[relay.gateway()], scenarios=[ONLY_EMAIL]) as engine,
        pytest.raises(be.PlanRefused) as caught,
    ):
        engine.plan("alert", to=[person])
    (problem,) = caught.value.problems
    assert problem.startswith(f"the e-mail for nl: {expected}")
    assert problem.endswith("(recipients: p1)")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"sender": "x@elsewhere.example"}, "none of the senders that the configuration allows"),
        ({"messages_per_second": 0}, "gateway mail-a: its rate is 0 per second"),
    ],
)
def test_a_sender_or_a_rate_that_may_not_be_refuses_the_plan(
    flavour: Any, relay: Any, options: dict[str, Any], expected: str
) -> None:
    with (
        flavour.engine(
            data=None,
            senders=["@be-alert.example"],
            gateways=[relay.gateway(**options)],
            scenarios=[ONLY_EMAIL],
        ) as engine,
        pytest.raises(be.PlanRefused, match=expected),
    ):
        engine.plan("alert", to=[])


def test_relays_share_the_people_by_weight(flavour: Any, people: Any, relay: Any) -> None:
    with testing.relay() as other:
        gateways = [relay.gateway(weight=3), other.gateway("mail-b")]
        with flavour.engine(data=None, gateways=gateways, scenarios=[ONLY_EMAIL]) as engine:
            campaign = engine.launch(engine.plan("alert", to=people(400)), by="tests", key="k")
            campaign.wait(timeout_s=60)
            assert campaign.report().balanced
        assert other.books()["messages"] == 100
    assert relay.books()["messages"] == 300


def test_a_key_that_cannot_sign_is_named_when_the_engine_opens(flavour: Any, relay: Any) -> None:
    key = be.Dkim(domain="be-alert.example", selector="s1", key=be.Secret("no key"))
    with (
        pytest.raises(be.ConfigError) as caught,
        flavour.engine(data=None, gateways=[relay.gateway(dkim=[key])], scenarios=[ONLY_EMAIL]),
    ):
        pass
    (problem,) = caught.value.problems
    assert 'gateway "mail-a": the dkim key of s1._domainkey.be-alert.example' in problem

"""Our engine sends through an SMSC that is made of somebody else's PDU classes."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from smpplib import consts, gsm

import bealert_engine as be

PEOPLE = 60


def test_what_it_sends_is_what_smpplib_reads(far_end: Any, campaign: Any) -> None:
    smsc = far_end()
    report, _ = campaign(smsc.gateway(), people=PEOPLE, text="Dag {{ id }}: €5 @ thuis.")
    assert report.totals["sms"]["delivered"] == PEOPLE
    [bind] = smsc.binds
    assert (bind.command, bind.system_id, bind.password) == (
        "bind_transceiver",
        b"bealert",
        b"secret",
    )
    assert bind.interface_version == consts.SMPP_VERSION_34
    assert smsc.unbinds == 1
    assert set(smsc.receipts.values()) == {consts.SMPP_ESME_ROK}
    assert len(smsc.receipts) == PEOPLE
    by_number = {submit.destination_addr: submit for submit in smsc.submits}
    assert len(by_number) == len(smsc.submits) == PEOPLE
    for number in range(PEOPLE):
        submit = by_number[f"3363998{number:04}".encode()]
        assert submit.short_message == gsm.gsm_encode(f"Dag p{number:04}: €5 @ thuis.")
        assert (submit.source_addr, submit.source_addr_ton) == (b"BE-Alert", 5)
        assert (submit.dest_addr_ton, submit.dest_addr_npi) == (1, 1)
        assert (submit.data_coding, submit.esm_class, submit.registered_delivery) == (0, 0, 1)
        assert len(submit.validity_period) == 16
    sequences = [submit.sequence for submit in smsc.submits]
    assert len(set(sequences)) == PEOPLE
    assert all(0 < sequence <= 0x7FFFFFFF for sequence in sequences)


def test_long_messages_have_a_header(far_end: Any, campaign: Any) -> None:
    smsc = far_end()
    text = "Gevaar in de Kerkstraat, {{ id }}. Blijf binnen. " * 5
    report, _ = campaign(smsc.gateway(), people=20, text=text)
    assert report.totals["sms"]["delivered"] == 20
    assert len(smsc.submits) == 40
    for number in range(20):
        parts = [s for s in smsc.submits if s.destination_addr == f"3363998{number:04}".encode()]
        assert [s.esm_class for s in parts] == [consts.SMPP_GSMFEAT_UDHI] * 2
        headers = {s.short_message[:6] for s in parts}
        assert headers == {b"\5\0\3\1\2\1", b"\5\0\3\1\2\2"}, "the campaign is the reference"
        bodies = b"".join(s.short_message[6:] for s in sorted(parts, key=lambda s: s.short_message))
        # The last line feed or space of a template is text like any other.
        assert bodies == gsm.gsm_encode(text.replace("{{ id }}", f"p{number:04}"))


def test_throttling_puts_back_and_burns_no_attempt(far_end: Any, campaign: Any) -> None:
    throttled: Counter[bytes] = Counter()

    def on_submit(smsc: Any, connection: Any, submit: Any) -> None:
        number = submit.destination_addr
        if throttled[number] < 4 and number.endswith(b"7"):
            throttled[number] += 1
            status = [consts.SMPP_ESME_RTHROTTLED, consts.SMPP_ESME_RMSGQFUL][throttled[number] % 2]
            return connection.answer(submit, status=status)
        connection.answer(submit, message_id=f"m{len(smsc.submits)}")
        return smsc.receipt(connection, submit, f"m{len(smsc.submits)}")

    smsc = far_end(on_submit)
    gateway = smsc.gateway(retry={"attempts": 1, "first": "50ms", "max": "50ms"})
    report, _ = campaign(gateway, people=40)
    assert report.totals["sms"]["delivered"] == 40, "one attempt each, however often put back"
    assert throttled.total() == 16
    assert not report.possibly_doubled


def test_refusals_for_now_and_for_good(far_end: Any, campaign: Any) -> None:
    tries: Counter[bytes] = Counter()

    def on_submit(smsc: Any, connection: Any, submit: Any) -> None:
        number = submit.destination_addr
        tries[number] += 1
        if number.endswith(b"1"):
            return connection.answer(submit, status=consts.SMPP_ESME_RINVDSTADR)
        if number.endswith(b"2"):
            return connection.answer(submit, status=consts.SMPP_ESME_RSYSERR)
        if number.endswith(b"3") and tries[number] < 3:
            return connection.answer(submit, status=consts.SMPP_ESME_RSYSERR)
        connection.answer(submit, message_id=f"m{len(smsc.submits)}")
        return smsc.receipt(connection, submit, f"m{len(smsc.submits)}")

    smsc = far_end(on_submit)
    report, _ = campaign(smsc.gateway(), people=40)
    assert {k: v for k, v in report.totals["sms"].items() if v} == {"delivered": 32, "failed": 8}
    for row in report.rows():
        expected = {"1": (1, "0x0B"), "2": (3, "0x08"), "3": (3, "")}.get(row.address[-1], (1, ""))
        assert row.attempts == tries[row.address[1:].encode()] == expected[0]
        assert expected[1] in (row.reason or ""), row


def test_a_withheld_response_makes_uncertain_and_the_resend_is_named(
    far_end: Any, campaign: Any
) -> None:
    def on_submit(smsc: Any, connection: Any, submit: Any) -> None:
        if submit.destination_addr.endswith(b"13") and smsc.copies()[submit.destination_addr] == 1:
            return
        connection.answer(submit, message_id=f"m{len(smsc.submits)}")
        smsc.receipt(connection, submit, f"m{len(smsc.submits)}")

    smsc = far_end(on_submit)
    gateway = smsc.gateway(response_timeout="500ms")
    report, steps = campaign(gateway, people=PEOPLE)
    assert report.totals["sms"]["delivered"] == PEOPLE
    assert report.possibly_doubled == ("p0013",)
    assert [s.recipient for s in steps if s.state == "uncertain"] == ["p0013"]
    assert [number for number, n in smsc.copies().items() if n > 1] == [b"33639980013"]
    assert len(smsc.binds) == 2, "the resend waits for the end of the session"
    report, _ = campaign(
        far_end(on_submit).gateway(response_timeout="500ms"), people=PEOPLE, uncertain="hold"
    )
    assert report.uncertain == ("p0013",)
    assert report.totals["sms"] | {"delivered": 0, "uncertain": 0} == dict.fromkeys(
        report.totals["sms"], 0
    )
    assert report.totals["sms"]["delivered"] == PEOPLE - 1


def test_responses_in_reverse_order(far_end: Any, campaign: Any) -> None:
    held: list[Any] = []

    def on_submit(smsc: Any, connection: Any, submit: Any) -> None:
        held.append(submit)
        if len(held) == 20:
            while held:
                late = held.pop()
                connection.answer(late, message_id=late.destination_addr.decode()[::-1])
                # Undeliverable where the number ends with 5: whoever mixes ids up shows it.
                word = "UNDELIV" if late.destination_addr.endswith(b"5") else "DELIVRD"
                name = late.destination_addr.decode()[::-1]
                smsc.receipt(connection, late, name, word=word)

    smsc = far_end(on_submit)
    report, _ = campaign(smsc.gateway(window=20), people=PEOPLE)
    assert len(smsc.submits) == PEOPLE
    for row in report.rows():
        assert row.state == ("failed" if row.address.endswith("5") else "delivered")
        assert row.remote == row.address[1:][::-1]


def test_receipts_before_their_responses(far_end: Any, campaign: Any) -> None:
    def on_submit(smsc: Any, connection: Any, submit: Any) -> None:
        name = f"early-{len(smsc.submits)}"
        word = "UNDELIV" if submit.destination_addr.endswith(b"5") else "DELIVRD"
        smsc.receipt(connection, submit, name, word=word)
        connection.answer(submit, message_id=name)

    smsc = far_end(on_submit)
    report, _ = campaign(smsc.gateway(), people=PEOPLE)
    assert {row.state for row in report.rows() if row.address.endswith("5")} == {"failed"}
    assert report.totals["sms"]["delivered"] == PEOPLE - PEOPLE // 10
    assert Counter(smsc.receipts.values()) == {consts.SMPP_ESME_ROK: PEOPLE}


def test_receipts_as_tlvs_and_ids_that_look_like_numbers(far_end: Any, campaign: Any) -> None:
    # As given: "0A" is not "A", nor 10, nor "0a". Half of the receipts have only TLVs.
    names = ["0A", "A", "10", "0a", "000A", "0x0A", "010", "a", "16", "00000010"]

    def on_submit(smsc: Any, connection: Any, submit: Any) -> None:
        at = int(submit.destination_addr[-1:])
        connection.answer(submit, message_id=names[at])
        failed = at % 3 == 0
        if at % 2:
            smsc.receipt(connection, submit, names[at], word="UNDELIV" if failed else "DELIVRD")
        else:
            smsc.receipt(connection, submit, names[at], state=5 if failed else 2)

    report, _ = campaign(far_end(on_submit).gateway(), people=10)
    for row in report.rows():
        at = int(row.address[-1])
        assert (row.remote, row.state) == (names[at], "delivered" if at % 3 else "failed")


def test_an_unbind_from_its_side_loses_nobody(far_end: Any, campaign: Any) -> None:
    def on_submit(smsc: Any, connection: Any, submit: Any) -> None:
        name = f"m{len(smsc.submits)}"
        connection.answer(submit, message_id=name)
        smsc.receipt(connection, submit, name)
        if len(smsc.submits) == 30:
            connection.send("unbind")

    smsc = far_end(on_submit)
    report, _ = campaign(smsc.gateway(window=10), people=PEOPLE)
    assert report.totals["sms"]["delivered"] == PEOPLE
    assert len(smsc.binds) >= 2
    assert set(smsc.copies()) == {f"3363998{n:04}".encode() for n in range(PEOPLE)}
    twice = {number for number, copies in smsc.copies().items() if copies > 1}
    doubled = {f"3363998{who[1:]}".encode() for who in report.possibly_doubled}
    assert twice <= doubled


def test_two_far_ends_with_the_same_message_ids(far_end: Any, campaign: Any) -> None:
    def behaving(word: str) -> Any:
        def on_submit(smsc: Any, connection: Any, submit: Any) -> None:
            name = str(len(smsc.submits))
            connection.answer(submit, message_id=name)
            smsc.receipt(connection, submit, name, word=word)

        return on_submit

    good, bad = far_end(behaving("DELIVRD")), far_end(behaving("UNDELIV"))
    gateways = [
        good.gateway("good", prefixes=["+"]),
        bad.gateway("bad", prefixes=["+33639980001", "+33639980003", "+3363998001"]),
    ]
    report, _ = campaign(*gateways, people=40)
    assert len(bad.submits) == 12
    for row in report.rows():
        assert row.state == {"good": "delivered", "bad": "failed"}[row.gateway or ""]


def test_a_silent_far_end_is_asked_for_a_sign_of_life(far_end: Any) -> None:
    smsc = far_end()
    gateway = smsc.gateway(enquire_interval="200ms")
    with be.Engine(data=None, gateways=[gateway]) as engine:
        deadline = time.monotonic() + 10
        while not smsc.enquiries and time.monotonic() < deadline:
            time.sleep(0.02)
        [check] = engine.check()
    assert smsc.enquiries >= 1
    assert (check.ok, check.smsc.name) == (True, "smpplib")

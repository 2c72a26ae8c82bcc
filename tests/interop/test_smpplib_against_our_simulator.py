"""Somebody else's client finds our simulator to be an SMSC."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import Any

import pytest
from smpplib import consts, exceptions, gsm, smpp

LONG = "Gevaar in de Kerkstraat. Blijf binnen. " * 6


def _submit(client: Any, number: str, text: str, **more: Any) -> list[Any]:
    """Submit a text as smpplib's README does, and read the responses."""
    parts, coding, features = gsm.make_parts(text)
    fields = {
        "source_addr_ton": consts.SMPP_TON_ALNUM,
        "source_addr": "BE-Alert",
        "dest_addr_ton": consts.SMPP_TON_INTL,
        "dest_addr_npi": 1,
        "destination_addr": number,
        "data_coding": coding,
        "esm_class": features,
        "registered_delivery": True,
        **more,
    }
    for part in parts:
        client.send_message(short_message=part, **fields)
    return [client.read_pdu() for _ in parts]


@pytest.mark.parametrize("bind", ["bind_transmitter", "bind_receiver", "bind_transceiver"])
def test_binds_enquires_and_unbinds(bind: str, simulator: Any, client: Any) -> None:
    smsc = simulator(system_id="account", password="secret")
    session = client(smsc.port)
    response = getattr(session, bind)(system_id="account", password="secret")
    assert (response.command, response.status) == (f"{bind}_resp", 0)
    assert response.sc_interface_version == 0x34
    session.send_pdu(smpp.make_pdu("enquire_link", client=session))
    alive = session.read_pdu()
    assert (alive.command, alive.status) == ("enquire_link_resp", 0)
    assert alive.sequence == session.sequence
    gone = session.unbind()
    assert (gone.command, gone.status) == ("unbind_resp", 0)
    assert session._socket.recv(1) == b"", "it hangs up after an unbind"
    assert smsc.books()["binds"] == 1


@pytest.mark.parametrize(
    ("system_id", "password", "status"),
    [
        ("account", "wrong", consts.SMPP_ESME_RINVPASWD),
        ("nobody", "secret", consts.SMPP_ESME_RINVSYSID),
    ],
)
def test_lets_nobody_in_without_the_password(
    system_id: str, password: str, status: int, simulator: Any, client: Any
) -> None:
    smsc = simulator(system_id="account", password="secret")
    with pytest.raises(exceptions.PDUError) as refused:
        client(smsc.port).bind_transceiver(system_id=system_id, password=password)
    assert refused.value.args[1] == status
    assert (smsc.books()["binds"], smsc.books()["refused_binds"]) == (0, 1)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Blijf binnen, @home [€5].", 1),
        ("Gevaar: ł œ 人 \U0001f525", 1),
        (LONG, 2),
        ("人" * 100, 2),
    ],
)
def test_reads_what_was_written(text: str, parts: int, simulator: Any, client: Any) -> None:
    smsc = simulator()
    session = client(smsc.port)
    session.bind_transceiver(system_id="any", password="any")
    responses = _submit(session, "33639981234", text, registered_delivery=False)
    assert [(one.command, one.status) for one in responses] == [("submit_sm_resp", 0)] * parts
    [message] = smsc.messages()
    assert (message.source, message.destination) == ("BE-Alert", "33639981234")
    assert (message.text, message.parts, message.total) == (text, parts, parts)
    assert [one.message_id.decode() for one in responses] == list(message.ids)
    assert len(set(message.ids)) == parts
    session.unbind()


@pytest.mark.parametrize("form", ["text", "tlvs", "both"])
def test_receipts_in_every_form(form: str, simulator: Any, client: Any) -> None:
    smsc = simulator(receipt_form=form, numbers=[{"suffix": "13", "receipt": "UNDELIV"}])
    session = client(smsc.port)
    session.bind_transceiver(system_id="any", password="any")
    ids, told = {}, {}
    for number in ("33639981212", "33639981213"):
        [response] = _submit(session, number, "Blijf binnen.")
        ids[number] = response.message_id
        receipt = session.read_pdu()
        assert receipt.command == "deliver_sm"
        assert receipt.esm_class & 0x3C == 0x04, "SMPP 3.4 §5.2.12"
        assert receipt.source_addr == number.encode()
        assert receipt.destination_addr == b"BE-Alert"
        told[number] = receipt
        assert smsc.books()["receipts"] == len(told) - 1, "counted when it is answered"
        answer = smpp.make_pdu("deliver_sm_resp", client=session)
        answer.sequence = receipt.sequence
        session.send_pdu(answer)
        session.send_pdu(smpp.make_pdu("enquire_link", client=session))
        assert session.read_pdu().command == "enquire_link_resp"
    for (number, receipt), (state, word) in zip(
        told.items(), [(2, b"DELIVRD"), (5, b"UNDELIV")], strict=True
    ):
        text = receipt.short_message or b""
        if form != "tlvs":
            assert re.search(rb"id:(\S+) .*stat:(\w+) ", text).groups() == (ids[number], word)
        if form != "text":
            assert receipt.receipted_message_id == ids[number]
            assert receipt.message_state == state
        else:
            assert receipt.receipted_message_id is None
    books = smsc.books()
    assert (books["receipts"], books["delivered"], books["undelivered"]) == (2, 1, 1)
    session.unbind()


def test_refuses_what_it_was_told_to_refuse(simulator: Any, client: Any) -> None:
    smsc = simulator(limit=1, burst=2, numbers=[{"suffix": "13", "status": 0x0B}])
    session = client(smsc.port)
    session.bind_transceiver(system_id="any", password="any")
    numbers = ["33639981213", "33639981214", "33639981215"]
    statuses = [
        _submit(session, number, "Dag.", registered_delivery=False)[0].status for number in numbers
    ]
    assert statuses == [consts.SMPP_ESME_RINVDSTADR, 0, consts.SMPP_ESME_RTHROTTLED]
    assert smsc.books()["throttled"] == 1
    session.unbind()


def _pdu(command: int, sequence: int, body: bytes = b"", length: int | None = None) -> bytes:
    octets = 16 + len(body) if length is None else length
    return struct.pack(">LLLL", octets, command, 0, sequence) + body


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (_pdu(0x000000AA, 7), consts.SMPP_ESME_RINVCMDID),
        (_pdu(0x00000021, 7), consts.SMPP_ESME_RINVCMDID),  # submit_multi
        (_pdu(0x00000015, 7, length=8), consts.SMPP_ESME_RINVCMDLEN),
        (_pdu(0x00000015, 7, length=0x7FFFFFFF), consts.SMPP_ESME_RINVCMDLEN),
    ],
)
def test_nacks_what_nobody_can_read(
    raw: bytes, status: int, simulator: Any, client: Callable[..., Any]
) -> None:
    smsc = simulator()
    session = client(smsc.port)
    session.bind_transceiver(system_id="any", password="any")
    session._socket.sendall(raw)
    nack = session.read_pdu()
    assert (nack.command, nack.status) == ("generic_nack", status)
    if status == consts.SMPP_ESME_RINVCMDID:
        assert nack.sequence == 7
        session.send_pdu(smpp.make_pdu("enquire_link", client=session))
        assert session.read_pdu().command == "enquire_link_resp", "the session goes on"
    else:
        assert session._socket.recv(1) == b"", "nobody can follow the stream any further"


def test_a_body_that_ends_too_early_is_refused_by_its_own_response(
    simulator: Any, client: Any
) -> None:
    smsc = simulator()
    session = client(smsc.port)
    session.bind_transceiver(system_id="any", password="any")
    session._socket.sendall(_pdu(0x00000004, 9, b"\0\5\0BE-Alert"))
    refused = session.read_pdu()
    assert (refused.command, refused.sequence) == ("submit_sm_resp", 9)
    assert refused.status != 0
    [response] = _submit(session, "33639981212", "Dag.", registered_delivery=False)
    assert response.status == 0
    assert smsc.books()["accepted"] == 1
    session.unbind()


def test_submits_before_a_bind_are_refused(simulator: Any, client: Any) -> None:
    smsc = simulator()
    session = client(smsc.port)
    session._socket.sendall(_pdu(0x00000004, 1, b"\0" * 17))
    refused = session.read_pdu()
    assert (refused.command, refused.status) == ("submit_sm_resp", consts.SMPP_ESME_RINVBNDSTS)
    assert smsc.books()["accepted"] == 0

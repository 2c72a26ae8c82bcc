"""A far end sends what nobody can read: the right answer, one line in the log, and on it goes."""

from __future__ import annotations

import logging
import struct
from typing import Any

import pytest
from smpplib import consts

PEOPLE = 40


def _pdu(command: int, sequence: int, body: bytes = b"", length: int | None = None) -> bytes:
    octets = 16 + len(body) if length is None else length
    return struct.pack(">LLLL", octets, command, 0, sequence) + body


NONSENSE = {
    "unknown command": (_pdu(0x000000AA, 77), ("generic_nack", consts.SMPP_ESME_RINVCMDID)),
    "unreadable receipt": (_pdu(0x00000005, 77, b"\xff" * 40), ("deliver_sm_resp", None)),
    "empty receipt": (_pdu(0x00000005, 77), ("deliver_sm_resp", None)),
    "response to nothing": (_pdu(0x80000004, 0x7FFFFFF0, b"id\0"), None),
    "nack of nothing": (_pdu(0x80000000, 0x7FFFFFF0), None),
    "request of a client": (_pdu(0x00000004, 77, b"\0" * 17), ("submit_sm_resp", None)),
}


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_it_is_answered_and_the_session_goes_on(
    nonsense: str, far_end: Any, campaign: Any, caplog: pytest.LogCaptureFixture
) -> None:
    raw, answer = NONSENSE[nonsense]
    caplog.set_level(logging.DEBUG, "bealert_engine")

    def on_submit(smsc: Any, connection: Any, submit: Any) -> None:
        name = f"m{len(smsc.submits)}"
        if len(smsc.submits) == PEOPLE // 2:
            connection.stream.sendall(raw)
        connection.answer(submit, message_id=name)
        smsc.receipt(connection, submit, name)

    smsc = far_end(on_submit)
    report, _ = campaign(smsc.gateway(window=5), people=PEOPLE)
    assert report.totals["sms"]["delivered"] == PEOPLE
    assert len(smsc.submits) == PEOPLE, "nothing twice"
    assert len(smsc.binds) == 1, "one session"
    answers = [(pdu.command, pdu.sequence, pdu.status) for pdu in smsc.others]
    if answer is None:
        assert answers == []
    else:
        [(command, sequence, status)] = answers
        assert (command, sequence) == (answer[0], 77)
        assert status == answer[1] if answer[1] is not None else status != 0
    lines = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(lines) == 1, [line.getMessage() for line in lines]
    assert "sms-a" in lines[0].getMessage()


@pytest.mark.parametrize("length", [0, 15, 0x7FFFFFFF])
def test_a_stream_that_cannot_be_followed_is_closed_and_bound_again(
    length: int, far_end: Any, campaign: Any
) -> None:
    def on_submit(smsc: Any, connection: Any, submit: Any) -> None:
        name = f"m{len(smsc.submits)}"
        if len(smsc.submits) == PEOPLE // 2:
            connection.stream.sendall(_pdu(0x00000015, 77, length=length))
        connection.answer(submit, message_id=name)
        smsc.receipt(connection, submit, name)

    smsc = far_end(on_submit)
    report, _ = campaign(smsc.gateway(window=5), people=PEOPLE)
    assert report.balanced
    assert report.totals["sms"]["delivered"] == PEOPLE
    [nack] = smsc.others
    assert (nack.command, nack.status) == ("generic_nack", consts.SMPP_ESME_RINVCMDLEN)
    assert len(smsc.binds) == 2
    twice = {number for number, copies in smsc.copies().items() if copies > 1}
    assert twice <= {f"3363998{who[1:]}".encode() for who in report.possibly_doubled}

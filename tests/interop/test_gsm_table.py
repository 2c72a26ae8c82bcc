"""smpplib's GSM 03.38 table, in both directions: what we encode, and what our simulator decodes."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from smpplib import consts, gsm

import bealert_engine as be

# smpplib writes "`" where it has nothing to say: for § and for the free places of the extension.
BASIC = [character for character in gsm.GSM_CHARACTER_TABLE[:128] if character not in "`\x1b"]
EXTENSION = [character for character in gsm.GSM_CHARACTER_TABLE[128:] if character != "`"]
BEYOND = "őłœčŽ€人Ω\U0001f525\U0001f1e7"
TEXTS = 400
ESCAPE = 0x1B


def _texts(seed: int) -> dict[str, str]:
    """Every character of the table, then texts of any length and mix, by phone number."""
    chance = random.Random(seed)
    texts = [f"a{character}b" for character in BASIC + EXTENSION]
    for _ in range(TEXTS):
        alphabet = chance.choice(
            [BASIC, BASIC + EXTENSION * 3, EXTENSION, BASIC * 3 + list(BEYOND), list(BEYOND)]
        )
        length = chance.choice([1, 69, 70, 71, 133, 134, 153, 160, 161, 305, 306, 307, 460])
        length += chance.randrange(3)
        # Within other characters: a text of blanks alone is refused, the last line feed dropped.
        texts.append(f".{''.join(chance.choices(alphabet, k=length))}.")
    return {f"3363998{number:04}": text for number, text in enumerate(texts)}


def test_what_we_encode(far_end: Callable[..., Any], seed: int) -> None:
    texts = _texts(seed)
    smsc = far_end()
    news = be.Scenario("news", kind="news", expiry="1h", sms={"en": "{{ text }}"})
    to = [be.Recipient(n, phone=f"+{n}", values={"text": text}) for n, text in texts.items()]
    with be.Engine(data=None, gateways=[smsc.gateway()], scenarios=[news]) as engine:
        plan = engine.plan("news", to=to)
        campaign = engine.launch(plan, by="tests", key="k")
        assert campaign.wait(timeout_s=60).sms.delivered == len(texts)
        rows = {row.recipient: row.parts for row in campaign.report().rows()}
    came: dict[str, list[Any]] = defaultdict(list)
    for submit in smsc.submits:
        came[submit.destination_addr.decode()].append(submit)
    assert plan.parts == len(smsc.submits)
    assert rows == {number: len(submits) for number, submits in came.items()}
    for number, text in texts.items():
        try:
            coding, expected = consts.SMPP_ENCODING_DEFAULT, gsm.gsm_encode(text)
        except UnicodeError:
            coding, expected = consts.SMPP_ENCODING_ISO10646, text.encode("utf-16-be")
        submits = sorted(came[number], key=lambda submit: submit.short_message[:6])
        assert {submit.data_coding for submit in submits} == {coding}
        one_part = 160 if coding == consts.SMPP_ENCODING_DEFAULT else 140
        if len(expected) <= one_part:
            [submit] = submits
            assert (submit.esm_class, submit.short_message) == (0, expected)
            continue
        bodies = [_body(at, submits) for at in range(len(submits))]
        assert b"".join(bodies) == expected
        most = 153 if coding == consts.SMPP_ENCODING_DEFAULT else 134
        for body, after in pairwise(bodies):
            # A part is full, unless the next character would have been cut in two.
            assert most - len(body) <= (1 if most == 153 else 2)
            assert body[-1] != ESCAPE or most == 134
            if most == 134:
                assert len(body) % 2 == 0
                assert not 0xD800 <= int.from_bytes(body[-2:], "big") < 0xDC00
                assert not 0xDC00 <= int.from_bytes(after[:2], "big") < 0xE000
        assert all(len(body) <= most for body in bodies)


def _body(at: int, submits: list[Any]) -> bytes:
    submit = submits[at]
    assert submit.esm_class == consts.SMPP_GSMFEAT_UDHI
    assert submit.short_message[:6] == bytes([5, 0, 3, 1, len(submits), at + 1])
    body: bytes = submit.short_message[6:]
    return body


def test_what_our_simulator_decodes(simulator: Any, client: Any, seed: int) -> None:
    smsc = simulator(receipts=0)
    session = client(smsc.port)
    session.bind_transmitter(system_id="any", password="any")
    texts = _texts(seed)
    for number, text in texts.items():
        parts, coding, features = gsm.make_parts(text)
        for part in parts:
            session.send_message(
                source_addr_ton=consts.SMPP_TON_ALNUM,
                source_addr="BE-Alert",
                dest_addr_ton=consts.SMPP_TON_INTL,
                destination_addr=number,
                data_coding=coding,
                esm_class=features,
                short_message=part,
            )
            assert session.read_pdu().status == consts.SMPP_ESME_ROK
    assert {message.destination: message.text for message in smsc.messages()} == texts
    assert all(message.parts == message.total for message in smsc.messages())
    session.unbind()

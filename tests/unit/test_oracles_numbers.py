"""Google's libphonenumber, as Python's `phonenumbers`, judges what a plan makes of numbers."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType, ValidationResult

import bealert_engine as be
from bealert_engine import testing

NUMBERS = 2_000
COUNTRIES = ["BE", "NL", "FR", "DE", "LU", "GB", "IT", "ES", "PL", "US", "MA", "TR", "CD", "IN"]
TYPES = [PhoneNumberType.MOBILE] * 3 + [
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.VOIP,
]
FORMATS = [
    PhoneNumberFormat.E164,
    PhoneNumberFormat.INTERNATIONAL,
    PhoneNumberFormat.NATIONAL,
    PhoneNumberFormat.RFC3966,
]


@pytest.mark.parametrize("default_country", ["BE", "NL", None])
def test_it_takes_what_the_oracle_takes(default_country: str | None) -> None:
    seed = int(os.environ.get("BEALERT_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"BEALERT_SEED={seed}")
    raw = {
        f"p{at}": number
        for at, number in enumerate(_numbers(random.Random(seed), default_country or "BE"))
    }
    expected = {who: _oracle(number, default_country) for who, number in raw.items()}
    taken = {who: address for who, address in expected.items() if address is not None}
    assert NUMBERS // 5 < len(taken) < NUMBERS * 4 // 5, "enough of both"
    news = be.Scenario("news", kind="news", expiry="1h", sms={"en": "{{ id }}"})
    with (
        testing.smsc(receipts=0) as smsc,
        be.Engine(
            data=None,
            default_country=default_country,
            gateways=[smsc.gateway(receipts=False)],
            scenarios=[news],
        ) as engine,
    ):
        people = [be.Recipient(who, phone=number) for who, number in raw.items()]
        plan = engine.plan("news", to=people)
        excluded = {one.recipient: one.reason for one in plan.excluded}
        wrong = {
            who: (raw[who], expected[who], excluded.get(who))
            for who in raw
            if (who in excluded) == (who in taken)
        }
        assert not wrong, "number, what the oracle makes of it, why it was excluded"
        assert all(excluded.values()), "each with its reason"
        campaign = engine.launch(plan, by="tests", key="k")
        campaign.wait(timeout_s=60)
        rows = {row.recipient: row for row in campaign.report().rows()}
        sent = {message.text: f"+{message.destination}" for message in smsc.messages()}
    assert sent == taken
    assert {who: rows[who].address for who in taken} == taken
    assert {who: rows[who].state for who in excluded} == dict.fromkeys(excluded, "skipped")


def _oracle(raw: str, default_country: str | None) -> str | None:
    """The number in E.164, or None where it is none that could be a mobile phone."""
    if any(character.isalpha() for character in raw):
        return None
    try:
        number = phonenumbers.parse(raw, default_country)
    except phonenumbers.NumberParseException:
        return None
    possible = phonenumbers.is_possible_number_for_type_with_reason(number, PhoneNumberType.MOBILE)
    if number.extension is not None or not (
        phonenumbers.is_valid_number(number) or possible == ValidationResult.IS_POSSIBLE
    ):
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _numbers(chance: random.Random, home: str) -> Iterator[str]:
    """Numbers as people write them, and as they get them wrong."""
    for _ in range(NUMBERS):
        country = home if chance.random() < 0.4 else chance.choice(COUNTRIES)
        example = phonenumbers.example_number_for_type(country, chance.choice(TYPES))
        example = example or phonenumbers.example_number(country)
        digits = list(str(example.national_number))
        for _ in range(chance.choice([0, 1, 2, 4, 6])):
            digits[chance.randrange(len(digits) // 2, len(digits))] = chance.choice("0123456789")
        number = phonenumbers.PhoneNumber(example.country_code, int("".join(digits)))
        style = chance.choice(FORMATS[:3] if chance.random() < 0.95 else FORMATS)
        yield _spoilt(chance, phonenumbers.format_number(number, style))


def _spoilt(chance: random.Random, written: str) -> str:
    match chance.randrange(10):
        case 0:
            return written + chance.choice("0123456789")
        case 1:
            return written[:-1]
        case 2:
            return written[: chance.randrange(2, len(written))]
        case 3:
            return written.replace(" ", chance.choice(["", "-", ".", "/", "  "]))
        case 4:
            return written.replace("+", chance.choice(["00", "+0", "++", ""]), 1)
        case 5:
            return f" {written} "
        case 6:
            at = chance.randrange(len(written))
            return written[:at] + chance.choice("()-./ x#*;,0") + written[at:]
        case _:
            return written

"""`email-validator` judges what a plan makes of e-mail addresses."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import email_validator
import pytest

import bealert_engine as be

ADDRESSES = 4_000
LOCALS = [
    "an",
    "An.Peeters",
    "o'neil",
    "a+b",
    "x_y-z",
    "a{b}c",
    "jos\u00e9",
    "\u6771\u4eac",
    "a=b/c?d",
]
DOMAINS = [
    "example.org",
    "Mail.Example.BE",
    "a-b.c-d.co.uk",
    "b\u00fccher.example",
    "P\u0159\u00edklad.cz",
    "xn--bcher-kva.example",
    "\u4f8b\u3048.\u30c6\u30b9\u30c8",
    "1and1.com",
    "fa\u00df.de",
]
ODD = '\r\n\t\0 "\\()<>[]:;,@.-_\u00e9\u00a0\u202e\u200b'


def test_it_takes_what_the_oracle_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    # Grammar alone: whether a domain is one for tests is not asked.
    monkeypatch.setattr(email_validator, "SPECIAL_USE_DOMAIN_NAMES", [])
    seed = int(os.environ.get("BEALERT_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"BEALERT_SEED={seed}")
    raw = {f"p{at}": one for at, one in enumerate(_addresses(random.Random(seed)))}
    expected = {who: _oracle(address) for who, address in raw.items()}
    taken = {who: address for who, address in expected.items() if address is not None}
    assert ADDRESSES // 5 < len(taken) < ADDRESSES * 4 // 5, "enough of both"
    relay = be.Smtp("mail-a", host="127.0.0.1", port=9, sender="no-reply@be-alert.be", tls="none")
    news = be.Scenario("news", kind="news", expiry="1h", email={"en": be.Email("s", text="t")})
    with be.Engine(data=None, gateways=[relay], scenarios=[news]) as engine:
        plan = engine.plan("news", to=[be.Recipient(who, email=one) for who, one in raw.items()])
        excluded = {one.recipient: one.reason for one in plan.excluded}
        wrong = {
            who: (raw[who], expected[who], excluded.get(who))
            for who in raw
            if (who in excluded) == (who in taken)
        }
        assert not wrong, "address, what the oracle makes of it, why it was excluded"
        assert all(excluded.values()), "each with its reason"
        campaign = engine.launch(plan, by="tests", key="k")
        campaign.cancel()
        rows = {row.recipient: row.address for row in campaign.report().rows()}
    assert {who: rows[who] for who in taken} == taken


def _oracle(raw: str) -> str | None:
    """The address with its domain as it is looked up, or None where it is none."""
    try:
        judged = email_validator.validate_email(
            raw.strip(" "), check_deliverability=False, strict=True
        )
    except email_validator.EmailNotValidError:
        return None
    local = raw.strip(" ").rpartition("@")[0]
    address = f"{local}@{judged.ascii_domain.lower()}"
    # It counts characters; what mail limits is octets (RFC 6531 section 3.1, errata of RFC 5321).
    if len(local.encode()) > 64 or len(address.encode()) > 254:
        return None
    return address


def _addresses(chance: random.Random) -> Iterator[str]:
    """Addresses as people write them, and as they get them wrong."""
    for _ in range(ADDRESSES):
        local, domain = chance.choice(LOCALS), chance.choice(DOMAINS)
        # Cut differently an A-label may be a symbol, which UTS 46 takes and IDNA 2008 does not.
        match chance.randrange(3 if domain.startswith("xn--") else 0, 16):
            case 0:
                yield _with(chance, local) + "@" + domain
            case 1:
                yield local + "@" + _with(chance, domain)
            case 2:
                yield _with(chance, f"{local}@{domain}")
            case 3:
                yield chance.choice(["", local, f"@{domain}", f"{local}@", f"{local}@@{domain}"])
            case 4:
                yield chance.choice([f"<{local}@{domain}>", f"An <{local}@{domain}>"])
            case 5:
                yield f'"{local}"@{domain}'
            case 6:
                yield f"{local}@" + chance.choice(
                    ["localhost", "[127.0.0.1]", "127.0.0.1", "[IPv6:::1]", "com", f"{domain}."]
                )
            case 7:
                yield local * chance.randrange(1, 30) + "@" + domain
            case 8:
                yield f"{local}@{'l' * chance.randrange(58, 68)}.{domain}"
            case 9:
                yield f"{local}@{'label.' * chance.randrange(36, 44)}{domain}"
            case _:
                yield f"{' ' * chance.randrange(2)}{local}@{domain}"


def _with(chance: random.Random, text: str) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(ODD) * chance.randrange(1, 3) + text[at:]

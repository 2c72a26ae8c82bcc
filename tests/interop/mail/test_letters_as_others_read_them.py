"""What is sent is what others read: Python's own parser, whatever the values are."""

from __future__ import annotations

import base64
import email
import email.policy
import html
import random
import re
from collections.abc import Callable, Iterable
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any

import pytest

import bealert_engine as be

PEOPLE = 300
NL = be.Email(
    "Let op {{ place }}: {{ what }}",
    text="{{ place }}\nBeste {{ name }},\n.{{ what }}.\n{{ more }}\nEinde{{ place }}",
    html='<p title="{{ place }}">{{ what }}</p>\n.{{ more }}<img src="cid:kaart">',
    attachments=[
        be.Attachment(data=bytes(range(256)) * 8, name="évacuation plan.pdf"),
        be.Attachment(data=b".\r\n.x\nFrom y", name="z\u00e9\u00e9r lange naam " * 6 + ".txt"),
        be.Attachment(data=b"GIF89a", name="kaart.gif", content_id="kaart"),
    ],
)
PIECES = [
    *"abc .=?\"'<>&/\\,;:@()[]{}-_+~",
    "\u00e9",
    "\u05e9\u05dc\u05d5\u05dd",
    "\u0627\u0644",
    "\U0001f525",
    "\u200f",
    "\u2028",
    "\u6f22\u5b57",
    "=?utf-8?q?x=0D=0ABcc?=",
    "Bcc: x@example.org",
    "From ",
    "--=_be-alert-1",
    "=\r\n",
    "long" * 40,
    "  ",
]


@pytest.fixture
def sent(aiosmtpd: Any) -> Callable[..., dict[str, bytes]]:
    """Send a scenario through the engine to aiosmtpd: the octets by address."""

    def send(
        scenario: be.Scenario, people: Iterable[be.Recipient], **options: Any
    ) -> dict[str, bytes]:
        server = aiosmtpd(enable_SMTPUTF8=True, data_size_limit=1 << 24)
        given = {"sender": "BE-Alert <no-reply@be-alert.be>", "tls": "none", **options}
        relay = be.Smtp("mail-a", host="127.0.0.1", port=server.port, **given)
        with be.Engine(data=None, gateways=[relay], scenarios=[scenario]) as engine:
            campaign = engine.launch(engine.plan(scenario.name, to=people), by="tests", key="k")
            assert campaign.wait(timeout_s=60)
            report = campaign.report()
        assert report.balanced
        return {to: octets for [to], octets in server.letters}

    return send


def parsed(octets: bytes) -> EmailMessage:
    message = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_point_19_any_value_comes_back_and_none_is_structure(
    sent: Any, chance: random.Random
) -> None:
    def line(most: int) -> str:
        pieces = [chance.choice(PIECES) for _ in range(chance.randrange(1, most))]
        text = "x" + "".join(pieces).replace("\r\n", "")
        return text.encode()[:400].decode(errors="ignore")  # a subject has two, and a limit

    people = [
        be.Recipient(
            f"p{at}",
            email=f"p{at}@example.org",
            # Python joins the spaces of a name, and leaves one between two encoded words.
            name=" ".join(line(6)[:9].split()),
            values={
                "place": line(8),
                "what": line(16),
                "more": "\n".join(line(8) for _ in range(chance.randrange(1, 5))),
            },
        )
        for at in range(PEOPLE)
    ]
    scenario = be.Scenario("s", kind="warning", expiry="1h", email={"nl": NL})
    letters = sent(scenario, people)
    assert len(letters) == PEOPLE
    shapes = set()
    for person in people:
        octets = letters[f"{person.id}@example.org"]
        whole(octets)
        message = parsed(octets)
        values = person.values
        assert message["Subject"] == f"Let op {values['place']}: {values['what']}"
        [to] = message["To"].addresses
        assert (to.display_name, to.addr_spec) == (person.name, f"{person.id}@example.org")
        assert text_of(message, "plain") == (
            f"{values['place']}\nBeste {person.name},\n.{values['what']}.\n{values['more']}\n"
            f"Einde{values['place']}\n"
        )
        shown = text_of(message, "html")
        assert f">{escaped(values['what'])}</p>\n.{escaped(values['more'])}<img" in shown
        assert f'title="{escaped(values["place"])}"' in shown
        files = [(part.get_filename(), part.get_content()) for part in message.iter_attachments()]
        assert [name for name, _ in files][-2:] == [one.name for one in NL.attachments[:2]]  # type: ignore[union-attr]
        shapes.add(tuple((part.get_content_type(), tuple(part.keys())) for part in message.walk()))
    assert len(shapes) == 1, "no value adds a header or a part"


def escaped(text: str) -> str:
    return html.escape(text).replace("/", "&#x2f;")


def whole(octets: bytes) -> None:
    """What no relay has to change, and no reader can misread."""
    assert octets.endswith(b"\r\n")
    lines = octets[:-2].split(b"\r\n")
    for line in lines:
        assert not re.search(rb"[\r\n\0\x80-\xff]|^\.", line), line
        assert len(line) <= 998
    for word in re.findall(rb"=\?utf-8\?[^\s]*", octets.split(b"\r\n\r\n")[0]):
        assert len(word) <= 75
        charset, encoding, inner = word[2:-2].split(b"?")
        raw = base64.b64decode(inner) if encoding == b"b" else bytes_of_q(inner)
        raw.decode(charset.decode())  # whole characters


def bytes_of_q(inner: bytes) -> bytes:
    return re.sub(rb"=(..)", lambda hit: bytes([int(hit[1], 16)]), inner.replace(b"_", b" "))


def test_point_19_a_letter_is_to_one_person_and_says_what_it_is(sent: Any) -> None:
    news = be.Scenario(
        "s",
        kind="news",
        expiry="1h",
        email={"nl": be.Email("Kermis", html="<h1>Kermis</h1><p>in {{ place }}</p>")},
        unsubscribe={"url": "https://be-alert.be/stop/{{ id }}"},
    )
    people = [
        be.Recipient(who, email=f"{who}@b\u00fccher.example", values={"place": "<Gent>"})
        for who in ("an", "bo")
    ]
    letters = sent(news, people, reply_to="Dienst <dienst@be-alert.be>")
    ids = set()
    for who in ("an", "bo"):
        message = parsed(letters[f"{who}@xn--bcher-kva.example"])
        assert message["To"].addresses == (Address("", who, "xn--bcher-kva.example"),)
        assert [str(one) for one in message["From"].addresses] == [
            "BE-Alert <no-reply@be-alert.be>"
        ]
        assert str(message["Reply-To"]) == "Dienst <dienst@be-alert.be>"
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["List-Unsubscribe"].strip() == f"<https://be-alert.be/stop/{who}>"
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert message["Content-Language"] == "nl"
        assert not any(name in message for name in ("Cc", "Bcc", "Precedence", "Importance"))
        assert message["Date"].datetime is not None
        assert [part.get_content_type() for part in message.walk()] == [
            "multipart/alternative",
            "text/plain",
            "text/html",
        ]
        assert text_of(message, "plain") == "Kermis\nin <Gent>\n"
        assert '<html lang="nl" dir="auto">' in text_of(message, "html")
        assert "&lt;Gent&gt;" in text_of(message, "html")
        ids.add(str(message["Message-ID"]))
    assert len(ids) == 2
    assert all(one.endswith("@be-alert.be>") for one in ids)


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("An\r\nBcc: x@example.org", {"a": "x"}, "the name of the recipient"),
        ("An", {"a": "x\r\nBcc: y@example.org"}, 'subject: "a" has a control character'),
        ("An", {"a": "x\0"}, 'subject: "a" has a control character'),
    ],
)
def test_point_8_a_value_that_could_end_a_header_is_named_by_the_plan(
    name: str, values: dict[str, str], said: str
) -> None:
    relay = be.Smtp("mail-a", host="127.0.0.1", port=9, sender="a@be-alert.be", tls="none")
    news = be.Scenario("s", kind="news", expiry="1h", email={"nl": be.Email("{{ a }}", text="t")})
    with be.Engine(data=None, gateways=[relay], scenarios=[news]) as engine:
        person = be.Recipient("p7", email="an@example.org", name=name, values=values)
        with pytest.raises(be.PlanRefused, match="p7") as refused:
            engine.plan("s", to=[person])
    assert said in str(refused.value)

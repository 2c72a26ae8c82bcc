"""Somebody else's clients find our simulated relay to be a mail relay, and its books are exact."""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest

from bealert_engine import testing

WITHIN_S = 30


@pytest.fixture
def relay() -> Iterator[Callable[..., testing.Relay]]:
    """Start our relay with options."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(testing.relay(**options))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost that vouches for itself, and its key."""
    home = tmp_path_factory.mktemp("certificate")
    pem, key = home / "certificate.pem", home / "key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run(
        [*command.split(), *subject, "-keyout", key, "-out", pem], check=True, capture_output=True
    )
    return pem, key


def written(number: int, to: str = "user@example.org") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "alert@be.example", to
    message["Subject"] = "Waarschuwing"
    message["Message-ID"] = f"<{number}@be.example>"
    message.set_content("Blijf binnen.\n.\n..\nSluit ramen en deuren.\n")
    return message


def test_smtplib_sends_and_nothing_is_changed_on_the_way(relay: Any) -> None:
    far_end = relay()
    with smtplib.SMTP("127.0.0.1", far_end.port, timeout=WITHIN_S) as client:
        client.ehlo()
        assert {"pipelining", "8bitmime", "smtputf8", "dsn", "chunking", "size"} <= set(
            client.esmtp_features
        )
        for number in [1, 2, 3, 2]:
            client.send_message(written(number))
        assert client.vrfy("somebody")[0] == 252
        assert client.noop()[0] == 250
    books = far_end.books()
    assert (books["messages"], books["unique"], books["duplicates"]) == (4, 3, 1)
    assert (books["connections"], books["faults"], books["malformed"]) == (1, 0, 0)
    assert books["bytes"] == sum(len(mail.content) for mail in far_end.messages())
    mail = far_end.messages()[0]
    assert (mail.sender, mail.recipients) == ("alert@be.example", ["user@example.org"])
    assert mail.content == written(1).as_bytes().replace(b"\n", b"\r\n")


def test_smtplib_with_several_recipients_and_one_refused(relay: Any) -> None:
    rules = [{"phase": "rcpt", "prefix": "nobody", "reply": "550 5.1.1 No such user"}]
    far_end = relay(rules=rules)
    with smtplib.SMTP("127.0.0.1", far_end.port, timeout=WITHIN_S) as client:
        to = ["a@example.org", "nobody@example.org", "b@example.org"]
        refused = client.send_message(written(1), to_addrs=to)
        assert refused == {"nobody@example.org": (550, b"5.1.1 No such user")}
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.send_message(written(2), to_addrs=["nobody@example.org"])
        client.send_message(written(3))
    books = far_end.books()
    assert (books["messages"], books["refused"]) == (3, 2)
    assert far_end.messages()[0].recipients == ["a@example.org", "b@example.org"]


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_smtplib_over_tls_with_a_password(
    tls: str, relay: Any, certificate: tuple[Path, Path]
) -> None:
    pem, key = certificate
    far_end = relay(
        tls=tls,
        certificate=pem.read_text(),
        key=key.read_text(),
        auth=["plain", "login"],
        user="account",
        password="secret",
        auth_required=True,
    )
    context = ssl.create_default_context(cafile=str(pem))
    with contextlib.ExitStack() as stack:
        if tls == "implicit":
            client: smtplib.SMTP = smtplib.SMTP_SSL(
                "localhost", far_end.port, timeout=WITHIN_S, context=context
            )
        else:
            client = smtplib.SMTP("localhost", far_end.port, timeout=WITHIN_S)
            client.ehlo()
            assert "auth" not in client.esmtp_features, "no password in plain text"
            client.starttls(context=context)
        stack.enter_context(client)
        with pytest.raises(smtplib.SMTPSenderRefused):
            client.send_message(written(1))
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("account", "guess")
        client.login("account", "secret")
        client.send_message(written(1))
    books = far_end.books()
    assert (books["encrypted"], books["authenticated"]) == (1, 1)
    assert far_end.messages()[0].encrypted


def test_aiosmtplib_over_many_connections(relay: Any) -> None:
    far_end = relay()

    async def one(connection: int) -> None:
        async with aiosmtplib.SMTP(
            hostname="127.0.0.1", port=far_end.port, start_tls=False, timeout=WITHIN_S
        ) as client:
            for number in range(50):
                await client.send_message(
                    written(connection * 100 + number, f"u{number}@b.example")
                )

    async def everybody() -> None:
        await asyncio.gather(*(one(connection) for connection in range(20)))

    asyncio.run(everybody())
    books = far_end.books()
    assert (books["messages"], books["unique"], books["connections"]) == (1_000, 1_000, 20)
    assert (books["faults"], books["malformed"]) == (0, 0)


def test_aiosmtplib_hears_the_faults(relay: Any, certificate: tuple[Path, Path]) -> None:
    pem, key = certificate
    far_end = relay(
        tls="required", certificate=pem.read_text(), key=key.read_text(), greylist_ms=60_000
    )

    async def send(start_tls: bool | None) -> None:
        client = aiosmtplib.SMTP(
            hostname="localhost",
            port=far_end.port,
            start_tls=start_tls,
            tls_context=ssl.create_default_context(cafile=str(pem)),
            timeout=WITHIN_S,
        )
        async with client:
            await client.send_message(written(1))

    with pytest.raises(aiosmtplib.SMTPSenderRefused) as unencrypted:
        asyncio.run(send(False))
    assert unencrypted.value.code == 530
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as unknown:
        asyncio.run(send(True))
    assert unknown.value.recipients[0].code == 450
    far_end.change(greylist_ms=0)
    asyncio.run(send(True))
    assert far_end.books()["unique"] == 1
    assert far_end.books()["greylisted"] == 1


class Raw:
    """A socket, and replies read from it."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=WITHIN_S)
        self.file = self.socket.makefile("rb")

    def codes(self, count: int) -> list[int]:
        """The codes of the next replies."""
        codes: list[int] = []
        while len(codes) < count:
            line = self.file.readline()
            assert line, f"it hung up after {codes}"
            if line[3:4] != b"-":
                codes.append(int(line[:3]))
        return codes

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@pytest.fixture
def raw() -> Iterator[Callable[[int], Raw]]:
    """Connect a socket to a port."""
    with contextlib.ExitStack() as stack:
        yield lambda port: stack.enter_context(contextlib.closing(Raw(port)))


def test_a_whole_dialogue_in_one_write_octet_by_octet(relay: Any, raw: Any) -> None:
    """EHLO has to be waited for; then three messages by BDAT and one by DATA, in single octets."""
    far_end = relay()
    client = raw(far_end.port)
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.socket.sendall(b"EHLO client.example\r\n")
    assert client.codes(2) == [220, 250]
    group = b"MAIL FROM:<a@b.example> SIZE=20\r\nRCPT TO:<c@d.example> NOTIFY=NEVER\r\n"
    body = b"Message-ID: <%d@b>\r\n\r\n.\r\n.x"
    bodies = [body % number for number in range(3)]
    octets = b"".join(group + b"BDAT %d LAST\r\n" % len(one) + one for one in bodies)
    for octet in octets + group + b"DATA\r\n":
        client.socket.send(bytes([octet]))
    assert client.codes(12) == [250] * 11 + [354]
    client.socket.sendall(b"Message-ID: <9@b>\r\n\r\n..\r\n..x\r\n.\r\nQUIT\r\n")
    assert client.codes(2) == [250, 221]
    assert client.file.read() == b""
    assert [mail.content for mail in far_end.messages()] == [
        *bodies,
        b"Message-ID: <9@b>\r\n\r\n.\r\n.x\r\n",
    ]
    assert far_end.books()["faults"] == 0


def test_smuggled_commands_stay_content(relay: Any, raw: Any) -> None:
    far_end = relay()
    client = raw(far_end.port)
    client.socket.sendall(b"EHLO client.example\r\n")
    client.codes(2)
    client.socket.sendall(b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n")
    client.codes(3)
    evil = b"MAIL FROM:<evil@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nevil"
    for end in (b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n"):
        client.socket.sendall(b"x" + end + evil)
    client.socket.sendall(b"\r\n.\r\nQUIT\r\n")
    assert client.codes(2) == [250, 221]
    assert far_end.books()["messages"] == 1
    assert far_end.books()["malformed"] == 1


def test_a_slow_reader_and_a_deaf_one_stop_the_sender(relay: Any, raw: Any) -> None:
    far_end = relay(deaf=True)
    client = raw(far_end.port)
    client.socket.settimeout(0.5)
    with pytest.raises(TimeoutError):
        client.socket.sendall(b"NOOP\r\n" * 10_000_000)
    client.socket.settimeout(WITHIN_S)
    assert far_end.books()["faults"] == 0
    far_end.change(deaf=False, read_per_second=100_000)
    assert client.codes(3) == [220, 250, 250]

"""A relay of bare sockets that does whatever a test wants, and how e-mail is sent to it."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from loopback import Listener

import bealert_engine as be

WITHIN_S = 40
OFFERS = ("PIPELINING", "SIZE 10240000", "8BITMIME", "ENHANCEDSTATUSCODES", "DSN", "SMTPUTF8")
SILENT, DROP, RESET = "silent", "drop", "reset"
"""What may be done instead of a reply: say nothing ever, close, reset."""

Rule = Callable[["Talk", str], "str | bytes | None"]


@dataclass
class Taken:
    """A message that the relay has answered with 250, or was about to."""

    connection: int
    sender: str
    to: list[str]
    octets: bytes


class Gone(Exception):
    """The connection is over."""


class Talk:
    """One connection, seen from the relay."""

    def __init__(self, relay: ScriptedRelay, number: int, stream: socket.socket) -> None:
        self.relay, self.number, self.stream = relay, number, stream
        self.heard: list[str] = []
        self.reads: list[bytes] = []
        """What each read gave: a write of the other side is rarely cut in two on loopback."""
        self.taken = 0
        self.encrypted = False
        self.begun = False
        self.sender = ""
        self.to: list[str] = []
        self._rest = b""

    def serve(self) -> None:
        with contextlib.suppress(Gone, OSError, ssl.SSLError):
            if self.relay.implicit:
                self._encrypt()
            self.say(self.relay.greeting, ":greeting")
            while True:
                self.command(self.line().decode("latin-1"))
        with contextlib.suppress(OSError):
            self.stream.close()

    def say(self, good: str, heard: str) -> str:
        """Reply as the rule wants, or else well. Gives what was said."""
        reply = self.relay.rule(self, heard)
        if reply == SILENT:
            while self.read():
                pass
            raise Gone
        if reply == RESET:
            self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if reply in (DROP, RESET):
            raise Gone
        said = good if reply is None else reply
        octets = said if isinstance(said, bytes) else said.encode() + b"\r\n"
        self.stream.sendall(octets)
        if octets.startswith((b"421", b"221")):
            raise Gone
        return octets.decode("latin-1")

    def command(self, line: str) -> None:
        self.heard.append(line)
        verb = line.split(" ")[0].upper()
        if verb == "EHLO":
            offers = [*self.relay.offers]
            if self.relay.tls and not self.encrypted:
                offers.append("STARTTLS")
            if self.relay.auth and (self.encrypted or self.relay.auth_in_plain):
                offers.append(f"AUTH {self.relay.auth}")
            lines = ["relay.example", *offers]
            marks = ["-"] * (len(lines) - 1) + [" "]
            self.say(
                "\r\n".join(f"250{m}{text}" for m, text in zip(marks, lines, strict=True)), line
            )
        elif verb == "STARTTLS":
            if self.say("220 2.0.0 Ready", line).startswith("220"):
                self._encrypt()
        elif verb == "MAIL":
            self.begun = self.say("250 2.1.0 Ok", line).startswith("250")
            self.sender, self.to = line[10:].split(">")[0].lstrip("<"), []
        elif verb == "RCPT":
            good = "250 2.1.5 Ok" if self.begun else "503 5.5.1 Need MAIL"
            if self.say(good, line).startswith("250"):
                self.to.append(line[9:].split(">")[0])
        elif verb == "DATA":
            good = "354 Go ahead" if self.to else "554 5.5.1 No valid recipients"
            if self.say(good, line).startswith("354"):
                self.message()
        elif verb == "RSET":
            self.begun, self.to = False, []
            self.say("250 2.0.0 Ok", line)
        elif verb == "QUIT":
            self.say("221 2.0.0 Bye", line)
        elif verb == "AUTH":
            self.say("235 2.7.0 In", line)
        else:
            self.say("250 2.0.0 Ok" if verb in ("NOOP", "HELO") else "500 5.5.2 What?", line)

    def message(self) -> None:
        """Only CRLF, dot, CRLF ends it."""
        # The line that began the message has an end, too.
        self._rest = b"\r\n" + self._rest
        while (end := self._rest.find(b"\r\n.\r\n")) < 0:
            self._more()
        octets, self._rest = self._rest[2 : end + 2], self._rest[end + 5 :]
        self.heard.append(".")
        message = Taken(self.number, self.sender, self.to, octets.replace(b"\r\n..", b"\r\n."))
        self.begun, self.to = False, []
        with self.relay.lock:
            self.relay.offered.append(message)
        if self.say(f"250 2.0.0 Ok: queued as {len(self.relay.offered):06X}", ".").startswith(
            "250"
        ):
            self.taken += 1
            with self.relay.lock:
                self.relay.taken.append(message)

    def line(self) -> bytes:
        while (end := self._rest.find(b"\r\n")) < 0:
            self._more()
        line, self._rest = self._rest[:end], self._rest[end + 2 :]
        return line

    def read(self) -> bytes:
        return self.stream.recv(65_536)

    def _more(self) -> None:
        octets = self.read()
        if not octets:
            raise Gone
        self.reads.append(octets)
        self._rest += octets

    def _encrypt(self) -> None:
        assert self.relay.tls is not None
        self.stream = self.relay.tls.wrap_socket(self.stream, server_side=True)
        self.encrypted = True
        self._rest = b""


@dataclass
class ScriptedRelay:
    """A relay that does what `rule` says to a command, to "." (a whole message), to ":greeting".

    Attributes:
        rule: Gives the reply; None is what a good relay says, and see `SILENT`, `DROP`, `RESET`.
        taken: Messages answered with 250.
        offered: Every message that came whole, whatever was answered.
        talks: Its connections, those that are over too.
    """

    rule: Rule = lambda _, __: None
    offers: tuple[str, ...] = OFFERS
    greeting: str = "220 relay.example ESMTP"
    auth: str | None = None
    auth_in_plain: bool = False
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    nodelay: bool = True
    taken: list[Taken] = field(default_factory=list)
    offered: list[Taken] = field(default_factory=list)
    talks: list[Talk] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._listener = Listener(self._connected)

    @property
    def port(self) -> int:
        return self._listener.port

    def gateway(self, name: str = "mail-a", **options: Any) -> be.Smtp:
        given: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.port,
            "tls": "none",
            "sender": "BE-Alert <no-reply@alert.example>",
            "reconnect_max": "200ms",
            "retry": {"first": "100ms", "max": "500ms"},
        }
        return be.Smtp(name, **{**given, **options})

    def copies(self) -> Counter[str]:
        """How often a message was taken, by recipient."""
        with self.lock:
            return Counter(who for one in self.taken for who in one.to)

    def heard(self, verb: str) -> list[str]:
        """Every command of this name, over all connections."""
        return [line for talk in self.talks for line in talk.heard if line.split(" ")[0] == verb]

    def close(self) -> None:
        self._listener.close(talk.stream for talk in self.talks)

    def _connected(self, stream: socket.socket) -> Callable[[], None]:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, self.nodelay)
        talk = Talk(self, len(self.talks), stream)
        self.talks.append(talk)
        return talk.serve


@pytest.fixture
def relay() -> Iterator[Callable[..., ScriptedRelay]]:
    """Start a relay; without a rule it accepts everything."""
    started: list[ScriptedRelay] = []

    def start(rule: Rule = lambda _, __: None, **options: Any) -> ScriptedRelay:
        started.append(ScriptedRelay(rule, **options))
        return started[-1]

    yield start
    for one in started:
        one.close()


def someone(number: int, **more: Any) -> be.Recipient:
    given: dict[str, Any] = {"email": f"p{number:05}@example.org", "name": "Zoë"}
    return be.Recipient(f"p{number:05}", **{**given, **more})


@pytest.fixture
def persons() -> Callable[[int], list[be.Recipient]]:
    """So many people with an e-mail address each."""
    return lambda count: [someone(number) for number in range(count)]


class Sending:
    """An engine that sends e-mail, and what is asked of it."""

    def __init__(self, engine: be.Engine) -> None:
        self.engine = engine

    def launch(self, to: Any, key: str = "k") -> be.Campaign:
        return self.engine.launch(self.engine.plan("alert", to=to), by="tests", key=key)

    def metric(self, name: str) -> float:
        found = re.findall(rf"^{name}(?:{{.*}})? (\S+)$", self.engine.metrics(), re.MULTILINE)
        return sum(float(value) for value in found)

    def notice(self, code: str) -> be.Notice:
        """The first of this code, once there is one."""
        for entry in self.engine.events(after=0):
            if isinstance(entry, be.Notice) and entry.code == code:
                return entry
        raise AssertionError(f"no notice {code}")


def until(condition: Callable[[], object], otherwise: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.01)


@pytest.fixture
def sending() -> Iterator[Callable[..., Sending]]:
    """Open an engine with gateways and one scenario by e-mail."""
    with contextlib.ExitStack() as stack:

        def opened(
            *gateways: Any, email: Any = None, scenario: Any = None, **options: Any
        ) -> Sending:
            email = email or be.Email("Alert for {{ id }}", text="Stay inside, {{ name }}.\n")
            given = {"kind": "warning", "expiry": "1h", **(scenario or {})}
            alert = be.Scenario("alert", email={"en": email}, **given)
            engine = be.Engine(data=None, gateways=gateways, scenarios=[alert], **options)
            return Sending(stack.enter_context(engine))

        yield opened


@dataclass(frozen=True)
class Certificate:
    """A certificate that signed itself: its file is what a client must trust."""

    context: ssl.SSLContext
    file: Path

    @property
    def ca(self) -> str:
        return f"file:{self.file}"


@pytest.fixture
def certificate(tmp_path: Path) -> Callable[..., Certificate]:
    """Make one for a name, by default the address of these tests; `days` may be over."""

    def made(name: str = "IP:127.0.0.1", *, days: int = 2, authority: bool = False) -> Certificate:
        home = tmp_path / f"certificate-{len(list(tmp_path.iterdir()))}"
        home.mkdir()
        key, file = home / "tls.key", home / "tls.crt"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key)]
        command += ["-out", str(file), "-subj", "/CN=relay", "-addext", f"subjectAltName={name}"]
        if not authority:
            command += ["-addext", "basicConstraints=critical,CA:FALSE"]
        subprocess.run(command, check=True, capture_output=True)
        again = ["openssl", "x509", "-in", file, "-signkey", key, "-days", str(days), "-out", file]
        subprocess.run(again, check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file, key)
        return Certificate(context, file)

    return made

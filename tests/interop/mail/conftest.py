"""Mail servers of others, started on loopback with directories of their own.

`.ci/setup` installs Postfix and unpacks Exim. Their daemons change to users of their own and so
need root; what can't run here is left out by name.

People of these tests, whichever server they are written to: `refused*` gets 550 at RCPT, `later*`
450, `gone*` is accepted and bounces afterwards, everybody else at example.org has a mailbox. What
is sent to alert.example goes to the port that is given for bounces.
"""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from loopback import free_port

import bealert_engine as be

WITHIN_S = 60
LETTER = be.Email(
    "Inbraak bij {{ name }} €",
    text="Geachte {{ name }},\n.\n..Blijf binnen, één dag €.\nFrom nu af: {{ id }}.",
    html="<p>Geachte {{ name }},</p><p>Blijf <b>binnen</b>: {{ id }}</p>",
)
"""What could go wrong on the way: dots, quotes of mailboxes, accents, values with brackets."""

ETC = Path(__file__).parent / "etc"
"""What the servers are configured with; names in braces are filled in."""


@dataclass(frozen=True)
class Relay:
    """A server of somebody else.

    Attributes:
        name: Whose.
        port: Where it listens on loopback.
        home: Its configuration, queue, log and mailbox.
    """

    name: str
    port: int
    home: Path

    @property
    def certificate(self) -> Path:
        """What a client must trust."""
        return self.home / "etc" / "tls.crt"

    def gateway(self, **options: Any) -> be.Smtp:
        """As our engine knows it; without TLS unless options say so."""
        return gateway(**{"port": self.port, **options})

    def letters(self) -> list[EmailMessage]:
        """What is in its mailbox."""
        files = sorted((self.home / "mail" / "all" / "new").glob("*"))
        return [parsed(file.read_bytes()) for file in files]

    def letters_by_person(self, count: int) -> dict[str, list[EmailMessage]]:
        """The same by recipient of the envelope, once there are so many."""
        until = time.monotonic() + WITHIN_S
        while len(letters := self.letters()) < count and time.monotonic() < until:
            time.sleep(0.05)
        by_person: dict[str, list[EmailMessage]] = {}
        for letter in letters:
            to = letter["X-Original-To"] or letter["Envelope-To"]
            by_person.setdefault(str(to), []).append(letter)
        return by_person

    def log(self) -> str:
        """What it wrote."""
        return "".join(file.read_text() for file in sorted((self.home / "log").glob("*")))


def gateway(**options: Any) -> be.Smtp:
    """A relay on this machine as our engine knows it."""
    given: dict[str, Any] = {"tls": "none", "sender": "BE-Alert <alert@alert.example>"}
    return be.Smtp("mail-a", host="127.0.0.1", **given | options)


def parsed(octets: bytes) -> EmailMessage:
    message = email.message_from_bytes(octets, policy=email.policy.SMTP)
    assert isinstance(message, EmailMessage)
    return message


def until_it_listens(port: int, failed: Callable[[], str]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as one:
            assert one.recv(3) == b"220"
            return
        time.sleep(0.02)
    raise AssertionError(failed())


@pytest.fixture
def home() -> Iterator[Callable[..., Path]]:
    """Directories that daemons of other users can reach, which those of pytest are not."""
    with contextlib.ExitStack() as stack:

        def made(**owners: str) -> Path:
            path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bealert-mail-")))
            path.chmod(0o755)
            for name in ("etc", "spool", "data", "log", "mail"):
                (path / name).mkdir()
            for name, user in owners.items():
                shutil.chown(path / name, user)
            certificate(path / "etc")
            return path

        yield made


def certificate(directory: Path) -> None:
    """A key and a certificate for it, both in tls.pem, the certificate alone in tls.crt.

    It is what openssl makes when it is told no more: one that signs itself, of an authority.
    """
    key, made, both = (directory / f"tls.{ending}" for ending in ("key", "crt", "pem"))
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", key, "-out", made], check=True, capture_output=True)
    both.write_bytes(key.read_bytes() + made.read_bytes())
    both.chmod(0o644)


def needs(program: str | None, name: str) -> str:
    if program is None or not Path(program).exists():
        pytest.skip(f"{name} is not installed: .ci/setup does it")
    if os.getuid() != 0:
        pytest.skip(f"{name} changes to users of its own, which needs root")
    return program


@pytest.fixture
def postfix(home: Callable[..., Path]) -> Iterator[Callable[..., Relay]]:
    """Start Postfix. `more` is put behind its main.cf."""
    program = needs(shutil.which("postfix"), "Postfix")
    with contextlib.ExitStack() as stack:

        def start(*, bounces_port: int = 9, bounces: str = "smtp", more: str = "") -> Relay:
            relay = Relay("Postfix", free_port(), home(data="postfix", mail="nobody"))
            etc = relay.home / "etc"
            given = {"home": relay.home, "port": relay.port, "more": more}
            given |= {"bounces": bounces, "bounces_port": bounces_port}
            for name in ("main.cf", "master.cf", "transports", "people"):
                (etc / name).write_text((ETC / name).read_text().format(**given))
            stack.callback(subprocess.run, [program, "-c", etc, "stop"], capture_output=True)
            run = subprocess.run([program, "-c", etc, "start"], capture_output=True, text=True)
            until_it_listens(relay.port, lambda: f"{run}\n{relay.log()}")
            return relay

        yield start


@pytest.fixture
def exim(home: Callable[..., Path]) -> Iterator[Callable[..., Relay]]:
    """Start Exim. `more` is put behind the main part of its configuration."""
    unpacked, user = "/opt/exim4/usr/sbin/exim4", "Debian-exim"
    program = needs(shutil.which("exim4") or unpacked, "Exim")
    with contextlib.ExitStack() as stack:

        def start(*, bounces_port: int = 9, bounces: str = "smtp", more: str = "") -> Relay:
            relay = Relay("Exim", free_port(), home(spool=user, log=user, mail=user))
            conf = relay.home / "etc" / "exim.conf"
            given = {"home": relay.home, "port": relay.port, "more": more, "exim": program}
            given |= {"bounces": bounces, "bounces_port": bounces_port}
            conf.write_text((ETC / "exim.conf").read_text().format(**given))
            # Messages that it put aside are looked at every other second.
            command = [program, "-C", str(conf), "-bdf", "-q2s"]
            process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
            stack.callback(ended, process)
            until_it_listens(relay.port, lambda: f"{process.poll()}\n{relay.log()}")
            return relay

        yield start


def ended(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


@dataclass
class Aiosmtpd:
    """A server of aiosmtpd: what it answers is a function that a test may replace.

    Attributes:
        on_rcpt: The reply to a recipient; None accepts.
        on_data: The reply to a body, before it is kept; None accepts.
        letters: What it took: the recipients and the octets.
        asked: How often it was asked for each recipient.
        options: The parameters of each MAIL.
    """

    on_rcpt: Callable[[Aiosmtpd, str], str | None] = lambda _, __: None
    on_data: Callable[[Aiosmtpd, list[str]], str | None] = lambda _, __: None
    letters: list[tuple[list[str], bytes]] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    options: list[list[str]] = field(default_factory=list)
    port: int = 0

    def gateway(self, **options: Any) -> be.Smtp:
        """As our engine knows it."""
        return gateway(**{"port": self.port, **options})

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        envelope.mail_from, self.options = address, [*self.options, options]
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        self.asked[address] += 1
        refusal = self.on_rcpt(self, address)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        refusal = self.on_data(self, envelope.rcpt_tos)
        if refusal is None:
            self.letters.append((list(envelope.rcpt_tos), bytes(envelope.original_content)))
        return refusal or "250 2.0.0 OK"


@pytest.fixture
def aiosmtpd() -> Iterator[Callable[..., Aiosmtpd]]:
    """Start a server of aiosmtpd in a thread; options are those of its `SMTP`."""
    with contextlib.ExitStack() as stack:

        def start(handler: Aiosmtpd | None = None, **options: Any) -> Aiosmtpd:
            handler = handler or Aiosmtpd()
            handler.port = free_port()
            controller = Controller(handler, "127.0.0.1", handler.port, **options)
            controller.start()
            stack.callback(controller.stop)
            return handler

        yield start


@dataclass
class Tap:
    """Lies between a client and a server, and keeps what each read from the client gave.

    Attributes:
        port: Where the client connects.
        reads: The octets of each read, in order.
        cuts: For each connection after how many octets of the client it is reset, and how many
            seconds the server has for them; connections behind the last are left alone.
    """

    port: int
    reads: list[bytes] = field(default_factory=list)
    cuts: list[tuple[int, float]] = field(default_factory=list)

    async def serve(self, to: int, reader: Any, writer: Any) -> None:
        """One connection, until either side ends it."""
        there, away = await asyncio.open_connection("127.0.0.1", to)
        back = asyncio.create_task(self.pass_on(there, writer, None))
        after, seconds = self.cuts.pop(0) if self.cuts else (None, 0.0)
        if await self.pass_on(reader, away, self.reads, after):
            await asyncio.sleep(seconds)
            writer.transport.abort()
            away.transport.abort()
        await back

    async def pass_on(
        self, reader: Any, writer: Any, kept: list[bytes] | None, after: int | None = None
    ) -> bool:
        """Until the reader ends, or `after` so many octets; whether they were so many."""
        passed = 0
        with contextlib.suppress(OSError):
            while octets := await reader.read(1 << 16):
                if kept is not None:
                    kept.append(octets)
                octets = octets[: None if after is None else after - passed]
                passed += len(octets)
                writer.write(octets)
                await writer.drain()
                if passed == after:
                    return True
        writer.close()
        return False


@pytest.fixture
def tap() -> Iterator[Callable[[int], Tap]]:
    """Put a tap before a port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    servers = []

    def put(to: int) -> Tap:
        one = Tap(free_port())
        serving = asyncio.start_server(partial(one.serve, to), "127.0.0.1", one.port)
        servers.append(asyncio.run_coroutine_threadsafe(serving, loop).result(WITHIN_S))
        return one

    yield put
    for server in servers:
        loop.call_soon_threadsafe(server.close)
    asyncio.run_coroutine_threadsafe(everything_ended(), loop).result(WITHIN_S)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def everything_ended() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@pytest.fixture
def smtp_sink(tmp_path: Path) -> Iterator[Callable[..., Relay]]:
    """Start Postfix's smtp-sink, which keeps every message in a file of its own."""
    program = shutil.which("smtp-sink")
    if program is None:
        pytest.skip("smtp-sink is not installed: .ci/setup does it")
    with contextlib.ExitStack() as stack:

        def start(*options: str) -> Relay:
            relay = Relay("smtp-sink", free_port(), tmp_path)
            kept = tmp_path / "mail" / "all" / "new"
            kept.mkdir(parents=True)
            # Who is root must name whom it changes to.
            user = ["-u", "root"] if os.getuid() == 0 else []
            command = [
                program,
                *user,
                "-d",
                f"{kept}/%M.",
                *options,
                f"127.0.0.1:{relay.port}",
                "500",
            ]
            process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
            stack.callback(ended, process)
            until_it_listens(relay.port, lambda: f"smtp-sink ended: {process.poll()}")
            return relay

        yield start


@pytest.fixture
def campaign() -> Callable[..., Any]:
    """Run one campaign by e-mail to its end; gives its report, which balances, and its steps."""

    def run(*relays: be.Smtp, to: list[str], **more: Any) -> Any:
        given: dict[str, Any] = {"kind": "warning", "expiry": "1h", **more}
        alert = be.Scenario("alert", email={"nl": LETTER}, **given)
        people = [
            be.Recipient(f"p{n:03}", email=who, name=f"Müller <{n}>") for n, who in enumerate(to)
        ]
        with be.Engine(data=None, gateways=relays, scenarios=[alert]) as engine:
            one = engine.launch(engine.plan("alert", to=people), by="tests", key="k")
            one.wait(timeout_s=WITHIN_S)
            report = one.report()
            assert report.balanced
            steps = [step for step in one.events(after=0) if isinstance(step, be.Event)]
        return report, steps

    return run

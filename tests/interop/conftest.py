"""The other side from somebody else: smpplib's client, and an SMSC of smpplib's PDU classes."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from loopback import Listener
from smpplib import consts, smpp
from smpplib.client import Client, SimpleSequenceGenerator

import bealert_engine as be
from bealert_engine import testing

RECEIPT = 0x04  # esm_class of a receipt (SMPP 3.4 §5.2.12)
WITHIN_S = 30


class Connection:
    """One connection of the SMSC: reads PDUs, writes PDUs."""

    def __init__(self, stream: socket.socket) -> None:
        self.stream = stream
        self.sequence = SimpleSequenceGenerator()
        self._writing = threading.Lock()

    def read(self) -> Any:
        """The next PDU; None where the connection ends."""
        raw = self._exactly(4)
        if raw is None:
            return None
        rest = self._exactly(struct.unpack(">L", raw)[0] - 4)
        if rest is None:
            return None
        return smpp.parse_pdu(raw + rest, client=self.sequence, allow_unknown_opt_params=True)

    def answer(self, request: Any, status: int = 0, **fields: Any) -> None:
        """Respond to a request."""
        self.send(f"{request.command}_resp", sequence=request.sequence, status=status, **fields)

    def send(self, command: str, *, sequence: int | None = None, **fields: Any) -> None:
        pdu = smpp.make_pdu(command, client=self.sequence, **fields)
        if sequence is not None:
            pdu.sequence = sequence
        with self._writing, contextlib.suppress(OSError):
            self.stream.sendall(pdu.generate())

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.stream.shutdown(socket.SHUT_RDWR)
        self.stream.close()

    def _exactly(self, size: int) -> bytes | None:
        octets = b""
        while len(octets) < size:
            try:
                more = self.stream.recv(size - len(octets))
            except OSError:
                return None
            if not more:
                return None
            octets += more
        return octets


@dataclass
class Smsc:
    """A small SMSC. What it does with a submit is a function that a test may replace.

    Attributes:
        submits: Every submit_sm that came, in order.
        receipts: The status of every answer to a receipt, by message id.
        binds: Every bind that came.
        unbinds: How many unbinds came from the other side.
        enquiries: How often it was asked for a sign of life.
        arrivals: When each submit came.
        others: Answers to what this SMSC did not ask.
    """

    on_submit: Callable[[Smsc, Connection, Any], None]
    submits: list[Any] = field(default_factory=list)
    receipts: dict[str, int] = field(default_factory=dict)
    binds: list[Any] = field(default_factory=list)
    unbinds: int = 0
    enquiries: int = 0
    arrivals: list[float] = field(default_factory=list)
    others: list[Any] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = Listener(self._connected)
        self._asked: dict[tuple[int, int], str] = {}

    @property
    def port(self) -> int:
        return self._listener.port

    def gateway(self, name: str = "sms-a", **options: Any) -> be.Smpp:
        given: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.port,
            "system_id": "bealert",
            "password": be.Secret("secret"),
            "sender": "BE-Alert",
            "reconnect_max": "200ms",
            "retry": {"attempts": 3, "first": "50ms", "max": "200ms"},
        }
        return be.Smpp(name, **{**given, **options})

    def receipt(
        self,
        connection: Connection,
        submit: Any,
        message_id: str,
        *,
        word: str = "DELIVRD",
        state: int | None = None,
    ) -> None:
        """Send a receipt as text, or with `state` as TLVs alone."""
        text = (
            f"id:{message_id} sub:001 dlvrd:001 submit date:2611240945 done date:2611240946 "
            f"stat:{word} err:000 text:"
        ).encode()
        told: dict[str, Any] = {"short_message": text}
        if state is not None:
            told = {"receipted_message_id": message_id, "message_state": state}
        sequence = connection.sequence.next_sequence()
        self._asked[id(connection), sequence] = message_id
        connection.send(
            "deliver_sm",
            sequence=sequence,
            esm_class=RECEIPT,
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr=submit.destination_addr.decode(),
            dest_addr_ton=5,
            destination_addr=submit.source_addr.decode(),
            **told,
        )

    def copies(self) -> Counter[bytes]:
        """How often a submit came, by number."""
        return Counter(submit.destination_addr for submit in self.submits)

    def close(self) -> None:
        self._listener.close(connection.stream for connection in self.connections)

    def _connected(self, stream: socket.socket) -> Callable[[], None]:
        connection = Connection(stream)
        self.connections.append(connection)
        return partial(self._serve, connection)

    def _serve(self, connection: Connection) -> None:
        while (pdu := connection.read()) is not None:
            if pdu.command.startswith("bind_") and not pdu.command.endswith("_resp"):
                self.binds.append(pdu)
                connection.answer(pdu, system_id="smpplib")
            elif pdu.command == "submit_sm":
                self.submits.append(pdu)
                self.arrivals.append(time.monotonic())
                self.on_submit(self, connection, pdu)
            elif pdu.command == "deliver_sm_resp":
                name = self._asked.pop((id(connection), pdu.sequence), None)
                if name is None:
                    self.others.append(pdu)
                else:
                    self.receipts[name] = pdu.status
            elif pdu.command == "unbind":
                self.unbinds += 1
                connection.answer(pdu)
            elif pdu.command == "enquire_link":
                self.enquiries += 1
                connection.answer(pdu)
            else:
                self.others.append(pdu)
        connection.close()


def takes(smsc: Smsc, connection: Connection, submit: Any) -> None:
    """Accept a message, then send its receipt."""
    message_id = f"{len(smsc.submits):08X}"
    connection.answer(submit, message_id=message_id)
    smsc.receipt(connection, submit, message_id)


@pytest.fixture
def far_end() -> Iterator[Callable[..., Smsc]]:
    """Start an SMSC made of smpplib; without a behaviour it accepts everything."""
    started: list[Smsc] = []

    def start(on_submit: Callable[..., None] = takes) -> Smsc:
        started.append(Smsc(on_submit))
        return started[-1]

    yield start
    for smsc in started:
        smsc.close()


@pytest.fixture
def campaign() -> Callable[..., be.Report]:
    """Run one campaign through gateways to its end; gives its report, which balances."""

    def run(*gateways: be.Smpp, people: int, text: str = "Dag {{ id }}.", **scenario: Any) -> Any:
        given: dict[str, Any] = {"kind": "warning", "expiry": "1h", **scenario}
        alert = be.Scenario("alert", sms={"nl": text}, **given)
        to = [
            be.Recipient(f"p{number:04}", phone=f"+336 3998 {number:04}")
            for number in range(people)
        ]
        with be.Engine(data=None, gateways=gateways, scenarios=[alert]) as engine:
            _until_bound(engine, len(gateways))
            one = engine.launch(engine.plan("alert", to=to), by="tests", key="k")
            one.wait(timeout_s=WITHIN_S)
            report = one.report()
            assert report.balanced
            steps = [step for step in one.events(after=0) if isinstance(step, be.Event)]
        return report, steps

    return run


def _until_bound(engine: be.Engine, gateways: int) -> None:
    """A gateway that is not bound yet is passed over for the next that takes the number."""
    deadline = time.monotonic() + WITHIN_S
    while len(re.findall(r"^bealert_gateway_up{.*} 1$", engine.metrics(), re.M)) < gateways:
        assert time.monotonic() < deadline, "a gateway does not come up"
        time.sleep(0.01)


@pytest.fixture
def simulator() -> Iterator[Callable[..., testing.Simulator]]:
    """Start our simulator with options."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(testing.Simulator(**options))


@pytest.fixture
def client() -> Iterator[Callable[..., Client]]:
    """Connect smpplib to a port."""
    clients: list[Client] = []

    def connect(port: int) -> Client:
        one = Client("127.0.0.1", port, timeout=10, allow_unknown_opt_params=True)
        one.connect()
        clients.append(one)
        return one

    yield connect
    for one in clients:
        if one._socket is not None:
            one.state = consts.SMPP_CLIENT_STATE_OPEN  # it warns of what was not unbound
            one.disconnect()

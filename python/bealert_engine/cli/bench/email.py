"""`bealert bench email`: the whole engine, measured with e-mail."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Literal

import typer

from bealert_engine import Dkim, Recipient, Smtp
from bealert_engine.cli.bench import outcome
from bealert_engine.cli.bench.letters import LEAST_OCTETS, MOST_OCTETS, SENDER, letter
from bealert_engine.cli.bench.measured import measure
from bealert_engine.cli.bench.options import Data, LiveGateway
from bealert_engine.cli.bench.place import ledger_directory, must_be_near
from bealert_engine.cli.exits import ExitCode, sigterm_raises
from bealert_engine.cli.far_end import SimulatorProcess
from bealert_engine.cli.gateway_url import RelayUrl
from bealert_engine.cli.options import AsJson
from bealert_engine.cli.output import Output
from bealert_engine.config import Config

MOST_MESSAGES = 1_000_000_000
"""As many addresses as `user%09d@example.org` has. No mail is ever delivered there: RFC 2606."""

MOST_CONNECTIONS = 256

SIMULATOR = RelayUrl("127.0.0.1", 0)


def email(
    *,
    count: Annotated[int, typer.Option(min=1, max=MOST_MESSAGES, help="How many e-mails.")],
    gateway: Annotated[
        str | None,
        typer.Option(
            metavar="smtp://host:port",
            help="A mail relay; default: our simulator in a second process. An account: "
            "smtp://user:password@host:port.",
            show_default=False,
        ),
    ] = None,
    connections: Annotated[int, typer.Option(min=1, max=MOST_CONNECTIONS, help="Connections.")] = 8,
    size: Annotated[
        int,
        typer.Option(min=LEAST_OCTETS, max=MOST_OCTETS, help="About how many octets each has."),
    ] = 4_096,
    mode: Annotated[
        Literal["auto", "lockstep", "pipelined", "joined", "bdat"],
        typer.Option(help="The highest rung of the dialogue that may be used."),
    ] = "auto",
    window: Annotated[
        int, typer.Option(min=1, help="With bdat: unanswered messages per connection.")
    ] = 16,
    rate: Annotated[
        float | None, typer.Option(help="Messages per second at most; default: no limit.")
    ] = None,
    tls: Annotated[
        Literal["none", "opportunistic", "required", "implicit"],
        typer.Option(help="Whether the connections are encrypted."),
    ] = "none",
    ca: Annotated[
        Path | None,
        typer.Option(metavar="PEM", help="Certificates to trust besides those of the system."),
    ] = None,
    dkim: Annotated[
        Path | None,
        typer.Option(metavar="PEM", help="A key, RSA or Ed25519, that signs each message."),
    ] = None,
    data: Data = None,
    live_gateway: LiveGateway = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Send COUNT personal e-mails as fast as the relay takes them, and say how fast that was."""
    out = Output(as_json=as_json)
    out.show_logs()
    url = SIMULATOR if gateway is None else RelayUrl.read(gateway)
    must_be_near(url, f"{count:,} e-mails", live=live_gateway)
    with sigterm_raises(), ExitStack() as stack:
        directory = stack.enter_context(ledger_directory(data))
        simulator = None
        if url is SIMULATOR:
            simulator = stack.enter_context(SimulatorProcess("relay"))
            url = RelayUrl("127.0.0.1", simulator.port)
        relay = Smtp(
            "bench",
            host=url.host,
            port=url.port,
            username=url.username,
            password=url.password,
            sender=SENDER,
            tls=tls,
            ca=None if ca is None else f"file:{ca.absolute()}",
            connections=connections,
            mode=mode,
            window=window,
            messages_per_second=rate,
            dkim=[] if dkim is None else [_signature(dkim)],
        )
        config = Config(data=directory, gateways=[relay], scenarios=[letter(size)])
        out.note(f"{count:,} e-mails to {'our simulator' if simulator else url}", style="dim")
        people = (Recipient(f"b{n:09}", email=f"user{n:09}@example.org") for n in range(count))
        paced = rate is not None
        measured = measure(out, config, people, count, channel="email", paced=paced)
        books = None if simulator is None else simulator.books()
    return outcome.say(out, measured, count, books)


def _signature(key: Path) -> Dkim:
    return Dkim(domain="example.org", selector="bench", key=f"file:{key.absolute()}")

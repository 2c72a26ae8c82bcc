"""`bealert bench sms`: the whole engine, measured."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

import typer

from bealert_engine import Recipient, Scenario, Secret, Smpp
from bealert_engine.cli.bench import outcome
from bealert_engine.cli.bench.measured import measure
from bealert_engine.cli.bench.options import Data, LiveGateway
from bealert_engine.cli.bench.place import ledger_directory, must_be_near
from bealert_engine.cli.exits import ExitCode, Unusable, sigterm_raises
from bealert_engine.cli.far_end import SimulatorProcess
from bealert_engine.cli.gateway_url import SmscUrl
from bealert_engine.cli.options import AsJson
from bealert_engine.cli.output import Output
from bealert_engine.cli.simulate.options import check_burst
from bealert_engine.config import Config

RECEIPT_WAIT = "30s"
"""Much longer than any far end of a measurement takes: what is missing by then is lost."""

FIRST_NUMBER = 888_10_000_000_000
"""Numbers of +888, a code that no telephone network routes: it was kept for disaster relief and
given back. It is large enough for everybody to have an own one, and whatever the far end is, no
phone rings."""

MOST_MESSAGES = 100_000_000
"""As many invented numbers as there are behind `FIRST_NUMBER`."""

TEXT = Scenario(
    "bench",
    kind="info",
    expiry="24h",
    sms={"en": "Exercise: this text measures a gateway, please do nothing. Number {{ id }}"},
)


def sms(
    *,
    count: Annotated[int, typer.Option(min=1, max=MOST_MESSAGES, help="How many messages.")],
    gateway: Annotated[
        str | None,
        typer.Option(
            metavar="smpp://id:password@host:port",
            help="An SMSC; default: our simulator in a second process.",
            show_default=False,
        ),
    ] = None,
    window: Annotated[int, typer.Option(min=1, help="Unanswered requests per session.")] = 100,
    sessions: Annotated[int, typer.Option(min=1, help="Connections.")] = 1,
    rate: Annotated[
        float | None, typer.Option(help="Parts per second at most; default: no limit.")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1, help="Parts per second that the far end takes, of which the engine is not told."
        ),
    ] = None,
    limit_burst: Annotated[
        int | None,
        typer.Option(
            min=1, help="How many at once within --limit; default: a tenth of a second's."
        ),
    ] = None,
    response_ms: Annotated[
        int, typer.Option(min=0, help="How long our simulator takes to answer.")
    ] = 0,
    receipts: Annotated[
        bool, typer.Option("--receipts", help="Ask for receipts and wait for them.")
    ] = False,
    data: Data = None,
    live_gateway: LiveGateway = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Send COUNT messages as fast as the far end takes them, and say how fast that was."""
    out = Output(as_json=as_json)
    out.show_logs()
    url = None if gateway is None else SmscUrl.read(gateway)
    if url is not None and (limit_burst is not None or response_ms):
        raise Unusable("--limit-burst and --response-ms are about our simulator, not --gateway.")
    check_burst(limit, limit_burst)
    if url is not None:
        must_be_near(url, f"{count:,} messages", live=live_gateway)
    with sigterm_raises(), ExitStack() as stack:
        directory = stack.enter_context(ledger_directory(data))
        simulator = None
        if url is None:
            options = _far_end(receipts, response_ms, limit, limit_burst)
            simulator = stack.enter_context(SimulatorProcess("smsc", *options))
            url = SmscUrl("127.0.0.1", simulator.port, "bench", Secret("bench"))
        account = Smpp(
            "bench",
            host=url.host,
            port=url.port,
            system_id=url.system_id,
            password=url.password,
            sender="BE-Alert",
            window=window,
            sessions=sessions,
            parts_per_second=rate,
            receipts=receipts,
            receipt_wait=RECEIPT_WAIT,
        )
        config = Config(data=directory, gateways=[account], scenarios=[TEXT])
        out.note(f"{count:,} messages to {'our simulator' if simulator else url}", style="dim")
        people = (Recipient(f"b{n:09}", phone=f"+{FIRST_NUMBER + n}") for n in range(count))
        measured = measure(out, config, people, count, limit=limit, paced=rate is not None)
        books = None if simulator is None else simulator.books()
    return outcome.say(out, measured, count, books)


def _far_end(
    receipts: bool, response_ms: int, limit: int | None, limit_burst: int | None
) -> list[str]:
    """The options of our simulator."""
    options = ["--receipts", "1" if receipts else "0", "--response-ms", str(response_ms)]
    if limit is not None:
        options += ["--limit", str(limit)]
    if limit_burst is not None:
        options += ["--limit-burst", str(limit_burst)]
    return options

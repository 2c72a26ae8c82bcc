"""`bealert bench sms`: the whole engine, measured."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from bealert_engine import Scenario, Secret, Smpp
from bealert_engine.cli.exits import ExitCode, Unusable, sigterm_raises
from bealert_engine.cli.far_end import SimulatorProcess
from bealert_engine.cli.gateway_url import GatewayUrl
from bealert_engine.cli.measure import Measured, measure
from bealert_engine.cli.options import AsJson
from bealert_engine.cli.output import Output, facts
from bealert_engine.config import Config

RECEIPT_WAIT = "30s"
"""Much longer than any far end of a measurement takes: what is missing by then is lost."""

VAR = Path("var")

MOST_MESSAGES = 100_000_000
"""As many invented numbers as there are (see `measure.FIRST_NUMBER`)."""

TEXT = Scenario(
    "bench",
    kind="info",
    expiry="24h",
    sms={"en": "Exercise: this text measures a gateway, please do nothing. Number {{ id }}"},
)

bench = typer.Typer(no_args_is_help=True, help="Measure the whole engine.")


@bench.callback()
def measurements() -> None:
    """Measure the whole engine: plan, ledger with fsync, sending, receipts, report."""


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
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="A new ledger directory, which is kept."),
    ] = None,
    live_gateway: Annotated[
        bool,
        typer.Option("--live-gateway", help="Allow a gateway that is not on this machine."),
    ] = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Send COUNT messages as fast as the far end takes them, and say how fast that was."""
    out = Output(as_json=as_json)
    out.show_logs()
    url = None if gateway is None else GatewayUrl.read(gateway)
    if url is not None and (limit_burst is not None or response_ms):
        raise Unusable("--limit-burst and --response-ms are about our simulator, not --gateway.")
    if limit_burst is not None and limit is None:
        raise Unusable("--limit-burst says how --limit counts: give that too.")
    if url is not None and not url.is_loopback and not live_gateway:
        raise Unusable(
            f"{url} is not on this machine. --live-gateway says that you mean it: {count:,} "
            "messages go out."
        )
    with sigterm_raises(), ExitStack() as stack:
        directory = data if data is not None else stack.enter_context(_passing_directory())
        _must_be_new(directory)
        simulator = None
        if url is None:
            options = _far_end(receipts, response_ms, limit, limit_burst)
            simulator = stack.enter_context(SimulatorProcess(*options))
            url = GatewayUrl("127.0.0.1", simulator.port, "bench", Secret("bench"))
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
        measured = measure(out, config, count, limit)
        books = None if simulator is None else simulator.books()
    wrong = _imbalance(measured, count, books)
    _show(out, measured, books, wrong)
    out.result(measured.as_dict() | {"simulator": books, "wrong": wrong})
    return ExitCode.FAILED if wrong else ExitCode.DONE


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


@contextmanager
def _passing_directory() -> Iterator[Path]:
    """A directory below var/, not in /tmp: that is often kept in memory, where fsync is free."""
    VAR.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=VAR) as directory:
        yield Path(directory)


def _must_be_new(directory: Path) -> None:
    if directory.exists() and any(directory.iterdir()):
        raise Unusable(f"{directory} is not empty: a measurement wants a new directory.")


def _imbalance(measured: Measured, count: int, books: dict[str, Any] | None) -> list[str]:
    """Everything that does not add up."""
    wrong = []
    if not measured.balanced:
        wrong.append("the report does not balance")
    ended = measured.accepted + measured.delivered + measured.failed + measured.uncertain
    if ended != count:
        wrong.append(f"{count:,} were launched, {ended:,} ended")
    if books is not None:
        taken = measured.accepted + measured.delivered
        if not taken <= books["unique"] <= taken + measured.failed + measured.uncertain:
            wrong.append(f"the simulator took {books['unique']:,}, we count {taken:,}")
        if books["duplicates"] > measured.possibly_doubled:
            wrong.append(
                f"the simulator took {books['duplicates']:,} twice, "
                f"we name {measured.possibly_doubled:,}"
            )
    return wrong


def _show(out: Output, measured: Measured, books: dict[str, Any] | None, wrong: list[str]) -> None:
    rows = [(name, _figure(value)) for name, value in measured.as_dict().items()]
    if books is not None:
        rows.append(("simulator", ", ".join(f"{name} {_figure(n)}" for name, n in books.items())))
    out.say(facts(rows))
    for line in wrong:
        out.say(line, style="bold red")


def _figure(value: Any) -> str:
    if isinstance(value, dict):
        return "  ".join(f"{name} {_figure(inner)}" for name, inner in value.items())
    if isinstance(value, float):
        return f"{value:,.3f}" if value < 100 else f"{value:,.0f}"
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    return f"{value:,}" if isinstance(value, int) else str(value)

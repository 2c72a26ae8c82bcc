"""The commands of `bealert`, and how they are run."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from importlib.metadata import version as version_of
from typing import Annotated

import typer

from bealert_engine.cli.bench import bench, email, sms
from bealert_engine.cli.campaigns import campaigns
from bealert_engine.cli.check import check
from bealert_engine.cli.control import archive, cancel, erase, pause, resume
from bealert_engine.cli.demo import demo
from bealert_engine.cli.exits import ExitCode, guarded
from bealert_engine.cli.launch import launch
from bealert_engine.cli.output import Output
from bealert_engine.cli.plan import plan
from bealert_engine.cli.report import report
from bealert_engine.cli.run import run as run_command
from bealert_engine.cli.show import show
from bealert_engine.cli.simulate import relay, simulate, smsc
from bealert_engine.cli.streams import settle_streams
from bealert_engine.cli.verify import verify

EPILOG = (
    "Exit codes: 0 done and balanced, 1 not balanced or failed, 2 usage or configuration, "
    "3 plan refused, 4 directory held, 5 nobody sends, 130 interrupted (campaign kept)."
)

app = typer.Typer(
    name="bealert",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog=EPILOG,
)
for command in (
    demo,
    check,
    plan,
    launch,
    run_command,
    campaigns,
    show,
    report,
    verify,
    pause,
    resume,
    cancel,
    erase,
    archive,
):
    app.command(command.__name__)(guarded(command))
simulate.command("smsc")(guarded(smsc))
simulate.command("relay")(guarded(relay))
bench.command("sms")(guarded(sms))
bench.command("email")(guarded(email))
app.add_typer(simulate, name="simulate")
app.add_typer(bench, name="bench")


def run(arguments: Sequence[str]) -> None:
    """Run one command and leave with its exit code."""
    as_json = "--json" in arguments
    settle_streams()
    # A shell starts what runs behind a script with SIGINT ignored; whoever sends it means it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        app(list(arguments), standalone_mode=True)
    except SystemExit as leaving:
        if as_json and leaving.code == ExitCode.USAGE and not Output.said_json:
            message = "The command line cannot be used; standard error says why."
            error = {"kind": "Usage", "message": message, "problems": []}
            Output(as_json=True).result({"error": error})
        raise
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(version_of("bealert-engine"))
        raise typer.Exit


@app.callback()
def everything(
    *,
    _asked: Annotated[
        bool,
        typer.Option("--version", help="Say the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """Alert people fast, with nothing lost and everyone accounted for."""

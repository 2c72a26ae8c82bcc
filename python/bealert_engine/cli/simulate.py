"""`bealert simulate smsc`: an SMS gateway that sends nothing and keeps books."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from typing import Annotated

import typer

from bealert_engine import testing
from bealert_engine.cli.exits import ExitCode, Terminated, sigterm_raises

LOOK_EVERY_S = 0.2
"""How soon the end of the parent is noticed."""

simulate = typer.Typer(no_args_is_help=True, help="Far ends that send nothing.")


@simulate.callback()
def far_ends() -> None:
    """Far ends that send nothing, for trying things out and for tests."""


def smsc(
    *,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Where to listen; 0 picks one.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    response_ms: Annotated[
        int, typer.Option(min=0, help="How long an answer to a submit takes.")
    ] = 0,
    receipt_ms: Annotated[
        int, typer.Option(min=0, help="How long after the answer the receipt comes.")
    ] = 0,
    receipts: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Share of accepted parts that get a receipt."),
    ] = 1.0,
    failed: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Share of the receipts that say undelivered."),
    ] = 0.0,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Parts per second that are taken; more are throttled (0x58)."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed picks others to fail.")] = 1,
    with_parent: Annotated[
        bool,
        typer.Option("--with-parent", hidden=True, help="End when standard input does."),
    ] = False,
) -> ExitCode:
    """Be an SMSC: any account, any password. Says its books as JSON when it ends (Ctrl-C)."""
    simulator = testing.smsc(
        port=port,
        host=host,
        response_ms=response_ms,
        receipt_ms=receipt_ms,
        receipts=receipts,
        failed=failed,
        limit=limit,
        seed=seed,
    )
    with sigterm_raises(), simulator:
        print(f"listening on {simulator.host}:{simulator.port}", flush=True)
        with contextlib.suppress(KeyboardInterrupt, Terminated):
            _wait(with_parent=with_parent)
        books = simulator.books()
    print(json.dumps(books), flush=True)
    return ExitCode.DONE


def _wait(*, with_parent: bool) -> None:
    over = threading.Event()
    if with_parent:
        threading.Thread(target=_until_input_ends, args=(over,), daemon=True).start()
    while not over.is_set():
        time.sleep(LOOK_EVERY_S)


def _until_input_ends(over: threading.Event) -> None:
    # os.read, since a daemon thread must not hold the lock of sys.stdin when the process ends.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    over.set()

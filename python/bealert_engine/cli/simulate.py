"""`bealert simulate`: far ends that send nothing and keep books."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from typing import Annotated

import typer

from bealert_engine import testing
from bealert_engine.cli.exits import ExitCode, Terminated, Unusable, sigterm_raises
from bealert_engine.cli.streams import write_out
from bealert_engine.errors import BealertError

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
    limit_burst: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="How many may come at once within --limit; default: a tenth of a second's.",
            show_default=False,
        ),
    ] = None,
    early_receipts: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of the receipts that come first.")
    ] = 0.0,
    silent: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Share of parts that are taken and never answered."),
    ] = 0.0,
    reset_every: Annotated[
        int | None, typer.Option(min=1, help="Reset the connection after so many parts.")
    ] = None,
    unanswered_receipts: Annotated[
        int, typer.Option(min=1, help="Receipts sent without waiting for an answer.")
    ] = 1_000,
    receipts_first: Annotated[
        bool,
        typer.Option("--receipts-first", help="Answer nothing while a receipt is unanswered."),
    ] = False,
    receipt_retry_ms: Annotated[
        int, typer.Option(min=0, help="How long until a refused receipt is sent again.")
    ] = 1_000,
    ids: Annotated[
        int | None, typer.Option(min=0, help="How many different message ids it gives.")
    ] = None,
    refuse: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ENDING=STATUS",
            help='Refuse numbers that end so, as in "13=0x0B"; may be repeated.',
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed picks others to fail.")] = 1,
    with_parent: Annotated[
        bool,
        typer.Option("--with-parent", hidden=True, help="End when standard input does."),
    ] = False,
) -> ExitCode:
    """Be an SMSC: any account, any password. Says its books as JSON when it ends (Ctrl-C)."""
    if limit_burst is not None and limit is None:
        raise Unusable("--limit-burst says how --limit counts: give that too.")
    simulator = testing.smsc(
        port=port,
        host=host,
        response_ms=response_ms,
        receipt_ms=receipt_ms,
        receipts=receipts,
        failed=failed,
        limit=limit,
        burst=limit_burst,
        early_receipts=early_receipts,
        silent=silent,
        reset_every=reset_every,
        unanswered_receipts=unanswered_receipts,
        receipts_first=receipts_first,
        receipt_retry_ms=receipt_retry_ms,
        ids=ids,
        numbers=[_refusal(rule) for rule in refuse or ()],
        seed=seed,
        keep_messages=False,
    )
    return serve(simulator, with_parent=with_parent)


def serve(far_end: testing.Simulator | testing.Relay, *, with_parent: bool) -> ExitCode:
    """Say where it listens, wait for a signal, and say its books as JSON."""
    with sigterm_raises(), far_end:
        with contextlib.suppress(KeyboardInterrupt, Terminated):
            write_out(f"listening on {far_end.host}:{far_end.port}\n")
            _wait(far_end, with_parent=with_parent)
        # A terminal and a supervisor may both signal: the books are said all the same.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        books = far_end.books()
        failure = far_end.failure()
    write_out(json.dumps(books) + "\n")
    if failure is not None:
        raise BealertError(f"The simulator had to stop: {failure}")
    return ExitCode.DONE


def _refusal(rule: str) -> dict[str, str | int]:
    ending, _, status = rule.partition("=")
    try:
        return {"suffix": str(int(ending)).zfill(len(ending)), "status": int(status, 0)}
    except ValueError:
        raise Unusable(f"--refuse {rule!r} is not of the form 13=0x0B.") from None


def _wait(far_end: testing.Simulator | testing.Relay, *, with_parent: bool) -> None:
    over = threading.Event()
    if with_parent:
        threading.Thread(target=_until_input_ends, args=(over,), daemon=True).start()
    while not over.is_set() and far_end.failure() is None:
        time.sleep(LOOK_EVERY_S)


def _until_input_ends(over: threading.Event) -> None:
    # os.read, since a daemon thread must not hold the lock of sys.stdin when the process ends.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    over.set()

"""`bealert simulate smsc`: an SMSC that sends nothing and keeps books."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from bealert_engine import testing
from bealert_engine.cli.exits import ExitCode, Unusable
from bealert_engine.cli.simulate.options import (
    Host,
    LimitBurst,
    Port,
    Seed,
    WithParent,
    check_burst,
    share,
)
from bealert_engine.cli.simulate.serving import serve


def smsc(
    *,
    port: Port,
    host: Host = "127.0.0.1",
    response_ms: Annotated[
        int, typer.Option(min=0, help="How long an answer to a submit takes.")
    ] = 0,
    receipt_ms: Annotated[
        int, typer.Option(min=0, help="How long after the answer the receipt comes.")
    ] = 0,
    receipts: Annotated[float, share("Share of accepted parts that get a receipt.")] = 1.0,
    failed: Annotated[float, share("Share of the receipts that say undelivered.")] = 0.0,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Parts per second that are taken; more are throttled (0x58)."),
    ] = None,
    limit_burst: LimitBurst = None,
    early_receipts: Annotated[float, share("Share of the receipts that come first.")] = 0.0,
    silent: Annotated[float, share("Share of parts that are taken and never answered.")] = 0.0,
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
    seed: Seed = 1,
    with_parent: WithParent = False,
) -> ExitCode:
    """Be an SMSC: any account, any password. Says its books as JSON when it ends (Ctrl-C)."""
    check_burst(limit, limit_burst)
    listen = partial(
        testing.smsc,
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
    return serve(listen, with_parent=with_parent)


def _refusal(rule: str) -> dict[str, str | int]:
    ending, _, status = rule.partition("=")
    try:
        return {"suffix": str(int(ending)).zfill(len(ending)), "status": int(status, 0)}
    except ValueError:
        raise Unusable(f"--refuse {rule!r} is not of the form 13=0x0B.") from None

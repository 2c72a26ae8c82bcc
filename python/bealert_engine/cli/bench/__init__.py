"""`bealert bench`: the whole engine, measured on one channel."""

from __future__ import annotations

import typer

from bealert_engine.cli.bench.email import email
from bealert_engine.cli.bench.sms import sms

__all__ = ["bench", "email", "sms"]

bench = typer.Typer(no_args_is_help=True, help="Measure the whole engine.")


@bench.callback()
def measurements() -> None:
    """Measure the whole engine: plan, ledger with fsync, sending, receipts, report."""

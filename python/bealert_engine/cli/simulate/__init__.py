"""`bealert simulate`: far ends that send nothing and keep books."""

from __future__ import annotations

import typer

from bealert_engine.cli.simulate.relay import relay
from bealert_engine.cli.simulate.smsc import smsc

__all__ = ["relay", "simulate", "smsc"]

simulate = typer.Typer(no_args_is_help=True, help="Far ends that send nothing.")


@simulate.callback()
def far_ends() -> None:
    """Far ends that send nothing, for trying things out and for tests."""

"""Options that every measurement takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="A new ledger directory, which is kept."),
]
LiveGateway = Annotated[
    bool, typer.Option("--live-gateway", help="Allow a gateway that is not on this machine.")
]

"""Options that every simulated far end takes."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bealert_engine.cli.exits import Unusable

Port = Annotated[int, typer.Option(min=0, max=65_535, help="Where to listen; 0 picks one.")]
Host = Annotated[str, typer.Option(help="Address to listen on.")]
LimitBurst = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="How many may come at once within --limit; default: a tenth of a second's.",
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Another seed picks others to fail.")]
WithParent = Annotated[
    bool, typer.Option("--with-parent", hidden=True, help="End when standard input does.")
]


def share(text: str) -> Any:
    """An option that is a share of something, from 0 to 1."""
    return typer.Option(min=0.0, max=1.0, help=text)


def check_burst(limit: int | None, limit_burst: int | None) -> None:
    """Refuse a burst that nothing limits."""
    if limit_burst is not None and limit is None:
        raise Unusable("--limit-burst says how --limit counts: give that too.")

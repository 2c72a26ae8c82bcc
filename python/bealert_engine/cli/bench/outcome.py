"""What a measurement says, and whether it adds up."""

from __future__ import annotations

from typing import Any

from bealert_engine.cli.bench.measured import Measured
from bealert_engine.cli.exits import ExitCode
from bealert_engine.cli.output import Output, facts

Books = dict[str, Any]


def say(out: Output, measured: Measured, count: int, books: Books | None) -> ExitCode:
    """Show it all. `books` are those of our simulator; None where the far end is another."""
    wrong = imbalance(measured, count, books)
    rows = [(name, _figure(value)) for name, value in measured.as_dict().items()]
    if books is not None:
        rows.append(("simulator", ", ".join(f"{name} {_figure(n)}" for name, n in books.items())))
    out.say(facts(rows))
    for line in wrong:
        out.say(line, style="bold red")
    out.result(measured.as_dict() | {"simulator": books, "wrong": wrong})
    return ExitCode.FAILED if wrong else ExitCode.DONE


def imbalance(measured: Measured, count: int, books: Books | None) -> list[str]:
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


def _figure(value: Any) -> str:
    if isinstance(value, dict):
        return "  ".join(f"{name} {_figure(inner)}" for name, inner in value.items())
    if isinstance(value, float):
        return f"{value:,.3f}" if value < 100 else f"{value:,.0f}"
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    return f"{value:,}" if isinstance(value, int) else str(value)

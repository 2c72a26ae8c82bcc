"""Measures every row of the table in `benches/RESULTS.md`, beside peers in the same run.

    make bench                                          # everything
    .venv/bin/python benches/speed email                # the rows of one channel
    .venv/bin/python benches/speed receipts window100   # some rows
    .venv/bin/python benches/speed --runs 1 --scale 0.05

Each measurement has a far end of its own, in another process. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from pathlib import Path

import behaviour
import machine
import mail
import mail_cost
import sms
import table
import waiting
from bench import Bench
from ends import LEAN, Failed

CASES = {
    case.__name__: case
    for case in (
        sms.receipts,
        sms.window100,
        sms.window1000,
        sms.window10,
        sms.window1,
        sms.rtt50,
        sms.unanswered10,
        behaviour.paced500,
        behaviour.limit1000,
        behaviour.reset1000,
        waiting.plan_launch,
        waiting.first_submit,
        waiting.reopen,
        waiting.urgent,
        waiting.memory,
        mail.smtp_sink,
        mail.joined,
        mail.bdat,
        mail.rtt20,
        mail.one_connection,
        mail_cost.starttls,
        mail_cost.dkim,
        mail_cost.mail_memory,
    )
}


GROUPS = {
    "sms": [name for name, case in CASES.items() if not case.__module__.startswith("mail")],
    "email": [name for name, case in CASES.items() if case.__module__.startswith("mail")],
}


def main() -> int:
    asked = argparse.ArgumentParser(description="Measure, beside peers.")
    asked.add_argument("cases", nargs="*", metavar="CASE", help=", ".join([*CASES, *GROUPS]))
    asked.add_argument("--runs", type=int, default=3)
    asked.add_argument("--scale", type=float, default=1.0, help="of the counts, for a try-out")
    asked.add_argument("--out", type=Path, help="write the table there too")
    chosen = asked.parse_args()
    cases = [case for name in chosen.cases or GROUPS for case in GROUPS.get(name, [name])]
    unknown = [name for name in cases if name not in CASES]
    if unknown:
        asked.error(f"no case {', '.join(unknown)}; there are {', '.join([*CASES, *GROUPS])}")
    if not LEAN.exists():
        asked.error("the far end is not built: make bench-peers")
    where, began = machine.description(), time.monotonic()
    bench = Bench(chosen.runs, chosen.scale)
    rows, failed = measure(bench, cases)
    lines = [
        f"{where}. {chosen.runs} runs each, median [lowest - highest], "
        f"{time.monotonic() - began:.0f} s in all.",
        f"`{shlex.join(['.venv/bin/python', 'benches/speed', *sys.argv[1:]])}`",
        "",
        table.markdown(rows),
        *(f"\nLeft out: {name}, {why}." for name, why in bench.left_out.items()),
        *(f"\nFailed: {name}: {why}" for name, why in failed.items()),
    ]
    said = "\n".join(lines)
    print(said)
    if chosen.out:
        chosen.out.write_text(said + "\n")
    return 1 if failed else 0


def measure(bench: Bench, names: list[str]) -> tuple[list[table.Row], dict[str, str]]:
    """The rows, and what could not be measured: the others are measured all the same."""
    rows, failed = [], {}
    for name in names:
        bench.note(name)
        try:
            rows += CASES[name](bench)
        except Failed as error:
            failed[name] = str(error)
            bench.note(f"  failed: {error}")
    return rows, failed


if __name__ == "__main__":
    sys.exit(main())

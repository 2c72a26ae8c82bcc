"""The command `bealert`: what an operator does with an engine, from a shell.

It is an extra, `pip install "bealert-engine[cli]"`; the library works without it. One file per
command; `app` lists them. What a command finds goes to standard output, for people or as one JSON
value; everything else goes to standard error.
"""

from __future__ import annotations

import importlib.util
import sys

__all__ = ["main"]

NEEDED = ("typer", "rich")
"""What the extra brings."""


def main() -> None:
    """Run the command line and leave with its exit code (see `exits.ExitCode`)."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(
            f"bealert needs {' and '.join(missing)}. Install them: "
            'pip install "bealert-engine[cli]"'
        )
    from bealert_engine.cli.app import run

    run(sys.argv[1:])

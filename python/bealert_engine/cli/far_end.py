"""A simulator in a process of its own, as `demo` and `bench` use it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Literal, Self

from bealert_engine.errors import BealertError

END_WITHIN_S = 30.0


class SimulatorProcess:
    """`bealert simulate smsc` or `relay` on a free port of 127.0.0.1, until the block ends.

    It ends with this process, however that ends: it holds the other end of its standard input.

    Attributes:
        port: Where it listens.
    """

    port: int

    def __init__(self, what: Literal["smsc", "relay"], *options: str) -> None:
        self._options = [what, *options]

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "bealert_engine.cli", "simulate"]
        command += [*self._options, "--port", "0", "--with-parent"]
        # A group of its own: Ctrl-C at the terminal is for us, who still want its books.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        first = self._process.stdout.readline()
        if not first.startswith("listening on "):
            self._process.kill()
            self._process.wait()
            raise BealertError("The simulator did not start; what it said stands above.")
        self.port = int(first.rsplit(":", 1)[1])
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()

    def books(self) -> dict[str, int]:
        """End it, and say what it kept count of."""
        try:
            said, _ = self._process.communicate(timeout=END_WITHIN_S)
        except subprocess.TimeoutExpired:
            raise BealertError("The simulator does not end.") from None
        books: dict[str, int] = json.loads(said.splitlines()[-1])
        return books

"""What simulated far ends have in common: a port, books, faults that change, an end."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, Self, TypeVar

__all__ = ["FarEnd"]

MOST_PORT = 65_535


class Native(Protocol):
    """A far end of the Rust core."""

    @property
    def port(self) -> int: ...
    def books(self) -> dict[str, int]: ...
    def change(self, options: str) -> None: ...
    def reset_connections(self) -> int: ...
    def failure(self) -> str | None: ...
    def close(self) -> None: ...


N = TypeVar("N", bound=Native)


class FarEnd(Generic[N]):
    """A far end that listens until it is closed."""

    def __init__(
        self,
        opened: Callable[[str, int, str], N],
        host: str,
        port: int,
        options: Mapping[str, Any],
    ) -> None:
        if not 0 <= port <= MOST_PORT:
            raise ValueError(f"port must be from 0 to {MOST_PORT}, not {port}")
        for name, value in options.items():
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{name} must be a finite number, not {value}")
        self._host = host
        self._native = opened(host, port, json.dumps(options))

    @property
    def host(self) -> str:
        """Where it listens."""
        return self._host

    @property
    def port(self) -> int:
        """At which port."""
        return self._native.port

    def books(self) -> dict[str, int]:
        """What it has counted, by name."""
        return self._native.books()

    def change(self, **faults: Any) -> None:
        """Change how it behaves with what comes from now on.

        Args:
            **faults: Those to change, as the constructor takes them; the others stay.

        Raises:
            ValueError: One is unknown, out of its range, or cannot change while it runs.

        >>> from bealert_engine import testing
        >>> with testing.smsc() as simulator:
        ...     simulator.change(response_ms=200, silent=0.01)
        """
        self._native.change(json.dumps(faults))

    def reset_connections(self) -> int:
        """Break every connection, as a failing far end would; gives how many there were."""
        return self._native.reset_connections()

    def failure(self) -> str | None:
        """What it failed with, if it serves nobody any more: a Maildir that is full, for one."""
        return self._native.failure()

    def close(self) -> None:
        """Hang up. The books stay readable; closing twice does no harm."""
        self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self.host}:{self.port}>"

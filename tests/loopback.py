"""Ports and listeners on loopback, for far ends that are made in tests."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator

WITHIN_S = 40
"""In which a thread must end once its socket is gone."""

PORTS_EACH = 500
"""So many for each process that runs tests, below those that the system gives by itself (32768)."""


class Listener:
    """Listens on a port of loopback, with a thread for each connection.

    Args:
        connected: Is told of one connection after the other, and gives what its thread runs.
    """

    def __init__(self, connected: Callable[[socket.socket], Callable[[], None]]) -> None:
        self._connected = connected
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._threads: list[threading.Thread] = []
        self._accepting = _started(self._accept)

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def close(self, open_ones: Iterable[socket.socket]) -> None:
        """Accept no more, end what is open, and wait for every thread.

        Args:
            open_ones: The connections as they are by then; only read once none is added.
        """
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes who waits for a connection
        self._listener.close()
        _ended(self._accepting)
        for stream in open_ones:
            with contextlib.suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            _ended(thread)

    def _accept(self) -> None:
        while True:
            try:
                stream, _ = self._listener.accept()
            except OSError:
                return
            self._threads.append(_started(self._connected(stream)))


def _started(target: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread


def _ended(thread: threading.Thread) -> None:
    thread.join(WITHIN_S)
    assert not thread.is_alive()


def free_port() -> int:
    """A port on which nobody listens, and that nobody is given before it is used.

    One that the system picks, and that is closed again, may be given to any connection that is made
    meanwhile, by this process or another.
    """
    for port in _PORTS:
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("endless")


def _ports() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 20_000 + worker % 24 * PORTS_EACH
    # Runs beside each other, of other checkouts, begin elsewhere.
    return (first + (os.getpid() + number) % PORTS_EACH for number in itertools.count())


_PORTS = _ports()

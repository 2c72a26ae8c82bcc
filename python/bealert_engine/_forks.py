"""What a forked child does with the engines of its parent: it lets go of them.

The child has inherited sockets and files of which the parent goes on making use, and none of the
threads that serve them.
"""

from __future__ import annotations

import os
import weakref
from typing import Protocol

__all__ = ["watch_forks"]


class Abandons(Protocol):
    """Something that must not be used in a child."""

    def abandon_after_fork(self) -> None: ...


_open: weakref.WeakSet[Abandons] = weakref.WeakSet()


def watch_forks(opened: Abandons) -> None:
    """Have it abandoned in every child that is forked from now on."""
    _open.add(opened)


def _abandon_all() -> None:
    for opened in list(_open):
        opened.abandon_after_fork()
    _open.clear()


os.register_at_fork(after_in_child=_abandon_all)

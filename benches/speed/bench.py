"""How measurements are repeated, and kept side by side."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from contenders import OURS, Contender
from ends import Failed, Sink


@dataclass
class Bench:
    """The run.

    Attributes:
        runs: How often each is measured.
        scale: What the counts are multiplied with; below 1 for a try-out.
        left_out: Who could not run, and why.
    """

    runs: int = 3
    scale: float = 1.0
    left_out: dict[str, str] = field(default_factory=dict)

    def count(self, full: int) -> int:
        """How many messages, of so many in a full run."""
        return max(100, int(full * self.scale))

    def side_by_side(
        self,
        counts: dict[Contender, int],
        task: Callable[[int, int], Any],
        *,
        far_end: Callable[[], Any] = Sink,
        once: Sequence[Contender] = (),
    ) -> dict[str, list[dict[str, Any]]]:
        """Everybody in turn, as often as there are runs; each gets a far end of its own.

        Of the port of its far end and its count, `task` makes what a contender is to do.

        Who stalls, or is to be measured `once`, is not measured again. All come with the
        far end's books; ours must say that everybody got it.
        """
        figures: dict[str, list[dict[str, Any]]] = {}
        for turn in range(self.runs):
            for contender, count in counts.items():
                had = figures.setdefault(contender.name, [])
                if self._leaves_out(contender) or (had and contender in once):
                    continue
                if had and "stalled_after" in had[-1]:
                    continue
                with far_end() as sink:
                    said = contender.measure(task(sink.port, self.count(count)))
                    said["books"] = sink.books()
                if contender.name == OURS.name and said["books"]:
                    checked(said["books"], self.count(count))
                had.append(said)
                self.note(
                    f"  run {turn + 1}: {contender.name} {said['messages_per_second']:,.0f}/s"
                )
        return figures

    def _leaves_out(self, contender: Contender) -> bool:
        why = contender.missing()
        if why and contender.name not in self.left_out:
            self.left_out[contender.name] = why
            self.note(f"  {contender.name} is left out: {why}")
        return bool(why)

    def note(self, text: str) -> None:
        """Says how far it is."""
        print(text, file=sys.stderr, flush=True)


def checked(books: dict[str, Any], count: int) -> dict[str, Any]:
    """The far end's books, if they say that everybody got it once."""
    if books["accepted"] - books["duplicates"] != count:
        raise Failed(f"the far end took {books['accepted']:,} of {count:,}: {books}")
    return books


def beside(
    figures: dict[str, list[dict[str, Any]]], key: str, factor: float = 1.0
) -> list[tuple[str, list[float], str]]:
    """What the others reached, as a row takes it."""
    others = []
    for name, had in figures.items():
        if name == OURS.name or not had:
            continue
        last = had[-1]
        word = ""
        if "stalled_after" in last and last["accepted"] < last["submitted"]:
            word = f"given up after {last['accepted']:,}"
        elif "stalled_after" in last:
            word = f"{last['submitted'] - last['delivered']:,} receipts never came"
        others.append((name, [said[key] * factor for said in had], word))
    return others


def over(figures: dict[str, list[dict[str, Any]]], peer: Contender) -> list[float]:
    """Our rates as multiples of a peer's median; nothing where that one was not measured."""
    had = [said["messages_per_second"] for said in figures.get(peer.name, ())]
    if not had:
        return []
    return [rate / statistics.median(had) for rate in ours(figures, "messages_per_second")]


def ours(figures: dict[str, list[dict[str, Any]]], key: str, factor: float = 1.0) -> list[float]:
    """Our figures."""
    return [said[key] * factor for said in figures[OURS.name]]

"""Rows of figures, and the Markdown table they make."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Goal:
    """What a figure has to reach.

    Attributes:
        must: The least.
        aim: What is wanted; None where nothing beyond that is.
        less_is_better: Whether it is to stay below.
        unit: What stands behind the number.
    """

    must: float
    aim: float | None = None
    less_is_better: bool = False
    unit: str = ""

    def judge(self, value: float) -> str:
        """`aim`, `must` or `short`. What has no aim reaches `must` at most."""
        for name, goal in (("aim", self.aim), ("must", self.must)):
            if goal is None:
                continue
            if (value <= goal) if self.less_is_better else (value >= goal):
                return name
        return "short"


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        figure: What it is.
        values: Ours, of each run.
        goal: What it is held against; None where the issue names none.
        beside: What others reached in the same run: a name, their values, and a word.
        note: What else was checked.
    """

    figure: str
    values: Sequence[float]
    goal: Goal | None = None
    beside: Sequence[tuple[str, Sequence[float], str]] = ()
    note: str = ""
    unit: str = field(default="")

    @property
    def ours(self) -> float:
        """The median."""
        return statistics.median(self.values)

    def cells(self) -> list[str]:
        """As they stand in the table."""
        unit = self.goal.unit if self.goal else self.unit
        must, aim, met = ("", "", "")
        if self.goal:
            must = said([self.goal.must], unit)
            aim = "" if self.goal.aim is None else said([self.goal.aim], unit)
            met = self.goal.judge(self.ours)
        others = [self._beside(*other) for other in self.beside]
        return [self.figure, must, aim, said(self.values, unit), met, "; ".join(others), self.note]

    def _beside(self, name: str, values: Sequence[float], word: str) -> str:
        if not values:
            return f"{name}: {word}"
        middle = statistics.median(values)
        unit = self.goal.unit if self.goal else self.unit
        ratio = f", ratio {self.ours / middle:.2f}" if middle and not word else ""
        return f"{name} {said(values, unit)}{ratio}{f' ({word})' if word else ''}"


HEADS = ["figure", "must", "aim", "ours", "met", "beside it, in the same run", "checked"]


def markdown(rows: Sequence[Row]) -> str:
    """The table."""
    lines = [HEADS, ["---"] * len(HEADS), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def said(values: Sequence[float], unit: str = "") -> str:
    """The median, and the lowest and highest of several."""
    middle = number(statistics.median(values))
    spread = ""
    if len(values) > 1:
        spread = f" [{number(min(values))} - {number(max(values))}]"
    return f"{middle}{' ' if unit and unit != '%' else ''}{unit}{spread}"


def number(value: float) -> str:
    """With three or four digits that mean something."""
    if abs(value) >= 1_000:
        digits = max(0, len(str(int(abs(value)))) - 4)
        return f"{round(value, -digits):,.0f}"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"

"""View: which runs, metrics, x axis, window and how many points a reader wants, read from a query."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from app.rows import read_number
from app.settings import one_of, whole
from app.store import Board, Run

X_AXES = ("step", "epoch", "wall_time", "relative")
THEMES = ("light", "dark")
POINTS = 2000
MOST_POINTS = 20_000
MOST_RUNS = 100
"""Runs in one view: as many as a cursor holds."""


@dataclass(frozen=True)
class View:
    """What to show. `low` and `high` bound x (NaN: no bound); `points` is per trace."""

    x: str = "step"
    low: float = math.nan
    high: float = math.nan
    points: int = POINTS
    run: str = "*"
    metric: str = "*"
    log: bool = False
    theme: str = "light"

    @staticmethod
    def from_query(query: Mapping[str, str], points: int = POINTS) -> View:
        """Read a view from a query string's parameters; `points` is the default number of them.

        Raises:
            ValueError: one sentence that names what was given and what is accepted.
        """
        low = read(query, "from", math.nan, a_number)
        high = read(query, "to", math.nan, a_number)
        if low > high:
            raise ValueError(f"from must not be beyond to; got from={low:g} and to={high:g}")
        return View(
            x=read(query, "x", "step", one_of(*X_AXES)),
            low=low,
            high=high,
            points=read(query, "points", points, whole(4, MOST_POINTS)),
            run=query.get("run", "*") or "*",
            metric=query.get("metric", "*") or "*",
            log=read(query, "log", "0", one_of("0", "1")) == "1",
            theme=read(query, "theme", "light", one_of(*THEMES)),
        )

    def shows_run(self, name: str) -> bool:
        """Whether the run is in view: called just so, or matched by the glob."""
        return name == self.run or fnmatchcase(name, self.run)

    def shows_metric(self, name: str) -> bool:
        """Whether the metric is in view: called just so, or matched by the glob."""
        return name == self.metric or fnmatchcase(name, self.metric)

    def runs_in(self, board: Board) -> list[Run]:
        """The runs in view, at most 100, in their order on the board."""
        return [run for run in list(board.runs.values()) if self.shows_run(run.name)][:MOST_RUNS]


def read(query: Mapping[str, str], name: str, default: Any, accept: Callable[[str], Any]) -> Any:
    """One parameter of a query, the default where it is missing or empty.

    Raises:
        ValueError: one sentence that names the parameter, what was given and what is accepted.
    """
    given = query.get(name, "")
    if not given:
        return default
    try:
        return accept(given)
    except ValueError as accepted:
        raise ValueError(f"{name} must be {accepted}; got {ascii(given[:40])}") from None


def a_number(text: str) -> float:
    """Accepts a finite number."""
    value = read_number(text)
    if value is None or not math.isfinite(value):
        raise ValueError("a number")
    return value

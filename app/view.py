"""View: which runs, metrics, x axis, window and how many points a reader wants, read from a query."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from app.rows import read_number
from app.settings import one_of, whole

X_AXES = ("step", "epoch", "wall_time", "relative")
THEMES = ("light", "dark")
POINTS = 2000
MOST_POINTS = 20_000
WIDEST, HIGHEST, LARGEST_SCALE = 4000, 3000, 4.0


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
        low = _read(query, "from", math.nan, a_number)
        high = _read(query, "to", math.nan, a_number)
        if low > high:
            raise ValueError(f"from must not be beyond to; got from={low:g} and to={high:g}")
        return View(
            x=_read(query, "x", "step", one_of(*X_AXES)),
            low=low,
            high=high,
            points=_read(query, "points", points, whole(4, MOST_POINTS)),
            run=query.get("run", "*") or "*",
            metric=query.get("metric", "*") or "*",
            log=_read(query, "log", "0", one_of("0", "1")) == "1",
            theme=_read(query, "theme", "light", one_of(*THEMES)),
        )

    def shows_run(self, name: str) -> bool:
        """Whether the run is in view."""
        return fnmatchcase(name, self.run)

    def shows_metric(self, name: str) -> bool:
        """Whether the metric is in view."""
        return fnmatchcase(name, self.metric)


def _read(query: Mapping[str, str], name: str, default: Any, read: Callable[[str], Any]) -> Any:
    given = query.get(name, "")
    if not given:
        return default
    try:
        return read(given)
    except ValueError as accepted:
        raise ValueError(f"{name} must be {accepted}; got {ascii(given[:40])}") from None


def a_number(text: str) -> float:
    """Accepts a finite number."""
    value = read_number(text)
    if value is None or not math.isfinite(value):
        raise ValueError("a number")
    return value


def picture_size(query: Mapping[str, str]) -> tuple[int, int, float]:
    """Width and height in px, and the scale, that a query asks for; 0 × 0 for "as the charts need".

    Raises:
        ValueError: as `View.from_query`.
    """
    width = _read(query, "width", 1200, whole(200, WIDEST))
    height = _read(query, "height", 0, whole(150, HIGHEST))
    scale = _read(query, "scale", 1.0, a_number)
    if not 0.5 <= scale <= LARGEST_SCALE or width * scale > WIDEST or height * scale > HIGHEST:
        raise ValueError(
            f"scale must be from 0.5 to {LARGEST_SCALE:g} with at most {WIDEST} × {HIGHEST} px in the end; "
            f"got {query.get('scale', '1')[:40]!r}"
        )
    return width, height, scale

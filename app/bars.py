"""What is new in a redrawn bar, which shows the values of before until it has others."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from app.names import HELD_OUT, split_of

Values = list[tuple[str, float]]


@dataclass
class Bar:
    """Remembers what a bar showed and what rows have of it.

    tqdm draws twice for a step: with the count moved on and the values of before, then with the new values.
    Lightning keeps the last validation in the bar all through the next epoch.
    """

    _place: tuple[float, float] = (math.nan, math.nan)  # epoch and step of the last redraw
    _drawn: dict[str, float] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)  # what rows have of that place already

    def redraw(self, place: tuple[float, float], shown: Values) -> tuple[Values, Values]:
        """What a redraw at that epoch and step shows for the first time, and what may be of before."""
        again = place == self._place
        if not again:
            self._taken.clear()
        changed = {name for name, value in shown if not same(self._drawn.get(name), value)}
        fresh = again or not all(map(_is_summary, changed))
        new: Values = []
        old: Values = []
        for name, value in shown:
            is_new = name in changed or (fresh and name not in self._taken and not _is_summary(name))
            (new if is_new else old).append((name, value))
        self._place, self._drawn = place, dict(shown)
        self._taken.update(name for name, _ in new)
        return new, [(name, value) for name, value in old if name not in self._taken and not _is_summary(name)]


def same(before: float | None, now: float) -> bool:
    """Whether two values are equal, NaN to NaN too; None is equal to none."""
    return before is not None and (before == now or (before != before and now != now))


def _is_summary(name: str) -> bool:
    """Whether a bar goes on showing a value of that name long after it was measured."""
    return split_of(name) in HELD_OUT or name.endswith("_epoch")

"""Which numbers of a line that counts nothing are measured ones: by their names, their neighbours, or their habits."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.names import is_metric, is_option, may_be_option

MOST_NAMES = 2000
_OFTEN = 3
"""Times that a name must come, with more than one value, to be a metric although no step stands beside it."""


@dataclass
class Loose:
    """Remembers the names of no known meaning that came without a step."""

    _seen: dict[str, tuple[int, float, bool]] = field(default_factory=dict)  # times it came, last value, varies

    def measured(self, values: list[tuple[str, float]], *, recorded: bool) -> list[tuple[str, float]]:
        """Those of the values that are measured; `recorded`: the line belongs to a step that was printed before."""
        near = recorded or any(is_metric(name) for name, _ in values)
        return [
            (name, value)
            for name, value in values
            if is_metric(name) or (near and not is_option(name)) or self._comes_often(name, value)
        ]

    def _comes_often(self, name: str, value: float) -> bool:
        """Whether a name of no known meaning came so often, with changing fractions, that it must be measured."""
        if may_be_option(name) or (len(self._seen) >= MOST_NAMES and name not in self._seen):
            return False
        times, before, varies = self._seen.get(name, (0, value, False))
        varies = varies or (value != before and value % 1 != 0)
        self._seen[name] = (times + 1, value, varies)
        return varies and times + 1 >= _OFTEN

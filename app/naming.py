"""Under which name a value is kept: as printed or with its section before it, and at most so many names a run."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.names import HELD_OUT, split_of
from app.rows import clean_name

MOST_METRICS = 2000
MOST_COUNTED = 10_000
"""Further names that are told apart; where they are more, so many at least."""


@dataclass
class Naming:
    """The names of a run's metrics, and whose each is that several parts of the data have."""

    _kept: set[str] = field(default_factory=set)
    _further: set[str] = field(default_factory=set)
    _owners: dict[str, str] = field(default_factory=dict)  # whose name without a section is; "" the training's

    @property
    def left_out(self) -> int:
        """How many names found no place; 10,000 stands for that many or more."""
        return len(self._further)

    @property
    def is_shared(self) -> bool:
        """Whether any name may need its section, even on a line that names none."""
        return bool(self._owners)

    def told_apart(self, name: str, section: str) -> str:
        """The name as printed; with its section before it where the same name came from another part of the data."""
        if split_of(name):
            return name
        if section not in HELD_OUT:
            if name in self._owners:
                self._owners[name] = ""
            return name
        owner = self._owners.setdefault(name, "" if name in self._kept else section)
        return name if owner == section else f"{section}/{name}"

    def kept_as(self, name: str) -> str | None:
        """The name as it is kept and shown; None where no more names fit."""
        shown = clean_name(name)
        if shown in self._kept:
            return shown
        if len(self._kept) < MOST_METRICS:
            self._kept.add(shown)
            return shown
        if len(self._further) < MOST_COUNTED:
            self._further.add(shown)
        return None

"""The rows of an open box, which are one record: gathered until a line ends the box."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.names import COUNTS, has_count, role_of
from app.rows import Fields

MOST_ROWS = 500
"""A longer box is cut."""


@dataclass
class Box:
    """What the rows of the box said so far, under the group that stood above them."""

    _said: Fields = field(default_factory=dict)
    _group: str = ""

    @property
    def open(self) -> bool:
        """Whether it has rows."""
        return bool(self._said)

    @property
    def full(self) -> bool:
        """Whether it must be closed before its end."""
        return len(self._said) > MOST_ROWS

    def add(self, fields: Fields) -> None:
        """Take a row, or the group of the rows to come."""
        if "@group" in fields:
            self._group = str(fields["@group"])
        self._said.update((self._group + name, value) for name, value in fields.items() if name[:1] != "@")

    def close(self) -> Fields:
        """The record that the rows are; its counts without their group."""
        record: Fields = {}
        for name, value in self._said.items():
            count = name.rpartition("/")[2]
            record[count if role_of(count) in COUNTS else name] = value
        self._said, self._group = {}, ""
        return record if has_count(record) else {**record, "@loose": 1.0}

"""A cell of a table → its number, and the total of `3/99`."""

from __future__ import annotations

import re

from app.rows import NUMBER, read_number


def cell_with(units: str) -> re.Pattern[str]:
    """The pattern of a cell that is a number, with one of these units behind it or a total."""
    return re.compile(rf"(?P<value>{NUMBER})(?:{units}|/(?P<total>\d{{1,15}}))?", re.IGNORECASE | re.ASCII)


def value_of(cell: re.Match[str]) -> float | str:
    """The number in a cell; the text where that is too long for one: so it is left out and counted."""
    value = read_number(cell["value"])
    return cell["value"] if value is None else value

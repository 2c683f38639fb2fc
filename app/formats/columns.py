"""Columns without a header: `7 train 3.25` (step, name, value), and logs that are numbers from their first line on."""

from __future__ import annotations

import re
from collections.abc import Callable

from app.formats._cells import cell_with, value_of
from app.rows import NUMBER, Fields

ORDER = 60
SAMPLES: list[tuple[str, Fields | None]] = [
    # YOLOv5's results.txt
    (
        "      0/99     1.86G   0.09831   0.09352",
        {"step": 0, "@total": 99, "col2": 1.86, "col3": 0.09831, "col4": 0.09352},
    ),
    (
        "      1/99     1.86G   0.08       nan",
        {"step": 1, "@total": 99, "col2": 1.86, "col3": 0.08, "col4": float("nan")},
    ),
    ("1 2 3", None),
    # modded-nanogpt: step, name, value
    ("250 val 6.4308", {"step": 250, "val": 6.4308}),
    ("250 train 6.0212", {"step": 250, "train": 6.0212}),
    # tensors, settings, a version
    ("8 gpus 2", None),
    ("[0.1, 0.2, 0.3, 0.4]", None),
    ("hidden 64 128 256", None),
    ("2.9.1 3.12.3", None),
]

_TRIPLE = re.compile(
    rf"\s*(?P<step>\d{{1,15}})[\s,]+(?P<name>[A-Za-z_]\w{{0,40}})[\s,]+(?P<value>{NUMBER})\s*", re.I | re.A
)
_CELL = cell_with("[kKMG]i?B?|%")
MOST_COLUMNS = 200
_BETWEEN = re.compile(r"\s*[,;]\s*|\s+")


def parser() -> Callable[[str], Fields | None]:
    """Keeps how many columns the first line of the log has."""
    return _Columns()


class _Columns:
    def __init__(self) -> None:
        self._width = -1  # 0 where the first line is no row of numbers

    def __call__(self, text: str) -> Fields | None:
        triple = _TRIPLE.fullmatch(text)
        if triple and not triple["value"].isdigit():
            return {"step": float(triple["step"]), triple["name"]: value_of(triple)}
        if self._width == 0:
            return None
        cells = _cells(text, self._width)
        if self._width < 0:
            self._width = len(cells) if len(cells) >= 2 and any("." in cell.group() for cell in cells) else 0
        return _row(cells) if cells and len(cells) == self._width else None

    def passed_over(self) -> None:
        """Another format takes lines of the log; where it took the first one, rows of numbers are torn ones of it."""
        if self._width < 0:
            self._width = 0


def _cells(text: str, width: int) -> list[re.Match[str]]:
    """The cells of a row of that many numbers, -1 for any; none where it is no such row."""
    cells = _BETWEEN.split(text.strip(), maxsplit=MOST_COLUMNS)
    if len(cells) > MOST_COLUMNS or width not in (-1, len(cells)):
        return []
    found = [cell for cell in map(_CELL.fullmatch, cells) if cell]
    return found if len(found) == len(cells) else []


def _row(cells: list[re.Match[str]]) -> Fields:
    fields: Fields = {}
    for place, cell in enumerate(cells, 1):
        value = value_of(cell)
        if place == 1 and (cell["total"] or (isinstance(value, float) and value == value // 1)):
            fields["step"] = value
            if cell["total"]:
                fields["@total"] = float(cell["total"])
        else:
            fields[f"col{place}"] = value
    return fields

"""Columns without a header: `7 train 3.25` (step, name, value), and logs that are numbers from their first line on."""

from __future__ import annotations

import re
from collections.abc import Callable

from app.rows import NUMBER, Fields, read_number

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
_CELL = re.compile(rf"(?P<value>{NUMBER})(?:[kKMG]i?B?|%|/(?P<total>\d{{1,15}}))?", re.I | re.A)
MOST_COLUMNS = 200
_BETWEEN = re.compile(r"\s*[,;]\s*|\s+")


def parser() -> Callable[[str], Fields | None]:
    """Keeps how many columns the first line of the log has; 0 where that is no row of numbers."""
    width = -1

    def parse(text: str) -> Fields | None:
        nonlocal width
        triple = _TRIPLE.fullmatch(text)
        if triple and not triple["value"].isdigit():
            return {"step": float(triple["step"]), triple["name"]: float(triple["value"])}
        if width == 0:
            return None
        cells = _cells(text, width)
        if width < 0:
            width = len(cells) if len(cells) >= 2 and any("." in cell for cell in cells) else 0
        return _row(cells) if cells and len(cells) == width else None

    return parse


def _cells(text: str, width: int) -> list[str]:
    cells = _BETWEEN.split(text.strip(), maxsplit=MOST_COLUMNS)
    return (
        cells if len(cells) <= MOST_COLUMNS and width in (-1, len(cells)) and all(map(_CELL.fullmatch, cells)) else []
    )


def _row(cells: list[str]) -> Fields:
    fields: Fields = {}
    for place, text in enumerate(cells, 1):
        cell = _CELL.fullmatch(text)
        value = read_number(cell["value"]) if cell else None
        if not cell or value is None:
            continue
        if place == 1 and (cell["total"] or value == value // 1):
            fields["step"] = value
            if cell["total"]:
                fields["@total"] = float(cell["total"])
        else:
            fields[f"col{place}"] = value
    return fields

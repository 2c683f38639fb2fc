"""CSV and TSV with a header (Lightning CSVLogger, Keras CSVLogger, Ultralytics results.csv …)."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable

from app.rows import Fields, read_number

ORDER = 30
SAMPLES: list[tuple[str, Fields | None]] = [
    # Lightning's and Keras's CSVLogger: an empty cell is no value
    ("epoch,step,train_loss,val_loss", {}),
    ("0,9,0.5,", {"epoch": 0, "step": 9, "train_loss": 0.5}),
    ("0,19,,0.75", {"epoch": 0, "step": 19, "val_loss": 0.75}),
    ("0,29,nan,inf", {"epoch": 0, "step": 29, "train_loss": float("nan"), "val_loss": float("inf")}),
    ("epoch,step,train_loss,val_loss", {}),
    ("0,29", None),
    ("loss: 0.5, acc: 0.25, lr: 3e-4, t: 1", None),
    ("Warning, careful", None),
    ("0,39,0.25,", {"epoch": 0, "step": 39, "train_loss": 0.25}),
    # Tabs, names of two words
    ("epoch\ttrain loss\tdev/acc", {}),
    ("1\t0.5\t0.25", {"epoch": 1, "train loss": 0.5, "dev/acc": 0.25}),
    # Ultralytics results.csv: columns set with blanks
    ("                  epoch,         train/box_loss,       metrics/mAP50(B)", {}),
    (
        "                      3,                0.56926,                0.96656",
        {"epoch": 3, "train/box_loss": 0.56926, "metrics/mAP50(B)": 0.96656},
    ),
    # Sentences with commas
    ("step 3, loss 0.5", None),
    ("weights.pt, last.pt, 2 more", None),
]

MOST_COLUMNS = 2000
_SEPARATORS = (",", "\t", ";")
# A column's name: a few words that begin with a letter, without the marks of a sentence or of `name: value`;
# the last is no number, as it is in `step 3, loss 0.5`.
_NAME = re.compile(r"[^\W\d][^:=\"'{}<>,;!?\s]*+(?: [^:=\"'{}<>,;!?\s]++){0,3}|")


def parser() -> Callable[[str], Fields | None]:
    """Keeps the header of this log; a later header line takes its place."""
    header: list[str] = []
    separator = ","
    in_use = False

    def parse(text: str) -> Fields | None:
        nonlocal header, separator, in_use
        if header:
            fields = _row(header, _cells(text, separator), pairs="=" in text or ": " in text)
            if fields is not None:
                in_use = True
                return fields
        found = _header(text)
        # A sentence with a comma may look like a header: one that is in use gives way only to one akin to it.
        if found and not (in_use and set(header).isdisjoint(found[1])):
            separator, header = found
            return {}
        return None

    return parse


def _cells(text: str, separator: str) -> list[str]:
    cells = next(csv.reader([text], delimiter=separator), []) if '"' in text else text.split(separator)
    return [cell.strip() for cell in cells]


def _row(header: list[str], cells: list[str], *, pairs: bool) -> Fields | None:
    """The cells under their names, words as they stand; None unless at least half of the filled ones are numbers.

    `pairs`: a cell may be one like `loss = 0.5` or `loss: 0.5`, and then it is of a line that is no row.
    """
    if len(cells) != len(header) or (pairs and any("=" in cell or ": " in cell for cell in cells)):
        return None
    fields: Fields = {}
    numbers = 0
    for name, cell in zip(header, cells, strict=True):
        if cell and name:
            number = read_number(cell)
            numbers += number is not None
            fields[name] = cell if number is None else number
    return fields if numbers and 2 * numbers >= len(fields) else None


def _header(text: str) -> tuple[str, list[str]] | None:
    for separator in _SEPARATORS:
        cells = _cells(text, separator) if separator in text else []
        if 2 <= len(cells) <= MOST_COLUMNS and any(cells) and cells[-1][-1:] != "." and all(map(_is_name, cells)):
            return separator, cells
    return None


def _is_name(cell: str) -> bool:
    return _NAME.fullmatch(cell) is not None and read_number(cell.rpartition(" ")[2]) is None

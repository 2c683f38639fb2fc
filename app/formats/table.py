"""Tables with a header, their columns set with blanks or `|`: fastai, skorch, scikit-learn, YOLO, spaCy, Ray Tune."""

from __future__ import annotations

import re
from collections.abc import Callable

from app.formats._cells import cell_with, value_of
from app.formats.progress import bar_of
from app.names import COUNTED, role_of
from app.rows import Fields

ORDER = 42
SAMPLES: list[tuple[str, Fields | None]] = [
    # fastai
    ("epoch     train_loss  valid_loss  accuracy  time    ", {}),
    (
        "0         0.693147    0.612340    0.750000  00:12   ",
        {"epoch": 0, "train_loss": 0.693147, "valid_loss": 0.61234, "accuracy": 0.75},
    ),
    (
        "2         4.334051    4.423142    0.405613  1:30:03",
        {"epoch": 2, "train_loss": 4.334051, "valid_loss": 4.423142, "accuracy": 0.405613},
    ),
    # skorch: a rule below the header, `+` for a checkpoint
    ("  epoch    roc_auc    train_loss    valid_acc    valid_loss    cp     dur", {}),
    ("-------  ---------  ------------  -----------  ------------  ----  ------", None),
    (
        "      3     0.8924        0.4415       0.8250        0.4287     +  0.0238",
        {"epoch": 3, "roc_auc": 0.8924, "train_loss": 0.4415, "valid_acc": 0.825, "valid_loss": 0.4287, "dur": 0.0238},
    ),
    # scikit-learn GradientBoosting
    ("      Iter       Train Loss      OOB Improve   Remaining Time ", {}),
    (
        "         3           1.1439           0.0595            1.07s",
        {"Iter": 3, "Train Loss": 1.1439, "OOB Improve": 0.0595, "Remaining Time": 1.07},
    ),
    ("      Iter       Train Loss   Remaining Time ", {}),
    ("         1           1.2613            0.05s", {"Iter": 1, "Train Loss": 1.2613, "Remaining Time": 0.05}),
    # Ultralytics YOLO, its bar behind the row; of the validation the row for all classes
    ("     Epoch   gpu_mem       box       obj    labels", {}),
    (
        "     3/299     1.86G   0.07999   0.0294         5:  29%|██▉       | 11/38 [00:18<00:25,  1.06it/s]",
        {
            "Epoch": 3,
            "@epochs": 299,
            "gpu_mem": 1.86,
            "box": 0.07999,
            "obj": 0.0294,
            "labels": 5,
            "step": 11,
            "@total": 38,
            "@within": 1,
            "@bar": 1,
        },
    ),
    ("      Epoch    GPU_mem   box_loss   cls_loss  Instances       Size", {}),
    (
        "       2/30         0G     0.3817      0.527          8         64: 16% ━━────────── 1/6 2.3it/s 0.1s<2.1s",
        {
            "Epoch": 2,
            "@epochs": 30,
            "GPU_mem": 0,
            "box_loss": 0.3817,
            "cls_loss": 0.527,
            "Instances": 8,
            "Size": 64,
            "step": 1,
            "@total": 6,
            "@within": 1,
            "@bar": 1,
        },
    ),
    ("               Class      Images           P      mAP@.5", {}),
    ("                 all         195       0.118       0.062", {"Images": 195, "P": 0.118, "mAP@.5": 0.062}),
    ("              person          12       0.118       0.062", {}),
    # spaCy
    ("E    #       LOSS TOK2VEC  LOSS NER  ENTS_F  ENTS_P  ENTS_R  SCORE ", {}),
    (
        "  1      20          1.46    873.52   86.67   86.67   86.67    0.87",
        {
            "epoch": 1,
            "step": 20,
            "LOSS TOK2VEC": 1.46,
            "LOSS NER": 873.52,
            "ENTS_F": 86.67,
            "ENTS_P": 86.67,
            "ENTS_R": 86.67,
            "SCORE": 0.87,
        },
    ),
    # Between bars
    (" Step    | Eps   |   Loss   | Steps/s ", {}),
    ("   30000 | 0.249 |   0.0580 |     452", {"Step": 30000, "Eps": 0.249, "Loss": 0.058, "Steps/s": 452}),
    # Vowpal Wabbit: a header of two lines
    ("average  since         example", None),
    ("loss     last          counter", {}),
    ("0.503629 0.422648           300", {"average loss": 0.503629, "since last": 0.422648, "example counter": 300}),
    ("some more words", None),
    ("the loss went down", None),
]

_CELL = cell_with("%|[kKMG]i?B?|s|ms|m|h")
_CLOCK = re.compile(r"\d+:\d\d(?::\d\d)?(?:\.\d+)?")
_WIDE = re.compile(r"\s{2,}|\t")
_NAME = re.compile(r"(?:[^\W\d]|#)[^\s=,;|]{0,40}+(?<!:)(?: [^\s=,;|\d][^\s=,;|]{0,40}+(?<!:)){0,2}")
_DIGIT = re.compile(r"\d")
_RULE = re.compile(r"[-=:|+\s─━═│┃]*")
_ALIASES = {"E": "epoch", "#": "step"}
MOST_COLUMNS = 200


def parser() -> Callable[[str], Fields | None]:
    """Keeps the last header of each width, and the line before, which is a header where a row of numbers follows."""
    return _Table()


class _Table:
    def __init__(self) -> None:
        self._headers: dict[int, list[str]] = {}
        self._above: list[str] = []

    def __call__(self, text: str) -> Fields | None:
        body, bar = bar_of(text)
        if _RULE.fullmatch(body):
            return None  # between a header and its rows
        cells, names = _cells(body), _names_in(body)
        above, self._above = self._above, names
        if above and not names and "|" in body and len(cells) == len(above) and not _DIGIT.search(body):
            names = self._above = [f"{upper} {lower}".strip() for upper, lower in zip(above, cells, strict=True)]
            above = []  # the second line of a header: `Mini-batch` over `RMSE`
        if above and len(cells) == len(above) and _is_row(cells):
            self._headers[len(above)] = above
        elif above and not _has_count(above):
            self._above = _stacked(above, names if len(names) == len(above) else body.split()) or names
        fields = _under_header(self._headers, cells, body)
        if fields is not None:
            return {**fields, **bar} if fields else fields
        if _has_count(self._above):
            self._headers[len(self._above)] = self._above
            return {}
        return None

    def passed_over(self) -> None:
        """The next line does not follow the one before: another format has taken one in between."""
        self._above = []


def _under_header(headers: dict[int, list[str]], cells: list[str], body: str) -> Fields | None:
    """The row under the header of its width; its cells may have blanks in them, and an index may stand before them."""
    wide = _WIDE.split(body.strip())
    for row in (cells, wide, wide[1:]):
        fields = _row(headers[len(row)], row) if len(row) in headers else None
        if fields is not None:
            return fields
    return None


def _stacked(above: list[str], below: list[str]) -> list[str]:
    """A header of two lines: `average since` over `loss last`."""
    if len(above) != len(below) or not all(map(_NAME.fullmatch, below)):
        return []
    return [f"{upper} {lower}" for upper, lower in zip(above, below, strict=True)]


def _is_row(cells: list[str]) -> bool:
    return all(map(_CELL.fullmatch, cells)) and any("." in cell for cell in cells)


def _cells(body: str) -> list[str]:
    body = body.strip()
    if "|" in body:
        return [cell.strip() for cell in body.strip("|").split("|")]
    return body.split()


def _names_in(body: str) -> list[str]:
    """The names of the columns that a header line gives; none where it is no such line."""
    body = body.strip().rstrip(":")
    cells = _cells(body) if "|" in body else _WIDE.split(body)
    if len(cells) < 3 and role_of(body.partition(" ")[0]) in COUNTED:
        cells = body.split()
    if not 3 <= len(cells) <= MOST_COLUMNS or not all(map(_NAME.fullmatch, cells)):
        return []
    return [_name_of(cell) for cell in cells]


def _name_of(cell: str) -> str:
    """The name in a cell; `Box(P` and `mAP50-95)` at the ends of a group are P and mAP50-95."""
    if ("(" in cell) != (")" in cell):
        cell = cell.rpartition("(")[2].rstrip(")")
    return _ALIASES.get(cell, cell)


def _has_count(header: list[str]) -> bool:
    return header[:1] == ["Class"] or any(role_of(cell) in COUNTED for cell in header[:6])


def _row(header: list[str], cells: list[str]) -> Fields | None:
    """The numbers under their names; {} for a class of many; None where fewer than half of the cells are numbers."""
    if any(text.endswith(":") or "=" in text for text in cells):
        return None  # pairs of names and numbers
    fields: Fields = {}
    numbers = 0
    for name, text in zip(header, cells, strict=True):
        cell = _CELL.fullmatch(text)
        if cell:
            numbers += 1
            fields[name] = value_of(cell)
            if cell["total"]:
                fields["@epochs" if role_of(name) == "epoch" else "@total"] = float(cell["total"])
        else:
            numbers += _CLOCK.fullmatch(text) is not None
    if 2 * numbers < len(cells):
        return None
    return {} if header[0] == "Class" and cells[0] != "all" else fields

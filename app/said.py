"""Fields → what they mean: which is the step, which the epoch, the time, the section, and which are values."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field

from app.names import STEP_RANK, folded_of, role_of, split_of
from app.rows import LARGEST_STEP, LONGEST_NUMBER, NUMBER, Fields, read_number
from app.wall_time import WallTime

NAN = math.nan
TOO_LARGE = "number too large to be a step or an epoch"
TOO_LONG = f"number of more than {LONGEST_NUMBER} characters"

_SPLIT_KEYS = frozenset(["mode", "split", "phase", "stage", "subset"])
_CONTEXT = frozenset(["@total", "@epochs", "@within", "@loose", "@bar", "@postfix", "@length"])
_NUMBER = re.compile(NUMBER, re.ASCII | re.IGNORECASE)


@dataclass
class Said:
    """What one line says, sorted by what it means; NaN, 0 and "" where it says nothing."""

    step: float = NAN
    epoch: float = NAN
    total: float = NAN
    epochs: float = NAN
    length: float = NAN
    wall_time: float = NAN
    section: str = ""
    within: float = 0.0
    loose: float = 0.0
    bar: float = 0.0
    postfix: float = 0.0
    metrics: list[tuple[str, float]] = field(default_factory=list)
    _rank: float = math.inf  # of the step, where several count

    @property
    def counts(self) -> bool:
        """Whether a step or an epoch stands on the line."""
        return self.step == self.step or self.epoch == self.epoch


def said_by(fields: Fields, wall_time: WallTime, left_out: Counter[str]) -> Said:
    """What the fields say; numbers that cannot be used are counted in `left_out`, by cause."""
    said = Said()
    for name, value in fields.items():
        if name[:1] == "@" and name != "@timestamp":
            _take_context(said, name, value, wall_time)
            continue
        role = role_of(name)
        if role == "time" and (moment := wall_time.of_value(value)) is not None:
            said.wall_time = moment
            continue
        number = value if isinstance(value, float) else _number(value, left_out)
        if number is None:
            if name in _SPLIT_KEYS:
                said.section = split_of(str(value))
        elif role in ("metric", "time"):
            said.metrics.append((name, number))
        elif role != "context":
            _take_count(said, name, role, number, left_out)
    return said


def _number(value: float | str, left_out: Counter[str]) -> float | None:
    if not isinstance(value, str):
        return float(value)
    value = value.strip()
    if len(value) > LONGEST_NUMBER and _NUMBER.fullmatch(value):
        left_out[TOO_LONG] += 1
    return read_number(value)


def _take_count(said: Said, name: str, role: str, number: float, left_out: Counter[str]) -> None:
    if not abs(number) <= LARGEST_STEP:
        left_out[TOO_LARGE] += 1
    elif role == "epoch":
        said.epoch = number
    elif role == "total":
        said.total = number
    elif role in ("step", "episode"):
        rank = STEP_RANK.get(folded_of(name.rpartition("/")[2]), len(STEP_RANK))
        if rank < said._rank:
            said.step, said._rank = number, rank


def _take_context(said: Said, name: str, value: float | str, wall_time: WallTime) -> None:
    if name == "@section":
        said.section = str(value)
    elif not isinstance(value, float):
        pass  # a log that spells our own keys
    elif name in _CONTEXT:
        setattr(said, name[1:], value)
    else:
        said.wall_time = wall_time.of_stamp(name, value)

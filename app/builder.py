"""Fields → rows: the only memory across lines. Step and epoch, section, open box, redrawn bar, midnight."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo

import numpy as np

from app.counting import NAN, Counting
from app.names import STEP_RANK, folded_of, is_metric, is_option, may_be_option, role_of, split_of
from app.rows import LARGEST_STEP, Batch, Fields, Mark, clean_name, read_number
from app.stamps import read_stamp

MOST_METRICS = 2000
MOST_BOXED = 500
"""Rows of a box; a longer one is cut."""
HELD_OUT = frozenset(["val", "eval", "dev", "test"])
_SPLIT_KEYS = frozenset(["mode", "split", "phase", "stage", "subset"])
_CONTEXT = frozenset(["@total", "@epochs", "@within", "@loose", "@bar", "@postfix"])
_EARLIEST_WALL_TIME = 1e8  # a smaller "time" is a duration in seconds, not a date after 1973
_LATEST = 1e11
_DAY = 86400.0
RECORD = 3
"""Lines without numbers that a record may have between its own."""
_OFTEN = 3
"""Times that a name must come, with more than one value, to be a metric although no step stands beside it."""


@dataclass
class _Said:
    """What one line says, sorted by what it means."""

    step: float = NAN
    rank: float = math.inf
    epoch: float = NAN
    total: float = NAN
    epochs: float = NAN
    wall_time: float = NAN
    section: str = ""
    within: float = 0.0
    loose: float = 0.0
    bar: float = 0.0
    postfix: float = 0.0
    metrics: list[tuple[str, float]] = field(default_factory=list)


@dataclass
class RowBuilder:
    """Turns Fields into rows and remembers, over lines, what later lines leave out.

    `zone`: of time stamps that name none.
    """

    zone: tzinfo = UTC
    rows: int = 0
    points: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    """Numbers that were not kept, by cause."""
    _counting: Counting = field(default_factory=Counting)
    _section: str = ""
    _record: int = 0  # lines left in which a number belongs to the step that was printed last
    _box: dict[str, float | str] = field(default_factory=dict)
    _box_group: str = ""
    _drawn_at: tuple[float, float] = (NAN, NAN)  # epoch and step of the last redraw of a bar
    _drawn: dict[str, float] = field(default_factory=dict)
    _shown: set[str] = field(default_factory=set)  # what rows have of that step already
    _stale: _Said | None = None
    _bars_move: bool = False
    _clock: float = 0.0
    _days: float = 0.0
    _loose: dict[str, tuple[int, float, bool]] = field(default_factory=dict)  # times it came, last value, varies
    _owners: dict[str, str] = field(default_factory=dict)  # whose name without a section is; "" the training's
    _names: set[str] = field(default_factory=set)
    _at: list[int] = field(default_factory=list)
    _x: array[float] = field(default_factory=lambda: array("d"))
    _metrics: dict[str, tuple[array[int], array[float]]] = field(default_factory=dict)

    @property
    def total(self) -> float:
        """Steps of the whole run, NaN where the log does not say."""
        return self._counting.total

    def add(self, fields: Fields, at: int) -> None:
        """Take what the line that ends at `at` says."""
        if "@boxed" in fields or "@group" in fields:
            self._add_to_box(fields)
            if len(self._box) > MOST_BOXED:
                self._close_box(at)
            return
        self._close_box(at)
        self._add(fields, at)

    def pass_over(self, at: int) -> None:
        """A line that ends at `at` and says nothing: it ends a box, and sooner or later a record."""
        self._close_box(at)
        self._record -= 1

    @property
    def waiting(self) -> bool:
        """Whether lines were taken whose row is still to come: no place after them is settled."""
        return bool(self._box)

    def close(self, at: int, *, redrawn: bool) -> None:
        """The end of the generation at `at`: a bar's last redraw stands, even where it shows only what was known.

        `redrawn`: the last line is one that was not settled before, so that a row may stand there.
        """
        self._close_box(at)
        if self._stale and redrawn:
            said = self._stale
            said.metrics = [(self._told_apart(name, said.section), value) for name, value in said.metrics]
            self._place(said)
            self._append(at, said)

    def build(self, generation: int, marks: list[Mark]) -> Batch:
        """All rows since the last call."""
        x = np.frombuffer(self._x, dtype=np.float64).reshape(-1, 3).T.copy()
        metrics = {
            name: (np.array(rows, dtype=np.uint32), np.array(values, dtype=np.float64))
            for name, (rows, values) in self._metrics.items()
        }
        at = np.array(self._at, dtype=np.int64)
        self._at, self._x, self._metrics = [], array("d"), {}
        return Batch(generation, at, x[0], x[1], x[2], metrics, marks, self.total)

    def _add(self, fields: Fields, at: int) -> None:
        said = self._sorted(fields)
        if said.postfix:
            self._take_fresh(said)
        else:
            self._stale = None
        counted = not (math.isnan(said.step) and math.isnan(said.epoch))
        if not said.section and self._section and self._counting.evaluation(said.step, said.total, said.epoch):
            said.section = self._section  # `Eval begin...`, and then `step 13/13 - loss: 0.38`
        self._place(said)
        if said.loose:
            said.metrics = self._wanted(said)
        section = said.section or (self._section if said.loose else "")
        if section or self._owners:
            said.metrics = [(self._told_apart(name, section), value) for name, value in said.metrics]
        if counted or not said.loose:
            self._section = ""
        if said.section:
            self._section = said.section
        self._record = RECORD + 1 if counted or (said.metrics and self._record > 0) else self._record - 1
        if said.metrics:
            self._append(at, said)

    def _sorted(self, fields: Fields) -> _Said:
        said = _Said()
        for name, value in fields.items():
            if name[:1] == "@" and name != "@timestamp":
                self._take_context(said, name, value)
                continue
            role = role_of(name)
            if role == "time" and (moment := _moment(value, self.zone)) is not None:
                said.wall_time = moment
                continue
            number = value if isinstance(value, float) else _number(value)
            if number is None:
                if name in _SPLIT_KEYS and isinstance(value, str):
                    said.section = split_of(value)
            elif role in ("metric", "time"):
                said.metrics.append((name, number))
            elif role != "context":
                self._take_count(said, name, role, number)
        return said

    def _take_count(self, said: _Said, name: str, role: str, number: float) -> None:
        if not math.isfinite(number) or abs(number) > LARGEST_STEP:
            self.left_out["number too large to be a step or an epoch"] += 1
        elif role == "epoch":
            said.epoch = number
        elif role == "total":
            said.total = number
        elif role in ("step", "episode"):
            rank = STEP_RANK.get(folded_of(name.rpartition("/")[2]), len(STEP_RANK))
            if rank < said.rank:
                said.step, said.rank = number, rank

    def _take_context(self, said: _Said, name: str, value: float | str) -> None:
        if name == "@section":
            said.section = str(value)
        elif not isinstance(value, float):
            pass  # a log that spells our own keys
        elif name in _CONTEXT:
            setattr(said, name[1:], value)
        elif name == "@length":
            self._counting.length = value
        else:
            said.wall_time = self._time_of(name, value)

    def _time_of(self, kind: str, seconds: float) -> float:
        """A time stamp in s since the Unix epoch, without a date counted from 1970-01-01."""
        if not abs(seconds) < _LATEST:
            return NAN
        if kind == "@clock":
            if seconds < self._clock - _DAY / 2:
                self._days += _DAY
            self._clock = seconds
            return self._days + seconds
        if kind == "@local":
            return _in_zone(seconds, self.zone)
        return seconds if kind in ("@zoned", "@yearless") else NAN

    def _place(self, said: _Said) -> None:
        """Move step and epoch on by what the line says of them."""
        counting = self._counting
        self._bars_move = self._bars_move or (said.bar == 1.0 and bool(said.metrics))
        if said.bar and not self._bars_move:
            said.step = NAN  # only finished bars so far: each stands for its epoch
        evaluation = said.section in HELD_OUT and (
            said.within or counting.evaluation(said.step, said.total, said.epoch)
        )
        if evaluation or (said.bar and math.isnan(said.epoch) and counting.foreign(said.total)):
            said.step = NAN
        elif not math.isnan(said.step) or not math.isnan(said.epoch):
            counting.take(
                said.step, said.epoch, said.total, said.epochs, within=bool(said.within), measured=bool(said.metrics)
            )
        elif not math.isnan(said.total) and math.isnan(counting.total):
            counting.total = said.total

    def _take_fresh(self, said: _Said) -> None:
        """Keep of a redrawn bar what is new in it.

        tqdm draws twice for a step: with the count moved on and the values of before, then with the new values.
        Lightning keeps the last validation in the bar all through the next epoch.
        """
        place = (said.epoch if said.epoch == said.epoch else self._counting.epoch, said.step)
        drawn, again = self._drawn, place == self._drawn_at
        if not again:
            self._shown.clear()
        changed = {name for name, value in said.metrics if not _same(drawn.get(name), value)}
        fresh = again or any(not _is_summary(name) for name in changed)
        kept: list[tuple[str, float]] = []
        rest: list[tuple[str, float]] = []
        for name, value in said.metrics:
            is_new = name in changed or (fresh and name not in self._shown and not _is_summary(name))
            (kept if is_new else rest).append((name, value))
        self._drawn_at, self._drawn = place, dict(said.metrics)
        self._shown.update(name for name, _ in kept)
        left = [pair for pair in rest if pair[0] not in self._shown and not _is_summary(pair[0])]
        self._stale = replace(said, metrics=left) if left else None
        said.metrics = kept

    def _wanted(self, said: _Said) -> list[tuple[str, float]]:
        """Of the numbers of a line without step and epoch those that are measured ones, their section before them."""
        wanted = []
        measured = any(is_metric(name) for name, _ in said.metrics)
        for name, value in said.metrics:
            known = is_metric(name) or ((measured or self._record > 0) and not is_option(name))
            if not known and not self._comes_often(name, value):
                self.left_out["no step, and no metric by its name"] += 1
                continue
            wanted.append((name, value))
        return wanted

    def _told_apart(self, name: str, section: str) -> str:
        """The name as printed; with its section before it where the same name came from another part of the data."""
        if split_of(name):
            return name
        if section not in HELD_OUT:
            if name in self._owners:
                self._owners[name] = ""
            return name
        owner = self._owners.setdefault(name, "" if name in self._names else section)
        return name if owner == section else f"{section}/{name}"

    def _comes_often(self, name: str, value: float) -> bool:
        """Whether a name of no known meaning came so often, with changing fractions, that it must be measured."""
        if may_be_option(name) or (len(self._loose) >= MOST_METRICS and name not in self._loose):
            return False
        times, before, varies = self._loose.get(name, (0, value, False))
        varies = varies or (value != before and value % 1 != 0)
        self._loose[name] = (times + 1, value, varies)
        return varies and times + 1 >= _OFTEN

    def _add_to_box(self, fields: Fields) -> None:
        if "@group" in fields:
            self._box_group = str(fields["@group"])
        self._box.update((self._box_group + name, value) for name, value in fields.items() if name[:1] != "@")

    def _close_box(self, at: int) -> None:
        """Make a row of the open box. It stands at the line that ends the box: before that nobody could know it."""
        if self._box:
            box: Fields = {}
            for name, value in self._box.items():
                count = name.rpartition("/")[2]
                box[count if role_of(count) in ("step", "epoch", "episode") else name] = value
            self._box, self._box_group = {}, ""
            if not any(role_of(name) in ("step", "epoch", "episode") for name in box):
                box["@loose"] = 1.0
            self._add(box, at)

    def _append(self, at: int, said: _Said) -> None:
        row = len(self._at)
        made = False
        for name, value in said.metrics:
            columns = self._metrics.get(name) or self._columns(name)
            if columns is not None:
                columns[0].append(row)
                columns[1].append(value)
                self.points += 1
                made = True
        if made:
            self._at.append(at)
            self._x.extend((self._counting.step, self._counting.epoch, said.wall_time))
            self.rows += 1

    def _columns(self, name: str) -> tuple[array[int], array[float]] | None:
        shown = clean_name(name)
        if shown not in self._names:
            if len(self._names) >= MOST_METRICS:
                self.left_out[f"series beyond the {MOST_METRICS:,}th"] += 1
                return None
            self._names.add(shown)
        return self._metrics.setdefault(shown, (array("I"), array("d")))


def _same(before: float | None, now: float) -> bool:
    return before is not None and (before == now or (before != before and now != now))


def _is_summary(name: str) -> bool:
    """Whether a bar goes on showing a value of that name long after it was measured."""
    return split_of(name) in HELD_OUT or name.endswith("_epoch")


def _moment(value: float | str, zone: tzinfo) -> float | None:
    """A wall time of a record, s since the Unix epoch; None for a duration that is called time."""
    if isinstance(value, str):
        found = read_stamp(value)
        if found and found.kind in ("zoned", "local"):
            naive = found.kind == "local" and zone is not UTC
            return (
                datetime.fromtimestamp(found.seconds, UTC).replace(tzinfo=zone).timestamp() if naive else found.seconds
            )
        value = read_number(value.strip()) or 0.0  # a CSV gives seconds as text
    return float(value) if _EARLIEST_WALL_TIME < value < 1e11 else None


def _in_zone(seconds: float, zone: tzinfo) -> float:
    """The moment of a stamp that was read as UTC and is one of `zone`."""
    if zone is UTC:
        return seconds
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=zone).timestamp()


def _number(value: float | str) -> float | None:
    return read_number(value.strip()) if isinstance(value, str) else float(value)

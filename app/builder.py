"""Fields → rows: the only memory across lines. Step and epoch, section, open box, redrawn bar, midnight."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from dataclasses import replace
from datetime import UTC, tzinfo

import numpy as np

from app.bars import Bar, Values, same
from app.boxes import Box
from app.counting import NAN, Counting
from app.loose import Loose
from app.names import HELD_OUT
from app.naming import MOST_METRICS, Naming
from app.rows import Batch, Fields, Mark
from app.said import Said, said_by
from app.wall_time import WallTime

RECORD = 3
"""Lines without numbers that a record may have between its own."""
NOT_MEASURED = "no step, and no metric by its name"
NO_PLACE = f"series beyond the {MOST_METRICS:,}th"


class RowBuilder:
    """Turns Fields into rows and remembers, over lines, what later lines leave out."""

    def __init__(self, zone: tzinfo = UTC) -> None:
        """`zone`: of time stamps that name none."""
        self.rows = 0
        self.points = 0
        self.left_out: Counter[str] = Counter()
        """Numbers that were not kept, by cause."""
        self._wall_time = WallTime(zone)
        self._counting = Counting()
        self._section = ""
        self._record = 0  # lines left in which a number belongs to the step that was printed last
        self._box = Box()
        self._bar = Bar()
        self._bars_move = False
        self._stale: Said | None = None  # what the last redraw of the bar may show of before
        self._shown: tuple[float, float, Values] = (NAN, NAN, [])  # step, epoch and metrics of the line before
        self._loose = Loose()
        self._naming = Naming()
        self._at: list[int] = []
        self._x = array("d")
        self._metrics: dict[str, tuple[array[int], array[float]]] = {}

    @property
    def total(self) -> float:
        """Steps of the whole run, NaN where the log does not say."""
        return self._counting.total

    @property
    def names_left_out(self) -> int:
        """Names of metrics beyond the 2,000th; 10,000 stands for that many or more."""
        return self._naming.left_out

    def add(self, fields: Fields, at: int, *, redrawn: bool = False) -> None:
        """Take what the line that ends at `at` says; `redrawn`: it was written over the one before it."""
        if "@boxed" in fields or "@group" in fields:
            self._box.add(fields)
            if self._box.full:
                self._close_box(at)
            return
        self._close_box(at)
        self._add(fields, at, redrawn=redrawn)

    def pass_over(self, at: int) -> None:
        """A line that ends at `at` and says nothing: it ends a box, and sooner or later a record."""
        self._close_box(at)
        self._record -= 1

    @property
    def waiting(self) -> bool:
        """Whether lines were taken whose row is still to come: no place after them is settled."""
        return self._box.open

    def close(self, at: int, *, redrawn: bool) -> None:
        """The end of the generation at `at`: a bar's last redraw stands, even where it shows only what was known.

        `redrawn`: the last line is one that was not settled before, so that a row may stand there.
        """
        self._close_box(at)
        if self._stale and redrawn:
            self._tell_apart(self._stale, self._stale.section)
            self._place(self._stale)
            self._append(at, self._stale)

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

    def _add(self, fields: Fields, at: int, *, redrawn: bool = False) -> None:
        said = said_by(fields, self._wall_time, self.left_out)
        if not math.isnan(said.length):
            self._counting.length = said.length
        if said.postfix:
            self._take_fresh(said)
        else:
            self._stale = None
        counted, may_repeat = said.counts, said.step == said.step and not said.bar
        if not said.section and self._section and self._counting.evaluation(said.step, said.total, said.epoch):
            said.section = self._section  # `Eval begin...`, and then `step 13/13 - loss: 0.38`
        self._place(said)
        self._keep_measured(said)
        if counted or not said.loose:
            self._section = ""
        if said.section:
            self._section = said.section
        self._record = RECORD + 1 if counted or (said.metrics and self._record > 0) else self._record - 1
        shown, self._shown = self._shown, (self._counting.step, self._counting.epoch, said.metrics)
        if redrawn and may_repeat:
            said.metrics = _news(*shown, *self._shown)
        if said.metrics:
            self._append(at, said)

    def _place(self, said: Said) -> None:
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

    def _take_fresh(self, said: Said) -> None:
        """Keep of a redrawn bar what is new in it; the rest may still be a value of this step, if no more comes."""
        epoch = said.epoch if said.epoch == said.epoch else self._counting.epoch
        new, old = self._bar.redraw((epoch, said.step), said.metrics)
        self._stale = replace(said, metrics=old) if old else None
        said.metrics = new

    def _keep_measured(self, said: Said) -> None:
        """Leave out what a line without step and epoch does not measure, and name the rest by its section."""
        section = said.section
        if said.loose:
            section = section or self._section
            measured = self._loose.measured(said.metrics, recorded=self._record > 0)
            if len(measured) < len(said.metrics):
                self.left_out[NOT_MEASURED] += len(said.metrics) - len(measured)
            said.metrics = measured
        if section or self._naming.is_shared:
            self._tell_apart(said, section)

    def _tell_apart(self, said: Said, section: str) -> None:
        said.metrics = [(self._naming.told_apart(name, section), value) for name, value in said.metrics]

    def _close_box(self, at: int) -> None:
        """Make a row of the open box. It stands at the line that ends the box: before that nobody could know it."""
        if self._box.open:
            self._add(self._box.close(), at)

    def _append(self, at: int, said: Said) -> None:
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
        shown = self._naming.kept_as(name)
        if shown is None:
            self.left_out[NO_PLACE] += 1
            return None
        return self._metrics.setdefault(shown, (array("I"), array("d")))


def _news(step_before: float, epoch_before: float, before: Values, step: float, epoch: float, shown: Values) -> Values:
    """What a line shows that was written over another one, without what that one showed of the same step already."""
    if not (same(step_before, step) and same(epoch_before, epoch)):
        return shown
    known = dict(before)
    return [(name, value) for name, value in shown if not same(known.get(name), value)]

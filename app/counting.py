"""Where a log is: the step over all epochs and the epoch, from what its lines print of both. Pure, no names."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

NAN = math.nan
MOST_EPOCHS = 100_000


@dataclass
class Counting:
    """Step and epoch hold for the lines after the one that prints them, until another does.

    A step that begins anew in each epoch is counted on: by the length of an epoch where the log prints it (`7/500`),
    else by the largest step of each epoch before.
    """

    step: float = NAN
    epoch: float = NAN
    total: float = NAN
    """Steps of the whole run, where the log says so."""
    length: float = NAN
    """Steps of an epoch, where a bar without metrics says so."""
    _step_epoch: float = NAN  # the epoch of `step`
    _longest: float = 0.0  # step of that epoch as printed
    _least: float = math.inf  # the smallest step of that epoch as printed
    _length: float = NAN  # of that epoch, where it is printed
    _offset: float = 0.0  # steps before that epoch
    _offsets: dict[float, float] = field(default_factory=dict)
    _restarts: bool = False  # each epoch counts its own steps
    _summed_up: bool = False  # a line about the whole epoch came after its steps
    _lags: bool = False  # an epoch is printed at its end, so that its number is the one of the epoch before
    _epochs: float = NAN

    def take(
        self,
        step: float,
        epoch: float,
        total: float = NAN,
        epochs: float = NAN,
        *,
        within: bool = False,
        measured: bool = False,
    ) -> None:
        """A training line that prints a step, an epoch or both; NaN where it does not.

        `total`: N of `7/N`; `epochs`: E of `epoch 3/E`; `within`: the step is one of its epoch, by the way it stands;
        `measured`: the line has metrics, and is no heading.
        """
        if not math.isnan(epochs):
            self._epochs = epochs
        if not math.isnan(epoch):
            if math.isnan(self._step_epoch) and math.isnan(step) and self._least < self._longest:
                self._step_epoch = epoch  # it is printed at its end alone: the steps so far were its own
                self._lags = True
            self._summed_up = epoch == self._step_epoch and math.isnan(step)
            if epoch != self._step_epoch and math.isnan(step):
                self.step = NAN  # a new epoch ends the record that the old step belonged to
            self.epoch = epoch
        if not math.isnan(step):
            self._count(step, total, within, measured=measured or not math.isnan(total))
            self.step = self._offset + step
            if not math.isnan(total):
                whole = within or self._restarts
                self.total = total * self._epochs if whole else total  # NaN where the number of epochs is not known

    def foreign(self, total: float) -> bool:
        """Whether a bar of this length is not one of the training, whose epochs have another."""
        return not math.isnan(self._length) and total != self._length and total != self.total

    def evaluation(self, step: float, total: float, epoch: float) -> bool:
        """Whether the step of a held-out line counts batches of the evaluation, not steps of the training."""
        if math.isnan(step) or math.isnan(self._step_epoch if not math.isnan(epoch) else self.step):
            return False
        if not math.isnan(total):
            return total not in (self._length, self.total)
        return not math.isnan(epoch) and step < self._longest

    def _count(self, step: float, total: float, within: bool, *, measured: bool) -> None:
        epoch, before = self.epoch, self._step_epoch
        if math.isnan(epoch):
            self._longest, self._least = max(self._longest, step), min(self._least, step)
            return
        if epoch != int(epoch):
            return
        began = epoch != before
        if not began and self._summed_up and step < self._longest:  # the epoch is printed at its end alone
            self._offset += self._longest if math.isnan(total) else total
            self._longest = 0.0
        if began and not math.isnan(before) and epoch > before:
            self._restarts = (
                self._restarts or step < self._longest or (step == self._longest == self._least and measured)
            )
        if began:
            self._offset = self._offset_of(epoch, total, within)
            self._step_epoch, self._longest, self._least = epoch, 0.0, step
            if len(self._offsets) < MOST_EPOCHS:
                self._offsets.setdefault(epoch, self._offset)
        self._summed_up = False
        self._longest, self._least = max(self._longest, step), min(self._least, step)
        self._length = total

    def _offset_of(self, epoch: float, total: float, within: bool) -> float:
        """Steps before the epoch that begins now."""
        total = self.length if math.isnan(total) else total
        before = self._step_epoch
        if not (within or self._restarts):
            return self._offsets.get(epoch, 0.0) if epoch < before else self._offset
        if self._lags and epoch > before:
            return self._offset + (self._longest if math.isnan(total) else total)
        if not math.isnan(total):
            first = min(self._offsets, default=epoch) if not within else min(1.0, *self._offsets, epoch)
            return (epoch - first) * total
        if math.isnan(before):
            return 0.0
        if epoch < before:
            return self._offsets.get(epoch, 0.0)
        return self._offset + self._longest

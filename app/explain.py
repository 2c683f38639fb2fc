"""Bytes → an Explanation: what became of each kind of line, which metrics came out, what was skipped and why. Pure."""

from __future__ import annotations

import codecs
import math
import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from app.fold import Fold
from app.reading import DEFAULT, Reading
from app.rows import NUMBER, Batch, Fields, Floats, printable
from app.why import Row, Taken, in_vain, left_out, outcome, own

MOST_KINDS = 1024
"""Kinds of line that are told apart."""
MOST_SHOWN = 40
MOST_SKIPPED = 5
LONGEST_SHOWN = 200
WIDTH = 100
NULS = "NUL bytes"
"""Skipped bytes, not lines."""
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NUMBER = re.compile(NUMBER, re.ASCII | re.IGNORECASE)
_FILLED = re.compile(r"[\s█▏▎▍▌▋▊▉░▒▓━╸╺─=#>.-]+")  # as long as a bar has come, or a column is wide


@dataclass
class Kind:
    """Lines that differ in their numbers only, told by the first of them, or the first that gave a point."""

    lines: int = 0
    drawn: int = 0
    """How many of them gave points."""
    format: str = ""
    """The format that took the line, "" for none."""
    text: str = ""
    outcome: str = ""
    left_out: str = ""
    in_vain: int = 0

    def tell(self, line: Taken, row: Row | None) -> None:
        """Let this line stand for the kind."""
        text = printable(line.text[: LONGEST_SHOWN + 1].rstrip())
        self.text = text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"
        self.format, self.in_vain = line.format, 0 if row else in_vain(line)
        self.outcome, self.left_out = printable(outcome(line, row)), printable(left_out(line, row))

    @property
    def said(self) -> str:
        """What came out of it; where not all of its lines gave points, how many did."""
        some = f" ({self.drawn:,} of {_plural(self.lines, 'line')} gave points)"
        return self.outcome + (some if 0 < self.drawn < self.lines else "")


@dataclass
class Metric:
    """One series: its points, how many of them have a step and an epoch, the first and the last value."""

    name: str
    points: int = 0
    steps: int = 0
    epochs: int = 0
    first: float = math.nan
    last: float = math.nan

    def add(self, step: Floats, epoch: Floats, values: Floats) -> None:
        """Count points that came in this order."""
        self.first = self.first if self.points else float(values[0])
        self.last = float(values[-1])
        self.points += len(values)
        self.steps += int(np.count_nonzero(~np.isnan(step)))
        self.epochs += int(np.count_nonzero(~np.isnan(epoch)))

    @property
    def x(self) -> str:
        """What it is drawn over, as `app.curves.axis_of` chooses it."""
        return "index" if not self.steps + self.epochs else "step" if self.steps >= self.epochs else "epoch"

    @property
    def without(self) -> str:
        """How many points are not drawn, for they have no such x; "" for none."""
        count = self.points - max(self.steps, self.epochs)
        return f" ({count:,} of them without {self.x})" if count and self.x != "index" else ""

    @property
    def course(self) -> str:
        """`0.693 → 0.31`, from the first value to the last."""
        return f"{self.first:.6g} → {self.last:.6g}"


@dataclass(frozen=True)
class Explanation:
    """What became of a log. `notes`: sentences on how it was read; `skipped`: kinds with numbers that gave nothing."""

    summary: str
    notes: list[str]
    kinds: list[Kind]
    more: str
    """`17 more kinds of line (23 lines)`, of those that are not shown; "" for none."""
    metrics: list[Metric]
    skipped: list[Kind]


def explained(chunks: Iterable[bytes], reading: Reading = DEFAULT, end: bytes | None = None) -> Explanation:
    """What becomes of the log that the chunks are, in bounded memory; `end`: its last bytes, others being left out."""
    explainer = Explainer(reading)
    for chunk in chunks:
        explainer.feed(chunk)
    if end is not None and explainer.holding:
        explainer.notes.append("It begins as one JSON document does, whose end was not read.")
    else:
        explainer.feed(end or b"")
        explainer.close()
    return explainer.told()


class Explainer:
    """Counts what becomes of a log while it is fed; its memory is bounded by the kinds of line and the metrics."""

    def __init__(self, reading: Reading = DEFAULT) -> None:
        self._fold = Fold(0, reading, self._watch)
        self._faults = reading.faults
        self._lines: list[Taken] = []  # since the last batch
        self._seen = 0
        self._kinds: dict[str, Kind] = {}
        self._metrics: dict[str, Metric] = {}
        self._head = b""
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._foreign = False
        self._broken = 0
        self.notes: list[str] = []
        """What else is to be said of how the log was read."""

    def feed(self, chunk: bytes) -> None:
        """Read on."""
        self._head = (self._head + chunk[:2])[:2]
        try:
            self._foreign or self._utf8.decode(chunk)
        except UnicodeDecodeError:
            self._foreign = True
        self._take(self._fold.feed(chunk))

    @property
    def holding(self) -> bool:
        """Whether the log may be one JSON document, of which the end has not come yet."""
        return self._fold.lines > 0 and not self._seen and not self._metrics

    def close(self) -> None:
        """The end of the log."""
        self._take(self._fold.close())

    def told(self) -> Explanation:
        """What became of the log so far."""
        kinds = sorted(self._kinds.values(), key=lambda kind: -kind.lines)
        rest = len(kinds) - MOST_SHOWN
        lines = self._seen - sum(kind.lines for kind in kinds[:MOST_SHOWN])
        skipped = sorted((kind for kind in self._kinds.values() if kind.in_vain), key=lambda kind: -kind.in_vain)
        metrics = list(self._metrics.values())
        points = sum(metric.points for metric in metrics)
        came = f"{_plural(points, 'point')} of {_plural(len(metrics), 'metric')}" if points else "no metric found"
        return Explanation(
            f"{_plural(self._fold.lines, 'line')} read: {came}." if self._fold.lines else "No line in it yet.",
            [*self._said()],
            kinds[:MOST_SHOWN],
            f"{max(rest, 0) or 'many'} more kinds of line ({_plural(lines, 'line')})" if lines else "",
            metrics,
            skipped[:MOST_SKIPPED],
        )

    def _said(self) -> Iterator[str]:
        """How the log was read, in sentences."""
        if self._fold.lines:
            yield self._encoding()
        yield from self.notes
        document = self._fold.lines - self._seen - self._fold.skipped["error"]
        if document and not self.notes:
            yield f"{_plural(document, 'line')} of it are one JSON document, whose records are in the metrics."
        for sentence in self._faults.take():
            times = self._faults.counts.get(sentence)
            yield printable(sentence) + (f" ({_plural(times, 'time')})." if times else ".")
        skipped = self._fold.skipped.copy()
        if nuls := skipped.pop(NULS, 0):
            yield f"{_plural(nuls, 'NUL byte')} passed over" + (
                ": it looks like UTF-16, but no mark at its start says so." if self._fold.looks_wide else "."
            )
        causes = [f"{cause} {count:,}" for cause, count in skipped.most_common() if count]
        if causes:
            yield f"Not drawn, by cause: {', '.join(causes)}."

    def _encoding(self) -> str:
        if self._head in _WIDE:
            return "Read as UTF-16, by the mark at its start."
        broken = f", {_plural(self._broken, 'line')} with bytes that are no text"
        chinese = ", and where it is none as GB 18030 (Chinese)"
        return "Read as UTF-8" + ((broken if self._broken else chinese) if self._foreign else "") + "."

    def _watch(self, text: str, at: int, name: str, fields: Fields | None) -> None:
        self._lines.append(Taken(text, at, name, fields))
        self._broken += "\ufffd" in text

    def _take(self, batch: Batch) -> None:
        names: list[list[str]] = [[] for _ in batch.at]
        for name, (indices, values) in batch.metrics.items():
            self._metrics.setdefault(name, Metric(name)).add(batch.step[indices], batch.epoch[indices], values)
            for index in indices.tolist():
                names[index].append(name)
        rows = {at: index for index, at in enumerate(batch.at.tolist())}
        lines, self._lines = self._lines, []
        for line in lines:
            index = rows.get(line.at, -1)
            metrics = own(line, names[index]) if index >= 0 else ()
            self._count(line, Row(float(batch.step[index]), float(batch.epoch[index]), metrics) if metrics else None)
        self._seen += len(lines)

    def _count(self, line: Taken, row: Row | None) -> None:
        """Count a line, which gave that row."""
        shape = _FILLED.sub(" ", _NUMBER.sub("0", line.text[:LONGEST_SHOWN])).strip()
        kind = self._kinds.get(shape)
        if kind is None:
            if len(self._kinds) >= MOST_KINDS:
                return
            kind = self._kinds[shape] = Kind()
        if not kind.lines or (row and not kind.drawn):
            kind.tell(line, row)
        kind.lines += 1
        kind.drawn += row is not None


# -- as text -------------------------------------------------------------------------------------------


def as_text(name: str, told: Explanation) -> str:
    """The explanation for a terminal, at most 100 columns wide but for long names."""
    return "\n".join([*_wrapped(f"{name}: {told.summary}", 0), *_body(told)]) + "\n"


def _body(told: Explanation) -> Iterator[str]:
    for note in told.notes:
        yield from _wrapped(note, 0)
    yield from _section("Kinds of line, the most frequent first", _kinds(told))
    yield from _section("Metrics", _metrics(told.metrics))
    yield from _section("Lines with numbers that gave nothing", _skipped(told))


def _section(title: str, lines: Iterable[str]) -> list[str]:
    found = list(lines)
    return ["", title, *found] if found else []


def _kinds(told: Explanation) -> Iterator[str]:
    width = max((len(kind.format) for kind in told.kinds), default=0) or 1
    for kind in told.kinds:
        yield _cut(f"{kind.lines:>9,}  {kind.format or '–':<{width}}  {kind.text}")
        yield from _wrapped(kind.said, 13 + width)
        yield from _wrapped(f"left out: {kind.left_out}" if kind.left_out else "", 13 + width)
    if told.more:
        yield f"      and {told.more}"


def _metrics(metrics: list[Metric]) -> Iterator[str]:
    width = max((len(each.course) for each in metrics), default=0)
    for each in metrics:
        yield f"{each.points:>9,}  {each.x:<5}  {each.course:<{width}}  {each.name}{each.without}"


def _skipped(told: Explanation) -> Iterator[str]:
    for kind in told.skipped:
        yield _cut(f"  {kind.text}")
        yield from _wrapped(kind.left_out or kind.outcome, 6)


def _wrapped(text: str, margin: int) -> list[str]:
    indent = " " * margin
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _cut(text: str) -> str:
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"

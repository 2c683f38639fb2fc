"""What the server would make of a log, without a server: `extract` and `explain`."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from app.curves import curve_of
from app.fold import Fold, visible
from app.formats import shape_of
from app.lines import Line, LineSplitter
from app.sources import find_runs
from app.store import Run

MOST_SHAPES = 40
_WORDS = {math.inf: "inf", -math.inf: "-inf"}


def chunks_of(spec: str) -> Iterator[bytes]:
    """The bytes that are in a log now.

    Raises:
        ValueError: one sentence that says why it cannot be read.
    """
    found = list(find_runs([spec]).values())
    if len(found) != 1:
        raise ValueError(f"{spec} names {len(found) or 'no'} logs; name one")
    source = found[0].open()
    chunk = source.poll()
    while chunk.data:
        yield chunk.data
        chunk = source.poll()
    source.close()
    if chunk.state:
        raise ValueError(f"{spec} cannot be read: {chunk.reason or 'no such file'}")


def extract(spec: str) -> None:
    """Print `{"series name": [[x, y], …], …}` as strict JSON. Raises as `chunks_of`."""
    run, fold = Run("log"), Fold(0)
    for chunk in chunks_of(spec):
        run.add(fold.feed(chunk))
    run.add(fold.close())
    series = {}
    for name in run.metrics:
        curve = curve_of(run.series(name), "step")
        series[name] = [[_plain(x), _plain(y)] for x, y in zip(curve.x.tolist(), curve.y.tolist(), strict=True)]
    print(json.dumps(series, allow_nan=False))


def explain(spec: str) -> None:
    """Print which format took which kind of line, and which metrics came out. Raises as `chunks_of`."""
    run, fold, kinds = Run("log"), Fold(0), Kinds()
    for chunk in chunks_of(spec):
        run.add(fold.feed(chunk))
        kinds.feed(chunk)
    run.add(fold.close())
    kinds.close()
    print(f"{spec}: {fold.lines:,} lines, {fold.lines_understood:,} understood")
    print("\nkinds of line (count, format, the first of them)")
    for shape, count in kinds.counts.most_common(MOST_SHAPES):
        winner = fold.parser.winner_of(shape) or "-"
        print(f"{count:>9,}  {winner:<10} {ascii(kinds.samples[shape][:100])[1:-1]}")
    print("\nmetrics (points, x, first, last)")
    for name in run.metrics:
        curve = curve_of(run.series(name), "step")
        ends = f"{curve.y[0]:g} → {curve.y[-1]:g}" if len(curve.y) else ""
        print(f"{len(curve.y):>9,}  {curve.kind:<10} {name}: {ends}")
    print("\nskipped lines")
    for reason, count in fold.skipped.items():
        print(f"{count:>9,}  {reason}")
    for line in fold.unread:
        print(f"           first with numbers: {ascii(line[:100])[1:-1]}")


class Kinds:
    """How many lines there are of each shape, and the first of each."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.samples: dict[str, str] = {}
        self._splitter = LineSplitter()

    def feed(self, chunk: bytes) -> None:
        """Count the lines that the chunk completes."""
        self._count(self._splitter.feed(chunk))

    def close(self) -> None:
        """Count the line that never got its end."""
        self._count(self._splitter.close())

    def _count(self, lines: Iterator[Line]) -> None:
        for line in lines:
            text = visible(line.text)
            shape = shape_of(text)
            self.counts[shape] += 1
            self.samples.setdefault(shape, text)


def _plain(value: float) -> Any:
    if math.isfinite(value):
        return int(value) if value == int(value) and abs(value) < 2**53 else value
    return _WORDS.get(value, "nan")

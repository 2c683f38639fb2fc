"""What the server would make of a log, without a server: `extract` and `explain`."""

from __future__ import annotations

import json
import math
import sys
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


def read_whole(spec: str) -> tuple[Run, Fold] | str:
    """All rows that are in a log now, folded as the server folds them; a sentence where it cannot be read."""
    found = list(find_runs([spec]).values())
    if len(found) != 1:
        return f"{spec} names {len(found) or 'no'} logs; name one"
    source = found[0].open()
    run, fold = Run("log"), Fold(0)
    chunk = source.poll()
    while chunk.data:
        run.add(fold.feed(chunk.data))
        chunk = source.poll()
    run.add(fold.close())
    source.close()
    return f"{spec} cannot be read: {chunk.reason or 'no such file'}" if chunk.state else (run, fold)


def extract(spec: str) -> int:
    """Print `{"series name": [[x, y], …], …}` as strict JSON; the exit status."""
    read = read_whole(spec)
    if isinstance(read, str):
        return _failed(read)
    run, _ = read
    series = {}
    for name in run.metrics:
        curve = curve_of(run.series(name), "step")
        series[name] = [[_plain(x), _plain(y)] for x, y in zip(curve.x.tolist(), curve.y.tolist(), strict=True)]
    print(json.dumps(series, allow_nan=False))
    return 0


def explain(spec: str) -> int:
    """Print which format took which kind of line, and which metrics came out; the exit status."""
    read = read_whole(spec)
    if isinstance(read, str):
        return _failed(read)
    run, fold = read
    print(f"{spec}: {fold.lines:,} lines, {fold.lines_understood:,} understood")
    print("\nkinds of line (count, format, the first of them)")
    for _, (count, kind, sample) in _shapes(spec, fold):
        print(f"{count:>9,}  {kind or '-':<10} {ascii(sample[:100])[1:-1]}")
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
    return 0


def _shapes(spec: str, fold: Fold) -> list[tuple[str, tuple[int, str, str]]]:
    counts: Counter[str] = Counter()
    samples: dict[str, str] = {}
    for line in _lines(spec):
        text = visible(line.text)
        shape = shape_of(text)
        counts[shape] += 1
        samples.setdefault(shape, text)
    return [
        (shape, (count, fold.parser.winner_of(shape), samples[shape]))
        for shape, count in counts.most_common(MOST_SHAPES)
    ]


def _lines(spec: str) -> Iterator[Line]:
    source = next(iter(find_runs([spec]).values())).open()
    splitter = LineSplitter()
    chunk = source.poll()
    while chunk.data:
        yield from splitter.feed(chunk.data)
        chunk = source.poll()
    yield from splitter.close()
    source.close()


def _plain(value: float) -> Any:
    if math.isfinite(value):
        return int(value) if value == int(value) and abs(value) < 2**53 else value
    return _WORDS.get(value, "nan")


def _failed(sentence: str) -> int:
    print(f"tailplot: {sentence}", file=sys.stderr)
    return 2

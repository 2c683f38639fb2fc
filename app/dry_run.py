"""What the server would make of a log, without a server: `extract` and `explain`."""

from __future__ import annotations

import contextlib
import json
import math
import sys
from collections.abc import Iterator
from typing import Any

from app.curves import axis_of
from app.explain import as_text, explained
from app.fold import Fold
from app.reading import DEFAULT, Reading
from app.sources import find_runs
from app.store import Run

_WORDS = {math.inf: "inf", -math.inf: "-inf"}


def chunks_of(spec: str) -> Iterator[bytes]:
    """The bytes that are in a log now.

    Raises:
        ValueError: one sentence that says why it cannot be read.
    """
    found = list(find_runs([spec]).values())
    if len(found) != 1:
        raise ValueError(f"{spec} names {len(found) or 'no'} logs; name one")
    with contextlib.closing(found[0].open()) as source:
        chunk = source.poll()
        while chunk.data or chunk.hole:
            yield chunk.data
            chunk = source.poll()
    if chunk.state:
        raise ValueError(f"{spec} cannot be read: {chunk.reason or 'no such file'}")


def extract(spec: str, reading: Reading = DEFAULT) -> None:
    """Print `{"series name": [[x, y], …], …}` as strict JSON. Raises as `chunks_of`."""
    run, fold = Run("log"), Fold(0, reading)
    with contextlib.redirect_stdout(sys.stderr):  # a hook may print
        for chunk in chunks_of(spec):
            run.add(fold.feed(chunk))
        run.add(fold.close())
    series = {}
    for name in run.metrics:
        whole = run.series(name)
        _, axis = axis_of(whole, "step")
        series[name] = [
            [None if math.isnan(x) else _plain(x), _plain(y)]
            for x, y in zip(axis.tolist(), whole.value.tolist(), strict=True)
        ]
    print(json.dumps(series, allow_nan=False))


def explain(spec: str, reading: Reading = DEFAULT) -> None:
    """Print what became of the kinds of line, the metrics and the skipped lines. Raises as `chunks_of`."""
    with contextlib.redirect_stdout(sys.stderr):  # a hook may print
        told = explained(chunks_of(spec), reading)
    encoding = sys.stdout.encoding or "utf-8"
    print(as_text(spec, told).encode(encoding, "backslashreplace").decode(encoding), end="")


def _plain(value: float) -> Any:
    if math.isfinite(value):
        return int(value) if value == int(value) and abs(value) < 2**53 else value
    return _WORDS.get(value, "nan")

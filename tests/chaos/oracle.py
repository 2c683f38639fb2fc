"""From the journal of a chaos run to what a viewer must have and may have."""

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tests.chaos.held import Held
from tests.chaos.points import points_of

SERIES = ("loss", "wave")
Record = dict[str, Any]


class Expected(NamedTuple):
    """Of each series, bool arrays by number: what every viewer must have, and what one may have besides."""

    loss_must: np.ndarray
    loss_may: np.ndarray
    wave_must: np.ndarray
    wave_may: np.ndarray

    def count(self, kind: str) -> int:
        """How many lines must, or may, be there."""
        return sum(int(getattr(self, f"{series}_{kind}").sum()) for series in SERIES)

    def save(self, path: Path) -> None:
        """As an .npz, for the swarms."""
        np.savez_compressed(path, **self._asdict())


def expected(records: Iterable[Record]) -> Expected:
    """What the journal promises.

    Every line that was ended must be there, but for two kinds, which only may be: lines of a life that was destroyed
    before anybody is known to have read them; and lines of a life that a worker could not see when it started, because
    its bytes stood at the path no more.
    """
    spans: list[tuple[int, int, str, int, int]] = []
    read: dict[int, float] = {}
    unseen: set[int] = set()
    latest = 0
    for record in records:
        if "begin" in record:
            latest = record["begin"]
        elif "wrote" in record:
            spans += [(record["wrote"], record["to"], of, a, b) for of in SERIES for a, b in record[of]]
        elif "end" in record and record["seen"] is not None:
            read[record["end"]] = record["seen"]
        elif "started" in record:
            unseen |= set(range(1, latest + 1)) - set(record["visible"])
    ends = {series: max((b for _, _, of, _, b in spans if of == series), default=0) for series in SERIES}
    found = {f"{series}_{kind}": np.zeros(ends[series], bool) for series in SERIES for kind in ("must", "may")}
    for life, to, series, first, after in spans:
        safe = life not in unseen and to <= read.get(life, math.inf)
        found[f"{series}_{'must' if safe else 'may'}"][first:after] = True
    return Expected(**found)


def journal(path: Path) -> list[Record]:
    """The records of a journal, a last one left out that was cut off."""
    return [json.loads(line) for line in path.read_text().split("\n")[:-1]]


def verdict_of(metrics_json: bytes, promised: Expected) -> dict[str, Any]:
    """What is wrong with an answer of /metrics.json without a query, counted by kind as for a viewer."""
    held = Held()
    cursor, points = points_of(metrics_json)
    held.take(cursor, points, same_worker=False)
    return held.verdict(promised._asdict())


def told(records: Sequence[Record], series: str, k: int) -> list[Record]:
    """The journal around one number: what wrote it, what its life went through."""
    near = [r for r in records if any(a <= k < b for a, b in r.get(series, ()))]
    lives = {r["wrote"] for r in near}
    return [r for r in records if r in near or r.get("begin") in lives or r.get("end") in lives]

"""Reading a log, beside the fastest thing that looks at its lines in the same run: MB/s and the ratio."""

import re
import statistics
import time

import pytest

from app.fold import Fold
from app.store import Run

LINES = 40_000
KINDS = {
    "jsonl": lambda n: f'{{"step": {n}, "loss": {1 / (n + 1):.6f}, "lr": 0.0003, "acc": {n % 97 / 97:.4f}}}\n',
    "delimited": lambda n: "step,loss,lr,acc\n" if n == 0 else f"{n},{1 / (n + 1):.6f},0.0003,{n % 97 / 97:.4f}\n",
    "keyvalue": lambda n: f"2026-11-23 15:04:05 INFO step {n} loss {1 / (n + 1):.6f} lr 3e-4 acc {n % 97 / 97:.4f}\n",
}


@pytest.mark.parametrize("kind", KINDS)
def test_reading(kind):
    data = "".join(KINDS[kind](n) for n in range(LINES)).encode()
    floor, ours = [], []
    for _ in range(3):
        floor.append(seconds(lambda: re.findall(rb"[-+.\d]+", data)))
        ours.append(seconds(lambda: read(data)))
    mine, limit = statistics.median(ours), statistics.median(floor)
    print(
        f"\n{kind}: {len(data) / mine / 1e6:.1f} MB/s, {LINES / mine / 1e3:.0f} k lines/s; "
        f"{limit / mine:.2f} of finding the numbers alone"
    )


def read(data: bytes) -> None:
    fold, run = Fold(0), Run("bench")
    for start in range(0, len(data), 8192):
        run.add(fold.feed(data[start : start + 8192]))
    assert run.at.size >= LINES - 1


def seconds(work) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before

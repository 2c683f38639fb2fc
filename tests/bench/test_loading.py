"""While a large log is being read: how long /healthz takes, and how fast the bytes go. JSON lines, and text."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Server

KINDS = {"json": (200_000, '{{"step": {0}, "loss": {1}, "lr": 0.0003}}\n'), "text": (60_000, "step={0} loss={1}\n")}


@pytest.mark.parametrize("kind", KINDS)
def test_answers_while_a_large_log_is_read(serve: Callable[..., Server], tmp_path: Path, kind: str) -> None:
    lines, shape = KINDS[kind]
    log = tmp_path / "train.log"
    log.write_text("".join(shape.format(step, 1 / (step + 1)) for step in range(lines)))
    size = log.stat().st_size
    server = serve(log)
    began, answers, offset = time.perf_counter(), [], 0
    while offset < size:
        before = time.perf_counter()
        assert server.answers()
        answers.append(time.perf_counter() - before)
        offset = server.json("/status.json")["runs"]["train"]["offset"]
    took = time.perf_counter() - began
    p50, p99 = np.percentile(np.array(answers) * 1000, (50, 99))
    print(f"\n{kind}: {size / 1e6:.1f} MB in {took:.1f} s or less, {size / took / 1e6:.1f} MB/s; ", end="")
    print(f"/healthz p50 {p50:.1f} ms, p99 {p99:.1f} ms of {len(answers)} (target p99 ≤ 100 ms)")

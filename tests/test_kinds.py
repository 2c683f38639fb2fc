"""Whole logs: what the server makes of pieces of real ones, in the bytes in which they were written.

`logs/expected.json`: file → series → [points, [x, y] of the first, [x, y] of the last], read by eye; `*` are patterns
of the names that may be there besides, as times and settings.
"""

import json
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from app.curves import axis_of
from app.fold import Fold
from app.store import Run

LOGS = Path(__file__).resolve().parent / "logs"
EXPECTED: dict[str, dict[str, list]] = json.loads((LOGS / "expected.json").read_text(encoding="utf-8"))
OLDER = {"crlf.csv", "epochs.jsonl", "expected.json", "pairs.log", "progress.log"}


def series_of(chunks: list[bytes]) -> dict[str, list]:
    run, fold = Run("log"), Fold(0)
    for chunk in chunks:
        run.add(fold.feed(chunk))
    run.add(fold.close())
    found = {}
    for name in run.metrics:
        whole = run.series(name)
        _, x = axis_of(whole, "step")
        found[name] = [len(x), [x[0], whole.value[0]], [x[-1], whole.value[-1]]]
    return found


@pytest.mark.parametrize("name", EXPECTED)
def test_a_log_gives_the_series_that_a_person_sees_in_it(name: str) -> None:
    found = series_of([(LOGS / name).read_bytes()])
    series = {metric: ends for metric, ends in EXPECTED[name].items() if metric != "*"}
    missing = series.keys() - found.keys()
    assert not missing
    for metric, (count, first, last) in series.items():
        points, *ends = found[metric]
        assert (metric, points) == (metric, count)
        assert ends == [pytest.approx(first), pytest.approx(last)], metric


@pytest.mark.parametrize("name", EXPECTED)
def test_a_log_gives_no_series_of_what_is_no_metric_in_it(name: str) -> None:
    besides = EXPECTED[name].get("*", [])
    others = series_of([(LOGS / name).read_bytes()]).keys() - EXPECTED[name].keys()
    assert [metric for metric in others if not any(fnmatchcase(metric, pattern) for pattern in besides)] == []


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("size", [1, 7])
def test_a_log_gives_the_same_in_small_pieces(name: str, size: int) -> None:
    log = (LOGS / name).read_bytes()
    assert series_of([log[at : at + size] for at in range(0, len(log), size)]) == series_of([log])


def test_every_log_has_its_expected_series() -> None:
    assert {path.name for path in LOGS.iterdir()} == EXPECTED.keys() | OLDER


def test_the_bytes_that_make_logs_hard_are_in_them() -> None:
    logs = {name: (LOGS / name).read_bytes() for name in EXPECTED}
    assert b"\x08\x08" in logs["keras3-bars.log"]
    assert b"\x1b[36m" in logs["skorch.log"]
    assert b"\r " in logs["transformers.log"]
    assert logs["powershell-utf16.log"].startswith(b"\xff\xfe")
    with pytest.raises(UnicodeDecodeError):
        logs["gbk.txt"].decode()
    assert max(map(len, logs.values())) <= 3000

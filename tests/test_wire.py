"""wire: strict JSON, cursors that come back, and the exact bytes of an event."""

import json
import math
from typing import Any, NoReturn

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import wire
from app.fold import Fold
from app.rows import START, Position
from app.series import Series
from app.store import Run
from app.wire import (
    LONGEST_CURSOR,
    about,
    format_cursor,
    in_base_36,
    metrics_json,
    numbers,
    parse_cursor,
    points_event,
    points_of,
    sse_event,
    to_json,
)


def run_of(log: bytes, name: str = "train") -> Run:
    run, fold = Run(name), Fold(0)
    run.add(fold.feed(log))
    return run


def strict(text: bytes) -> Any:
    """The JSON value, with NaN and Infinity refused as every other reader refuses them."""

    def fail(word: str) -> NoReturn:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=fail)


def whole(run: Run, cursor: str = "") -> bytes:
    metrics = ((name, run.series(name), run.series(name)) for name in run.metrics)
    return b"".join(metrics_json(iter([(run, metrics)]), cursor))


BROKEN = b"step=1 loss=nan\nstep=2 loss=0.5\nstep=3 loss=inf\nstep=4 loss=-inf\nstep=5 loss=0.25\n"


def test_an_event_is_these_bytes() -> None:
    assert sse_event("status", {"a": 1}) == b'event: status\ndata: {"a":1}\n\n'
    assert (
        sse_event("points", {"a": [1.5, None]}, "k.0.a.b") == b'id: k.0.a.b\nevent: points\ndata: {"a":[1.5,null]}\n\n'
    )


def test_an_empty_id_is_sent_so_that_the_browser_forgets_its_own() -> None:
    assert sse_event("reset", {}, "") == b"id: \nevent: reset\ndata: {}\n\n"


def test_an_event_with_points_is_these_bytes() -> None:
    run = run_of(b"step=1 loss=0.5 acc=nan\n")
    event, after = points_event([run], [START])
    cursor = format_cursor([run], [run.end])
    assert after == [run.end]
    assert (
        event
        == (
            f"id: {cursor}\nevent: points\ndata: "
            f'{{"cursor":"{cursor}","runs":{{"train":{{"state":"waiting","metrics":{{'
            '"loss":{"step":[1],"epoch":null,"wall_time":null,"value":[0.5]},'
            '"acc":{"step":[1],"epoch":null,"wall_time":null,"value":[null]}},"about":{'
            '"loss":{"count":1,"shown":1,"thinned":false,"nonfinite":[],"segments":[0],"last":0.5,"min":0.5,"max":0.5},'
            '"acc":{"count":1,"shown":1,"thinned":false,"nonfinite":[[0,"nan"]],"segments":[0],'
            '"last":null,"min":null,"max":null}}}}}\n\n'
        ).encode()
    )


def test_no_event_comes_of_lines_without_metrics_but_the_cursor_moves() -> None:
    run = run_of(b"hello\n")
    assert points_event([run], [START]) == (b"", [run.end])
    assert points_event([run], [run.end]) == (b"", [run.end])


def test_events_one_after_the_other_give_every_point_once() -> None:
    runs = [run_of(b"".join(b"step=%d loss=%d\n" % (i, i) for i in range(12_000))), run_of(b"step=1 loss=7\n", "b")]
    positions, values = [START for run in runs], []
    while True:
        event, after = points_event(runs, positions)
        if not event:
            break
        body = strict(event.split(b"data: ", 1)[1])
        values += body["runs"].get("train", {"metrics": {"loss": {"value": []}}})["metrics"]["loss"]["value"]
        assert parse_cursor(body["cursor"]) == {run.key: place for run, place in zip(runs, after, strict=True)}
        positions = after
    assert values == list(range(12_000))
    assert positions == [run.end for run in runs]


positions = st.builds(Position, st.integers(0, 36**5), st.integers(0, 2**63 - 1), st.integers(0, 2**32 - 1))


@given(st.dictionaries(st.text(max_size=20).map(lambda text: text.encode(errors="replace").decode()), positions))
def test_a_cursor_comes_back_as_it_was_sent(places: dict[str, Position]) -> None:
    runs = [Run(name) for name in places]
    text = format_cursor(runs, list(places.values()))
    if runs and len(text) <= LONGEST_CURSOR:
        assert parse_cursor(text) == {run.key: place for run, place in zip(runs, places.values(), strict=True)}


@given(st.integers(0, 2**80))
def test_base_36_is_what_int_reads(number: int) -> None:
    assert int(in_base_36(number), 36) == number


MALFORMED = [
    "",
    " ",
    "~",
    "text",
    "reset",
    "null",
    "undefined",
    "0",
    "42",
    "-1",
    "a.b.c",
    "a.b.c.d.e",
    "a.b.c.",
    ".b.c.d",
    "a..c.d",
    "...",
    "a.b.c.d~",
    "~a.b.c.d",
    "a.b.c.d~~e.f.g.h",
    "a.b.c.d~e",
    "a.-1.c.d",
    "a.b.-1.d",
    "a.b.c.-1",
    "a.+1.c.d",
    "a. 1.c.d",
    "a.1_0.c.d",
    "a.1.5.c.d",
    "a.b.c.d\0",
    "\0",
    "a\0.b.c.d",
    "a.b.c.d\n",
    "a.b.c.d\r\ndata: x",
    "a.b.c.d\u0000",
    "a.².c.d",
    "a.b.²³.d",
    "a.b.١٢.d",
    "a.b.c.１２",
    "a.é.c.d",
    "é.b.c.d",
    "損.b.c.d",
    "a.b.c.\ud800",
    "a.b.c.d~a.b.²",
    "a.b.c.\u200b",
    "x" * 8192,
    "a.b.c.d~" * 1024,
    "~".join(["a.b.c.d"] * 1024),
    "a." + "9" * 14 + ".c.d",
    "a.b." + "z" * 4000 + ".d",
    "a.b.c." + "f" * 100,
    "<script>",
    "../../etc/passwd",
    "a.b.c.d;e.f.g.h",
    "a,b,c,d",
    '{"a": [0, 1, 2]}',
    "%00",
]


@pytest.mark.parametrize("text", MALFORMED, ids=[ascii(text[:20]) for text in MALFORMED])
def test_a_malformed_id_is_no_cursor_and_raises_nothing(text: str) -> None:
    assert parse_cursor(text) is None


@given(st.text() | st.text(st.sampled_from("09azAZ.~²٣_-"), max_size=60))
def test_no_text_makes_reading_a_cursor_raise(text: str) -> None:
    for place in (parse_cursor(text) or {}).values():
        assert min(place) >= 0


def test_the_document_of_metrics_is_strict_json_whatever_the_values() -> None:
    document = strict(whole(run_of(BROKEN), "k.0.1.2"))
    metric, notes = document["runs"]["train"]["metrics"]["loss"], document["runs"]["train"]["about"]["loss"]
    assert document["cursor"] == "k.0.1.2"
    assert metric == {"step": [1, 2, 3, 4, 5], "epoch": None, "wall_time": None, "value": [None, 0.5, None, None, 0.25]}
    assert notes["nonfinite"] == [[0, "nan"], [2, "inf"], [3, "-inf"]]
    assert (notes["last"], notes["min"], notes["max"]) == (0.25, 0.25, 0.5)
    assert (notes["count"], notes["shown"], notes["thinned"]) == (5, 5, False)


def test_the_document_of_no_runs_and_of_runs_without_metrics_is_json() -> None:
    assert strict(b"".join(metrics_json(iter([]), ""))) == {"cursor": "", "runs": {}}
    assert strict(whole(Run('a "b"'))) == {
        "cursor": "",
        "runs": {'a "b"': {"state": "waiting", "metrics": {}, "about": {}}},
    }


def test_several_runs_and_metrics_stand_in_one_document() -> None:
    runs = [run_of(b"step=1 a=1 b=2\n", name) for name in ("one", "two")]
    selected = ((run, ((name, run.series(name), run.series(name)) for name in run.metrics)) for run in runs)
    document = strict(b"".join(metrics_json(iter(selected), "")))
    assert {name: list(run["metrics"]) for name, run in document["runs"].items()} == {
        "one": ["a", "b"],
        "two": ["a", "b"],
    }


floats = st.floats() | st.integers(-(2**60), 2**60).map(float) | st.just(math.nan)


@given(st.lists(st.tuples(floats, floats, floats, floats), max_size=30))
def test_the_lists_of_a_metric_have_one_length_and_say_what_they_can(rows: list[tuple[float, ...]]) -> None:
    columns = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    lists = strict(to_json(points_of(Series(*columns, (0,), 0))))
    assert {len(values) for values in lists.values() if values is not None} <= {len(rows)}
    for (name, values), column in zip(lists.items(), columns, strict=True):
        assert values is not None or np.isnan(column).all(), name
        for shown, value in zip(values or [], column.tolist(), strict=False):
            assert shown == value or (shown is None and not math.isfinite(value))


def test_whole_numbers_are_sent_without_a_point() -> None:
    assert to_json(numbers(np.array([1.0, 2.0, math.nan]))) == b"[1,2,null]"
    assert to_json(numbers(np.array([1.0, 2.5, math.inf]))) == b"[1.0,2.5,null]"
    assert numbers(np.array([math.nan])) is None


def test_what_is_thinned_says_so_and_its_extremes_are_of_all_points() -> None:
    series = run_of(b"".join(b"step=%d loss=%d\n" % (i, i) for i in range(10))).series("loss")
    notes = about(series, Series(*(column[4:6] for column in series[:4]), (0,), 4))
    assert (notes["count"], notes["shown"], notes["thinned"]) == (10, 2, True)
    assert (notes["min"], notes["max"], notes["last"]) == (0, 9, 9)


def test_hostile_names_pass_through_json_as_text() -> None:
    names = ["__proto__", "</script>", "<img src=x onerror=alert(1)>", "%{x}", '"', "\\", "損失", "\u2028"]
    for name in names:
        run = run_of(json.dumps({"step": 1, name: 1}).encode() + b"\n", name)
        assert list(strict(whole(run))["runs"][name]["metrics"]) == [name]
    escaped = run_of(b'{"step": 1, "\\ud800\\u202e\\u0000": 1}\n')
    assert list(strict(whole(escaped))["runs"]["train"]["metrics"]) == [r"\ud800\u202e\x00"]


def test_long_lists_are_written_in_blocks_and_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(b"".join(b"step=%d loss=%d.5 acc=nan\n" % (n, n) for n in range(25)) + b"epoch=2 loss=1\n")
    monkeypatch.setattr(wire, "BLOCK", 7)
    for name in run.metrics:
        series = run.series(name)
        assert json.loads(b"".join(wire._points_in_blocks(series))) == json.loads(to_json(points_of(series)))

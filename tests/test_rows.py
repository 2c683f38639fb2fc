"""rows: what a number is, which names mean step, epoch and time, and what lines leave to the lines after them."""

import math
import re
from collections.abc import Callable, Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rows import (
    EPOCH,
    LONGEST_NAME,
    MOST_METRICS,
    STEP,
    TOTAL,
    Batch,
    Fields,
    Mark,
    RowBuilder,
    clean_name,
    read_number,
)

GRAMMAR = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?|[+-]?(nan|inf(inity)?)", re.ASCII | re.IGNORECASE)


def batch_of(lines: Iterable[Fields]) -> Batch:
    rows = RowBuilder()
    for at, fields in enumerate(lines, 1):
        rows.add(fields, at)
    return rows.build(0, [])


def steps_of(lines: Iterable[Fields]) -> list[float]:
    return batch_of([line | {"loss": 1.0} for line in lines]).step.tolist()


tokens = st.one_of(
    st.text(st.sampled_from("0123456789+-.eE_, xnaifty"), max_size=12),
    st.from_regex(GRAMMAR, fullmatch=True),
    st.from_regex(r"[+-]?\d{50,80}(\.\d{0,20})?", fullmatch=True),
    st.floats().map(repr),
    st.integers().map(str),
    st.text(max_size=6),
)


@given(tokens)
def test_a_token_is_a_number_exactly_where_the_grammar_says_so(token: str) -> None:
    number = read_number(token)
    assert (number is not None) == (len(token) <= 64 and GRAMMAR.fullmatch(token) is not None)
    if number is not None:
        assert number == float(token) or math.isnan(number)


@pytest.mark.parametrize(
    ("token", "number"),
    [
        ("0", 0.0),
        ("-0", -0.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("+.5e3", 500.0),
        ("-7.5e-05", -7.5e-05),
        ("888", 888.0),
        ("1E+2", 100.0),
        ("1e400", math.inf),
        ("-1e400", -math.inf),
        ("1e-400", 0.0),
        ("9007199254740993", 9007199254740992.0),
        ("9" * 64, 1e64),
        ("Infinity", math.inf),
        ("-INF", -math.inf),
        ("inf", math.inf),
        ("9" * 65, None),
        ("9" * 5000, None),
        ("1_000", None),
        ("١٢", None),
        ("１２", None),
        ("²", None),
        ("0x10", None),
        ("1,5", None),
        ("1e12345", None),
        ("1.2.3", None),
        ("1e", None),
        (".", None),
        ("", None),
        (" 1", None),
        ("1\n", None),
        ("infinit", None),
        ("nano", None),
        ("--1", None),
    ],
)
def test_thirty_tokens_and_what_they_are(token: str, number: float | None) -> None:
    assert read_number(token) == number


@pytest.mark.parametrize("token", ["nan", "NaN", "-nan", "+NAN"])
def test_nan_is_a_number(token: str) -> None:
    number = read_number(token)
    assert number is not None
    assert math.isnan(number)


def test_a_row_has_step_epoch_time_and_its_metrics() -> None:
    batch = batch_of([{"step": 7, "epoch": 0.5, "wall_time": 1.7e9, "loss": 0.25, "acc": math.nan}])
    assert (batch.at.tolist(), batch.step.tolist(), batch.epoch.tolist()) == ([1], [7.0], [0.5])
    assert batch.wall_time.tolist() == [1.7e9]
    assert list(batch.metrics) == ["loss", "acc"]
    assert math.isnan(batch.metrics["acc"][1][0])


def test_columns_have_the_types_that_they_promise() -> None:
    for batch in (batch_of([]), batch_of([{"step": 1, "loss": 2.0}])):
        assert batch.at.dtype == np.int64
        assert {batch.step.dtype, batch.epoch.dtype, batch.wall_time.dtype} == {np.dtype(np.float64)}
        for rows, values in batch.metrics.values():
            assert (rows.dtype, values.dtype) == (np.uint32, np.float64)


def test_a_metric_says_in_which_rows_it_stands() -> None:
    batch = batch_of([{"a": 1}, {"b": 2}, {}, {"note": "text"}, {"a": 3, "b": 4}])
    assert batch.at.tolist() == [1, 2, 5]
    assert batch.metrics["a"][0].tolist() == [0, 2]
    assert batch.metrics["b"][0].tolist() == [1, 2]


def test_what_was_built_is_not_built_again() -> None:
    rows = RowBuilder()
    rows.add({"step": 1, "loss": 0.5}, 10)
    assert rows.build(3, [Mark(10, 0, 1, 1)]).generation == 3
    assert len(rows.build(3, []).at) == 0
    rows.add({"loss": 0.25}, 20)
    assert rows.build(3, []).metrics["loss"][0].tolist() == [0]
    assert (rows.rows, rows.points) == (2, 2)


@pytest.mark.parametrize("name", sorted(STEP))
@pytest.mark.parametrize("spell", [str.lower, str.upper, str.title, lambda name: name.replace("_", " ")])
def test_every_name_of_a_step_in_any_spelling_is_the_step(name: str, spell: Callable[[str], str]) -> None:
    batch = batch_of([{spell(name): "12", "loss": 1.0}])
    assert batch.step.tolist() == [12.0]
    assert list(batch.metrics) == ["loss"]


@pytest.mark.parametrize("name", sorted(EPOCH))
def test_every_name_of_an_epoch_is_the_epoch(name: str) -> None:
    assert batch_of([{name: 2.5, "loss": 1.0}]).epoch.tolist() == [2.5]


@pytest.mark.parametrize("name", sorted(TOTAL) + ["@total"])
def test_every_name_of_the_total_is_the_total_and_no_metric(name: str) -> None:
    batch = batch_of([{"step": 1, name: 2000.0, "loss": 1.0}, {"step": 2, "loss": 1.0}])
    assert batch.total == 2000
    assert list(batch.metrics) == ["loss"]


def test_words_and_context_are_no_metrics() -> None:
    assert batch_of([{"mode": "train", "@section": 3.0, "eta": "0:00:24"}]).metrics == {}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (1.7e9, 1.7e9),
        ("1700000000.5", 1_700_000_000.5),
        ("2026-11-23 12:04:05", 1_795_435_445.0),
        ("2026-11-23T12:04:05Z", 1_795_435_445.0),
    ],
)
@pytest.mark.parametrize("name", ["time", "Wall time", "timestamp", "asctime"])
def test_a_date_or_seconds_since_the_epoch_are_the_wall_time(name: str, value: float | str, seconds: float) -> None:
    batch = batch_of([{name: value, "loss": 1.0}])
    assert batch.wall_time.tolist() == [seconds]
    assert list(batch.metrics) == ["loss"]


@pytest.mark.parametrize("value", [0.35, "0.35", 3600.0, 1.7e12, math.nan, "nan"])
def test_a_time_that_is_a_duration_is_a_metric(value: float | str) -> None:
    batch = batch_of([{"time": value}])
    assert math.isnan(batch.wall_time[0])
    assert list(batch.metrics) == ["time"]


def test_a_step_on_a_line_of_its_own_holds_for_the_lines_after_it() -> None:
    batch = batch_of([{"step": 5}, {"loss": 1.0}, {"acc": 0.5}, {"step": 6}, {"loss": 0.9}])
    assert batch.step.tolist() == [5, 5, 6]


def test_an_epoch_on_a_line_of_its_own_holds_for_the_lines_after_it() -> None:
    assert batch_of([{"Epoch": 1}, {"loss": 1.0}, {"loss": 0.5}, {"Epoch": 2}, {"loss": 0.4}]).epoch.tolist() == [
        1,
        1,
        2,
    ]


def test_a_new_epoch_ends_the_record_of_the_old_step() -> None:
    batch = batch_of([{"epoch": 1}, {"step": 5, "loss": 1.0}, {"epoch": 1}, {"acc": 1.0}, {"epoch": 2}, {"acc": 0.5}])
    assert batch.step.tolist()[:2] == [5, 5]
    assert math.isnan(batch.step[2])


def test_a_step_that_begins_anew_in_each_epoch_is_counted_on() -> None:
    lines: list[Fields] = [{"epoch": e, "iter": i} for e in (1, 2, 3) for i in (50, 100, 150)]
    assert steps_of(lines) == [50, 100, 150, 200, 250, 300, 350, 400, 450]


def test_a_step_that_counts_over_all_epochs_stays_as_it_is() -> None:
    lines: list[Fields] = [{"epoch": e, "step": 100 * e + i} for e in range(4) for i in (0, 50)]
    assert steps_of(lines) == [0, 50, 100, 150, 200, 250, 300, 350]


def test_an_evaluation_that_counts_its_own_steps_does_not_stop_the_counting_on() -> None:
    lines: list[Fields] = [
        {"epoch": 1, "iter": 50},
        {"epoch": 1, "iter": 100},
        {"epoch": 1, "iter": 4},
        {"epoch": 2, "iter": 50},
        {"epoch": 2, "iter": 100},
    ]
    assert steps_of(lines) == [50, 100, 4, 150, 200]


def test_a_resume_in_an_earlier_epoch_goes_back_to_where_that_epoch_was() -> None:
    lines: list[Fields] = [{"epoch": e, "iter": i} for e in (1, 2, 3) for i in (50, 100)]
    lines += [{"epoch": 2, "iter": 50}, {"epoch": 2, "iter": 100}, {"epoch": 3, "iter": 50}]
    assert steps_of(lines) == [50, 100, 150, 200, 250, 300, 150, 200, 250]


def test_a_resume_in_the_middle_of_an_earlier_epoch_goes_back_too() -> None:
    lines: list[Fields] = [{"epoch": e, "iter": i} for e in (1, 2) for i in (50, 100)]
    lines += [{"epoch": 3, "iter": 50}, {"epoch": 2, "iter": 100}, {"epoch": 3, "iter": 50}]
    assert steps_of(lines) == [50, 100, 150, 200, 250, 200, 250]


def test_a_number_of_steps_announced_before_the_first_epoch_is_not_counted_on() -> None:
    lines: list[Fields] = [{"iters": 600_000}, {"epoch": 0, "iter": 100}, {"epoch": 1, "iter": 200}]
    assert steps_of(lines) == [600_000, 100, 200]


def test_a_step_that_goes_back_without_an_epoch_is_kept_as_it_is() -> None:
    assert steps_of([{"step": 500}, {"step": 400}]) == [500, 400]


@pytest.mark.parametrize("step", [2.0**53 + 2, -(2.0**53) - 2, math.inf, -math.inf, math.nan, "1e300"])
def test_a_step_that_no_float_counts_exactly_is_refused(step: float | str) -> None:
    rows = RowBuilder()
    assert rows.add({"step": step, "loss": 1.0}, 1)
    assert rows.refused == 1
    assert math.isnan(rows.build(0, []).step[0])


def test_the_largest_step_is_kept_exactly() -> None:
    assert steps_of([{"step": "9007199254740992"}]) == [2**53]


def test_beyond_two_thousand_metrics_new_names_are_counted_and_left_out() -> None:
    rows = RowBuilder()
    for number in range(MOST_METRICS + 100):
        assert rows.add({f"m{number}": 1.0}, number + 1) == (number < MOST_METRICS)
    assert rows.add({"m0": 2.0, "another": 1.0}, 9999)
    batch = rows.build(0, [])
    assert len(batch.metrics) == MOST_METRICS
    assert batch.metrics["m0"][1].tolist() == [1.0, 2.0]
    assert (rows.refused, rows.points) == (101, MOST_METRICS + 1)


HOSTILE = {
    "__proto__": "__proto__",
    "constructor": "constructor",
    "<img src=x onerror=alert(1)>": "<img src=x onerror=alert(1)>",
    "</script>": "</script>",
    "%{x}": "%{x}",
    "損失": "損失",
    "\x1b[31mloss": r"\x1b[31mloss",
    "\x00loss\x7f": r"\x00loss\x7f",
    "\x85loss": r"\x85loss",
    "\u202eloss": r"\u202eloss",
    "\u2066loss\u2069": r"\u2066loss\u2069",
    "loss\u200f": r"loss\u200f",
    "\ud800": r"\ud800",
    "a\nb": r"a\nb",
}


@pytest.mark.parametrize(("name", "shown"), HOSTILE.items(), ids=map(ascii, HOSTILE))
def test_a_hostile_name_becomes_text_that_is_safe_to_send(name: str, shown: str) -> None:
    assert clean_name(name) == shown
    assert list(batch_of([{name: 1.0}]).metrics) == [shown]


@given(st.text(st.characters(), max_size=200))
def test_every_name_can_be_sent_and_is_short_enough(name: str) -> None:
    cleaned = clean_name(name)
    assert len(cleaned.encode()) <= LONGEST_NAME
    assert not re.search("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", cleaned)
    assert clean_name(cleaned) == cleaned


def test_a_long_name_is_cut_between_characters() -> None:
    assert clean_name("x" * 100_000) == "x" * 128
    assert clean_name("é" * 100) == "é" * 64
    assert clean_name("a" + "é" * 100) == "a" + "é" * 63


def test_a_metric_without_a_name_is_called_unnamed() -> None:
    assert list(batch_of([{"step": 1, "": 0.5}]).metrics) == ["(unnamed)"]

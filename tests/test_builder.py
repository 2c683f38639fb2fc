"""builder: what becomes of what lines say, when later lines leave out what earlier ones said."""

import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from app.builder import MOST_METRICS, RowBuilder
from app.names import EPISODE, EPOCH, STEP, TOTAL
from app.rows import Batch, Fields, Mark

LOOSE = {"@loose": 1.0}
Said = Fields | None
"""What a line says, None for one that says nothing; line i ends at i, from 1 on."""
Points = dict[str, list[tuple[float | None, float]]]


def built(lines: Iterable[Said], zone: tzinfo = UTC, *, redrawn: bool = True) -> tuple[Batch, RowBuilder]:
    """The rows of a whole log, the end of its generation included."""
    rows = RowBuilder(zone)
    at = 0
    for at, fields in enumerate(lines, 1):
        if fields is None:
            rows.pass_over(at)
        else:
            rows.add(fields, at)
    rows.close(at, redrawn=redrawn)
    return rows.build(0, []), rows


def batch_of(lines: Iterable[Said], zone: tzinfo = UTC) -> Batch:
    return built(lines, zone)[0]


def points_of(lines: Iterable[Said]) -> Points:
    """The metrics as (step, value), None for a step that is not known."""
    return _points(batch_of(lines), "step")


def points_by_epoch(lines: Iterable[Said]) -> Points:
    return _points(batch_of(lines), "epoch")


def _points(batch: Batch, axis: str) -> Points:
    x = [None if math.isnan(place) else place for place in getattr(batch, axis).tolist()]
    return {
        name: [(x[row], value) for row, value in zip(rows.tolist(), values.tolist(), strict=True)]
        for name, (rows, values) in batch.metrics.items()
    }


def steps_of(lines: list[Fields]) -> list[float]:
    return batch_of([line | {"loss": 1.0} for line in lines]).step.tolist()


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


@pytest.mark.parametrize("name", sorted(STEP | EPISODE))
def test_every_name_of_a_step_is_the_step(name: str) -> None:
    batch = batch_of([{name: "12", "loss": 1.0}])
    assert batch.step.tolist() == [12.0]
    assert list(batch.metrics) == ["loss"]


@pytest.mark.parametrize("name", sorted(EPOCH))
def test_every_name_of_an_epoch_is_the_epoch(name: str) -> None:
    assert batch_of([{name: 2.5, "loss": 1.0}]).epoch.tolist() == [2.5]


@pytest.mark.parametrize("name", [*sorted(TOTAL), "@total"])
def test_every_name_of_the_total_is_the_total_and_no_metric(name: str) -> None:
    batch = batch_of([{"step": 1, name: 2000.0, "loss": 1.0}, {"step": 2, "loss": 1.0}])
    assert batch.total == 2000
    assert list(batch.metrics) == ["loss"]


def test_a_total_alone_on_its_line_is_the_total_until_a_step_says_another() -> None:
    assert batch_of([{"max_steps": 500.0}, {"step": 1, "loss": 1.0}]).total == 500
    assert batch_of([{"max_steps": 500.0}, {"max_steps": 600.0}]).total == 500
    assert batch_of([{"max_steps": 500.0}, {"step": 1, "@total": 400.0, "loss": 1.0}]).total == 400


@pytest.mark.parametrize("order", [list, reversed])
def test_of_several_steps_on_a_line_the_one_over_the_whole_run_counts(order: Callable[[object], object]) -> None:
    fields = {
        "iteration": 3.0,
        "train/global_step": 96.0,
        "batch": 1.0,
        "episode": 2.0,
        "global_step": 97.0,
        "loss": 1.0,
    }
    line = {name: fields[name] for name in order(list(fields))}  # type: ignore[attr-defined]
    batch = batch_of([line])
    assert batch.step.tolist() == [97]
    assert sorted(batch.metrics) == ["loss", "train/global_step"]


def test_a_share_of_the_run_that_is_done_is_no_metric() -> None:
    assert list(points_of([{"step": 1, "percentage": 12.5, "loss": 1.0}])) == ["loss"]


def test_words_and_context_are_no_metrics() -> None:
    assert batch_of([{"mode": "train", "@section": 3.0, "eta": "0:00:24", "v_num": 3.0}]).metrics == {}


@pytest.mark.parametrize(
    "own",
    [
        {"@time": "12:00 x"},
        {"@total": "x"},
        {"@section": 3.0},
        {"@length": "long", "@within": "y"},
        {"@zoned": "yesterday", "@clock": "noon"},
        {"@unknown": 7.0},
        {"@loose": "x", "@bar": "x", "@postfix": "x", "@epochs": "x"},
    ],
)
def test_a_log_that_spells_our_own_keys_costs_nothing(own: Fields) -> None:
    lines: list[Said] = [{"step": 1, "loss": 0.5}, {"loss": 1.0, **own}, {"step": 2, "loss": 0.25}]
    assert points_of(lines) == {"loss": [(1, 0.5), (1, 1.0), (2, 0.25)]}
    assert np.isnan(batch_of(lines).wall_time).all()


# Steps and epochs over lines; how they are counted is in test_counting.


def test_a_step_on_a_line_of_its_own_holds_for_the_lines_after_it() -> None:
    batch = batch_of([{"step": 5}, {"loss": 1.0}, {"acc": 0.5}, {"step": 6}, {"loss": 0.9}])
    assert batch.step.tolist() == [5, 5, 6]


def test_an_epoch_on_a_line_of_its_own_holds_for_the_lines_after_it() -> None:
    lines: list[Said] = [{"Epoch": 1}, {"loss": 1.0}, {"loss": 0.5}, {"Epoch": 2}, {"loss": 0.4}]
    assert batch_of(lines).epoch.tolist() == [1, 1, 2]


def test_a_new_epoch_ends_the_record_of_the_old_step() -> None:
    batch = batch_of([{"epoch": 1}, {"step": 5, "loss": 1.0}, {"epoch": 1}, {"acc": 1.0}, {"epoch": 2}, {"acc": 0.5}])
    assert batch.step.tolist()[:2] == [5, 5]
    assert math.isnan(batch.step[2])


def test_a_step_that_begins_anew_in_each_epoch_is_counted_on() -> None:
    lines: list[Fields] = [{"epoch": e, "iter": i} for e in (1, 2, 3) for i in (50, 100, 150)]
    assert steps_of(lines) == [50, 100, 150, 200, 250, 300, 350, 400, 450]


def test_a_step_within_its_epoch_is_counted_on_by_the_total_beside_it() -> None:
    line: Fields = {"@total": 500.0, "@within": 1.0, "@epochs": 10.0}
    batch = batch_of([{"epoch": e, "step": 7, "loss": 1.0, **line} for e in (2, 3)])
    assert batch.step.tolist() == [507, 1007]
    assert batch.total == 5000


@pytest.mark.parametrize("name", ["step", "epoch"])
@pytest.mark.parametrize("number", [2.0**53 + 2, -(2.0**53) - 2, math.inf, -math.inf, math.nan, "1e300"])
def test_a_number_too_large_for_a_step_or_an_epoch_is_left_out_and_counted(name: str, number: float | str) -> None:
    batch, rows = built([{name: number, "loss": 1.0}])
    assert rows.left_out == {"number too large to be a step or an epoch": 1}
    assert math.isnan(batch.step[0])
    assert math.isnan(batch.epoch[0])
    assert batch.metrics["loss"][1].tolist() == [1.0]


def test_the_largest_step_is_kept_exactly() -> None:
    assert steps_of([{"step": "9007199254740992"}]) == [2**53]


def test_beyond_two_thousand_metrics_new_names_are_counted_and_left_out() -> None:
    batch, rows = built(
        [{f"m{number}": 1.0} for number in range(MOST_METRICS + 100)] + [{"m0": 2.0, "another": 1.0}, {"m5": 3.0}]
    )
    assert len(batch.metrics) == MOST_METRICS
    assert batch.metrics["m0"][1].tolist() == [1.0, 2.0]
    assert rows.left_out == {"series beyond the 2,000th": 101}
    assert (rows.rows, rows.points) == (MOST_METRICS + 2, MOST_METRICS + 2)
    assert batch.at.tolist()[-2:] == [MOST_METRICS + 101, MOST_METRICS + 102]


def test_two_thousand_names_are_the_most_in_all_batches_together() -> None:
    rows = RowBuilder()
    for number in range(MOST_METRICS):
        rows.add({f"m{number}": 1.0}, number + 1)
    rows.build(0, [])
    rows.add({"m0": 2.0, "another": 1.0}, 9999)
    assert list(rows.build(0, []).metrics) == ["m0"]


@pytest.mark.parametrize(
    ("name", "shown"), [("\x1b[31mloss", r"\x1b[31mloss"), ("", "(unnamed)"), ("x" * 1000, "x" * 128)]
)
def test_a_metric_has_a_name_that_is_safe_to_send(name: str, shown: str) -> None:
    assert points_of([{"step": 1, name: 0.5}, {"step": 2, name: 0.25}]) == {shown: [(1, 0.5), (2, 0.25)]}


# Loose lines: with neither step nor epoch.


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"loss": 0.5}, ["loss"]),
        ({"batch_size": 32.0}, []),
        ({"lr": 0.1}, []),
        ({"eps": 1e-8, "momentum": 0.9}, []),
        ({"loss_weight": 0.5}, []),
        ({"temperature": 0.7}, []),
        ({"loss": 0.5, "lr": 0.1, "batch_size": 32.0}, ["loss", "lr"]),
        ({"Reward": 10.0, "EpLen": 200.0}, ["Reward", "EpLen"]),
        ({"Batch Loss": 0.5}, ["Batch Loss"]),
    ],
    ids=str,
)
def test_before_anything_counts_only_a_line_with_a_metric_by_its_name_is_one(fields: Fields, kept: list[str]) -> None:
    batch, rows = built([fields | LOOSE])
    assert list(batch.metrics) == kept
    assert rows.left_out["no step, and no metric by its name"] == len(fields) - len(kept)
    assert batch.at.tolist() == [1] * bool(kept)


def test_a_record_without_a_count_is_taken_as_it_is() -> None:
    assert list(points_of([{"batch_size": 32.0, "temperature": 0.7}])) == ["batch_size", "temperature"]


@pytest.mark.parametrize(
    ("name", "values", "kept"),
    [
        ("churn", [0.5, 0.25, 0.125, 0.1], [0.125, 0.1]),
        ("churn", [0.5, 0.5, 0.25, 0.25], [0.25, 0.25]),
        ("churn", [0.5, 0.25, 0.25], [0.25]),
        ("churn", [0.5, 0.5, 0.5, 0.5], []),
        ("churn", [1, 2, 3, 4], []),
        ("churn", [1, 1.5, 2, 3], [2, 3]),
        ("churn", [0.5, 0.25], []),
        ("weight_decay", [0.5, 0.25, 0.125, 0.1], []),
        ("gamma", [0.5, 0.25, 0.125, 0.1], []),
    ],
)
def test_a_name_of_no_known_meaning_is_a_metric_from_the_third_time_on_where_its_fractions_change(
    name: str, values: list[float], kept: list[float]
) -> None:
    found = points_of([{name: value, **LOOSE} for value in values])
    assert found == ({name: [(None, value) for value in kept]} if kept else {})


def test_names_that_may_yet_come_often_are_remembered_up_to_two_thousand() -> None:
    lines: list[Said] = [{f"x{number}": 0.5, **LOOSE} for number in range(MOST_METRICS)]
    lines += [{"late": value, **LOOSE} for value in (0.25, 0.125, 0.1)]
    lines += [{"x7": value, **LOOSE} for value in (0.25, 0.125)]
    assert points_of(lines) == {"x7": [(None, 0.125)]}


@pytest.mark.parametrize("between", [0, 1, 2, 3])
def test_a_loose_line_after_a_step_belongs_to_its_record(between: int) -> None:
    lines: list[Said] = [{"step": 1, "loss": 0.5}, *[None] * between, {"temperature": 0.7, **LOOSE}]
    assert points_of(lines)["temperature"] == [(1, 0.7)]


def test_a_record_is_over_after_a_few_lines_without_numbers() -> None:
    lines: list[Said] = [{"step": 1, "loss": 0.5}, *[None] * 4, {"temperature": 0.7, **LOOSE}]
    assert list(points_of(lines)) == ["loss"]


def test_a_record_goes_on_from_each_of_its_lines() -> None:
    lines: list[Said] = [{"step": 1}]
    for name in ("temperature", "churn", "sparsity"):
        lines += [None, None, {name: 0.5, **LOOSE}]
    assert list(points_of(lines)) == ["temperature", "churn", "sparsity"]


@pytest.mark.parametrize("before", [[], [None], [None] * 9, [{"step": 1, "acc": 0.5}, *[None] * 9]], ids=len)
def test_a_metric_without_a_count_opens_no_record(before: list[Said]) -> None:
    found = points_of([*before, {"loss": 0.5, **LOOSE}, {"temperature": 0.7, **LOOSE}])
    assert "loss" in found
    assert "temperature" not in found


def test_an_epoch_begins_a_record_too() -> None:
    assert points_by_epoch([{"epoch": 3}, {"temperature": 0.7, **LOOSE}]) == {"temperature": [(3, 0.7)]}


@pytest.mark.parametrize("name", ["batch_size", "num_workers", "weight_decay", "hidden_size"])
def test_an_option_is_never_a_metric_without_a_count_beside_it(name: str) -> None:
    lines: list[Said] = [{"step": 1, "loss": 0.5}, {name: 32.0, **LOOSE}, {name: 0.5, "loss": 0.25, **LOOSE}]
    assert list(points_of(lines)) == ["loss"]


def test_what_stands_beside_a_count_is_a_metric_whatever_its_name() -> None:
    assert list(points_of([{"step": 1, "batch_size": 32.0}])) == ["batch_size"]


def test_a_metric_that_no_count_came_before_has_no_step() -> None:
    assert points_of([{"loss": 0.5, **LOOSE}, {"step": 1, "loss": 0.25}]) == {"loss": [(None, 0.5), (1, 0.25)]}


# Sections: on what part of the data.


@pytest.mark.parametrize(
    ("lines", "points"),
    [
        (
            [{"step": 1, "loss": 0.5}, {"step": 1, "@section": "val", "loss": 0.75}],
            {"loss": [(1, 0.5)], "val/loss": [(1, 0.75)]},
        ),
        (
            [{"step": 1, "loss": 0.5}, {"step": 1, "@section": "train", "loss": 0.75}],
            {"loss": [(1, 0.5), (1, 0.75)]},
        ),
        (
            [{"step": 1, "loss": 0.5}, {"step": 1, "@section": "val", "acc": 0.75}],
            {"loss": [(1, 0.5)], "acc": [(1, 0.75)]},
        ),
        (
            [{"step": 1, "loss": 0.5}, {"step": 1, "@section": "val", "val_loss": 0.75}],
            {"loss": [(1, 0.5)], "val_loss": [(1, 0.75)]},
        ),
        (
            [{"step": 1, "val_loss": 0.5}, {"step": 2, "@section": "val", "val_loss": 0.75}],
            {"val_loss": [(1, 0.5), (2, 0.75)]},
        ),
        (
            [{"step": 1, "@section": "dev", "f1": 0.5}, {"step": 1, "@section": "test", "f1": 0.75}],
            {"f1": [(1, 0.5)], "test/f1": [(1, 0.75)]},
        ),
        (
            [
                {"step": 1, "@section": "val", "acc": 0.5},
                {"step": 2, "acc": 0.25},
                {"step": 2, "@section": "val", "acc": 0.75},
            ],
            {"acc": [(1, 0.5), (2, 0.25)], "val/acc": [(2, 0.75)]},
        ),
        (
            [{"step": 1, "loss": 0.5}, {"@section": "eval"}, {"loss": 0.75, **LOOSE}, {"loss": 0.875, **LOOSE}],
            {"loss": [(1, 0.5)], "eval/loss": [(1, 0.75), (1, 0.875)]},
        ),
        (
            [{"step": 1, "loss": 0.5}, {"@section": "eval"}, {"step": 2, "loss": 0.75}, {"loss": 0.25, **LOOSE}],
            {"loss": [(1, 0.5), (2, 0.75), (2, 0.25)]},
        ),
        (
            [{"step": 1, "@section": "val"}, {"loss": 0.5, **LOOSE}, {"@section": "train"}, {"loss": 0.25, **LOOSE}],
            {"loss": [(1, 0.5), (1, 0.25)]},
        ),
    ],
    ids=[
        "the same name",
        "training is no section",
        "another name",
        "a name that says it",
        "a name that says it came before",
        "two held-out parts",
        "the training's came later",
        "a section over lines without a count",
        "a count ends a section",
        "a section ends a section",
    ],
)
def test_parts_of_the_data_are_told_apart_where_names_collide(lines: list[Said], points: Points) -> None:
    assert points_of(lines) == points


@pytest.mark.parametrize("key", ["mode", "split", "phase", "stage", "subset"])
@pytest.mark.parametrize(
    ("word", "prefix"), [("val", "val"), ("Validation", "val"), ("test", "test"), ("eval", "eval")]
)
def test_a_record_may_say_its_part_of_the_data_in_a_word(key: str, word: str, prefix: str) -> None:
    lines: list[Said] = [{key: "train", "epoch": 1, "iter": 50, "loss": 0.5}, {key: word, "epoch": 1, "loss": 0.25}]
    assert points_of(lines) == {"loss": [(50, 0.5)], f"{prefix}/loss": [(50, 0.25)]}


def test_other_words_in_a_record_say_nothing_about_its_data() -> None:
    lines: list[Said] = [{"step": 1, "loss": 0.5}, {"step": 2, "note": "the best val", "loss": 0.25}]
    assert points_of(lines) == {"loss": [(1, 0.5), (2, 0.25)]}


def test_a_validation_record_that_counts_its_own_batches_stands_at_the_step_of_the_training() -> None:
    lines: list[Said] = []
    for epoch in (1, 2):
        lines += [{"mode": "train", "epoch": epoch, "iter": i, "loss": 0.5} for i in (50, 100)]
        lines += [{"mode": "val", "epoch": epoch, "iter": 13, "acc": 0.25}]
    assert points_of(lines) == {
        "loss": [(50, 0.5), (100, 0.5), (150, 0.5), (200, 0.5)],
        "acc": [(100, 0.25), (200, 0.25)],
    }


def test_a_held_out_bar_stands_at_the_step_of_the_training() -> None:
    bar: Fields = {"@within": 1.0, "@bar": 1.0}
    lines: list[Said] = [
        {"epoch": 1, "step": 100, "@total": 500.0, "loss": 0.5, **bar},
        {"step": 3, "@total": 13.0, "@section": "val", "loss": 0.75, **bar},
        {"epoch": 2, "step": 100, "@total": 500.0, "loss": 0.25, **bar},
    ]
    assert points_of(lines) == {"loss": [(100, 0.5), (600, 0.25)], "val/loss": [(100, 0.75)]}


def test_a_held_out_bar_before_the_training_has_no_step() -> None:
    line: Fields = {"step": 3, "@total": 13.0, "@within": 1.0, "@bar": 1.0, "@section": "val", "acc": 0.75}
    assert points_of([line]) == {"acc": [(None, 0.75)]}


def test_a_bar_that_says_its_epoch_is_one_of_the_training_whatever_its_length() -> None:
    bar: Fields = {"@within": 1.0, "@bar": 1.0}
    lines: list[Said] = [
        {"epoch": 1, "step": 100, "@total": 500.0, "loss": 0.5, **bar},
        {"epoch": 2, "step": 10, "@total": 400.0, "loss": 0.25, **bar},
    ]
    assert points_of(lines) == {"loss": [(100, 0.5), (410, 0.25)]}


def test_a_bar_of_another_length_stands_at_the_step_of_the_training() -> None:
    bar: Fields = {"@within": 1.0, "@bar": 1.0}
    lines: list[Said] = [
        {"epoch": 1, "step": 100, "@total": 500.0, "loss": 0.5, **bar},
        {"step": 3, "@total": 13.0, "acc": 0.75, **bar},
    ]
    assert points_of(lines) == {"loss": [(100, 0.5)], "acc": [(100, 0.75)]}


def test_a_step_of_another_total_after_a_section_is_one_of_the_evaluation() -> None:
    lines: list[Said] = [
        {"epoch": 1, "step": 100, "@total": 500.0, "loss": 0.5},
        {"@section": "eval"},
        {"step": 13, "@total": 13.0, "loss": 0.75},
    ]
    assert points_of(lines) == {"loss": [(100, 0.5)], "eval/loss": [(100, 0.75)]}


# Boxes.


def box(*rows: tuple[str, float]) -> list[Said]:
    """Rows of a box; a name that ends in / is a group."""
    return [{"@group": name} if name.endswith("/") else {name: value, "@boxed": 1.0} for name, value in rows]


def test_the_rows_of_a_box_are_one_record_at_the_line_that_ends_it() -> None:
    batch = batch_of([None, *box(("loss", 0.5), ("step", 7), ("acc", 0.25)), None])
    assert (batch.at.tolist(), batch.step.tolist()) == ([5], [7])
    assert {name: values.tolist() for name, (_, values) in batch.metrics.items()} == {"loss": [0.5], "acc": [0.25]}


def test_a_box_ends_where_another_line_has_fields_and_stands_before_it() -> None:
    batch = batch_of([*box(("step", 7), ("loss", 0.5)), {"step": 9, "loss": 0.25}])
    assert (batch.at.tolist(), batch.step.tolist()) == ([3, 3], [7, 9])


def test_a_box_that_is_still_open_at_the_end_of_the_log_is_a_record() -> None:
    batch = batch_of(box(("step", 7), ("loss", 0.5)))
    assert (batch.at.tolist(), batch.step.tolist()) == ([2], [7])


def test_nothing_is_settled_while_a_box_is_open() -> None:
    rows = RowBuilder()
    assert not rows.waiting
    rows.add({"loss": 0.5, "@boxed": 1.0}, 1)
    assert rows.waiting
    assert len(rows.build(0, []).at) == 0
    rows.pass_over(2)
    assert not rows.waiting
    assert rows.build(0, []).at.tolist() == [2]


def test_the_groups_of_a_box_go_before_the_names_in_them_and_not_before_a_count() -> None:
    lines = box(
        ("rollout/", 0),
        ("ep_rew_mean", 1.5),
        ("time/", 0),
        ("iterations", 3),
        ("total_timesteps", 6144),
        ("train/", 0),
        ("loss", 0.5),
    )
    assert points_of([*lines, None]) == {"rollout/ep_rew_mean": [(6144, 1.5)], "train/loss": [(6144, 0.5)]}


def test_a_group_holds_for_one_box() -> None:
    lines = [*box(("train/", 0), ("step", 1), ("loss", 0.5)), None, *box(("step", 2), ("loss", 0.25)), None]
    assert points_of(lines) == {"train/loss": [(1, 0.5)], "loss": [(2, 0.25)]}


@pytest.mark.parametrize(
    ("rows", "kept"),
    [([("batch_size", 32.0), ("lr", 0.1)], []), ([("test_acc", 0.5), ("test_n", 100.0)], ["test_acc", "test_n"])],
    ids=["settings", "results"],
)
def test_a_box_without_a_count_is_a_loose_line(rows: list[tuple[str, float]], kept: list[str]) -> None:
    assert list(points_of([*box(*rows), None])) == kept


@pytest.mark.parametrize("count", ["Epoch", "train/epoch", "step", "Episode", "time/total_timesteps"])
def test_any_count_in_a_box_is_its_count(count: str) -> None:
    assert list(points_of([*box(("temperature", 0.5), (count, 3)), None])) == ["temperature"]


def test_a_box_is_over_before_the_lines_after_it() -> None:
    lines: list[Said] = [*box(("step", 1), ("loss", 0.5)), None, None, *box(("step", 2), ("loss", 0.25)), None]
    assert batch_of(lines).at.tolist() == [3, 7]


# Redrawn bars.


def postfix(step: float, *, epoch: float = 1.0, total: float = 100.0, **metrics: float) -> Fields:
    """A bar as tqdm draws it, with metrics behind the rate."""
    state = 2.0 if step == total else 1.0
    return {
        "epoch": epoch,
        "step": step,
        "@total": total,
        "@within": 1.0,
        "@bar": state,
        "@postfix": 1.0,
        **metrics,
    }


@pytest.mark.parametrize(
    ("lines", "points"),
    [
        (
            [
                postfix(1, loss=0.5),
                postfix(2, loss=0.5),
                postfix(2, loss=0.25),
                postfix(3, loss=0.25),
                postfix(3, loss=0.1),
            ],
            {"loss": [(1, 0.5), (2, 0.25), (3, 0.1)]},
        ),
        (
            [postfix(1, loss=0.5), postfix(1, loss=0.5), postfix(1, loss=0.5)],
            {"loss": [(1, 0.5)]},
        ),
        (
            [postfix(1, loss=0.5, lr=0.1), postfix(2, loss=0.25, lr=0.1), postfix(3, loss=0.125, lr=0.1)],
            {"loss": [(1, 0.5), (2, 0.25), (3, 0.125)], "lr": [(1, 0.1), (2, 0.1), (3, 0.1)]},
        ),
        (
            [postfix(1, loss=0.5), postfix(2, loss=0.5), postfix(2, loss=0.5), postfix(3, loss=0.25)],
            {"loss": [(1, 0.5), (2, 0.5), (3, 0.25)]},
        ),
        (
            [postfix(50, loss=0.5), postfix(50, epoch=2, loss=0.5), postfix(60, epoch=2, loss=0.25)],
            {"loss": [(50, 0.5), (160, 0.25)]},
        ),
        (
            [postfix(50, loss=0.5, lr=0.1), postfix(50, epoch=2, loss=0.25, lr=0.1)],
            {"loss": [(50, 0.5), (150, 0.25)], "lr": [(50, 0.1), (150, 0.1)]},
        ),
        (
            [
                postfix(99, loss=0.5),
                postfix(100, loss=0.25),
                postfix(1, epoch=2, loss=0.25, val_loss=0.75),
                postfix(1, epoch=2, loss=0.125, val_loss=0.75),
            ],
            {"loss": [(99, 0.5), (100, 0.25), (101, 0.125)], "val_loss": [(101, 0.75)]},
        ),
        (
            [postfix(1, loss=math.nan), postfix(2, loss=math.nan), postfix(2, loss=0.5)],
            {"loss": [(1, None), (2, 0.5)]},
        ),
        (
            [
                postfix(99, loss=0.5),
                postfix(100, loss=0.25),
                postfix(1, epoch=2, loss=0.25),
                postfix(1, epoch=2, loss=0.1),
            ],
            {"loss": [(99, 0.5), (100, 0.25), (101, 0.1)]},
        ),
    ],
    ids=[
        "the count first, then the values",
        "redrawn as it was",
        "a constant beside what changes",
        "a value that stayed the same, drawn again",
        "the same count in the next epoch, nothing new",
        "the same count in the next epoch",
        "a validation that came with the next count",
        "NaN is no new value either",
        "over the end of an epoch",
    ],
)
def test_of_the_redraws_of_a_bar_each_new_value_is_one_point(lines: list[Said], points: Points) -> None:
    found = points_of(lines)
    shown = {name: [(x, None if math.isnan(y) else y) for x, y in column] for name, column in found.items()}
    assert shown == points


def test_a_validation_that_a_bar_goes_on_showing_is_one_point() -> None:
    shown: dict[str, float] = {"val_loss": 0.75, "loss_epoch": 0.625}
    lines: list[Said] = [
        postfix(99, loss=0.5),
        postfix(100, loss=0.25),
        postfix(100, loss=0.25, **shown),
        *[postfix(step, epoch=2, loss=1 / (4 + step), **shown) for step in (1, 2, 3)],
        postfix(100, epoch=2, loss=0.125, val_loss=0.5, loss_epoch=0.375),
    ]
    assert points_of(lines) == {
        "loss": [(99, 0.5), (100, 0.25), (101, 1 / 5), (102, 1 / 6), (103, 1 / 7), (200, 0.125)],
        "val_loss": [(100, 0.75), (200, 0.5)],
        "loss_epoch": [(100, 0.625), (200, 0.375)],
    }


@pytest.mark.parametrize(
    ("lines", "points"),
    [
        ([postfix(1, loss=0.5), postfix(2, loss=0.5)], {"loss": [(1, 0.5), (2, 0.5)]}),
        (
            [postfix(1, loss=0.5, val_loss=0.75), postfix(2, loss=0.5, val_loss=0.75)],
            {"loss": [(1, 0.5), (2, 0.5)], "val_loss": [(1, 0.75)]},
        ),
        ([postfix(1, loss=0.5), postfix(2, loss=0.5), {"done": "yes"}], {"loss": [(1, 0.5)]}),
    ],
    ids=["the last redraw", "a validation is no news", "a line with fields after it"],
)
def test_at_the_end_of_the_log_the_last_redraw_stands_even_where_it_shows_nothing_new(
    lines: list[Said], points: Points
) -> None:
    assert points_of(lines) == points


def test_the_last_redraw_of_a_held_out_bar_keeps_its_section() -> None:
    held_out: list[Said] = [{**postfix(step, total=10, loss=0.75), "@section": "val"} for step in (1, 2)]
    assert points_of([postfix(50, loss=0.5), *held_out]) == {"loss": [(50, 0.5)], "val/loss": [(50, 0.75), (50, 0.75)]}


def test_no_row_is_added_where_the_last_line_was_settled_before() -> None:
    batch, rows = built([postfix(1, loss=0.5), postfix(2, loss=0.5)], redrawn=False)
    assert (batch.at.tolist(), rows.rows) == ([1], 1)


def test_other_bars_keep_every_redraw() -> None:
    bar: Fields = {"epoch": 1, "@total": 100.0, "@within": 1.0, "@bar": 1.0, "loss": 0.5}
    assert points_of([{**bar, "step": 1}, {**bar, "step": 2}]) == {"loss": [(1, 0.5), (2, 0.5)]}


def test_bars_that_are_shown_only_finished_stand_for_their_epochs() -> None:
    bar: Fields = {"step": 100, "@total": 100.0, "@within": 1.0, "@bar": 2.0, "loss": 0.5}
    lines: list[Said] = [line for epoch in (1, 2) for line in ({"epoch": epoch}, bar)]
    assert points_of(lines) == {"loss": [(None, 0.5), (None, 0.5)]}
    assert points_by_epoch(lines) == {"loss": [(1, 0.5), (2, 0.5)]}


def test_a_bar_that_moves_without_metrics_changes_nothing_in_that() -> None:
    bar: Fields = {"@total": 100.0, "@within": 1.0}
    lines: list[Said] = [{"epoch": 1}, {**bar, "step": 50, "@bar": 1.0}, {**bar, "step": 100, "@bar": 2.0, "loss": 0.5}]
    assert points_by_epoch(lines) == {"loss": [(1, 0.5)]}
    assert points_of(lines) == {"loss": [(None, 0.5)]}


def test_bars_that_move_are_counted_by_their_steps() -> None:
    bar: Fields = {"@total": 100.0, "@within": 1.0, "loss": 0.5}
    lines: list[Said] = [
        line
        for epoch in (1, 2)
        for line in ({"epoch": epoch}, {**bar, "step": 50, "@bar": 1.0}, {**bar, "step": 100, "@bar": 2.0})
    ]
    assert points_of(lines) == {"loss": [(50, 0.5), (100, 0.5), (150, 0.5), (200, 0.5)]}


def test_a_bar_without_metrics_says_how_long_the_epochs_are() -> None:
    lines: list[Said] = [
        line
        for epoch in (1, 2, 3)
        for line in ({"epoch": epoch, "@length": 200.0}, {"step": 10, "loss": 1.0}, {"step": 60, "loss": 1.0})
    ]
    assert [step for step, _ in points_of(lines)["loss"]] == [10, 60, 210, 260, 410, 460]


# Wall time.


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (1.7e9, 1.7e9),
        ("1700000000.5", 1_700_000_000.5),
        ("2026-11-23 12:04:05", 1_795_435_445.0),
        ("2026-11-23T12:04:05Z", 1_795_435_445.0),
    ],
)
@pytest.mark.parametrize("name", ["time", "Wall time", "timestamp", "asctime", "@timestamp"])
def test_a_date_or_seconds_since_the_epoch_are_the_wall_time(name: str, value: float | str, seconds: float) -> None:
    batch = batch_of([{name: value, "loss": 1.0}])
    assert batch.wall_time.tolist() == [seconds]
    assert list(batch.metrics) == ["loss"]


@pytest.mark.parametrize("value", [0.35, "0.35", 3600.0, 1.7e12, math.nan, "nan"])
def test_a_time_that_is_a_duration_is_a_metric(value: float | str) -> None:
    batch = batch_of([{"time": value}])
    assert math.isnan(batch.wall_time[0])
    assert list(batch.metrics) == ["time"]


def test_a_time_of_day_in_a_column_is_neither_a_date_nor_a_metric() -> None:
    batch = batch_of([{"time": "12:04:05", "loss": 1.0}])
    assert math.isnan(batch.wall_time[0])
    assert list(batch.metrics) == ["loss"]


SUMMER = datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp()
WINTER = datetime(2026, 1, 1, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("stamp", "zone", "seconds"),
    [
        ({"@zoned": SUMMER}, "Europe/Berlin", SUMMER),
        ({"@local": SUMMER}, "UTC", SUMMER),
        ({"@local": SUMMER}, "Europe/Berlin", SUMMER - 2 * 3600),
        ({"@local": WINTER}, "Europe/Berlin", WINTER - 3600),
        ({"@local": WINTER}, "America/New_York", WINTER + 5 * 3600),
        ({"@local": WINTER + 0.25}, "Asia/Kolkata", WINTER + 0.25 - 5.5 * 3600),
        ({"time": "2026-07-01 12:00:00"}, "Europe/Berlin", SUMMER - 2 * 3600),
        ({"time": "2026-07-01 12:00:00Z"}, "Europe/Berlin", SUMMER),
        ({"time": SUMMER}, "Europe/Berlin", SUMMER),
        ({"@yearless": 15_638_400.0}, "Europe/Berlin", 15_638_400.0),
        ({"@clock": 43_200.0}, "Europe/Berlin", 43_200.0),
    ],
    ids=str,
)
def test_a_time_stamp_without_a_zone_is_one_of_the_zone_that_is_set(stamp: Fields, zone: str, seconds: float) -> None:
    zones = UTC if zone == "UTC" else ZoneInfo(zone)
    batch = batch_of([{"step": 1, "loss": 1.0, **stamp}], zones)
    assert batch.wall_time.tolist() == [seconds]
    assert list(batch.metrics) == ["loss"]


@pytest.mark.parametrize(
    ("clocks", "seconds"),
    [
        ([86_390, 5, 60], [86_390, 86_405, 86_460]),
        ([86_390, 5, 86_390, 5], [86_390, 86_405, 172_790, 172_805]),
        ([50_000, 49_999, 50_001], [50_000, 49_999, 50_001]),
        ([10_000, 0, 20_000], [10_000, 0, 20_000]),
    ],
    ids=["over midnight", "over two midnights", "lines that overtook each other", "not half a day back"],
)
def test_a_clock_without_a_date_goes_on_over_midnight(clocks: list[float], seconds: list[float]) -> None:
    batch = batch_of([{"step": 1, "loss": 1.0, "@clock": float(clock)} for clock in clocks])
    assert batch.wall_time.tolist() == seconds


def test_a_clock_on_a_line_without_metrics_may_be_the_one_before_midnight() -> None:
    lines: list[Said] = [{"step": 1, "@clock": 86_000.0}, {"loss": 0.5, "@clock": 10.0}]
    assert batch_of(lines).wall_time.tolist() == [86_410]


@pytest.mark.parametrize("kind", ["@zoned", "@local", "@clock", "@yearless"])
@pytest.mark.parametrize("seconds", [1e300, -1e300, math.inf, math.nan])
@pytest.mark.parametrize("zone", [UTC, ZoneInfo("Europe/Berlin")], ids=str)
def test_a_number_that_is_no_moment_is_no_wall_time_and_costs_no_line(kind: str, seconds: float, zone: tzinfo) -> None:
    batch = batch_of([{"step": 1, "loss": 1.0, kind: seconds}, {"step": 2, "loss": 1.0, kind: 40_000.0}], zone)
    assert math.isnan(batch.wall_time[0])
    assert not math.isnan(batch.wall_time[1])


def test_a_time_stamp_holds_for_its_own_line() -> None:
    wall_time = batch_of([{"step": 1, "loss": 1.0, "@zoned": SUMMER}, {"step": 2, "loss": 1.0}]).wall_time
    assert wall_time[0] == SUMMER
    assert math.isnan(wall_time[1])


def test_a_line_written_over_another_one_gives_only_what_is_new_of_the_same_step() -> None:
    builder = RowBuilder()
    shown = [({"step": 1.0, "loss": 0.5}, False), ({"step": 1.0, "loss": 0.5}, True)]
    shown += [({"step": 1.0, "loss": 0.5, "acc": math.nan}, True), ({"step": 1.0, "loss": 0.4, "acc": math.nan}, True)]
    shown += [({"step": 2.0, "loss": 0.4}, True), ({"step": 2.0, "loss": 0.4}, False), ({"loss": 0.4}, True)]
    for at, (fields, redrawn) in enumerate(shown, 1):
        builder.add(dict(fields), at, redrawn=redrawn)
    batch = builder.build(0, [])
    rows, values = batch.metrics["loss"]
    assert list(zip(batch.at[rows].tolist(), batch.step[rows].tolist(), values.tolist(), strict=True)) == [
        (1, 1, 0.5),
        (4, 1, 0.4),
        (5, 2, 0.4),
        (6, 2, 0.4),
        (7, 2, 0.4),
    ]
    assert batch.at[batch.metrics["acc"][0]].tolist() == [3]

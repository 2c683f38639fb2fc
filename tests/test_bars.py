"""bars: what is new in a redrawn bar."""

import math

from app.bars import Bar

Redraw = tuple[float, dict[str, float]]


def taken(*redraws: Redraw) -> list[dict[str, float]]:
    """What of each redraw (step, values) is new, all in one epoch."""
    bar = Bar()
    return [dict(bar.redraw((1.0, step), [*values.items()])[0]) for step, values in redraws]


def left(*redraws: Redraw) -> list[str]:
    """The names that the last redraw may show of before."""
    bar = Bar()
    return [name for name, _ in [bar.redraw((1.0, step), [*values.items()]) for step, values in redraws][-1][1]]


def test_the_values_of_before_are_taken_once() -> None:
    assert taken((1, {"loss": 0.5}), (2, {"loss": 0.5}), (2, {"loss": 0.4})) == [{"loss": 0.5}, {}, {"loss": 0.4}]


def test_a_value_that_did_not_change_is_one_of_its_step_where_another_did() -> None:
    assert taken((1, {"loss": 0.5, "lr": 0.1}), (2, {"loss": 0.4, "lr": 0.1}))[1] == {"loss": 0.4, "lr": 0.1}


def test_a_step_drawn_twice_with_the_same_values_has_them() -> None:
    assert taken((1, {"loss": 0.5}), (2, {"loss": 0.5}), (2, {"loss": 0.5}))[2] == {"loss": 0.5}


def test_the_last_validation_is_taken_only_where_it_changed() -> None:
    redraws = [(1.0, {"loss": 0.5, "val_loss": 0.7}), (2.0, {"loss": 0.4, "val_loss": 0.7})]
    assert taken(*redraws) == [{"loss": 0.5, "val_loss": 0.7}, {"loss": 0.4}]
    assert taken((1, {"acc_epoch": 1.0}), (2, {"acc_epoch": 1.0}), (2, {"acc_epoch": 1.0})) == [
        {"acc_epoch": 1.0},
        {},
        {},
    ]


def test_nan_is_the_same_as_nan() -> None:
    assert taken((1, {"loss": math.nan}), (2, {"loss": math.nan}))[1] == {}


def test_what_may_be_of_before_is_left_until_a_redraw_takes_it() -> None:
    assert left((1, {"loss": 0.5}), (2, {"loss": 0.5})) == ["loss"]
    assert left((1, {"loss": 0.5}), (2, {"loss": 0.4})) == []
    assert left((1, {"val_loss": 0.5}), (2, {"val_loss": 0.5})) == []

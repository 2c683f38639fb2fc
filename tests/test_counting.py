"""counting: the step over all epochs and the epoch, from what a log prints of both."""

import math
from typing import NamedTuple

import pytest

from app.counting import MOST_EPOCHS, NAN, Counting


class Line(NamedTuple):
    """What a training line prints; NaN for nothing."""

    step: float = NAN
    epoch: float = NAN
    total: float = NAN
    epochs: float = NAN
    within: bool = False


def counted(lines: list[Line]) -> Counting:
    counting = Counting()
    for line in lines:
        counting.take(*line[:4], within=line.within)
    return counting


def steps_of(lines: list[Line]) -> list[float | None]:
    """The step after each line that prints one."""
    counting = Counting()
    steps: list[float | None] = []
    for line in lines:
        counting.take(*line[:4], within=line.within)
        if not math.isnan(line.step):
            steps.append(None if math.isnan(counting.step) else counting.step)
    return steps


def epoch_of_steps(epoch: float, *steps: float, total: float = NAN, within: bool = False) -> list[Line]:
    return [Line(step, epoch, total, within=within) for step in steps]


def test_a_step_and_an_epoch_hold_until_others_are_printed() -> None:
    counting = counted([Line(5, 2), Line(6)])
    assert (counting.step, counting.epoch) == (6, 2)
    counting.take(NAN, NAN)
    assert (counting.step, counting.epoch) == (6, 2)


def test_nothing_is_known_before_the_first_line_that_counts() -> None:
    counting = Counting()
    assert all(map(math.isnan, (counting.step, counting.epoch, counting.total, counting.length)))


@pytest.mark.parametrize(
    ("lines", "steps"),
    [
        pytest.param(
            [Line(e * 500 + i, e) for e in range(3) for i in (0, 250)],
            [0, 250, 500, 750, 1000, 1250],
            id="over all epochs: as it is",
        ),
        pytest.param(
            [Line(i, e) for e in (1, 2, 3) for i in (50, 100, 150)],
            [50, 100, 150, 200, 250, 300, 350, 400, 450],
            id="no length is printed: the largest step of each epoch",
        ),
        pytest.param(
            [Line(i, e) for e in (1, 2, 3) for i in (0, 40, 80)],
            [0, 40, 80, 80, 120, 160, 160, 200, 240],
            id="no length, batches from 0",
        ),
        pytest.param(
            [*epoch_of_steps(1, 50, 100), *epoch_of_steps(2, 50), *epoch_of_steps(3, 50, 100)],
            [50, 100, 150, 200, 250],
            id="no length, an epoch cut short: what it got to",
        ),
        pytest.param(
            [Line(i, e, 500, within=True) for e in (1, 2, 3) for i in (7, 500)],
            [7, 500, 507, 1000, 1007, 1500],
            id="[3][7/500] by the length of an epoch",
        ),
        pytest.param(
            [Line(i, e, 500, within=True) for e in (0, 1) for i in (0, 499)],
            [0, 499, 500, 999],
            id="[0][0/500] by the length of an epoch, epochs from 0",
        ),
        pytest.param(
            [Line(i, e, 120) for e in (1, 2, 3) for i in (50, 100)],
            [50, 100, 170, 220, 290, 340],
            id="a length is printed: by it, although the last step is not",
        ),
        pytest.param(
            [Line(500, e, 500) for e in (1, 2, 3)],
            [500, 1000, 1500],
            id="the same number each epoch, with its total",
        ),
        pytest.param(
            [Line(500, e) for e in (1, 2, 3)],
            [500, 500, 500],
            id="the same number each epoch, with no total: perhaps the size of something",
        ),
        pytest.param(
            [Line(i, e, 10_000) for e, i in ((1, 100), (1, 200), (2, 300), (3, 400))],
            [100, 200, 300, 400],
            id="the total of the run does not make a step one of its epoch",
        ),
        pytest.param(
            [Line(7, 7, 500, within=True), Line(7, 8, 500, within=True)],
            [3007, 3507],
            id="the log begins in epoch 7, length printed",
        ),
        pytest.param(
            [Line(i, e) for e in (7, 8) for i in (250, 500)],
            [250, 500, 750, 1000],
            id="the log begins in epoch 7, no length",
        ),
        pytest.param(
            [Line(i, e, 500) for e in (7, 8) for i in (250, 500)],
            [250, 500, 750, 1000],
            id="the log begins in epoch 7, a total that may be the run's",
        ),
        pytest.param(
            [Line(100, 0.5), Line(200, 1.0), Line(300, 1.5), Line(400, 2.0)],
            [100, 200, 300, 400],
            id="fractional epochs",
        ),
        pytest.param(
            [Line(100, 0.25), Line(50, 0.5), Line(100, 0.75)],
            [100, 50, 100],
            id="fractional epochs number no epoch that a step could belong to",
        ),
        pytest.param(
            [Line(500), Line(400)],
            [500, 400],
            id="a step that goes back without an epoch: a restart",
        ),
        pytest.param(
            [Line(600_000), Line(100, 0), Line(200, 1)],
            [600_000, 100, 200],
            id="a number of steps announced before the first epoch",
        ),
    ],
)
def test_a_step_is_one_of_the_run_and_counted_on_only_where_each_epoch_counts_anew(
    lines: list[Line], steps: list[float]
) -> None:
    assert steps_of(lines) == steps


def test_an_epoch_that_a_line_sums_up_is_over_and_its_steps_begin_anew() -> None:
    lines = [Line(50, 1), Line(100), Line(epoch=1), Line(50), Line(100)]
    assert steps_of(lines) == [50, 100, 150, 200]
    lines = [Line(50, 1, 120), Line(100, total=120), Line(epoch=1), Line(50, total=120)]
    assert steps_of(lines) == [50, 100, 170]
    lines = [Line(50, 1), Line(100), Line(epoch=1), Line(40), Line(80), Line(epoch=1), Line(40)]
    assert steps_of(lines) == [50, 100, 140, 180, 220]


def test_a_line_about_an_epoch_ends_it_once() -> None:
    lines = [Line(50, 1), Line(100), Line(epoch=1), Line(50), Line(100), Line(4)]
    assert steps_of(lines) == [50, 100, 150, 200, 104]


def test_a_line_about_another_epoch_does_not_end_this_one() -> None:
    assert steps_of([Line(50, 1), Line(100, 1), Line(epoch=2), Line(60, 1)]) == [50, 100, 60]


def test_a_resume_goes_back_behind_an_epoch_that_was_summed_up() -> None:
    lines = [Line(50, 1), Line(100), Line(epoch=1), Line(50), Line(100), Line(150, 2), Line(50, 1)]
    assert steps_of(lines) == [50, 100, 150, 200, 250, 50]


def test_an_epoch_that_is_printed_only_at_its_end_is_one_of_the_steps_before_it() -> None:
    lines = [line for e in (1, 2, 3) for line in (Line(50), Line(100), Line(epoch=e))]
    assert steps_of(lines) == [50, 100, 150, 200, 250, 300]


def test_a_line_in_the_middle_of_an_epoch_does_not_end_it() -> None:
    assert steps_of([Line(50, 1), Line(epoch=1), Line(100), Line(150)]) == [50, 100, 150]


def test_an_epoch_alone_on_its_line_counts_for_the_steps_after_it() -> None:
    lines = [Line(epoch=1), Line(1), Line(3), Line(epoch=2), Line(1), Line(3)]
    assert steps_of(lines) == [1, 3, 4, 6]


def test_a_new_epoch_without_a_step_ends_the_record_of_the_old_step() -> None:
    assert counted([Line(5, 1), Line(epoch=1)]).step == 5
    assert math.isnan(counted([Line(5, 1), Line(epoch=2)]).step)


def test_a_bar_without_metrics_says_how_long_the_epochs_are() -> None:
    counting = Counting()
    for length, epoch in ((200.0, 1), (200.0, 2), (200.0, 3)):
        counting.length = length
        counting.take(10, epoch)
        counting.take(60, epoch)
    assert counting.step == 460


@pytest.mark.parametrize(
    ("resumed", "steps"),
    [
        ([Line(50, 2), Line(100, 2), Line(50, 3)], [150, 200, 250]),
        ([Line(100, 2), Line(50, 3)], [200, 250]),
        ([Line(50, 1), Line(100, 1), Line(50, 2)], [50, 100, 150]),
    ],
    ids=["at its start", "in its middle", "from the first"],
)
def test_a_resume_in_an_earlier_epoch_goes_back_to_where_that_epoch_was(
    resumed: list[Line], steps: list[float]
) -> None:
    before = [Line(i, e) for e in (1, 2, 3) for i in (50, 100)]
    assert steps_of(before + resumed)[len(before) :] == steps


@pytest.mark.parametrize("within", [False, True])
def test_a_resume_goes_back_by_the_length_of_an_epoch_where_it_is_printed(within: bool) -> None:
    before = [Line(i, e, 120, within=within) for e in (1, 2, 3) for i in (50, 100)]
    assert steps_of([*before, Line(50, 2, 120, within=within)])[-1] == 170


def test_a_resume_of_a_step_over_all_epochs_stays_as_printed() -> None:
    assert steps_of([Line(100, 1), Line(200, 2), Line(300, 3), Line(150, 2), Line(250, 3)])[-2:] == [150, 250]


def test_an_evaluation_that_counts_its_own_steps_does_not_stop_the_counting_on() -> None:
    lines = [Line(50, 1), Line(100, 1), Line(4, 1), Line(50, 2), Line(100, 2)]
    assert steps_of(lines) == [50, 100, 4, 150, 200]


@pytest.mark.parametrize(
    ("lines", "total"),
    [
        ([Line(7, total=2000)], 2000),
        ([Line(7, total=2000), Line(8)], 2000),
        ([Line(7, 3, 500, 10, within=True)], 5000),
        ([Line(epoch=1, epochs=10), Line(7, 1, 500, within=True)], 5000),
        ([Line(7, 3, 500, within=True)], NAN),
        ([Line(7, 3, 5000, 10)], 5000),
        ([Line(250, 1, 500, 10), Line(500, 1, 500, 10), Line(250, 2, 500, 10)], 5000),
    ],
    ids=[
        "of the run",
        "said once",
        "of an epoch, epochs beside it",
        "of an epoch, epochs before it",
        "of an epoch, and nobody says how many there are",
        "of the run, although the epochs are known",
        "found out to be one of an epoch",
    ],
)
def test_the_total_of_the_run_is_the_one_printed_or_an_epoch_times_the_epochs(lines: list[Line], total: float) -> None:
    assert counted(lines).total == pytest.approx(total, nan_ok=True)


def test_a_line_without_a_step_says_no_total() -> None:
    assert math.isnan(counted([Line(epoch=1, total=500, epochs=10)]).total)


@pytest.mark.parametrize(
    ("lines", "total", "foreign"),
    [
        ([], 500, False),
        ([Line(7, 1)], 13, False),
        ([Line(7, 1, 500, within=True)], 500, False),
        ([Line(7, 1, 500, within=True)], 13, True),
        ([Line(7, 1, 500, 10, within=True)], 5000, False),
    ],
    ids=["nothing known", "no length known", "of an epoch", "of another length", "of the run"],
)
def test_a_bar_of_another_length_than_the_epochs_is_foreign(lines: list[Line], total: float, foreign: bool) -> None:
    assert counted(lines).foreign(total) is foreign


@pytest.mark.parametrize(
    ("lines", "step", "total", "epoch", "evaluation"),
    [
        ([Line(100, 1)], NAN, NAN, 1, False),
        ([Line(100, 1, 500)], NAN, 13, 1, False),
        ([], 13, 13, NAN, False),
        ([], 13, 13, 1, False),
        ([Line(100)], 13, 13, 1, False),
        ([Line(100, 1, 500)], 13, 13, 1, True),
        ([Line(100, 1, 500)], 13, 13, NAN, True),
        ([Line(100, 1, 500)], 500, 500, 1, False),
        ([Line(100, 1, 500, 10, within=True)], 500, 500, 1, False),
        ([Line(100, 1, 500, 10, within=True)], 500, 5000, 1, False),
        ([Line(100, 1)], 8, NAN, 1, True),
        ([Line(100, 1)], 100, NAN, 1, False),
        ([Line(100, 1)], 8, NAN, NAN, False),
    ],
    ids=[
        "no step is printed",
        "a total alone",
        "before any step",
        "before any step of an epoch",
        "the epoch is new",
        "another total",
        "another total, no epoch",
        "the epoch's total",
        "the epoch's total, the run's is known",
        "the run's total",
        "less than the training got to in this epoch",
        "where the training is",
        "no total and no epoch: it may be a restart",
    ],
)
def test_an_evaluation_counts_its_own_batches(
    lines: list[Line], step: float, total: float, epoch: float, evaluation: bool
) -> None:
    assert counted(lines).evaluation(step, total, epoch) is evaluation


def test_memory_does_not_grow_with_the_epochs_without_end() -> None:
    counting = Counting()
    for epoch in range(MOST_EPOCHS + 10):
        counting.take(1, epoch)
        counting.take(2, epoch)
    assert len(counting._offsets) == MOST_EPOCHS
    assert counting.step == 2 * (MOST_EPOCHS + 10)


def test_the_same_step_each_epoch_without_a_length_is_counted_on() -> None:
    counting, steps = Counting(), []
    for epoch in (1.0, 2.0, 3.0):
        counting.take(500.0, epoch, measured=True)
        steps.append(counting.step)
    assert steps == [500, 1000, 1500]


def test_a_step_that_stands_still_while_the_epoch_moves_on_is_no_new_beginning() -> None:
    counting = Counting()
    for step, epoch in ((50.0, 0.0), (100.0, 0.0), (100.0, 1.0), (150.0, 1.0)):
        counting.take(step, epoch, measured=True)
    assert counting.step == 150


def test_an_epoch_printed_only_at_its_end_is_counted_on_by_the_length_beside_the_steps() -> None:
    lines = [line for e in (1, 2, 3) for line in (Line(50, total=100), Line(100, total=100), Line(epoch=e))]
    assert steps_of(lines) == [50, 100, 150, 200, 250, 300]


def test_a_number_of_steps_announced_before_the_header_of_an_epoch_is_not_counted_on() -> None:
    assert steps_of([Line(600_000), Line(epoch=0), Line(100), Line(200)]) == [600_000, 100, 200]


def test_the_length_of_an_epoch_is_no_total_where_the_number_of_epochs_is_not_known() -> None:
    counting = Counting()
    for epoch in (1.0, 2.0):
        counting.take(500.0, epoch, 504.0)
    assert counting.step == 1004
    assert math.isnan(counting.total)

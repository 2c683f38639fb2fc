"""store: columns that only grow, segments, and cursors that walk over them."""

import threading
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.fold import MARK_EVERY, POINTS_PER_MARK, Fold
from app.rows import START, Batch, Mark, Position
from app.series import Column
from app.store import KEPT_BATCH_ENDS, POINTS_PER_EVENT, Board, Generation, Run, changes


def run_of(*generations: Iterable[bytes], name: str = "train") -> Run:
    run = Run(name)
    for number, chunks in enumerate(generations):
        fold = Fold(number)
        for chunk in chunks:
            run.add(fold.feed(chunk))
        run.add(fold.close())
    return run


def steps(*numbers: int) -> bytes:
    return b"".join(b"step %d loss 0.%d\n" % (number, number) for number in numbers)


# -- columns ---------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.floats(allow_nan=False), max_size=200), max_size=12))
def test_columns_only_grow_and_a_view_that_is_held_never_changes(parts: list[list[float]]) -> None:
    column = Column(np.float64)
    held: list[tuple[NDArray[np.float64], list[float]]] = []
    so_far: list[float] = []
    for part in parts:
        column.extend(np.array(part, dtype=np.float64))
        so_far += part
        assert column.size == len(so_far)
        held.append((column.view(0, column.size), list(so_far)))
    for view, wanted in held:
        assert view.tolist() == wanted


def test_a_view_cannot_be_written_to_and_leaves_the_column_writable() -> None:
    column = Column(np.float64)
    column.extend(np.zeros(3))
    view = column.view(1, 3)
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 1.0
    column.extend(np.ones(2))
    assert column.view(0, 5).tolist() == [0, 0, 0, 1, 1]


def test_a_series_that_a_reader_holds_stays_as_it_was() -> None:
    run, fold = Run("train"), Fold(0)
    run.add(fold.feed(steps(*range(10))))
    held = run.series("loss")
    before = [array.tolist() for array in held[:4]]
    for number in range(10, 3000, 10):
        run.add(fold.feed(steps(*range(number, number + 10))))
    assert repr([array.tolist() for array in held[:4]]) == repr(before)
    assert len(run.series("loss").value) == 3000


def test_a_series_gives_step_epoch_and_time_of_each_of_its_points() -> None:
    log = b"2026-11-23 12:04:05 step=1 loss=0.5\nepoch=2 acc=0.25\nstep=3 loss=0.125\n"
    series = run_of([log]).series("loss")
    assert series.step.tolist() == [1, 3]
    assert series.value.tolist() == [0.5, 0.125]
    assert np.isnan(series.epoch[0])
    assert series.epoch[1] == 2
    assert series.wall_time[0] == 1_795_435_445
    assert {len(array) for array in series[:4]} == {2}


def test_rows_from_and_to_choose_the_points_between() -> None:
    run = run_of([b"step=1 a=1\nstep=2 b=2\nstep=3 a=3\nstep=4 a=4\n"])
    assert run.series("a", 1, 3).value.tolist() == [3]
    assert run.series("a", 1, 3).first == 1
    assert run.series("a", 3).value.tolist() == [4]
    assert run.series("a", 0, 0).value.tolist() == []
    assert run.series("b", 2).value.tolist() == []


def test_a_metric_that_comes_late_starts_where_it_comes() -> None:
    run, fold = Run("train"), Fold(0)
    run.add(fold.feed(b"step=1 a=1\n"))
    run.add(fold.feed(b"step=2 a=2 late=7\n"))
    assert run.series("late").step.tolist() == [2]
    assert run.series("a").step.tolist() == [1, 2]


def test_room_is_made_before_a_large_column_would_have_to_be_copied_and_readers_keep_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.series.LARGE", 50)
    run, fold = run_of([steps(*range(60))]), Fold(0)
    held, batch = run.series("loss"), fold.feed(steps(*range(60, 300)))
    assert run.lacks_room(batch)
    run.make_room(batch)
    assert not run.lacks_room(batch)
    assert (run.at.size, held.value.tolist()) == (60, run.series("loss").value.tolist())
    columns = [column._array for column in (run.at, run.step, run.metrics["loss"].row, run.metrics["loss"].value)]
    run.add(batch)
    assert columns[0] is run.at._array
    assert columns[3] is run.metrics["loss"].value._array
    assert run.series("loss").step.tolist() == list(range(300))


# -- segments --------------------------------------------------------------------------------------


def segments_of(run: Run, metric: str = "loss") -> tuple[int, ...]:
    return run.series(metric).segments


def test_a_resume_from_a_checkpoint_begins_a_second_segment_and_drops_nothing() -> None:
    run = run_of([steps(*range(1, 501), *range(400, 601))])
    assert segments_of(run) == (0, 500)
    assert len(run.series("loss").value) == 701


def test_eight_ranks_that_write_through_each_other_are_one_segment() -> None:
    lagging = [max(1, step - 7 * rank) for step in range(1, 2000) for rank in range(8)]
    run = run_of([steps(*lagging)])
    assert segments_of(run) == (0,)
    assert len(run.series("loss").value) == len(lagging)


@pytest.mark.parametrize(
    ("after", "back_to", "segments"),
    [(100, 36, 1), (100, 35, 2), (10_000, 9501, 1), (10_000, 9499, 2), (64, 0, 1), (65, 0, 2)],
)
def test_disorder_is_64_steps_or_a_twentieth_of_the_range(after: int, back_to: int, segments: int) -> None:
    run = run_of([steps(0, *range(after % 5, after, 5), after, back_to)])
    assert len(segments_of(run)) == segments


def test_a_log_begun_anew_is_a_new_segment_where_it_does_not_go_on_after_the_last_step() -> None:
    assert segments_of(run_of([steps(1, 2, 3)], [steps(1, 2)])) == (0, 3)
    assert segments_of(run_of([steps(1, 2, 3)], [steps(3, 4)])) == (0, 3)
    run = run_of([steps(1, 2, 3)], [steps(4, 5)])
    assert segments_of(run) == (0,)
    assert run.series("loss").step.tolist() == [1, 2, 3, 4, 5]
    assert [generation.first_row for generation in run.generations] == [0, 3]


def test_a_generation_that_goes_on_where_the_last_one_ended_is_judged_by_its_steps_alone() -> None:
    for first, segments in ((501, (0,)), (480, (0,)), (400, (0, 500))):
        run = run_of([steps(*range(1, 501))])
        run.begin(1, continues=True)
        fold = Fold(1)
        run.add(fold.feed(steps(first, first + 1)))
        assert segments_of(run) == segments


def test_epochs_that_begin_again_are_a_new_segment_where_the_log_prints_no_step() -> None:
    def epochs(*numbers: int) -> bytes:
        return b"".join(b'{"epoch": %d, "loss": 1}\n' % number for number in numbers)

    assert segments_of(run_of([epochs(1, 2, 3, 1, 2, 3, 4)])) == (0, 3)
    assert segments_of(run_of([epochs(1, 2, 2, 1, 2, 3)])) == (0,)
    assert segments_of(run_of([epochs(1, 2)], [epochs(1, 2)])) == (0, 2)
    assert segments_of(run_of([epochs(1, 2)], [epochs(3)])) == (0,)


def test_segments_of_a_part_count_from_its_first_point() -> None:
    run = run_of([steps(1, 2, 3)], [steps(1, 2, 3)], [steps(1, 2)])
    assert run.series("loss", 2).segments == (1, 4)
    assert run.series("loss", 3, 6).segments == (0,)


def test_metrics_without_a_step_have_one_segment() -> None:
    assert segments_of(run_of([b"loss=1\nloss=2\n"])) == (0,)


# "": a line without a step, as after a new epoch.
walks = st.lists(st.one_of(st.integers(0, 400).map(str), st.just("")), min_size=1, max_size=60)


@example(["400", "", "1"], [1, 1])
@given(walks, st.lists(st.integers(1, 20), max_size=60))
def test_segments_depend_on_the_rows_alone_not_on_the_batches(walk: list[str], sizes: list[int]) -> None:
    lines = [f'{{"step": {step}, "loss": 1}}\n'.encode() if step else b'{"epoch": 1}\n{"loss": 1}\n' for step in walk]
    lines = [line.replace(b'"epoch": 1', b'"epoch": %d' % number) for number, line in enumerate(lines)]
    parts, rest = [], lines
    for size in sizes:
        parts.append(b"".join(rest[:size]))
        rest = rest[size:]
    parts.append(b"".join(rest))
    assert segments_of(run_of(parts)) == segments_of(run_of([b"".join(lines)]))


# -- marks and events ------------------------------------------------------------------------------


def test_a_run_begins_before_the_first_byte_and_ends_after_the_last_line() -> None:
    run = Run("train")
    assert START == run.end == Position(0, 0, 0)
    fold = Fold(0)
    run.add(fold.feed(steps(1) + b"half"))
    assert run.end == fold.end
    assert run.end.at == len(steps(1))


def test_rows_until_counts_the_rows_before_a_position() -> None:
    run = run_of([steps(1, 2, 3)], [steps(4, 5)])
    line = len(steps(1))
    counts = [run.rows_until(Position(g, at, 0)) for g, at in [(0, 0), (0, line - 1), (0, line), (0, 999), (1, 0)]]
    assert counts == [0, 0, 1, 3, 3]
    assert run.rows_until(Position(1, line, 0)) == 4
    assert run.rows_until(Position(7, 0, 0)) == 0


def test_the_mark_before_a_place_is_the_last_that_is_known() -> None:
    generation = Generation(0, 0)
    marks = [Mark(at, at, at, at) for at in (10, 20, 30)]
    generation.add(marks)
    found = [generation.mark_before(at).at for at in (0, 9, 10, 19, 25, 30, 10**30)]
    assert found == [0, 0, 10, 10, 20, 30, 30]


def test_marks_of_long_ago_are_kept_at_a_distance_only() -> None:
    generation = Generation(0, 0)
    for at in range(100, 1_000_000, 100):
        generation.add([Mark(at, at, at // 100, at // 100)])
    assert len(generation.kept) < 20
    assert len(generation.recent) == KEPT_BATCH_ENDS
    assert generation.mark_before(generation.end.at) == generation.end
    old = generation.mark_before(500_000)
    assert 500_000 - 64 * 1024 - 100 <= old.at <= 500_000


def test_an_event_ends_at_the_furthest_mark_within_its_budget() -> None:
    generation = Generation(0, 0)
    generation.add([Mark(at, at, at, at) for at in range(2500, 20_001, 2500)])
    assert generation.event_end(0).points == 5000
    assert generation.event_end(2500).points == 7500
    assert generation.event_end(2501).points == 7500
    assert generation.event_end(17_500) == generation.end


def test_a_small_batch_before_wide_rows_makes_no_event_too_large() -> None:
    generation = Generation(0, 0)
    generation.add([Mark(10, 0, 1, 2499)])
    generation.add([Mark(20, 0, 2, 2499 + 4498), Mark(30, 0, 3, 2499 + 2 * 4498)])
    assert generation.event_end(0).points == 2499
    assert generation.event_end(10).points == 2499 + 4498


# Rows as (points in it, bytes of its line), batch by batch, generation by generation.
wide_rows = st.tuples(st.sampled_from([0, 1, 2, 700, 1300, 1999, 2000]), st.sampled_from([1, 50, 30_000, 100_000]))
batches = st.lists(st.lists(wide_rows, max_size=12), max_size=8)


@st.composite
def runs_read(draw: st.DrawFn) -> Run:
    """A run of one to three generations with rows of up to 2,000 points, marked as a fold marks them."""
    run = Run(draw(st.sampled_from(["a", "b", "c", "d", "e"])))
    for number in range(draw(st.integers(1, 3))):
        last = Mark(0, 0, 0, 0)
        for rows in draw(batches):
            batch = marked(number, last, rows)
            run.add(batch)
            last = batch.marks[-1] if batch.marks else last
    return run


def marked(generation: int, before: Mark, rows: list[tuple[int, int]]) -> Batch:
    """The batch of these rows; a row without points is a line without metrics. All points are of one metric."""
    at, total, points, last = before.at, before.rows, before.points, before
    ends, widths, marks = [], [], []
    for width, size in rows:
        at += size
        points += width
        total += width > 0
        if width:
            ends.append(at)
            widths.append(width)
        if at - last.at >= MARK_EVERY or points - last.points >= POINTS_PER_MARK:
            last = Mark(at, 0, total, points)
            marks.append(last)
    row = np.repeat(np.arange(len(ends), dtype=np.uint32), widths)
    nothing = np.full(len(ends), np.nan)
    metrics = {"m": (row, np.ones(len(row)))} if len(row) else {}
    if rows and (not marks or marks[-1].at != at):
        marks.append(Mark(at, 0, total, points))
    return Batch(generation, np.array(ends, dtype=np.int64), nothing, nothing, nothing, metrics, marks)


def check_walk(runs: list[Run], cursor: list[Position]) -> None:
    """From a cursor, event by event: every point after it comes once, in small enough events, to the end."""
    seen = [run.rows_until(position) for run, position in zip(runs, cursor, strict=True)]
    for _ in range(10_000):
        stops = list(changes(runs, cursor))
        if not stops:
            break
        points = 0
        for index, stop in stops:
            run, start = runs[index], cursor[index]
            assert stop > start
            first = run.rows_until(start if start.generation == stop.generation else Position(stop.generation, 0, 0))
            last = run.rows_until(stop)
            assert first == seen[index], "a row was left out or comes again"
            seen[index] = last
            points += sum(len(run.series(name, first, last).value) for name in run.metrics)
            cursor[index] = stop
        assert points <= POINTS_PER_EVENT
    assert seen == [run.at.size for run in runs]
    assert [run.next_stop(position) for run, position in zip(runs, cursor, strict=True)] == cursor


@given(st.lists(runs_read(), min_size=1, max_size=3))
def test_walking_from_the_start_gives_every_point_once_in_small_events(runs: list[Run]) -> None:
    cursor = [START for run in runs]
    check_walk(runs, cursor)
    for run, position in zip(runs, cursor, strict=True):
        assert position == run.end or run.end.at == 0


@given(runs_read(), st.data())
def test_walking_from_a_place_between_two_marks_gives_what_follows_it(run: Run, data: st.DataObject) -> None:
    generation = data.draw(st.sampled_from(run.generations or [Generation(0, 0)]))
    at = data.draw(st.integers(0, generation.end.at))
    rows = run.at.view(generation.first_row, generation.first_row + generation.end.rows).tolist()
    line_end = max([edge for edge in rows if edge <= at], default=0)
    check_walk([run], [Position(generation.number, line_end, 0)])


def test_a_cursor_beyond_the_end_waits() -> None:
    run = run_of([steps(1)])
    ahead = Position(0, 10**9, 7)
    assert run.next_stop(ahead) == ahead
    assert list(changes([run], [ahead])) == []
    assert run.next_stop(Position(5, 0, 0)) == Position(5, 0, 0)


def test_a_quiet_run_is_no_part_of_an_event_and_a_busy_one_does_not_starve_it() -> None:
    quiet, busy, late = run_of([steps(1)]), run_of([steps(*range(20_000))], name="b"), run_of([steps(5)], name="c")
    found = list(changes([quiet, busy, late], [quiet.end, START, START]))
    assert [index for index, _ in found] == [1]
    assert [index for index, _ in changes([quiet, busy, late], [quiet.end, busy.end, START])] == [2]
    cursor = [START, START, START]
    assert [index for index, _ in changes([quiet, busy, late], cursor)][0] == 0
    check_walk([quiet, busy, late], cursor)


# -- board -----------------------------------------------------------------------------------------


def test_publishing_raises_the_revision_and_wakes_who_waits() -> None:
    board, run, fold = Board(), Run("train"), Fold(0)
    board.add(run)
    seen = board.revision
    woken = threading.Event()

    def wait() -> None:
        if board.wait(seen, 30):
            woken.set()

    waiter = threading.Thread(target=wait)
    waiter.start()
    board.publish(run, fold.feed(steps(1)))
    waiter.join(30)
    assert woken.is_set()
    assert board.revision > seen
    assert board.runs == {"train": run}


def test_waiting_for_what_has_happened_already_returns_at_once() -> None:
    board = Board()
    board.notify()
    assert board.wait(0, 30)
    assert not board.wait(board.revision, 0)


def test_the_key_of_a_run_is_the_same_in_every_process() -> None:
    assert Run("train").key == "94efdd"
    assert Run("損失").key.isascii()

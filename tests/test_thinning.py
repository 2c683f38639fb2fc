"""thinning: memory is bounded, what a chart shows of the oldest points stays true, and readers are not disturbed."""

import json
import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import create_app
from app.curves import axis_of
from app.figure import build_figure
from app.fold import Fold
from app.follow import Follower
from app.resume import Later
from app.routes.metrics import _metrics
from app.rows import START, Position
from app.store import POINTS_PER_EVENT, Board, Run, changes
from app.stream import Stream
from app.superseded import Superseded, without
from app.thinning import Limit, points_before, thinned
from app.view import View
from app.wire import about, metrics_json, points_event
from tests.conftest import Log

MOST = 4000


def lines(steps: range, text: str = "step={0} loss={1} lr=0.1\n") -> bytes:
    """A line a step; its loss is noise that can be told from the step."""
    return "".join(text.format(step, value_of(step)) for step in steps).encode()


def value_of(step: int) -> float:
    """The loss of a step."""
    return (step * 7919) % 1000 / 8


def read(run: Run, limit: Limit, fold: Fold, text: bytes, size: int = 1 << 30) -> Run:
    """The run after the text, which comes in chunks of that size, has been read as the Follower reads it."""
    for start in range(0, len(text), size):
        run.add(fold.feed(text[start : start + size]))
        [run] = limit.kept([run])
    return run


def held(run: Run) -> Any:
    """All that a run holds, in a form that can be compared."""
    columns = [column.view(0, column.size).tolist() for column in (run.at, run.step, run.epoch, run.wall_time)]
    metrics = {
        name: (metric.row.view(0, metric.row.size).tolist(), metric.value.view(0, metric.value.size).tolist())
        for name, metric in run.metrics.items()
    }
    numbers = {name: metric.numbers(0, metric.value.size).tolist() for name, metric in run.metrics.items()}
    segments = {name: metric.segments for name, metric in run.metrics.items()}
    lives = [(g.number, g.first_row, g.end, g.thinned, g.gone) for g in run.generations]
    return repr((columns, metrics, numbers, segments, lives, run.points))


def halved(run: Run) -> Run:
    """The run, thinned once with its last row as the occasion."""
    return thinned(run, run.at.size, 0)


def run_of(*generations: bytes) -> Run:
    """A run of these generations."""
    run = Run("train")
    for number, text in enumerate(generations):
        run.add(Fold(number).feed(text))
    return run


# -- what is kept --------------------------------------------------------------------------------------


def test_a_log_of_thirty_times_the_limit_never_holds_more_and_keeps_its_ends_and_extremes() -> None:
    run, limit, fold, most = Run("train"), Limit(MOST), Fold(0), 0
    spikes = {17: -900.5, 31_111: 5e6, 59_000: -3e4}
    for start in range(0, 60_000, 200):
        text = "".join(
            f"step={step} loss={spikes.get(step, value_of(step))} lr=0.1\n" for step in range(start, start + 200)
        )
        run = read(run, limit, fold, text.encode())
        most = max(most, run.points)
    assert most <= MOST
    assert run.at.size <= run.points <= MOST
    assert sum(len(g.kept) for g in run.generations) < 20
    loss = run.series("loss")
    assert (loss.step[0], loss.step[-1]) == (0, 59_999)
    assert (loss.value.min(), loss.value.max()) == (-3e4, 5e6)
    assert dict(zip(loss.step.tolist(), loss.value.tolist(), strict=True)).items() >= spikes.items()
    assert (np.diff(loss.step) > 0).all()
    assert (np.diff(loss.step)[-800:] == 1).all(), "the newest points are all there"
    assert loss.given == 60_000


@given(
    st.lists(st.sampled_from([0.5, 1.25, 2.0, -3.0, math.nan, math.inf, -math.inf]), min_size=20, max_size=120),
    st.integers(1, 3),
    st.sampled_from([40, 1000]),
)
def test_nothing_is_invented_and_the_extremes_and_gaps_of_each_series_stay(
    values: list[float], ranks: int, turn: int
) -> None:
    step_of = [(i // ranks) % turn * 5 for i in range(len(values))]
    run = run_of("".join(f"step={s} loss={v} lr=0.5\n" for s, v in zip(step_of, values, strict=True)).encode())
    whole, left = run.series("loss"), halved(run).series("loss")
    numbers = left.numbers if left.numbers is not None else np.arange(len(left.value))
    for mine, all_of in zip(left[:4], whole[:4], strict=True):
        np.testing.assert_array_equal(mine, all_of[numbers])
    assert (numbers[0], numbers[-1], left.given) == (0, len(values) - 1, len(values))
    finite, there = (part.value[np.isfinite(part.value)] for part in (whole, left))
    if len(finite):
        assert (there.min(), there.max()) == (finite.min(), finite.max())
    assert np.isfinite(whole.value).all() == np.isfinite(left.value).all()
    if len(whole.segments) < 3:
        assert [numbers[i] for i in left.segments] == list(whole.segments), "a segment begins where it did"


def test_a_value_that_is_not_finite_is_kept_however_often_its_surroundings_are_thinned() -> None:
    text = lines(range(3000)).replace(b"step=500 loss=" + str(value_of(500)).encode(), b"step=500 loss=nan")
    run = run_of(text)
    for _ in range(6):
        run = halved(run)
    loss = run.series("loss")
    assert loss.step[np.isnan(loss.value)].tolist() == [500]


def test_a_short_series_beside_long_ones_is_left_as_it_is() -> None:
    text = b"".join(lines(range(i, i + 100)) + b"step=%d val_acc=0.5\n" % i for i in range(0, 6000, 100))
    left = thinned(run_of(text), 6060, 600)
    assert len(left.series("val_acc").value) == 60
    assert left.series("val_acc").numbers is None
    assert len(left.series("loss").value) < 5000


def test_rows_that_no_point_is_left_of_go_too() -> None:
    run = run_of(lines(range(4000), "step={0} loss={1}\n"))
    left = halved(run)
    assert left.at.size == left.points == len(left.series("loss").value)
    assert 2900 < left.at.size < 3100
    assert left.step.view(0, left.at.size).tolist() == left.series("loss").step.tolist()


def test_a_series_that_restarts_at_every_turn_is_thinned_all_the_same() -> None:
    run = run_of(b"".join(b"step=%d loss=%d\n" % (step * 1000, step) for step in range(3)) * 1000)
    assert len(run.series("loss").segments) == 1000
    left = halved(run)
    assert left.points < 2400
    for _ in range(9):
        left = halved(left)
    loss = left.series("loss")
    assert left.points < 700
    assert len(loss.segments) < 700


def test_where_the_log_prints_no_step_each_point_keeps_its_number() -> None:
    run = run_of("".join(f"loss={value_of(i)}\n" for i in range(2000)).encode())
    left = halved(halved(run))
    kind, x = axis_of(left.series("loss"), "step")
    assert kind == "index"
    assert [value_of(int(i)) for i in x] == left.series("loss").value.tolist()
    assert (len(x), x[0], x[-1]) == (left.points, 0, 1999)
    assert (left.series("loss", left.at.size - 5).first, left.series("loss", 3).first) == (1995, int(x[3]))


def test_many_series_share_what_is_spared() -> None:
    names = 400
    text = "".join(json.dumps({"step": i} | {f"m{k}": i + k for k in range(names)}) + "\n" for i in range(60))
    run, limit = Run("train"), Limit(10_000)
    run = read(run, limit, Fold(0), text.encode(), 5000)
    assert run.points <= 10_000
    assert all((run.series(f"m{k}").value[0], run.series(f"m{k}").value[-1]) == (k, 59 + k) for k in range(names))


def test_no_limit_and_a_limit_that_is_not_reached_change_nothing() -> None:
    run = run_of(lines(range(1000)))
    assert Limit(0).kept([run]) == [run]
    assert Limit(2000).kept([run]) == [run]
    assert Limit(1999).kept([run]) != [run]


def test_of_several_runs_the_one_that_holds_the_most_is_thinned() -> None:
    small, large = run_of(lines(range(300))), run_of(lines(range(3000)))
    left = Limit(5000).kept([small, large])
    assert left[0] is small
    assert 4000 < left[1].points < large.points == 6000
    assert left[1].status is large.status


def test_what_cannot_be_thinned_is_not_tried_at_each_point(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []
    monkeypatch.setattr("app.thinning.thinned", lambda run, rows, _spared: tried.append(rows) or run)
    run, limit, fold = Run("train"), Limit(MOST), Fold(0)
    for start in range(0, 10_000, 10):
        run = read(run, limit, fold, lines(range(start, start + 10)))
    assert len(tried) < 20


# -- the same bytes, the same points ---------------------------------------------------------------


@st.composite
def logs(draw: st.DrawFn) -> bytes:
    """A log of some hundred lines whose shape changes on its way."""
    shapes = ["step={0} loss={1} lr=0.1\n", "loss={1}\n", "step={0} loss={1}\n", "step={0} acc={1}\n", "hello {0}\n"]
    parts = draw(
        st.lists(st.tuples(st.sampled_from(shapes), st.integers(1, 200), st.integers(0, 200)), min_size=1, max_size=4)
    )
    text = [(shape, range(first, first + count)) for shape, count, first in parts]
    return b"".join(lines(steps, shape) for shape, steps in text)


@settings(max_examples=60)
@given(logs(), st.lists(st.integers(50, 3000), min_size=1, max_size=6), st.integers(30, 400))
def test_one_log_is_thinned_alike_whatever_the_chunks(text: bytes, sizes: list[int], most: int) -> None:
    [whole] = read_in(text, [len(text) or 1], most)
    [other] = read_in(text, sizes, most)
    assert held(other) == held(whole)


def read_in(text: bytes, sizes: list[int], most: int) -> list[Run]:
    limit, fold, runs = Limit(most), Fold(0), [Run("train")]
    limit._step = most // 8  # as with a large limit
    at = 0
    for number in range(10_000):
        if at >= len(text):
            break
        size = sizes[number % len(sizes)]
        runs[0].add(fold.feed(text[at : at + size]))
        runs = limit.kept(runs)
        at += size
    return runs


# -- places and events -----------------------------------------------------------------------------


def walk(run: Run, cursor: Position = START) -> list[float]:
    """The steps that a stream gets from a cursor on, event by event."""
    steps: list[float] = []
    while stops := list(changes([run], [cursor])):
        [(_, stop)] = stops
        payload, [after] = points_event([run], [cursor])
        sent = json.loads(payload.decode().partition("data: ")[2])["runs"]["train"]["metrics"] if payload else {}
        assert sum(len(values["value"]) for values in sent.values()) <= POINTS_PER_EVENT
        steps += sent.get("loss", {"step": []})["step"]
        assert stop == after != cursor
        cursor = stop
    return steps


def test_events_from_the_start_give_what_is_left_in_small_events_and_then_what_comes() -> None:
    run, limit, fold = Run("train"), Limit(20_000), Fold(0)
    for start in range(0, 40_000, 500):
        run = read(run, limit, fold, lines(range(start, start + 500)))
    assert walk(run) == run.series("loss").step.tolist()
    end, before = run.end, run.series("loss").step.tolist()
    run = read(run, limit, fold, lines(range(40_000, 40_100)))
    assert walk(run, end) == list(range(40_000, 40_100))
    assert run.rows_until(run.end) == run.at.size
    assert run.generations[0].end.points == run.points
    assert walk(run) == before + list(range(40_000, 40_100))


def test_marks_of_what_is_thinned_go_and_events_still_find_their_ends() -> None:
    run = run_of(b"")
    fold = Fold(0)
    for start in range(0, 30_000, 500):
        run.add(fold.feed(lines(range(start, start + 500))))
    before = len(run.generations[0].kept)
    for _ in range(3):
        run = halved(run)
    [life] = run.generations
    assert len(life.kept) < 0.8 * before
    assert all(b.at > a.at and b.points - a.points <= POINTS_PER_EVENT for a, b in pairwise(life.kept))
    for mark in life.kept:
        assert points_before(run, mark.rows) == mark.points
    assert walk(run) == run.series("loss").step.tolist()


def test_who_stands_after_what_was_thinned_goes_on_and_who_stands_in_it_does_not() -> None:
    run = run_of(lines(range(2000)))
    left = halved(run)
    [life] = left.generations
    places = [START, *(Position(0, int(at), 0) for at in run.at.view(0, 2000))]
    assert [left.goes_on(run, place) for place in places] == [True] + [step >= 999 for step in range(2000)]
    assert life.thinned == run.at.view(999, 1000)[0]
    assert left.goes_on(run, left.end)
    assert not left.goes_on(run, Position(7, 10**9, 0))
    for step in (999, 1000, 1500):
        assert left.series("loss", left.rows_until(places[step + 1])).step[0] == step + 1


def test_the_end_of_a_life_is_found_where_the_next_one_was_not_thinned() -> None:
    first, second = lines(range(1000)), lines(range(1000, 2000))
    for rows, found in ((2000, True), (1990, True), (2000 + 400, False)):
        run = run_of(first, second, lines(range(2000, 2500)))
        left = thinned(run, rows, 0)
        [one, two, three] = left.generations
        assert left.goes_on(run, Position(0, len(first), 0)) == found
        assert left.goes_on(run, Position(1, len(second), 0))
        assert (one.thinned > 0, two.thinned > 0, three.thinned) == (True, not found, 0)
        assert [two.first_row, three.first_row] == [one.end.rows, one.end.rows + two.end.rows]
        assert left.series("loss").segments == (0,)


class Followed:
    """A log that is followed with a limit, turned by hand."""

    def __init__(self, log: Log, most: int) -> None:
        self.log, self.board = log, Board()
        self.follower = Follower(self.board, [str(log.path)], "poll", max_points=most)

    def append(self, text: bytes) -> Run:
        """What the run is after the text was written and read."""
        self.log.append(text)
        while self.follower._turn():
            pass
        return self.board.runs["train"]

    def stream(self, run: Run, position: Position) -> Stream:
        """A stream that has come so far."""
        stream = Stream(self.board, self.follower, {}, View())
        stream._runs, stream._positions, stream._replaced = [run], [position], self.board.replaced
        return stream


@pytest.fixture
def followed(log: Log) -> Iterator[Followed]:
    """The log of this test, with at most 4,000 points."""
    followed = Followed(log, MOST)
    yield followed
    for tail in followed.follower._tails.values():
        tail.source.close()


def test_a_log_beyond_the_limit_is_thinned_said_once_and_its_points_go_on_being_counted(followed: Followed) -> None:
    for start in range(0, 8000, 500):
        run = followed.append(lines(range(start, start + 500)))
    assert run.points <= MOST
    assert run.status.points == 16_000
    assert [notice["kind"] for notice in run.status.notices] == ["thinned"]
    assert run.series("loss").step[-1] == 7999


def test_a_place_that_was_thinned_is_not_found_and_one_after_it_is(followed: Followed) -> None:
    early = followed.append(lines(range(100))).end
    late = followed.append(lines(range(100, 1900))).end
    assert followed.follower.find(followed.board.runs["train"], early) == early
    stale = followed.board.runs["train"]
    run = followed.append(lines(range(1900, 2100)))
    assert run is not stale
    assert followed.follower.find(run, early) is Later.ABSENT
    assert followed.follower.find(run, late) == late
    assert followed.follower.find(run, START) == START
    assert followed.follower.find(stale, run.end) == run.end, "who still holds the run of before finds his place too"


def test_a_stream_after_what_was_thinned_goes_on_without_a_reset(followed: Followed) -> None:
    run = followed.append(lines(range(1900)))
    stream = followed.stream(run, run.end)
    followed.append(lines(range(1900, 2100)))
    assert list(stream._take_over()) == []
    assert stream._runs == [followed.board.runs["train"]]
    frame = stream._points(followed.board.revision)
    assert json.loads(frame.decode().partition("data: ")[2])["runs"]["train"]["metrics"]["loss"]["step"] == list(
        range(1900, 2100)
    )


def test_a_stream_in_the_middle_of_what_was_thinned_begins_again_with_what_is_left(followed: Followed) -> None:
    run = followed.append(lines(range(1900)))
    half = Position(run.end.generation, int(run.at.view(500, 501)[0]), 0)
    streams = [followed.stream(run, half), followed.stream(run, START)]
    left = followed.append(lines(range(1900, 2100)))
    assert [b"event: reset" in b"".join(stream._take_over()) for stream in streams] == [True, False]
    for stream in streams:
        frame = stream._points(followed.board.revision)
        sent = json.loads(frame.decode().partition("data: ")[2])["runs"]["train"]["metrics"]["loss"]["step"]
        assert sent == left.series("loss").step.tolist()


def test_a_stream_begins_again_where_a_life_of_the_log_was_dropped_though_its_place_is_still_there() -> None:
    run = run_of(lines(range(100)), lines(range(200)))
    left = without(run, run.generations[0])
    assert not left.goes_on(run, run.end)
    assert not halved(left).goes_on(run, run.end)


# -- readers ---------------------------------------------------------------------------------------


def test_a_run_that_a_reader_holds_stays_as_it_was(followed: Followed) -> None:
    run = followed.append(lines(range(1900)))
    rows, held_before = run.rows_until(run.end), held(run)
    document = metrics_json(iter([(run, _metrics(run, View(), 0, rows))]), "")
    pieces = [next(document) for _ in range(5)]
    followed.append(lines(range(1900, 4500)))
    assert followed.board.runs["train"] is not run
    sent = json.loads(b"".join([*pieces, *document]))["runs"]["train"]
    assert sent["metrics"]["loss"]["step"] == sent["metrics"]["lr"]["step"] == list(range(1900))
    assert held(run)[:1000] == held_before[:1000]
    assert len(run.series("loss", 0, rows).value) == 1900


def test_the_json_says_how_many_points_the_log_gave_and_how_many_are_sent() -> None:
    series = halved(run_of(lines(range(2000)))).series("loss")
    notes = about(series, series)
    assert (notes["count"], notes["shown"], notes["thinned"]) == (2000, len(series.value), True)
    newest = halved(run_of(lines(range(2000)))).series("loss", 1990)
    assert about(newest, newest)["thinned"] is False


def test_the_chart_says_that_its_oldest_points_were_thinned() -> None:
    board = Board()
    board.add(
        halved(run_of(lines(range(2000)).replace(f"step=100 loss={value_of(100)} ".encode(), b"step=100 loss=nan ")))
    )
    figure = build_figure(board, View(metric="loss"))
    [chart] = figure["layout"]["meta"]["charts"]
    assert chart["note"] == "the oldest thinned: 1,333 of 2,000 points kept"
    assert chart["alert"] == "at least 1 NaN, first at step 100"
    assert figure["data"][0]["meta"]["count"] == 2000


def test_a_picture_is_drawn_and_the_routes_answer_for_a_log_beyond_the_limit(log: Log) -> None:
    log.append(lines(range(9000)))
    app = create_app({"TAILPLOT_LOGS": str(log.path), "TAILPLOT_MAX_POINTS": "2000", "TAILPLOT_WATCH": "poll"})
    follower = app.extensions["tailplot"].follower
    follower._running = True
    while follower._turn():
        pass
    client = app.test_client()
    loss = client.get("/metrics.json").json["runs"]["train"]["about"]["loss"]
    assert (loss["count"], loss["thinned"], loss["shown"] < 2000) == (9000, True, True)
    few = client.get("/metrics.json?points=100").json["runs"]["train"]["about"]["loss"]
    assert (few["count"], few["shown"] <= 100) == (9000, True)
    assert client.get("/plot.png").data[:4] == b"\x89PNG"
    for tail in follower._tails.values():
        tail.source.close()


# -- logs that are written anew --------------------------------------------------------------------


def left_of(run: Run) -> Run:
    """The run without what is superseded."""
    return Superseded().left_of(run)


def test_a_thinned_life_whose_points_all_came_again_is_dropped_and_the_rest_is_counted_as_if_it_had_never_been() -> (
    None
):
    first = run_of(lines(range(1000)))
    thin = halved(first)
    thin.add(Fold(1).feed(lines(range(1200))))
    left = left_of(thin)
    assert [life.number for life in left.generations] == [1]
    assert left.series("loss").step.tolist() == list(range(1200))
    assert (left.series("loss").given, left.series("loss").numbers, left.points) == (1200, None, 2400)


def test_a_thinned_life_with_a_point_that_did_not_come_again_stays() -> None:
    thin = halved(run_of(lines(range(1000))))
    thin.add(Fold(1).feed(lines(range(999))))
    assert left_of(thin) is thin


def test_two_lives_stay_where_the_newer_one_was_thinned_and_may_have_lost_the_points_of_the_other() -> None:
    run = halved(halved(run_of(lines(range(200)), lines(range(3000)))))
    left = left_of(run)
    assert left is run or left.series("loss").step[-1] == 2999


def test_of_lives_that_are_thinned_numbers_and_segments_stay_when_another_is_dropped() -> None:
    one, two, three = lines(range(500)), lines(range(1000, 1800)) + lines(range(1000, 1800)), lines(range(600))
    run = halved(run_of(one, two, three))
    assert run.generations[1].gone.points > 0
    left = left_of(run)
    assert [life.number for life in left.generations] == [1, 2]
    loss, alone = left.series("loss"), run_of(two, three).series("loss")
    numbers = left.metrics["loss"].numbers(0, len(loss.value))
    assert alone.value[numbers].tolist() == loss.value.tolist()
    assert loss.given == len(alone.value)
    assert [numbers[i] for i in loss.segments] == list(alone.segments)
    assert left.rows_until(left.end) == left.at.size
    assert left.generations[0].gone == run.generations[1].gone
    left.add(Fold(3).feed(lines(range(5))))
    assert halved(left).series("loss").given == loss.given + 5


def test_a_log_that_is_written_anew_beyond_the_limit_is_bounded(followed: Followed) -> None:
    for count in range(500, 3500, 500):
        followed.log.rewrite(lines(range(count)))
        run = followed.append(b"")
        assert run.points <= MOST
    assert run.series("loss").step[-1] == 2999
    assert run.series("loss").step.max() == 2999
